// What a model says of responses: sums of log-probs, batch by batch.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model_folder.hpp"
#include "poft/train/response_pass.hpp"
#include "samples.hpp"

namespace pipeline {

struct response_score {
  double log_prob     = 0;  // summed over the tokens [nats]
  std::int64_t tokens = 0;  // T_j: in the tokens of the model that scores

  double mean() const { return log_prob / static_cast<double>(tokens); }
};

/// Keep one for a whole file: its memory stays.
class scorer {
 public:
  explicit scorer(network& weights) : pass_(weights, /*logits_bytes*/ 0) {}

  /// One for each response of each sample, in their order.
  std::vector<response_score> operator()(std::span<encoded_sample const> samples);
  /// The same for responses that nothing but `start` stands before: IFD's PPL(y).
  std::vector<response_score> alone(std::span<encoded_sample const> samples,
                                    std::span<std::int32_t const> start);

 private:
  std::vector<response_score> scores_of(poft::dataset const& data);

  poft::response_pass<poft::eigen::backend, float> pass_;
  poft::micro_batch batch_;
};

}  // namespace pipeline
