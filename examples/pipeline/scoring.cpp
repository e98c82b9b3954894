// A batch of samples as one ragged forward pass.
// SPDX-License-Identifier: MIT
#include "scoring.hpp"

#include <numeric>

namespace pipeline {

std::vector<response_score> scorer::operator()(std::span<encoded_sample const> samples) {
  poft::dataset data(std::vector<std::string>{});
  for (auto const& sample : samples) add_to(data, sample.prompt, sample.responses);
  return scores_of(data);
}

std::vector<response_score> scorer::alone(std::span<encoded_sample const> samples,
                                          std::span<std::int32_t const> start) {
  poft::dataset data(std::vector<std::string>{});
  for (auto const& sample : samples) add_to(data, start, sample.responses);
  return scores_of(data);
}

std::vector<response_score> scorer::scores_of(poft::dataset const& data) {
  poft::require_fits(data, pass_.model().config(), poft::last_token::left_out);
  std::vector<std::int64_t> all(static_cast<std::size_t>(data.examples()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  batch_.assign(data, all, poft::last_token::left_out);
  poft::batch_statistics said(data, all, false, false);
  pass_.infer(batch_, {}, said, 0);
  std::vector<response_score> out;
  for (std::size_t r = 0; r < said.responses.size(); ++r) {
    out.push_back({said.log_prob_of(r), said.tokens[r + 1] - said.tokens[r]});
  }
  return out;
}

}  // namespace pipeline
