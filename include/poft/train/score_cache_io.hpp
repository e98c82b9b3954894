// Scores of frozen models in a file: read where it belongs to the same data and models, computed and written where not.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/train/checkpoint_io.hpp"
#include "poft/train/dataset.hpp"

namespace poft {

/// compute(), or what an earlier call has written to the file. `models` tells what the scores depend on beside the data:
/// fingerprints of the models, say. A file of other data or models is replaced; one that is no cache is an error.
template <class Compute>
std::vector<double> cached_scores(std::filesystem::path const& file, dataset const& data,
                                  std::string const& models, Compute const& compute) {
  std::string const data_now = message(data.fingerprint());
  std::string found_data = data_now, found_models = models;
  std::vector<double> scores;
  auto const visit = [&](auto& state) {
    state("scores.data", found_data);
    state("scores.models", found_models);
    state("scores", scores);
  };
  if (std::filesystem::exists(file)) {
    checkpoint_reader reader(file);
    visit(reader);
    if (found_data == data_now && found_models == models) return scores;
  }
  found_data   = data_now;
  found_models = models;
  scores       = compute();
  checkpoint_writer writer;
  visit(writer);
  writer.write(file);
  return scores;
}

}  // namespace poft
