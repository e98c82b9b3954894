// A model folder: config and weights, the tokenizer beside them, and the template that turns messages into tokens.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "poft/backend/eigen/backend.hpp"
#include "poft/model/transformer.hpp"
#include "poft/text/chat_template.hpp"
#include "poft/text/tokenizer.hpp"

namespace CLI {
class App;
}

namespace pipeline {

namespace fs  = std::filesystem;
using network = poft::transformer<poft::eigen::backend, float>;

struct model_options {
  std::string folder;
  int threads = 0;

  void add_to(CLI::App& command, bool required = true);
};

struct language_model {
  std::map<std::string, std::string>
      text_files;  // of tokenizer and template, which every folder has beside its weights
  std::unique_ptr<network> weights;
  std::unique_ptr<poft::tokenizer> words;
  poft::chat_template turns;

  std::int32_t end_token() const;  // that ends a turn of the assistant
};

/// Where a folder has no poft_chat_template.json, its template follows from the special tokens. Refuses a folder without
/// tokenizer, and one whose tokenizer has ids that the model lacks.
std::unique_ptr<language_model> open_model(model_options const& options, double dropout = 0);

struct new_model_options {
  std::string preset, tokenizer;
  std::ptrdiff_t positions = 256;
  std::uint64_t seed       = 0;
};

/// A model that knows nothing yet, of the size of a preset, with the tokenizer and template of a folder; "bytes": one token
/// for each byte.
std::unique_ptr<language_model> new_model(new_model_options const& options, int threads, double dropout);
/// The names that new_model knows.
std::vector<std::string> preset_names();

/// The folder that open_model reads. Its config.json is written last: until then it is no model.
void save_model(language_model const& model, fs::path const& folder);

}  // namespace pipeline
