// Data files as token ids: each line's prompt and responses through a model's template, in batches.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model_folder.hpp"
#include "poft/text/samples_io.hpp"
#include "poft/train/dataset.hpp"

namespace CLI {
class App;
}

namespace pipeline {

struct sample_options {
  std::string data, too_long = "refuse", end_token = "on";
  bool skip_bad_lines = false;

  /// `scores`: with the option for the end token.
  void add_to(CLI::App& command, bool scores = true);
};

/// What follows a prompt: from the assistant's first message to the end of its last turn. In a conversation, what others
/// say in between does not count.
struct encoded_response {
  std::vector<std::int32_t> ids;
  std::vector<std::uint8_t> counts;  // [ids]; 1: scored and learned

  std::int64_t counted() const { return std::count(counts.begin(), counts.end(), 1); }
};

/// A sample in a model's tokens.
struct encoded_sample {
  poft::sample text;
  std::string place;  // for messages
  std::vector<std::int32_t> prompt;
  std::vector<encoded_response> responses;  // one, or chosen and rejected; none of a bare prompt

  /// All tokens that go through a model.
  std::ptrdiff_t tokens() const;
  std::string hash() const { return poft::hash_text(text.content); }
};

/// The object in a sample's line.
nlohmann::json fields_of(poft::sample const& sample);
/// A number of the line, of which true and false are 1 and 0; nothing where it is absent or null.
std::optional<double> number_of(poft::sample const& sample, std::string const& place,
                                std::string const& name);

struct sample_counts {
  std::int64_t samples = 0, tokens = 0, bad_lines = 0, truncated = 0, too_long = 0;

  std::string text() const;
};

/// As an example of a dataset, after a prompt that may be another one.
void add_to(poft::dataset& data, std::span<std::int32_t const> prompt,
            std::span<encoded_response const> responses);

/// What a command does with samples: score and train on responses, or generate some.
struct sample_use {
  bool responses            = true;  // must be there
  std::ptrdiff_t new_tokens = 0;     // that must fit behind each prompt
};

/// The lines of a file, bad ones refused, or passed over and counted.
class line_stream {
 public:
  line_stream(std::string file, bool skip_bad_lines, bool needs_response = true,
              poft::line_position from = {});

  std::optional<poft::sample> next();
  std::string place_of(poft::sample const& sample) const {
    return poft::message(file_, ": line ", sample.line_number);
  }
  std::int64_t bad_lines() const { return static_cast<std::int64_t>(reader_.bad_lines()); }
  poft::line_position position() const { return reader_.position(); }

 private:
  std::string file_;
  poft::sample_reader reader_;
};

/// The samples of a file in a model's tokens, one after the other, in flat memory.
class sample_stream {
 public:
  sample_stream(language_model const& model, sample_options const& options, sample_use use = {});

  /// The next one that fits; nothing at the end.
  std::optional<encoded_sample> next();
  /// Neighbours that go through a model together; they follow from the data alone. Empty at the end.
  std::vector<encoded_sample> next_batch();

  sample_options const& options() const { return options_; }
  sample_counts const& counts() const { return counts_; }
  std::int64_t bytes() const { return bytes_; }  // of the file
  poft::line_position position() const { return lines_->position(); }
  void go_to(poft::line_position there);

 private:
  void encode(encoded_sample& sample) const;
  void check(encoded_sample const& sample) const;
  /// Whether it fits now.
  bool fit(encoded_sample& sample);

  language_model const& model_;
  sample_options options_;
  sample_use use_;
  poft::chat_encoder encoder_;
  std::unique_ptr<line_stream> lines_;
  std::int64_t bytes_;
  std::int64_t bad_samples_ = 0;  // lines whose sample this model's template refuses
  sample_counts counts_;
};

}  // namespace pipeline
