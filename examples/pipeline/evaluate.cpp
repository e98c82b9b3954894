// evaluate: exact match of generated answers, for each task and on average, and nats per token of the right ones.
// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>

#include "commands.hpp"
#include "generating.hpp"
#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/core/whole_file.hpp"
#include "row_writing.hpp"
#include "rows.hpp"
#include "scoring.hpp"

namespace pipeline {
namespace {

struct evaluate_options {
  model_options model;
  sample_options samples;
  sampling_options sampling;
  std::string out, task = "task";
  bool restart = false;
};

/// Sums over the samples of a task.
struct judgement {
  double samples = 0, correct = 0, log_prob = 0, tokens = 0;

  void add(judgement const& other) {
    samples += other.samples, correct += other.correct, log_prob += other.log_prob, tokens += other.tokens;
  }
  nlohmann::ordered_json json() const {
    return {{"samples", std::llround(samples)},
            {"exact_match", correct / samples},
            {"nats_per_token", -log_prob / tokens}};
  }
};

std::string task_of(encoded_sample const& sample, std::string const& column) {
  auto const line = fields_of(sample.text);
  return poft::json_fields(line, sample.place).text(column.c_str(), "");
}

/// From the rows alone: those of a killed run count like the others.
std::map<std::string, judgement> judge(fs::path const& answers) {
  std::map<std::string, judgement> out;
  for_each_row(answers, [&](nlohmann::json const& row, std::string const& place, std::int64_t) {
    poft::json_fields const in(row, place);
    double const tokens = in.number("tokens");
    out[in.text("task")].add({1, in.flag("correct") ? 1.0 : 0.0, in.number("logp") * tokens, tokens});
  });
  return out;
}

nlohmann::ordered_json summary_of(std::map<std::string, judgement> const& by_task) {
  judgement all;
  double mean = 0;
  for (auto const& [task, one] : by_task) {
    all.add(one);
    mean += one.correct / one.samples / static_cast<double>(by_task.size());
  }
  nlohmann::ordered_json out = all.json();
  out["exact_match"]         = mean;  // over tasks: each counts alike
  if (by_task.size() == 1 && by_task.begin()->first.empty()) return out;
  for (auto const& [task, one] : by_task) out["tasks"][task] = one.json();
  return out;
}

void evaluate(evaluate_options const& o) {
  auto const model       = open_model(o.model);
  fs::path const out     = o.out.empty() ? fs::path(o.model.folder) / "evaluation.json" : fs::path(o.out);
  fs::path const answers = fs::path(out).replace_extension(".answers.jsonl");
  sample_stream samples(*model, o.samples, {.new_tokens = o.sampling.new_tokens});
  scorer score(*model->weights);
  auto run    = o.sampling.json();
  run["task"] = o.task;
  write_rows("evaluate", samples, row_file(answers, run_of(*model, samples, run), o.restart),
             [&](auto const& batch) {
               std::vector<std::string> rows;
               auto const said   = answers_of(*model, batch, o.sampling);
               auto const scores = score(batch);
               for (std::size_t k = 0; k < batch.size(); ++k) {
                 auto const& sample = batch[k];
                 if (sample.text.responses.size() != 1 || sample.text.responses[0].size() != 1) {
                   throw poft::format_error(poft::message(
                       sample.place,
                       ": the response is not one message in text, expected one to compare an answer with"));
                 }
                 std::string const& right = sample.text.responses[0][0].content;
                 rows.push_back(text_of({{"id", sample.text.id},
                                         {"hash", sample.hash()},
                                         {"task", task_of(sample, o.task)},
                                         {"correct", said[k].finished && said[k].text == right},
                                         {"answer", said[k].text},
                                         {"finished", said[k].finished},
                                         {"logp", scores[k].mean()},
                                         {"tokens", scores[k].tokens}}));
               }
               return rows;
             });
  auto const summary = summary_of(judge(answers));
  poft::write_whole(out, summary.dump(2) + "\n");
  std::printf("%s\n%s: %s\n", summary.dump(2).c_str(), out.c_str(), samples.counts().text().c_str());
}

}  // namespace

void add_evaluate(CLI::App& program) {
  auto const o         = std::make_shared<evaluate_options>();
  auto* const evaluate = program.add_subcommand(
      "evaluate",
      "Generates an answer to each prompt and compares it with the response, byte by byte: the share that "
      "match, for each\n"
      "task and as the mean over tasks; and nats per token of the responses, their end token included");
  o->model.add_to(*evaluate);
  o->samples.add_to(*evaluate);
  o->sampling.add_to(*evaluate);
  evaluate->add_option("--task", o->task, "the column that names a sample's task")->capture_default_str();
  evaluate->add_option("--out", o->out,
                       "JSON; every answer stands in .answers.jsonl beside it (default: evaluation.json in "
                       "the model's folder)");
  evaluate->add_flag("--restart", o->restart, "throw away what a killed run of other options has left");
  evaluate->callback([o] { pipeline::evaluate(*o); });
}

}  // namespace pipeline
