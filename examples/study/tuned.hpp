// The settings that tuning found, in a JSON file.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
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

}  // namespace study
