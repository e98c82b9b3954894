// Tuning by grid search.
// SPDX-License-Identifier: MIT
#include "tuning.hpp"

#include <span>
#include <utility>

#include "results.hpp"

namespace length_study {

void tune(std::vector<arm> const& arms, int seeds, world const& in, int threads, fs::path const& folder,
          fs::path const& file) {
  study::require_writable(file.has_parent_path() ? file.parent_path() : fs::path("."));
  study::tuned_arms tuned;
  if (fs::exists(file)) tuned = study::read_tuned(file, tuned_schema);
  study::journal finished(folder / "tuning.journal");
  // Arms that take another's parameter are tried when that one has it.
  for (bool const later : {false, true}) {
    std::vector<arm> tried;
    for (arm const& one : arms) {
      if (!one.tuned_as.empty() || one.parameter_of.empty() == later) continue;
      auto const parameters =
          later ? std::vector{study::tuned_for(tuned, one.parameter_of, file, "length_study").parameter}
                : kind_of(one.by).grid;
      for (double const rate : learning_rates(one.by)) {
        for (double const parameter : parameters) {
          arm& variant          = tried.emplace_back(one);
          variant.learning_rate = rate;
          variant.parameter     = parameter;
        }
      }
    }
    if (tried.empty()) continue;
    auto const done =
        run_all("tuning", tried, {study::first_tuning_seed, seeds}, in, threads, folder, finished);
    study::keep_best(
        tuned, std::span<run const>(done.runs), [](run const& one) { return one.history.back().gold; },
        [](arm const& variant) { return std::pair(variant.learning_rate, variant.parameter); });
    study::write_tuned(file, tuned_schema, "length_study", tuned);
  }
}

void apply_tuned(std::vector<arm>& arms, study::tuned_arms const& tuned, fs::path const& file) {
  for (arm& one : arms) {
    auto const& settings = study::tuned_for(tuned, one.settings_of(), file, "length_study");
    one.learning_rate    = settings.learning_rate;
    one.parameter        = settings.parameter;
  }
}

}  // namespace length_study
