// Claims as contrasts that are stated before a study runs, and judged after it from its files.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "columns.hpp"
#include "files.hpp"
#include "poft/bandit/verdict.hpp"

namespace study {

/// factor * a metric of this arm; a contrast is the sum of its terms, seed by seed.
struct term {
  double factor = 1;
  std::string arm;
  std::string metric{};  ///< empty: the claim's
};
struct contrast {
  std::string label;
  std::vector<term> terms;
  std::vector<term> against{};  ///< what a correlation sets the terms against
};

inline contrast difference(std::string const& label, std::string const& more, std::string const& less) {
  return {label, {{1, more}, {-1, less}}};
}

/// What is judged: every contrast's mean over seeds, or Spearman's rank correlation of the contrasts' means with what they are
/// set against, whose interval is the percentile bootstrap's over seeds.
enum class statistic { mean, rank_correlation };

struct claim {
  std::string id{};       ///< B1 ... or P1 ...
  std::string part{};     ///< a, b ...; empty where a claim has one part
  std::string variant{};  ///< of the study: tokens; empty: its main one
  std::string text{};
  std::string metric{};  ///< a column of a summary
  std::string unit{};
  std::string budget{};
  std::string tried{};
  statistic judged                  = statistic::mean;
  poft::bandit::direction direction = poft::bandit::direction::greater;
  double smallest_effect            = 0.05;
  int least_seeds                   = 10;    ///< fewer leave the claim undecided
  bool decides                      = true;  ///< false: shown beside the claim, not part of its verdict
  std::vector<contrast> contrasts{};

  /// B2a, or B2a-tokens of a variant; whole() without the part.
  std::string name() const { return id + part + suffix(); }
  std::string whole() const { return id + suffix(); }

 private:
  std::string suffix() const { return variant.empty() ? "" : "-" + variant; }
};

/// What the study leaves to others, and which claims those are.
struct not_attempted {
  char const* id;
  char const* text;
};
inline constexpr not_attempted full_scale_trend{"F1",
                                                "full-scale language models: it needs checkpoints of "
                                                "10<sup>9</sup> parameters, their preference data and a "
                                                "large reward model, and GPUs to train them on"};

/// claims.json: what is claimed; written before anything runs.
void write_claims(fs::path const& folder, std::string const& source, std::vector<claim> const& stated);
std::vector<claim> read_claims(fs::path const& folder);

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

/// Paired by seed: a contrast uses the seeds that all its arms have, a correlation those that all contrasts have.
judged_claim judge(claim const& what, run_metrics const& metrics);

/// The claims of which at least one contrast has runs, judged.
std::vector<judged_claim> judge_all(std::vector<claim> const& stated, run_metrics const& metrics);

/// The verdict of each whole claim over its deciding parts.
std::map<std::string, poft::bandit::verdict> overall(std::vector<judged_claim> const& judged);

/// verdicts.csv and verdicts.json.
void write_verdicts(fs::path const& folder, std::vector<judged_claim> const& judged);
/// What verdicts.csv and claims.json of a finished study say; verdicts are made again from the intervals.
std::vector<judged_claim> read_judged(fs::path const& folder);
void print_verdicts(std::vector<judged_claim> const& judged);

}  // namespace study
