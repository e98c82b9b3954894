// bandit_study: the bandit study of arXiv:2404.14367, and bandit experiments of one's own.
// SPDX-License-Identifier: MIT
#include "program.hpp"

int main(int argc, char** argv) { return study::program(argc, argv); }
