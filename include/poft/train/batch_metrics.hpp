// A step's metrics from what the model says of its batch: sums that micro-batches and processes add up, and their means.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "poft/train/dataset.hpp"
#include "poft/train/metrics.hpp"
#include "poft/train/terms.hpp"

namespace poft {

class batch_metrics {
 public:
  /// `beta` turns log-ratios into rewards. `by_reward`: pairs are judged by the scalar head, not by log-probs.
  batch_metrics(dataset const& data, double beta, bool by_reward)
      : data_(data),
        beta_(beta),
        by_reward_(by_reward),
        chosen_(place_of("chosen")),
        rejected_(place_of("rejected")) {}

  void add_loss(double loss) { sums_[loss_sum] += loss; }
  void add_rows(std::int64_t rows) { sums_[row_count] += static_cast<double>(rows); }

  /// Examples first .. last - 1 of the batch.
  void add(batch_statistics const& batch, std::size_t first, std::size_t last) {
    for (std::size_t e = first; e < last; ++e) {
      auto const begin = static_cast<std::size_t>(batch.first[e]),
                 end   = static_cast<std::size_t>(batch.first[e + 1]);
      if (is_pairs()) {
        double const good = score(batch, e, begin + chosen_), bad = score(batch, e, begin + rejected_);
        sums_[pair_count] += 1;
        sums_[chosen_sum] += good;
        sums_[rejected_sum] += bad;
        sums_[won_count] += good > bad;
      }
      for (std::size_t r = begin; r < end; ++r) {
        sums_[response_count] += 1;
        if (!is_pairs()) sums_[log_ratio_sum] += score(batch, e, r);
        if (data_.has("reward"))
          sums_[reward_sum] += data_.value("reward", batch.examples[e], batch.responses[r]);
        for (auto t = batch.tokens[r]; t < batch.tokens[r + 1]; ++t) {
          sums_[token_count] += 1;
          if (!batch.entropy.empty()) sums_[entropy_sum] += batch.entropy[static_cast<std::size_t>(t)];
        }
      }
    }
  }

  /// What processes add up.
  std::span<double> sums() { return sums_; }
  /// Rows that went through the model.
  double rows() const { return sums_[row_count]; }

  step_metrics means(bool with_entropy) const {
    step_metrics out;
    out.loss = sums_[loss_sum];
    if (is_pairs()) {
      out.chosen_log_ratio   = sums_[chosen_sum] / sums_[pair_count];
      out.rejected_log_ratio = sums_[rejected_sum] / sums_[pair_count];
      out.margin             = beta_ * (out.chosen_log_ratio - out.rejected_log_ratio);
      out.accuracy           = sums_[won_count] / sums_[pair_count];
    } else {
      out.chosen_log_ratio = sums_[log_ratio_sum] / sums_[response_count];
      // Samples of the policy, as their old log-probs say: their log-ratio estimates the divergence.
      if (data_.has("old_log_prob") && data_.has("reference_log_prob"))
        out.kl_to_reference = out.chosen_log_ratio;
    }
    if (with_entropy) out.entropy = sums_[entropy_sum] / sums_[token_count];
    if (data_.has("reward")) out.reward = sums_[reward_sum] / sums_[response_count];
    return out;
  }

 private:
  enum place : std::size_t {
    loss_sum,
    row_count,
    pair_count,
    chosen_sum,
    rejected_sum,
    won_count,
    response_count,
    log_ratio_sum,
    reward_sum,
    token_count,
    entropy_sum,
    count
  };

  std::size_t place_of(std::string_view member) const {
    auto const& members = data_.members();
    return static_cast<std::size_t>(std::find(members.begin(), members.end(), member) - members.begin());
  }
  bool is_pairs() const { return std::max(chosen_, rejected_) < data_.members().size(); }
  double score(batch_statistics const& batch, std::size_t example, std::size_t response) const {
    if (by_reward_) return batch.reward[response];
    double const own = batch.log_prob_of(response);
    if (!data_.has("reference_log_prob")) return own;
    return own - data_.value("reference_log_prob", batch.examples[example], batch.responses[response]);
  }

  dataset const& data_;
  double beta_;
  bool by_reward_;
  std::size_t chosen_, rejected_;  // members' places; beyond the last: there is none
  std::array<double, count> sums_{};
};

}  // namespace poft
