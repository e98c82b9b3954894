// Tuning by grid search.
// SPDX-License-Identifier: MIT
#include "tuning.hpp"

#include <span>
#include <string_view>
#include <utility>

#include "results.hpp"
#include "runner.hpp"

namespace study {
namespace {

/// The values that are tried for a learner's own parameter; one that means nothing for a learner without any.
std::vector<double> parameters_of(arm const& one) {
  auto const& learner = poft::bandit::learner::describe(one.settings.method.name());
  if (one.keep_parameter) return {one.settings.method.parameter()};
  std::vector<double> out;
  for (double const value : learner.grid) {
    if (value > 0) out.push_back(value);
  }
  // Rewards of sequences are means over ten tokens and lie closer together.
  if (one.policy == policy_kind::tokens && std::string_view(learner.parameter) == "temperature")
    out.push_back(0.01);
  return out.empty() ? std::vector{0.0} : out;
}

double value_of(run const& one) {
  auto const summary = poft::bandit::summarise(one.history, one.of->settings.queries);
  return one.of->tuned_for == "final" ? summary.final : summary.area;
}

}  // namespace

void tune(std::vector<arm> const& arms, int seeds, int threads, fs::path const& file) {
  require_writable(file.has_parent_path() ? file.parent_path() : fs::path("."));
  std::vector<arm> tried;
  tuned_arms tuned;
  if (fs::exists(file)) tuned = read_tuned(file, tuned_schema);
  for (arm const& one : arms) {
    if (!one.tuned_as.empty()) continue;
    for (double const rate : learning_rates) {
      for (double const parameter : parameters_of(one)) {
        arm& variant                   = tried.emplace_back(one);
        variant.settings.learning_rate = rate;
        variant.settings.method        = poft::bandit::learner(one.settings.method.name(), parameter);
        variant.settings.measurements  = one.tuned_for == "final" ? 1 : 10;
      }
    }
  }
  journal finished(fs::path(file).concat(".journal"));
  auto const runs = run_all(
      "tuning", tried,
      [&](arm const& one) {
        return seed_range{first_tuning_seed, seeds > 0 ? seeds : world_of(one.policy).tuning_seeds};
      },
      threads, &finished);
  keep_best(tuned, std::span<run const>(runs), value_of, [](arm const& variant) {
    return std::pair(variant.settings.learning_rate, variant.settings.method.parameter());
  });
  write_tuned(file, tuned_schema, "bandit_study", tuned);
  finished.remove();
}

void apply_tuned(std::vector<arm>& arms, tuned_arms const& tuned, fs::path const& file) {
  for (arm& one : arms) {
    tuned_arm const& found =
        tuned_for(tuned, one.tuned_as.empty() ? one.id : one.tuned_as, file, "bandit_study");
    one.settings.learning_rate = found.learning_rate;
    if (one.keep_parameter || *one.settings.method.parameter_name() == 0) continue;
    one.settings.method = poft::bandit::learner(one.settings.method.name(), found.parameter);
  }
}

}  // namespace study
