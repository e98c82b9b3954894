// Runs: what they share, policies trained on collections of responses, and what is measured on the way.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arms.hpp"
#include "measurement.hpp"
#include "study/runs.hpp"

namespace length_study {

using run = study::run_of<arm, measurement>;  // its common settings: world::text()

/// What all runs have in common.
struct world {
  scale of;
  std::vector<sample> corpus;
  prompt_pools prompts;
  std::int64_t most_common;  ///< length in the corpus
  std::unique_ptr<network> reference;

  /// Trains pi_ref, or takes it from folder/models.
  world(scale const& of, std::vector<sample> corpus, fs::path const& folder);
  /// Of all settings that runs share.
  std::string text() const;
  double target(preference over) const { return target_length(over, most_common); }
};

/// What the runs of a preference and a seed have in common.
struct task {
  proxy judge;
  poft::dataset offline;  ///< the budget's responses, drawn before; column reward: what the judge says
  poft::dataset watched;  ///< pairs of them, by the judge; column reference_log_prob
};
task make_task(preference over, std::uint64_t seed, world const& in, fs::path const& folder);

/// Of responses of the policy to held-out prompts; their random numbers are those of the seed, whatever the arm.
measurement measure(network const& policy, network& reference, proxy& judge, poft::dataset const& watched,
                    double target, world const& in, int responses, std::uint64_t seed);

/// A run's history: the start, and so many measurements that `of` asks for.
std::vector<measurement> train(arm const& one, std::uint64_t seed, world const& in, task const& given);

struct outcome {
  std::vector<run> runs;
  std::map<std::pair<preference, std::uint64_t>, task> tasks;
};

/// Every arm with its seeds. Those that the journal holds are not repeated, and it gets every other one as soon as it is
/// finished; reward models are kept in folder/models.
outcome run_all(std::string const& title, std::vector<arm> const& arms, study::seed_range seeds,
                world const& in, int threads, fs::path const& folder, study::journal& finished);

}  // namespace length_study
