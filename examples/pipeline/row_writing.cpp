// Batches that an earlier run has finished are read, and nothing else.
// SPDX-License-Identifier: MIT
#include "row_writing.hpp"

#include <chrono>
#include <cmath>

#include "poft/core/error.hpp"
#include "poft/train/progress.hpp"
#include "poft/train/score.hpp"

namespace pipeline {

nlohmann::json run_of(language_model const& model, sample_stream const& samples, nlohmann::json options) {
  options["model"]          = poft::message(poft::fingerprint(*model.weights));
  options["data"]           = samples.options().data;
  options["data_bytes"]     = samples.bytes();
  options["too_long"]       = samples.options().too_long;
  options["end_token"]      = samples.options().end_token;
  options["skip_bad_lines"] = samples.options().skip_bad_lines;
  return options;
}

std::int64_t write_rows(
    char const* title, sample_stream& samples, row_file out,
    std::function<std::vector<std::string>(std::vector<encoded_sample> const&)> const& rows) {
  using clock = std::chrono::steady_clock;
  poft::progress bar(title, static_cast<double>(samples.bytes()));
  auto const start    = clock::now();
  std::int64_t tokens = 0, read = 0;
  std::vector<row_key> keys;
  std::vector<std::string> hashes;
  for (auto batch = samples.next_batch(); !batch.empty(); batch = samples.next_batch()) {
    hashes.clear();
    keys.clear();
    for (auto const& sample : batch) hashes.push_back(sample.hash());
    for (std::size_t k = 0; k < batch.size(); ++k) keys.push_back({batch[k].text.id, hashes[k]});
    if (!out.has(keys)) {
      out.append(keys, rows(batch));
      for (auto const& sample : batch) tokens += sample.tokens();
    }
    double const seconds = std::chrono::duration<double>(clock::now() - start).count();
    auto const offset    = static_cast<std::int64_t>(samples.position().offset);
    bar.add(static_cast<double>(offset - read),
            poft::message(std::llround(static_cast<double>(tokens) / seconds), " tokens/s"));
    read = offset;
  }
  if (samples.counts().samples == 0) {
    throw poft::value_error(poft::message("data: \"", samples.options().data, "\" has no sample to work on (",
                                          samples.counts().text(), "), expected at least one"));
  }
  return out.finish();
}

}  // namespace pipeline
