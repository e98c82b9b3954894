// generate: texts that a model makes of prompts.
// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "commands.hpp"
#include "generating.hpp"
#include "row_writing.hpp"
#include "rows.hpp"

namespace pipeline {
namespace {

struct generate_options {
  model_options model;
  sample_options samples;
  sampling_options sampling;
  std::string out;
  bool restart = false;
};

void generate(generate_options const& o) {
  auto const model = open_model(o.model);
  sample_stream samples(*model, o.samples, {.responses = false, .new_tokens = o.sampling.new_tokens});
  write_rows("generate", samples, row_file(o.out, run_of(*model, samples, o.sampling.json()), o.restart),
             [&](auto const& batch) {
               std::vector<std::string> rows;
               auto const answers = answers_of(*model, batch, o.sampling);
               for (std::size_t k = 0; k < batch.size(); ++k) {
                 rows.push_back(text_of({{"id", batch[k].text.id},
                                         {"text", answers[k].text},
                                         {"tokens", answers[k].tokens},
                                         {"logp", answers[k].mean()},
                                         {"finished", answers[k].finished}}));
               }
               return rows;
             });
  std::printf("%s: %s\n", o.out.c_str(), samples.counts().text().c_str());
}

}  // namespace

void add_generate(CLI::App& program) {
  auto const o = std::make_shared<generate_options>();
  auto* const generate =
      program.add_subcommand("generate",
                             "What a model answers to the prompts of a file: id, text, its tokens, their "
                             "mean log-prob, and whether it came to its\n"
                             "end. Responses that are there are passed over.");
  o->model.add_to(*generate);
  o->samples.add_to(*generate, /*scores*/ false);
  o->sampling.add_to(*generate);
  generate->add_option("--out", o->out, "the texts, JSONL")->required();
  generate->add_flag("--restart", o->restart, "throw away what a killed run of other options has left");
  generate->callback([o] { pipeline::generate(*o); });
}

}  // namespace pipeline
