// The claims of arXiv:2404.14367 about its bandits, as contrasts that are stated before a study runs and judged after it.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "arms.hpp"
#include "poft/bandit/verdict.hpp"

namespace study {

/// factor * the claim's metric of this arm; a contrast is the sum of its terms, seed by seed.
struct term {
  double factor = 1;
  std::string arm;
};
struct contrast {
  std::string label;
  std::vector<term> terms;
};

struct claim {
  std::string id{};    ///< B1 ... B7
  std::string part{};  ///< a, b ...; empty where a claim has one part
  policy_kind policy = policy_kind::categorical;
  std::string text{};
  std::string metric{};  ///< a column of summary.csv or divergence_summary.csv
  std::string unit{};
  std::string budget{};
  std::string tried =
      "every arm tuned alone over 4 learning rates and its learner's own parameter, on seeds that are not "
      "reported.";
  poft::bandit::direction direction = poft::bandit::direction::greater;
  double smallest_effect            = 0.05;
  int least_seeds                   = 10;    ///< fewer leave the claim undecided
  bool decides                      = true;  ///< false: shown beside the claim, not part of its verdict
  std::vector<contrast> contrasts{};

  /// B2a for single actions, B2a-tokens for sequences; whole() without the part.
  std::string name() const { return id + part + world(); }
  std::string whole() const { return id + world(); }

 private:
  std::string world() const { return policy == policy_kind::tokens ? "-tokens" : ""; }
};

/// What is claimed, before anything has run.
std::vector<claim> claims();

/// What the study leaves to others, and which claims those are.
struct not_attempted {
  char const* id;
  char const* text;
};
inline constexpr not_attempted elsewhere[] = {
    {"S1-S3", "language tasks with a learned Bradley-Terry reward on the response's length"},
    {"F1-F2", "full-scale trends on AlpacaFarm and UltraFeedback"},
};

/// arm -> seed -> metric -> value.
using run_metrics = std::map<std::string, std::map<long, std::map<std::string, double>>>;

struct judged_contrast {
  contrast what;
  std::size_t seeds = 0;
  poft::bandit::mean_interval difference;
  poft::bandit::verdict result;
};
struct judged_claim {
  claim what;
  std::vector<judged_contrast> contrasts;
  poft::bandit::verdict result;
};

/// Paired by seed: a contrast uses the seeds that all its arms have.
judged_claim judge(claim const& what, run_metrics const& metrics);

/// The verdict of each whole claim over its deciding parts.
std::map<std::string, poft::bandit::verdict> overall(std::vector<judged_claim> const& judged);

}  // namespace study
