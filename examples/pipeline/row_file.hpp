// A JSONL file with a row for each sample, which a killed run leaves behind and the next one completes.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "poft/train/metrics.hpp"

namespace pipeline {

namespace fs = std::filesystem;

/// What a row is known by.
struct row_key {
  std::string_view id, hash;  // of a sample, and of its content
};

/// FILE.part grows batch by batch and takes the name FILE once every batch is there; FILE.part.json says what run it is of.
/// Batches must follow from the data alone: those that a killed run had finished are passed over, whole ones only, so that
/// the rows come out as if nothing had happened.
class row_file {
 public:
  /// `run`: a flat JSON object of all that the rows depend on. Refuses to go on with the part of another run, unless it may
  /// `restart`.
  row_file(fs::path path, nlohmann::json run, bool restart);

  /// Whether an earlier run has written the rows of this batch.
  bool has(std::span<row_key const> batch);
  /// Rows of the batch that has() was just asked for; one that is empty is left out of the file in the end.
  void append(std::span<row_key const> batch, std::span<std::string const> rows);
  /// Returns how many rows were left out.
  std::int64_t finish();

 private:
  [[noreturn]] void refuse(std::string const& what) const;
  std::optional<std::string> kept_row();
  void copy_without_markers() const;
  void put_in_place(fs::path const& finished) const;

  fs::path path_, part_, run_path_;
  std::optional<std::ifstream> kept_;  // rows of an earlier run, while there are any
  std::int64_t whole_batches_ = 0;     // their bytes
  std::int64_t left_out_      = 0;     // rows that only mark a sample as done
  std::optional<poft::growing_file> growing_;
};

}  // namespace pipeline
