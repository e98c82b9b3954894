// Files of scores: written batch by batch, and found by the id of a sample and the hash of its content.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "samples.hpp"

namespace pipeline {

/// Scores every sample of the stream into a file of rows, from where a killed run of the same options has come to.
void write_scores(language_model const& model, sample_stream& samples, fs::path const& out, bool ifd,
                  bool restart, char const* title);

/// The rows of a file of scores by id. Holds 16 bytes for each; the rows stay in the file.
class score_index {
 public:
  /// Refuses ids that stand twice.
  explicit score_index(fs::path path);

  /// Nothing where there is no row of this id; refuses a row of another content.
  std::optional<nlohmann::json> find(std::string const& id, std::string const& hash);
  /// The same for a sample's number of this name; a null is nothing.
  std::optional<double> number(poft::sample const& sample, std::string const& name);

 private:
  nlohmann::json row_at(std::int64_t offset);

  fs::path path_;
  std::ifstream file_;
  std::vector<std::pair<std::uint64_t, std::int64_t>>
      places_;  // hash of the id, offset of the row; ascending
};

}  // namespace pipeline
