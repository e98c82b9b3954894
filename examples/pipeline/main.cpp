// poft: score, merge, filter, train, distil, generate, evaluate and report, from text to text.
// SPDX-License-Identifier: MIT
#include "program.hpp"

int main(int argc, char** argv) { return pipeline::program(argc, argv); }
