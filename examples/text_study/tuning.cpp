// Tuning by grid search.
// SPDX-License-Identifier: MIT
#include "tuning.hpp"

#include <set>
#include <span>
#include <utility>

#include "results.hpp"

namespace text_study {

void tune(std::vector<arm> const& arms, int seeds, world const& in, int threads, fs::path const& folder,
          fs::path const& file) {
  study::require_writable(file.has_parent_path() ? file.parent_path() : fs::path("."));
  study::tuned_arms tuned;
  if (fs::exists(file)) tuned = study::read_tuned(file, tuned_schema);
  study::journal finished(folder / "tuning.journal");
  // Arms that start from others are tried when those have their settings.
  for (bool const later : {false, true}) {
    std::vector<arm> tried;
    std::set<std::string> starts;
    for (arm const& one : arms) {
      if (!one.tuned_as.empty() || one.starts_from.empty() == later) continue;
      if (later) starts.insert(one.starts_from);
      for (double const rate : learning_rates(one.by)) {
        for (double const beta : betas(one.by)) {
          arm& variant          = tried.emplace_back(one);
          variant.learning_rate = rate;
          variant.beta          = beta;
        }
      }
    }
    if (tried.empty()) continue;
    std::vector<arm> first;
    for (arm const& one : arms) {
      if (starts.contains(one.id)) first.push_back(one);
    }
    apply_tuned(first, tuned, file);
    tried.insert(tried.begin(), first.begin(), first.end());
    auto const done =
        run_all("tuning", tried, {study::first_tuning_seed, seeds}, in, threads, folder, finished);
    study::keep_best(
        tuned, std::span<run const>(done.runs).subspan(first.size() * static_cast<std::size_t>(seeds)),
        [](run const& one) { return summarise(one.history).final; },
        [](arm const& variant) { return std::pair(variant.learning_rate, variant.beta); });
    study::write_tuned(file, tuned_schema, "poft_study", tuned);
  }
}

void apply_tuned(std::vector<arm>& arms, study::tuned_arms const& tuned, fs::path const& file) {
  auto const settings = [&](std::string const& id) {
    return study::tuned_for(tuned, id, file, "poft_study");
  };
  for (arm& one : arms) {
    one.learning_rate = settings(one.settings_of()).learning_rate;
    if (!one.keep_beta) one.beta = settings(one.beta_of.empty() ? one.settings_of() : one.beta_of).parameter;
  }
}

}  // namespace text_study
