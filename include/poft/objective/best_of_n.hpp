// Best of n: imitate the best of a prompt's samples and, if asked, push the others away.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/list_inputs.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// What is pushed away, i ranging over the samples that are not the best:
///
///   none            0
///   worst           + beta log pi(y_worst)
///   average         + beta / (N - 1) sum_i log pi(y_i)
///   sum             + beta sum_i log pi(y_i)
///   log_complement  - beta sum_i log(1 - pi(y_i))
///
/// The first ones fall without bound as samples become unlikely; log_complement does not (it is
/// unlikelihood).
enum class negatives { none, worst, average, sum, log_complement };

/// Best-of-n fine-tuning and its negative-gradient forms, Tajwar et al. 2024, arXiv:2404.14367 (the forms
/// are those of the official code):
///
///   L = -log pi(y_best) + negatives
///
/// Equal rewards: the first sample is the best, and the first is the worst, so a row of ties has best =
/// worst. With reference log-probs (the data policy's; "constrained" in their code) log pi - log pi_ref
/// stands in place of log pi except inside log_complement; the gradient does not change. gate > 0 leaves
/// alone the negatives with pi(y_i) <= gate (pi(y_best) + gate_floor), which would be pushed down for
/// ever ("gated": 0.01 and 1e-24).
template <negatives Negatives>
struct best_of_n {
  double beta       = 0.1;
  double gate       = 0.0;
  double gate_floor = 1e-24;

  static constexpr char const* name = Negatives == negatives::none      ? "best_of_n_none"
                                      : Negatives == negatives::worst   ? "best_of_n_worst"
                                      : Negatives == negatives::average ? "best_of_n_average"
                                      : Negatives == negatives::sum     ? "best_of_n_sum"
                                                                        : "best_of_n_log_complement";
  using parameters                  = fields<field<"beta", &best_of_n::beta>, field<"gate", &best_of_n::gate>,
                            field<"gate_floor", &best_of_n::gate_floor>>;
  template <class T>
  using inputs = rewarded_list<T>;

  template <class T>
  POFT_FN T operator()(rewarded_list<T> const& list, view<T> gradient) const {
    std::ptrdiff_t const samples = list.log_prob.size();
    std::ptrdiff_t best = 0, worst = 0;
    for (std::ptrdiff_t i = 1; i < samples; ++i) {
      if (list.reward[i] > list.reward[best]) best = i;
      if (list.reward[i] < list.reward[worst]) worst = i;
    }
    auto gain = [&](std::ptrdiff_t i) { return relative_to(list.reference_log_prob, list.log_prob, i); };
    for (std::ptrdiff_t i = 0; i < samples; ++i) gradient[i] = constant<T>(0);
    T loss         = -gain(best);
    gradient[best] = constant<T>(-1);

    // In logarithms, because a long response's probability underflows; -inf without a gate.
    T const lowest = log(constant<T>(gate)) + log_add_exp(list.log_prob[best], log(constant<T>(gate_floor)));
    T const weight =
        constant<T>(beta) / (Negatives == negatives::average ? static_cast<T>(samples - 1) : constant<T>(1));
    for (std::ptrdiff_t i = 0; i < samples; ++i) {
      bool const pushed =
          Negatives == negatives::worst ? i == worst : Negatives != negatives::none && i != best;
      if (!pushed || !(list.log_prob[i] > lowest)) continue;
      if constexpr (Negatives == negatives::log_complement) {
        auto const complement = log1mexp_in_parts(list.log_prob[i]);
        loss -= weight * complement.value;
        gradient[i] += weight * complement.exponential * complement.inverse;
      } else {
        loss += weight * gain(i);
        gradient[i] += weight;
      }
    }
    return loss;
  }

  constexpr char const* invalid() const {
    if (!(beta > 0)) return "best_of_n: beta must be > 0";
    if (!(gate_floor >= 0)) return "best_of_n: gate_floor must be >= 0";
    return gate >= 0 && gate < 1 ? nullptr : "best_of_n: gate must be in [0, 1)";
  }
};

}  // namespace poft::objective
