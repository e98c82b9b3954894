// Prompts and responses of broad length: what the language model is trained on before any preference.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "study/files.hpp"

namespace length_study {

namespace fs = std::filesystem;

using tokens = std::vector<std::int32_t>;

/// The vocabulary: "." ends a response, ":" a prompt, letters a ... h.
inline constexpr std::string_view characters   = ".:abcdefgh";
inline constexpr std::int32_t end_token        = 0;
inline constexpr std::size_t letters           = 8;
inline constexpr std::size_t prompt_letters    = 3;   ///< of prompts that are made up here
inline constexpr std::size_t longest_prompt    = 8;   ///< with its ":" [tokens]
inline constexpr std::int64_t longest_response = 32;  ///< with its "." [tokens]

/// A response's length counts its end token: 1 is an empty one, which no corpus has.
struct sample {
  tokens prompt, response;
};

/// The response repeats the prompt's letters, one in ten replaced by any letter. Number of letters: log-normal, median 10,
/// sigma 0.5, rounded, between 1 and longest_response - 1.
std::vector<sample> draw_corpus(int count, std::uint64_t seed);

/// Lines "prompt TAB response." of letters. Throws format_error, naming the line, where a response has no end or nothing before
/// it, where a character is not of the vocabulary, and where a sample is longer than the model's positions allow.
std::vector<sample> read_corpus(fs::path const& file);

/// length -> number of responses, [longest_response + 1].
std::vector<double> length_histogram(std::vector<sample> const& corpus);
/// The peak of the histogram, smoothed by (1, 2, 1) / 4.
std::int64_t most_common_length(std::vector<sample> const& corpus);

/// The prompts of the corpus, without repetition, in an order of their own: those that are trained on, and others.
struct prompt_pools {
  std::vector<tokens> training, held_out;
};
/// At most `training` and `held_out` of them; of a corpus with few prompts, half are held out. Throws where it has but one.
prompt_pools split_prompts(std::vector<sample> const& corpus, std::size_t training, std::size_t held_out);

/// Differs between corpora that differ.
std::uint64_t fingerprint_of(std::vector<sample> const& corpus);

}  // namespace length_study
