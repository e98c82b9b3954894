// The learners: what each makes of a collection of responses with rewards, and the loss it trains on.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include "models.hpp"
#include "poft/train/terms.hpp"

namespace length_study {

enum class learner { pref_ft, best_of_n, rwr, dpo, ipo, ppo, reinforce };

struct learner_kind {
  char const* name;
  char const* parameter;     ///< what its own parameter is; empty: it has none
  std::vector<double> grid;  ///< of the parameter, that it is tuned on
};
learner_kind const& kind_of(learner one);

/// The terms of its loss.
///
///   pref_ft    -log pi of the chosen responses of pairs
///   best_of_n  -log pi of the best of each prompt's responses
///   rwr        -w log pi, w = softmax(reward / temperature) over the collection, their mean 1
///   dpo, ipo   pairs against pi_ref; ipo as (h - target)^2
///   reinforce  -A log pi(y | x), A = reward - beta log pi / pi_ref (y) - running mean of earlier collections
///   ppo        clipped per token, the scalar head as value, generalised advantages, whitened; the reward at the last token,
///              -beta log pi / pi_ref at each
std::vector<poft::training_term> terms_of(learner one, double parameter);

/// How many examples of the learner's data a minibatch of so many responses is.
std::int64_t examples_of(learner one, std::int64_t responses, std::int64_t samples_per_prompt);

/// What a learner looks at beside the samples.
struct looked_at {
  network* policy;
  network* reference;
};
/// samples: examples of single responses, those of a prompt one after the other, with columns reward and old_log_prob -> the
/// learner's examples. May be none, where rewards do not differ. `state` outlives collections.
poft::dataset prepare(learner one, double parameter, poft::dataset samples, std::int64_t samples_per_prompt,
                      looked_at models, std::vector<double>& state);

/// Pairs of the same prompt whose rewards differ, with reference_log_prob: what dpo, ipo and pref_ft learn from.
poft::dataset pairs_of(poft::dataset samples, std::int64_t samples_per_prompt, network& reference);

}  // namespace length_study
