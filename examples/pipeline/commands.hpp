// The subcommands: each adds its options to the program, and runs when it is the one that was asked for.
// SPDX-License-Identifier: MIT
#pragma once

namespace CLI {
class App;
}

namespace pipeline {

void add_score(CLI::App& program);
void add_merge(CLI::App& program);
void add_filter(CLI::App& program);
void add_train(CLI::App& program);
void add_distil(CLI::App& program);
void add_generate(CLI::App& program);
void add_evaluate(CLI::App& program);
void add_report(CLI::App& program);

}  // namespace pipeline
