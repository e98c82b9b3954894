// What is recorded of a run after an epoch, and what is read off a run.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <limits>
#include <span>

#include "poft/scalar/fields.hpp"

namespace text_study {

/// Accuracy: share of held-out prompts whose generated answer is exactly right, the six tasks alike.
struct measurement {
  double epoch = 0, step = 0;
  double accuracy   = 0;  ///< on the test prompts: what is reported
  double validation = 0;  ///< on other ones: what a best epoch is chosen by
  double copy = 0, reverse = 0, sort = 0, add = 0, count = 0, substitute = 0;  ///< test accuracy
  double nats            = 0;  ///< per token of the right answers to the test prompts
  double definition_nats = 0;  ///< per token of held-out definitions; NaN without dictionaries

  using columns = poft::fields<
      poft::field<"epoch", &measurement::epoch>, poft::field<"step", &measurement::step>,
      poft::field<"accuracy", &measurement::accuracy>, poft::field<"validation", &measurement::validation>,
      poft::field<"copy", &measurement::copy>, poft::field<"reverse", &measurement::reverse>,
      poft::field<"sort", &measurement::sort>, poft::field<"add", &measurement::add>,
      poft::field<"count", &measurement::count>, poft::field<"substitute", &measurement::substitute>,
      poft::field<"nats", &measurement::nats>, poft::field<"definition_nats", &measurement::definition_nats>>;
};

/// The largest fall that still counts as stable.
inline constexpr double stable_fall = 0.01;

struct run_summary {
  double final      = 0;  ///< test accuracy of the last epoch
  double best       = 0;  ///< test accuracy of the epoch with the best validation accuracy: early stopping
  double best_epoch = 0;
  double fall   = 0;  ///< best - final; the maximum of the test accuracy itself would lie above by its noise
  double room   = 0;  ///< stable_fall - fall
  double spread = 0;  ///< standard deviation of the test accuracy over the measured epochs
  double final_nats            = 0;  ///< per token, of the last epoch
  double final_definition_nats = 0;

  using columns =
      poft::fields<poft::field<"final", &run_summary::final>, poft::field<"best", &run_summary::best>,
                   poft::field<"best_epoch", &run_summary::best_epoch>,
                   poft::field<"fall", &run_summary::fall>, poft::field<"room", &run_summary::room>,
                   poft::field<"spread", &run_summary::spread>,
                   poft::field<"final_nats", &run_summary::final_nats>,
                   poft::field<"final_definition_nats", &run_summary::final_definition_nats>>;
};

/// history: at least one measurement. Of equally good epochs the first is the best.
inline run_summary summarise(std::span<measurement const> history) {
  measurement const& last = history.back();
  measurement best        = history.front();
  double sum = 0, squares = 0;
  for (measurement const& now : history) {
    if (now.validation > best.validation) best = now;
    sum += now.accuracy;
    squares += now.accuracy * now.accuracy;
  }
  auto const n      = static_cast<double>(history.size());
  double const mean = sum / n, fall = best.accuracy - last.accuracy;
  return {.final                 = last.accuracy,
          .best                  = best.accuracy,
          .best_epoch            = best.epoch,
          .fall                  = fall,
          .room                  = stable_fall - fall,
          .spread                = std::sqrt(std::fmax(0, squares / n - mean * mean)),
          .final_nats            = last.nats,
          .final_definition_nats = last.definition_nats};
}

}  // namespace text_study
