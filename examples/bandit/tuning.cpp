// Tuning by grid search.
// SPDX-License-Identifier: MIT
#include "tuning.hpp"

#include <set>

namespace study {
namespace {

/// The values that are tried for a learner's own parameter; one that means nothing for a learner without any.
std::vector<double> parameters_of(poft::bandit::learner const& method) {
  std::vector<double> out;
  for (double const value : poft::bandit::learner::describe(method.name()).grid) {
    if (value > 0) out.push_back(value);
  }
  return out.empty() ? std::vector{0.0} : out;
}

double value_of(run const& one) {
  auto const summary = poft::bandit::summarise(one.history, one.of->settings.queries);
  return one.of->tuned_for == "final" ? summary.final : summary.area;
}

}  // namespace

void tune(std::vector<arm> const& arms, int seed_count, int threads, fs::path const& file) {
  require_writable(file.has_parent_path() ? file.parent_path() : fs::path("."));
  std::vector<arm> tried;
  std::map<std::string, tuned_arm> tuned;
  if (fs::exists(file)) tuned = read_tuned(file);
  for (arm const& one : arms) {
    if (!one.tuned_as.empty()) continue;
    for (double const rate : learning_rates) {
      for (double const parameter : one.keep_parameter ? std::vector{one.settings.method.parameter()}
                                                       : parameters_of(one.settings.method)) {
        arm& variant                   = tried.emplace_back(one);
        variant.settings.learning_rate = rate;
        variant.settings.method        = poft::bandit::learner(one.settings.method.name(), parameter);
        variant.settings.measurements  = one.tuned_for == "final" ? 1 : 10;
      }
    }
  }
  auto const seeds = seeds_from(first_tuning_seed, seed_count);
  auto const runs  = run_all("tuning", tried, seeds, threads);
  std::map<std::string, double> best;
  for (std::size_t first = 0; first < runs.size(); first += seeds.size()) {
    double mean = 0;
    for (std::size_t k = 0; k < seeds.size(); ++k) mean += value_of(runs[first + k]) / double(seeds.size());
    arm const& variant = *runs[first].of;
    if (best.contains(variant.id) && !(mean > best[variant.id])) continue;
    best[variant.id]  = mean;
    tuned[variant.id] = {variant.settings.learning_rate, variant.settings.method.parameter()};
  }
  write_tuned(file, tuned, seeds);
}

void apply_tuned(std::vector<arm>& arms, std::map<std::string, tuned_arm> const& tuned,
                 fs::path const& file) {
  for (arm& one : arms) {
    std::string const& id = one.tuned_as.empty() ? one.id : one.tuned_as;
    auto const found      = tuned.find(id);
    if (found == tuned.end()) {
      throw poft::value_error(poft::message(file.string(), ": no settings for \"", id,
                                            "\", expected them from bandit_study --tune"));
    }
    one.settings.learning_rate = found->second.learning_rate;
    if (one.keep_parameter || *one.settings.method.parameter_name() == 0) continue;
    one.settings.method = poft::bandit::learner(one.settings.method.name(), found->second.parameter);
  }
}

}  // namespace study
