// What a model answers to prompts.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model_folder.hpp"
#include "samples.hpp"

namespace CLI {
class App;
}

namespace pipeline {

struct sampling_options {
  std::ptrdiff_t new_tokens = 64;
  double temperature        = 0;
  std::ptrdiff_t top_k      = 0;
  double top_p              = 1;
  std::uint64_t seed        = 0;

  void add_to(CLI::App& command);
  nlohmann::json json() const;
};

struct answer {
  std::string text;             // without the end token
  std::int64_t tokens = 0;      // with it
  double log_prob     = 0;      // of these tokens at temperature 1 [nats]
  bool finished       = false;  // by the end token, rather than by the most that was allowed

  double mean() const { return log_prob / static_cast<double>(tokens); }
};

/// One for each sample's prompt. A sample draws from the stream of its line, whatever stands beside it.
std::vector<answer> answers_of(language_model const& model, std::span<encoded_sample const> samples,
                               sampling_options const& options);

}  // namespace pipeline
