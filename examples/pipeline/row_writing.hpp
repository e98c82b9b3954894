// The loop of every command that makes a row of each sample: batches, a bar with tokens per second, and going on after a kill.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "row_file.hpp"
#include "samples.hpp"

namespace pipeline {

/// What the rows of such a file depend on: model, data, and `options`.
nlohmann::json run_of(language_model const& model, sample_stream const& samples, nlohmann::json options);

/// rows(batch): a JSON object's text for each sample, in its order; an empty one is left out. Returns how many were.
std::int64_t write_rows(
    char const* title, sample_stream& samples, row_file out,
    std::function<std::vector<std::string>(std::vector<encoded_sample> const&)> const& rows);

}  // namespace pipeline
