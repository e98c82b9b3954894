// length_study: the experiments of arXiv:2404.14367 on language models and lengths, at compact scale.
// SPDX-License-Identifier: MIT
#include "program.hpp"

int main(int argc, char** argv) { return length_study::program(argc, argv); }
