// What an objective is trained on: samples in a model's tokens, and the numbers beside them that it asks for.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "poft/train/any_objective.hpp"
#include "poft/train/dataset.hpp"
#include "samples.hpp"
#include "score_file.hpp"

namespace pipeline {

/// An objective by name, NAME or NAME=parameter:value,...; sft is nll, and bi-poft bi_poft.
poft::any_objective objective_of(std::string const& text);

/// Where an objective's frozen inputs come from. Columns are named as dataset names them.
struct column_sources {
  std::map<std::string, std::string> fields = {};  // column -> the field of a line that holds it
  std::string scores    = {};  // the file of aligned_score; empty: the line's own field logp
  std::string reference = {};  // the file of reference_log_prob; empty: not known yet, or not needed
  bool wants_scores = false, wants_reference = false;
  bool drop_missing = false;  // samples without aligned score

  /// `given`: COLUMN=FIELD, where a field is not called as its column.
  column_sources(poft::any_objective const& objective, std::vector<std::string> const& given);
};

/// Samples with their columns, again and again over the file.
class training_stream {
 public:
  training_stream(language_model const& model, sample_options const& options, column_sources const& sources);

  struct survey {
    std::int64_t samples = 0;  // that can be trained on
    std::uint64_t hash   = 0;  // of their contents and columns
  };
  /// One pass that reads everything, so that what is wrong shows before training begins.
  survey look_through();

  /// The next so many, beginning anew at the end of the file. `state`: where the last call came to; empty at first.
  poft::dataset take(std::int64_t samples, std::vector<double>& state);

  sample_counts const& counts() const { return samples_.counts(); }

 private:
  struct item {
    encoded_sample sample;
    std::map<std::string, std::vector<double>> columns;  // one number, or one for each response
  };
  std::optional<item> next();

  column_sources sources_;
  sample_stream samples_;
  std::optional<score_index> scores_, reference_;
  std::optional<std::size_t> responses_;  // of each sample: 1, or 2 of pairs
};

}  // namespace pipeline
