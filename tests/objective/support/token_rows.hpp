// Compares token-level objectives with golden cases on [sequences, time] arrays: mask, aggregation, gradient.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "objective/support/golden_rows.hpp"
#include "poft/objective/aggregation.hpp"

namespace golden {

inline poft::objective::aggregation aggregation_of(nlohmann::json const& one) {
  using enum poft::objective::aggregation;
  std::string const name = one["hyper"]["reduction"];
  if (name == "sequence_mean") return sequence_mean;
  if (name == "token_mean") return token_mean;
  if (name == "constant") return constant;
  if (name == "sequence_sum") return sequence_sum;
  if (name == "token_sum") return token_sum;
  throw std::runtime_error("no such reduction: " + name);
}

/// mask [sequences, time] and what follows from it.
struct token_mask {
  std::vector<double> is_live, tokens;  // tokens [sequences]
  std::size_t time;
  double all_tokens = 0;
  explicit token_mask(nlohmann::json const& one)
      : is_live(numbers(one["inputs"]["mask"])), time(one["shapes"]["mask"][1].get<std::size_t>()) {
    tokens.assign(is_live.size() / time, 0.0);
    for (std::size_t i = 0; i < is_live.size(); ++i) tokens[i / time] += is_live[i];
    for (double const count : tokens) all_tokens += count;
  }
  /// One number per sequence, for each of its tokens.
  std::vector<double> spread(std::vector<double> const& per_sequence) const {
    std::vector<double> out;
    for (std::size_t i = 0; i < is_live.size(); ++i) out.push_back(per_sequence[i / time]);
    return out;
  }
};

/// Evaluates the live tokens only, aggregates, and compares seq_loss, mean and the gradient of lp.
template <class Objective>
void expect_tokens(nlohmann::json const& one, Objective const& objective, columns const& in,
                   poft::objective::aggregation how) {
  SCOPED_TRACE(one.at("name").get<std::string>());
  ASSERT_EQ(objective.invalid(), nullptr);
  token_mask const mask(one);
  double const max_tokens = one["hyper"].contains("max_len") ? hyper(one, "max_len") : 0;
  double const count      = poft::objective::global_count(how, static_cast<double>(mask.tokens.size()),
                                                          mask.all_tokens, max_tokens);
  std::vector<double> per_sequence(mask.tokens.size(), 0.0), gradient(mask.is_live.size(), 0.0);
  double total = 0;
  for (std::size_t i = 0; i < mask.is_live.size(); ++i) {
    if (mask.is_live[i] == 0) continue;
    double const tokens = mask.tokens[i / mask.time], weight = poft::objective::token_weight(how, tokens);
    auto const result = value_and_gradient(objective, example<poft::inputs_of<Objective, double>>(in, i));
    per_sequence[i / mask.time] += result.value / tokens;
    total += weight * result.value;
    gradient[i] = weight * result.gradient.log_prob / count;
  }
  if (one["outputs"].contains("seq_loss"))
    expect_close(per_sequence, numbers(one["outputs"]["seq_loss"]), "seq_loss");
  expect_close({total / count}, {number(one["outputs"]["mean"])}, "mean");
  expect_close(gradient, numbers(one["grad"]["lp"]), "d lp", kinks_of(one, "lp"));
}

/// The columns of a policy-gradient case on tokens; advantage per sequence.
inline columns token_columns(nlohmann::json const& one, std::vector<double> const& advantage) {
  token_mask const mask(one);
  auto column = [&](char const* name) {
    return one["inputs"].contains(name) ? numbers(one["inputs"][name])
                                        : std::vector<double>(mask.is_live.size(), 0.0);
  };
  return {{"log_prob", column("lp")},
          {"old_log_prob", column("lp_old")},
          {"reference_log_prob", column("lp_ref")},
          {"advantage", mask.spread(advantage)}};
}

}  // namespace golden
