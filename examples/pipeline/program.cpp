// The subcommands together, and what refused input becomes.
// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "commands.hpp"
#include "poft/core/error.hpp"

int pipeline::program(int argc, char const* const* argv) {
  CLI::App app{
      "Preference-oriented fine-tuning on text (arXiv:2412.12865): aligned models score a data set, their "
      "scores are merged,\n"
      "the data is filtered, a model is trained with any objective, and judged by what it generates.\n"
      "Models are Hugging Face folders, data are JSONL files. What was killed goes on where it was when it "
      "is started again.\n"
      "Exit code 2: the input was refused, and one sentence on stderr says why."};
  app.require_subcommand(1);
  for (auto* const add :
       {add_score, add_merge, add_filter, add_train, add_distil, add_generate, add_evaluate, add_report}) {
    add(app);
  }
  try {
    app.parse(argc, argv);
    return 0;
  } catch (CLI::ParseError const& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem);  // help
    std::fprintf(stderr, "poft: %s; --help shows what is expected\n", problem.what());
    return 2;
  } catch (poft::error const& problem) {
    std::fprintf(stderr, "poft: %s\n", problem.what());
    return 2;
  } catch (std::filesystem::filesystem_error const& problem) {
    std::fprintf(stderr, "poft: %s\n", problem.what());
    return 2;
  }
}
