// Rows of tokens [sequences, time] with a mask: which of them count, and what they weigh in each aggregation.
// SPDX-License-Identifier: MIT
#pragma once

#include <numeric>
#include <string>
#include <vector>

#include "golden/poft_golden_batch.hpp"
#include "golden/poft_golden_surrogates.hpp"

namespace poft::golden {

/// Places of the flat [sequences, time] array, and the sequence that each belongs to.
struct counted_tokens {
  std::size_t sequences = 0, time = 0;
  std::vector<std::size_t> place{}, sequence{};
  std::vector<double> tokens_of{};  // [sequences]

  counted_tokens(golden_case& c, std::string const& mask_name) {
    auto const mask = c.input(mask_name);
    sequences       = c.shape(mask_name).at(0);
    time            = c.shape(mask_name).at(1);
    tokens_of.assign(sequences, 0);
    for (std::size_t i = 0; i < mask.size(); ++i) {
      if (mask[i] == 0) continue;
      place.push_back(i);
      sequence.push_back(i / time);
      tokens_of[i / time] += 1;
    }
  }

  /// One number per counted token, from one per place or one per sequence.
  std::vector<double> gather(std::vector<double> const& from) const {
    auto const& which = from.size() == sequences * time ? place : sequence;
    std::vector<double> out;
    for (auto const i : which) out.push_back(from.at(i));
    return out;
  }
  /// Back to one number per place; the others are exactly 0.
  std::vector<double> scatter(std::vector<double> const& from) const {
    std::vector<double> out(sequences * time);
    for (std::size_t k = 0; k < from.size(); ++k) out[place[k]] = from[k];
    return out;
  }
  reduction reduced_by(objective::aggregation how, double max_tokens) const {
    reduction out;
    for (auto const s : sequence) out.weights.push_back(objective::token_weight(how, tokens_of[s]));
    out.count = objective::global_count(how, static_cast<double>(sequences),
                                        static_cast<double>(place.size()), max_tokens);
    return out;
  }
};

/// The aggregation that a case names.
struct case_aggregation {
  objective::aggregation how;
  double max_tokens;

  explicit case_aggregation(golden_case& c)
      : how(aggregation_named(c.text("reduction"))), max_tokens(c.hyper("max_len", 0)) {}
};

/// A token objective on the counted tokens; losses are listed as each sequence's mean.
template <class Objective>
void expect_tokens(golden_case& c, Objective const& objective, columns<Objective> const& in,
                   counted_tokens const& counted, reduction const& reduce, std::string const& gradient_name) {
  on_each_backend([&](auto const& backend) {
    auto const got = evaluate(backend, objective, in, reduce);
    c.expect("mean", got.mean);
    c.expect_gradient(gradient_name, counted.scatter(got.gradient[0]));
    std::vector<double> sequence_means;
    std::size_t first = 0;
    for (auto const tokens : counted.tokens_of) {
      auto const n = static_cast<std::size_t>(tokens);
      sequence_means.push_back(batch_loss(backend, objective, in.spans(first, n)));
      first += n;
    }
    c.expect("seq_loss", sequence_means);
  });
}

}  // namespace poft::golden
