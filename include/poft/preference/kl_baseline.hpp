// The KL baseline z0 of KTO: a frozen number that each batch computes first, by one of four named estimators.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "poft/preference/running_mean.hpp"
#include "poft/preference/scores.hpp"
#include "poft/scalar/functions.hpp"  // max

namespace poft::preference {

/// Ethayarajh et al. 2024, arXiv:2402.01306: z0 = max(0, (1/n) sum_i log pi(y_j|x_i) / pi_ref(y_j|x_i)) over
/// *mismatched* pairs, j = i + 1 modulo n. All estimators are in units of log-ratios (the formula multiplies
/// by beta) and clamped at 0, since a KL divergence is not negative.
///
/// The shift is the caller's: run both models on prompt i with the response of example i + 1 (the last with
/// the first) and hand in those log-ratios, [examples]. A batch of one has nothing to mismatch with.
template <score_range LogRatios>
double mismatched_baseline(LogRatios const& mismatched_log_ratio) {
  auto const log_ratio = require::finite("mismatched_baseline", "mismatched_log_ratio", mismatched_log_ratio);
  if (log_ratio.size() < 2)
    throw value_error(
        "mismatched_baseline: the batch has 1 example, expected at least 2 to mismatch prompts and "
        "responses");
  return max(0.0, running_mean::of(log_ratio).mean);
}
/// The same over micro-batches or workers: merge their running means of mismatched log-ratios, then ask once.
inline double mismatched_baseline(running_mean const& mismatched_log_ratio) {
  if (!(mismatched_log_ratio.count >= 2))
    throw value_error(message("mismatched_baseline: the batch has ", mismatched_log_ratio.count,
                              " examples, expected at least 2 to mismatch prompts and responses"));
  return max(0.0, mismatched_log_ratio.mean);
}

/// z0 for the desirable and for the undesirable examples.
struct kl_baselines {
  double desirable, undesirable;
};
/// The paired form: each half takes the mean log-ratio of the *other* half, so no extra forward pass is
/// needed. (The paired KTO of LLaMA-Factory: chosen responses against the KL of the rejected ones, and the
/// reverse.) [pairs] each.
template <score_range Desirable, score_range Undesirable>
kl_baselines other_half_baseline(Desirable const& desirable_log_ratio,
                                 Undesirable const& undesirable_log_ratio) {
  auto const desirable = require::finite("other_half_baseline", "desirable_log_ratio", desirable_log_ratio);
  auto const undesirable =
      require::finite("other_half_baseline", "undesirable_log_ratio", undesirable_log_ratio);
  return {max(0.0, running_mean::of(undesirable).mean), max(0.0, running_mean::of(desirable).mean)};
}

/// A KL that the caller estimated elsewhere; a sample estimate may be negative and then counts as 0.
inline double given_baseline(double kl) {
  if (!std::isfinite(kl))
    throw value_error(message("given_baseline: kl is ", kl, ", expected a finite number"));
  return max(0.0, kl);
}

/// No baseline: KTO becomes APO-zero's unpaired form.
inline constexpr double zero_baseline() { return 0.0; }

}  // namespace poft::preference
