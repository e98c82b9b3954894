// Reading and writing the study's files.
// SPDX-License-Identifier: MIT
#include "results.hpp"

#include "runner.hpp"

namespace text_study {
namespace {

using study::number_text;
using study::table;
using study::text_number;

constexpr char const* selection_names[] = {"all",      "preference", "difficulty",
                                           "external", "effective",  "clean"};
constexpr char const* scores_names[]    = {"aligned", "permuted", "constant"};

/// Every row of NAME.csv, its first column under `prefix` as arm, its second as seed, the others as metrics.
void read_rows(fs::path const& file, std::string const& prefix, study::run_metrics& to) {
  if (!fs::exists(file)) return;
  table const from = table::read(file);
  for (auto const& row : from.rows) {
    auto& metrics = to[prefix + row[0]][static_cast<long>(text_number(row[1], file.string()))];
    for (std::size_t k = 2; k < row.size(); ++k)
      metrics[from.columns[k]] = text_number(row[k], file.string());
  }
}

}  // namespace

std::vector<std::string> arm_row(arm const& one) {
  std::string studies;
  for (std::string const& name : one.studies) studies += (studies.empty() ? "" : " ") + name;
  return {one.id,
          studies,
          method_names[static_cast<int>(one.by)],
          one.data,
          target_names[one.target],
          selection_names[static_cast<int>(one.keep)],
          number_text(one.share),
          scores_names[static_cast<int>(one.judged_by)],
          std::to_string(one.distilled_from + 1),
          one.starts_from,
          one.settings_of(),
          number_text(one.learning_rate),
          number_text(one.beta)};
}

void write_arms(fs::path const& folder, std::vector<arm> const& arms) {
  table out{{"arm", "studies", "method", "data", "target", "kept_by", "kept_share", "scores",
             "distilled_from", "starts_from", "settings_of", "learning_rate", "beta"},
            {}};
  for (arm const& one : arms) out.rows.push_back(arm_row(one));
  study::write_whole(folder / "arms.csv", out.text());
}

void write_models(fs::path const& folder, world& in) {
  table out{{"model", "role", "parameters", "vocabulary", "tokens_per_answer"}, {}};
  study::append_names<measurement>(out.columns);
  held_out_set const held_out(in.of.test_prompts, in.of.validation_prompts, in.books, 0);
  for (auto* models : {&in.targets, &in.aligned}) {
    for (language_model& one : *models) {
      auto const right = encoded(*one.tokens, held_out.right_answers);
      auto& row        = out.rows.emplace_back();
      row              = {
                       one.plan.name, models == &in.targets ? "target" : "aligned",
                       std::to_string(one.net->parameters().size()), std::to_string(one.tokens->vocab()),
                       number_text(static_cast<double>(right.response_tokens()) / static_cast<double>(right.responses()))};
      measurement now = measure(one, held_out);
      now.step        = one.plan.steps;
      study::append_numbers(row, now);
    }
  }
  study::write_whole(folder / "models.csv", out.text());
}

void write_data(fs::path const& folder, outcome const& from) {
  table data{{"data", "seed", "noise", "score_spread", "auroc"}, {}},
      scores{{"data", "seed", "clean", "score"}, {}};
  for (auto const& [key, one] : from.data) {
    auto const& [name, seed] = key;
    data.rows.push_back({name, std::to_string(seed), number_text(one.noise), number_text(one.score_spread),
                         number_text(one.auroc)});
    for (std::size_t k = 0; k < one.score.size() && seed == 1; ++k)
      scores.rows.push_back({name, "1", one.samples[k].clean ? "1" : "0", number_text(one.score[k])});
  }
  study::write_whole(folder / "data.csv", data.text());
  study::write_whole(folder / "scores.csv", scores.text());
}

void write_gradients(fs::path const& folder, std::vector<gradient_check> const& checks) {
  table out{{"target", "seed"}, {}};
  study::append_names<gradient_check>(out.columns);
  for (gradient_check const& one : checks) {
    auto& row = out.rows.emplace_back(std::vector{one.target, std::to_string(one.seed)});
    study::append_numbers(row, one);
  }
  study::write_whole(folder / "gradient.csv", out.text());
}

study::run_metrics read_metrics(fs::path const& folder) {
  study::run_metrics out;
  if (fs::exists(folder / "runs.csv")) {
    for (auto const& [arm, seeds] : study::read_runs<measurement>(folder)) {
      for (auto const& [seed, history] : seeds) {
        study::append_metrics(out[arm][seed], history.back());
        study::append_metrics(out[arm][seed], summarise(history));
      }
    }
  }
  read_rows(folder / "data.csv", "data.", out);
  read_rows(folder / "gradient.csv", "gradient.", out);
  return out;
}

void write_summary(fs::path const& folder, study::run_metrics const& metrics) {
  table out{{"arm", "seed"}, {}};
  study::append_names<run_summary>(out.columns);
  for (auto const& [arm, seeds] : metrics) {
    for (auto const& [seed, values] : seeds) {
      if (!values.contains("final")) continue;
      auto& row = out.rows.emplace_back(std::vector{arm, std::to_string(seed)});
      for (std::size_t k = 2; k < out.columns.size(); ++k)
        row.push_back(number_text(values.at(out.columns[k])));
    }
  }
  if (!out.rows.empty()) study::write_whole(folder / "summary.csv", out.text());
}

}  // namespace text_study
