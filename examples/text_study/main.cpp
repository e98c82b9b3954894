// poft_study: the experiments of arXiv:2412.12865 on text, at compact scale.
// SPDX-License-Identifier: MIT
#include "program.hpp"

int main(int argc, char** argv) { return text_study::program(argc, argv); }
