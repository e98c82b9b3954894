// score: what one model says of every response of a file, in that model's own tokens.
// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "commands.hpp"
#include "score_file.hpp"

namespace pipeline {
namespace {

struct score_options {
  model_options model;
  sample_options samples;
  std::string out;
  bool ifd = false, restart = false;
};

void score(score_options const& o) {
  auto const model = open_model(o.model);
  sample_stream samples(*model, o.samples);
  write_scores(*model, samples, o.out, o.ifd, o.restart, "score");
  std::printf("%s: %s\n", o.out.c_str(), samples.counts().text().c_str());
}

}  // namespace

void add_score(CLI::App& program) {
  auto const o      = std::make_shared<score_options>();
  auto* const score = program.add_subcommand("score",
                                             "One aligned model over a file: the mean log-prob per token of "
                                             "each response [nats], under the model's own tokenizer\n"
                                             "and template. A row for each sample: id, hash (of its "
                                             "content), line, logp, tokens; of pairs chosen_logp,\n"
                                             "chosen_tokens, rejected_logp, rejected_tokens.");
  o->model.add_to(*score);
  o->samples.add_to(*score);
  score->add_option("--out", o->out, "the rows, JSONL")->required();
  score->add_flag("--ifd", o->ifd, "also logp_alone, without the prompt, for filter --by ifd");
  score->add_flag("--restart", o->restart, "throw away what a killed run of other options has left");
  score->callback([o] { pipeline::score(*o); });
}

}  // namespace pipeline
