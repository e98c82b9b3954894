// Six tasks whose answers can be verified: they stand in for the benchmarks of arXiv:2412.12865.
// SPDX-License-Identifier: MIT
//
//   copy      copy dabf      dabf
//   reverse   rev dabf       fbad
//   sort      sort dabf      abdf
//   add       add 47 8       55
//   count     count a abcab  2
//   substitute  sub ab dabf  dbbf
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "poft/core/random.hpp"

namespace text_study {

enum class task { copy, reverse, sort, add, count, substitute };
inline constexpr int task_count             = 6;
inline constexpr char const* task_names[]   = {"copy", "reverse", "sort", "add", "count", "substitute"};
inline constexpr std::size_t longest_answer = 8;  ///< [bytes]

std::string draw_prompt(task kind, poft::random_stream& random);

/// What a prompt asks for; nothing where it is of no task.
std::optional<task> task_of(std::string_view prompt);

/// The right answer. Throws value_error for a prompt of no task.
std::string answer_to(std::string_view prompt);

/// A wrong answer as a hasty writer gives it: neighbours that change places, a carry forgotten, a count off by one, a letter
/// that was not replaced.
std::string slip(std::string_view prompt, poft::random_stream& random);

}  // namespace text_study
