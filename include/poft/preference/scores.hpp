// What this folder accepts as an array of scores, and the checks that name the operation, the array and the
// place. SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include "poft/core/error.hpp"

namespace poft::preference {

/// The element type of anything std::span can view: std::vector, std::array, C array, std::span ...
template <class Range>
using element_of_range =
    std::remove_cv_t<typename decltype(std::span(std::declval<Range const&>()))::element_type>;

/// Contiguous float or double, in the caller's own memory.
template <class Range>
concept score_range = std::floating_point<element_of_range<Range>>;

/// Contiguous bool or numbers, one per token; zero leaves the token out. An empty mask keeps all.
template <class Range>
concept mask_range = std::is_arithmetic_v<element_of_range<Range>>;

/// Checks that throw: operation first, then the value and its place, then what was expected.
namespace require {

/// The view of a range that has at least one element.
template <score_range Range>
std::span<element_of_range<Range> const> not_empty(char const* operation, char const* name,
                                                   Range const& range) {
  std::span<element_of_range<Range> const> const scores(range);
  if (scores.empty())
    throw shape_error(message(operation, ": ", name, " is empty, expected at least one element"));
  return scores;
}

/// The view of a non-empty range of finite numbers: rewards, margins, strengths.
template <score_range Range>
std::span<element_of_range<Range> const> finite(char const* operation, char const* name, Range const& range) {
  auto const scores = not_empty(operation, name, range);
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (!std::isfinite(scores[i]))
      throw value_error(
          message(operation, ": ", name, "[", i, "] is ", scores[i], ", expected a finite number"));
  return scores;
}

/// The view of a non-empty range of log-probs: -inf is legal (an impossible token), NaN and +inf are not.
template <score_range Range>
std::span<element_of_range<Range> const> log_probs(char const* operation, char const* name,
                                                   Range const& range) {
  auto const scores = not_empty(operation, name, range);
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (!(scores[i] < std::numeric_limits<element_of_range<Range>>::infinity()))
      throw value_error(message(operation, ": ", name, "[", i, "] is ", scores[i], ", expected a log-prob"));
  return scores;
}

inline void same_length(char const* operation, char const* name, std::size_t length, char const* other_name,
                        std::size_t other_length) {
  if (length != other_length)
    throw shape_error(message(operation, ": ", name, " has ", length, " elements and ", other_name, " has ",
                              other_length, ", expected the same number"));
}

/// The number of consecutive groups of equal size (a prompt and its samples) in an array of `length`.
inline std::size_t groups(char const* operation, std::size_t length, std::size_t group_size,
                          std::size_t smallest = 1) {
  if (group_size < smallest)
    throw value_error(message(operation, ": group size is ", group_size, ", expected at least ", smallest));
  if (length % group_size != 0)
    throw shape_error(message(operation, ": ", length, " scores do not divide into groups of ", group_size));
  return length / group_size;
}

/// A parameter that must be positive and finite, such as a temperature.
inline void positive(char const* operation, char const* name, double value) {
  if (!(value > 0) || !std::isfinite(value))
    throw value_error(message(operation, ": ", name, " is ", value, ", expected > 0"));
}
/// A parameter that must be zero or positive, and finite.
inline void not_negative(char const* operation, char const* name, double value) {
  if (!(value >= 0) || !std::isfinite(value))
    throw value_error(message(operation, ": ", name, " is ", value, ", expected >= 0"));
}

}  // namespace require

}  // namespace poft::preference
