// The named inputs of listwise objectives: K responses to one prompt, as views of [items].
// SPDX-License-Identifier: MIT
//
// A listwise objective computes one list's loss and gradient together, in closed form:
//
//   T operator()(inputs<T> const& list, view<T> gradient) const
//
// gradient [items] receives the derivative with respect to the live member, is overwritten and may not be
// an input's memory. Nothing is allocated and nothing checked, so it runs on a CUDA thread; the views
// must have the same length. batch/evaluate_lists.hpp checks and runs many lists, one after the other in the
// same struct.
//
// Reference log-probs turn scores into log-ratios. An empty view means that there are none: reward
// models, reference-free losses.
#pragma once

#include <cstdint>

#include "poft/core/view.hpp"
#include "poft/scalar/fields.hpp"

namespace poft {

/// score - reference.
template <class T>
POFT_FN T relative_to(view<T const> reference, view<T const> score, std::ptrdiff_t item) {
  return reference.empty() ? score[item] : score[item] - reference[item];
}

/// Scores (rewards, or summed log-probs beside a reference) and their order.
template <class T>
struct ranked_list {
  view<T const> score{};
  view<T const> reference{};           // frozen, may be empty
  view<std::int32_t const> ranking{};  // item indices, best first

  using live   = fields<field<"score", &ranked_list::score>>;
  using frozen = fields<field<"reference", &ranked_list::reference>, field<"ranking", &ranked_list::ranking>>;
};

/// Scores and the distribution that they should have.
template <class T>
struct target_list {
  view<T const> score{};
  view<T const> reference{};  // frozen, may be empty
  view<T const> target{};     // probabilities

  using live   = fields<field<"score", &target_list::score>>;
  using frozen = fields<field<"reference", &target_list::reference>, field<"target", &target_list::target>>;
};

/// One chosen response, first, and the rejected ones.
template <class T>
struct chosen_first_list {
  view<T const> log_prob{};            // summed over tokens
  view<T const> reference_log_prob{};  // frozen, may be empty

  using live   = fields<field<"log_prob", &chosen_first_list::log_prob>>;
  using frozen = fields<field<"reference_log_prob", &chosen_first_list::reference_log_prob>>;
};

/// Responses in descending order of their reward.
template <class T>
struct sorted_list {
  view<T const> log_prob{};  // summed over tokens
  view<T const> tokens{};
  view<T const> reward{};  // descending

  using live   = fields<field<"log_prob", &sorted_list::log_prob>>;
  using frozen = fields<field<"tokens", &sorted_list::tokens>, field<"reward", &sorted_list::reward>>;
};

/// Samples in any order and their rewards.
template <class T>
struct rewarded_list {
  view<T const> log_prob{};  // summed over tokens
  view<T const> reward{};
  view<T const> reference_log_prob{};  // frozen, may be empty

  using live   = fields<field<"log_prob", &rewarded_list::log_prob>>;
  using frozen = fields<field<"reward", &rewarded_list::reward>,
                        field<"reference_log_prob", &rewarded_list::reference_log_prob>>;
};

/// Responses in any order, their lengths and their rewards.
template <class T>
struct rewarded_list_with_tokens {
  view<T const> log_prob{};  // [items], summed over tokens
  view<T const> tokens{};    // [items], > 0
  view<T const> reward{};    // [items]

  using live   = fields<field<"log_prob", &rewarded_list_with_tokens::log_prob>>;
  using frozen = fields<field<"tokens", &rewarded_list_with_tokens::tokens>,
                        field<"reward", &rewarded_list_with_tokens::reward>>;
};

}  // namespace poft
