// The settings that tuning found, in a JSON file.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "files.hpp"

namespace study {

/// Seeds 1 ... are reported, seeds from here on serve for tuning only.
inline constexpr std::uint64_t first_tuning_seed = 1000001;

struct tuned_arm {
  double learning_rate, parameter;
  int seeds;  ///< from first_tuning_seed on, that they were found on
};
using tuned_arms = std::map<std::string, tuned_arm>;

/// `schema` and `program` say whose settings they are.
tuned_arms read_tuned(fs::path const& file, std::string const& schema);
void write_tuned(fs::path const& file, std::string const& schema, std::string const& program,
                 tuned_arms const& tuned);
/// Throws where there are none for the arm.
tuned_arm const& tuned_for(tuned_arms const& tuned, std::string const& arm, fs::path const& file,
                           std::string const& program);

/// The settings of which the runs' mean value(run) is the best become their arm's: settings(variant of the arm) are a learning
/// rate and a parameter. The runs of a variant lie side by side.
template <class Run, class Value, class Settings>
void keep_best(tuned_arms& tuned, std::span<Run const> runs, Value const& value, Settings const& settings) {
  std::map<std::string, double> best;
  for (std::size_t first = 0, last; first < runs.size(); first = last) {
    auto const& variant = *runs[first].of;
    double sum          = 0;
    for (last = first; last < runs.size() && runs[last].of == &variant; ++last) sum += value(runs[last]);
    int const count   = static_cast<int>(last - first);
    double const mean = sum / count;
    if (best.contains(variant.id) && !(mean > best[variant.id])) continue;
    best[variant.id]                      = mean;
    auto const [learning_rate, parameter] = settings(variant);
    tuned[variant.id]                     = {learning_rate, parameter, count};
  }
}

}  // namespace study
