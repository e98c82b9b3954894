// What a training step is watched by, and the files it goes to: one CSV, one JSONL, line by line.
// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

#include "poft/core/growing_file.hpp"
#include "poft/scalar/fields.hpp"

namespace poft {

/// Means over the step's examples, responses or tokens; NaN: the step has no such number. Log-ratios are those of policy
/// and reference, or plain log-probs where there is no reference [nats].
struct step_metrics {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();

  double step     = none;  // counts from 1
  double examples = none;  // seen so far
  double loss     = none;
  double margin   = none;  // of chosen and rejected: beta times the log-ratios' difference, or rewards
  double accuracy = none;  // share of pairs with a positive margin
  double chosen_log_ratio    = none;  // single responses: theirs
  double rejected_log_ratio  = none;
  double kl_to_reference     = none;  // of samples of the policy itself: the mean log-ratio
  double entropy             = none;  // of the next token, over the response's tokens
  double reward              = none;  // of samples
  double gradient_norm       = none;  // before clipping
  double learning_rate       = none;
  double tokens_per_second   = none;  // that went through the model
  double evaluation_loss     = none;
  double evaluation_margin   = none;
  double evaluation_accuracy = none;

  using columns = fields<
      field<"step", &step_metrics::step>, field<"examples", &step_metrics::examples>,
      field<"loss", &step_metrics::loss>, field<"margin", &step_metrics::margin>,
      field<"accuracy", &step_metrics::accuracy>, field<"chosen_log_ratio", &step_metrics::chosen_log_ratio>,
      field<"rejected_log_ratio", &step_metrics::rejected_log_ratio>,
      field<"kl_to_reference", &step_metrics::kl_to_reference>, field<"entropy", &step_metrics::entropy>,
      field<"reward", &step_metrics::reward>, field<"gradient_norm", &step_metrics::gradient_norm>,
      field<"learning_rate", &step_metrics::learning_rate>,
      field<"tokens_per_second", &step_metrics::tokens_per_second>,
      field<"evaluation_loss", &step_metrics::evaluation_loss>,
      field<"evaluation_margin", &step_metrics::evaluation_margin>,
      field<"evaluation_accuracy", &step_metrics::evaluation_accuracy>>;
};

/// Where both files of a metrics_log end; part of a checkpoint. 0: they begin anew.
struct metrics_position {
  std::int64_t csv = 0, jsonl = 0;

  template <class Visitor>
  void visit(Visitor& state) {
    state("metrics.csv", csv);
    state("metrics.jsonl", jsonl);
  }
};

/// FOLDER/metrics.csv and FOLDER/metrics.jsonl: the same numbers. What a step does not have is an empty cell, and null.
class metrics_log {
 public:
  explicit metrics_log(std::filesystem::path const& folder, metrics_position from = {})
      : csv_(folder / "metrics.csv", from.csv), jsonl_(folder / "metrics.jsonl", from.jsonl) {
    if (from.csv > 0) return;
    std::string header;
    step_metrics::columns::for_each_index([&]<int K>() {
      header.append(header.empty() ? "" : ",").append(step_metrics::columns::at<K>::name);
    });
    csv_.append(header + "\n");
  }

  void append(step_metrics const& metrics) {
    std::string cells, members;
    step_metrics::columns::for_each_index([&]<int K>() {
      double const value     = step_metrics::columns::get<K>(metrics);
      std::string const text = std::isfinite(value) ? text_of(value) : "";
      cells.append(K == 0 ? "" : ",").append(text);
      members.append(K == 0 ? "{\"" : ", \"").append(step_metrics::columns::at<K>::name).append("\": ");
      members.append(text.empty() ? "null" : text);
    });
    csv_.append(cells + "\n");
    jsonl_.append(members + "}\n");
  }

  /// Where the files end, once that is on the disk.
  metrics_position sync() {
    csv_.sync();
    jsonl_.sync();
    return {csv_.bytes(), jsonl_.bytes()};
  }

 private:
  static std::string text_of(double number) {
    char digits[32];
    return {digits,
            std::to_chars(digits, digits + sizeof digits, number).ptr};  // the shortest that reads back
  }

  growing_file csv_, jsonl_;
};

}  // namespace poft
