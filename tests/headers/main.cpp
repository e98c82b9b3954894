// The program that links two translation units of every header: it links, so no definition is there twice.
// SPDX-License-Identifier: MIT
int main() {}
