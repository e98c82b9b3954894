// What a contrast between arms, repeated over seeds, lets us say about a claim.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <span>

#include "poft/bandit/student_t.hpp"

namespace poft::bandit {

enum class verdict { holds, does_not_hold, undecided };

constexpr char const* text(verdict v) {
  return v == verdict::holds ? "holds" : v == verdict::does_not_hold ? "does not hold" : "undecided";
}

/// What a claim says of its contrasts: that the difference is greater than nothing, or that it is small.
enum class direction { greater, within };

/// One contrast: difference [nats, reward ...] by its interval over seeds, against the smallest effect that matters.
///
///   greater   holds: lower bound > 0 and mean >= smallest effect;       does not hold: upper bound < smallest effect
///   within    holds: the interval lies inside (-smallest, smallest);    does not hold: it lies outside
inline verdict judge(mean_interval const& difference, direction says, double smallest_effect) {
  if (says == direction::greater) {
    if (difference.lower > 0 && difference.mean >= smallest_effect) return verdict::holds;
    return difference.upper < smallest_effect ? verdict::does_not_hold : verdict::undecided;
  }
  if (difference.lower > -smallest_effect && difference.upper < smallest_effect) return verdict::holds;
  bool const outside = difference.lower > smallest_effect || difference.upper < -smallest_effect;
  return outside ? verdict::does_not_hold : verdict::undecided;
}

/// A claim with several contrasts: holds where all do, does not hold where one does not. No contrast: undecided.
inline verdict all_of(std::span<verdict const> parts) {
  if (std::find(parts.begin(), parts.end(), verdict::does_not_hold) != parts.end())
    return verdict::does_not_hold;
  bool const all = std::all_of(parts.begin(), parts.end(), [](verdict v) { return v == verdict::holds; });
  return all && !parts.empty() ? verdict::holds : verdict::undecided;
}

}  // namespace poft::bandit
