// distil: the samples of a file with their responses made again by a model.
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

struct distil_options {
  model_options model;
  sample_options samples;
  sampling_options sampling;
  std::string out;
  bool keep_unfinished = false, restart = false;
};

/// The line with another response, which is all that it then holds of responses.
nlohmann::ordered_json with_response(poft::sample const& sample, std::string const& response) {
  nlohmann::ordered_json line = fields_of(sample);
  line["id"]                  = sample.id;
  if (line.contains("messages")) {
    auto& turns = line["messages"];  // up to the assistant's first
    for (std::size_t k = sample.prompt.size(), all = turns.size(); k < all; ++k)
      turns.erase(sample.prompt.size());
    turns.push_back({{"role", "assistant"}, {"content", response}});
  } else {
    for (char const* const old : {"chosen", "rejected"}) line.erase(old);
    line["response"] = response;
  }
  return line;
}

void distil(distil_options const& o) {
  auto const model = open_model(o.model);
  sample_stream samples(*model, o.samples, {.responses = false, .new_tokens = o.sampling.new_tokens});
  auto run                   = o.sampling.json();
  run["keep_unfinished"]     = o.keep_unfinished;
  std::int64_t const dropped = write_rows(
      "distil", samples, row_file(o.out, run_of(*model, samples, run), o.restart), [&](auto const& batch) {
        std::vector<std::string> rows;
        auto const answers = answers_of(*model, batch, o.sampling);
        for (std::size_t k = 0; k < batch.size(); ++k) {
          bool const usable = !answers[k].text.empty() && (answers[k].finished || o.keep_unfinished);
          rows.push_back(usable ? text_of(with_response(batch[k].text, answers[k].text)) : "");
        }
        return rows;
      });
  std::printf("%s: %s; %lld left out: their new response is empty or does not end\n", o.out.c_str(),
              samples.counts().text().c_str(), static_cast<long long>(dropped));
}

}  // namespace

void add_distil(CLI::App& program) {
  auto const o       = std::make_shared<distil_options>();
  auto* const distil = program.add_subcommand("distil",
                                              "The lines of a file with their responses made again by a "
                                              "model; those that are empty, or do not end within\n"
                                              "--new-tokens, are left out and counted");
  o->model.add_to(*distil);
  o->samples.add_to(*distil, /*scores*/ false);
  o->sampling.add_to(*distil);
  distil->add_flag("--keep-unfinished", o->keep_unfinished, "keep responses that do not end");
  distil->add_option("--out", o->out, "the new data, JSONL")->required();
  distil->add_flag("--restart", o->restart, "throw away what a killed run of other options has left");
  distil->callback([o] { pipeline::distil(*o); });
}

}  // namespace pipeline
