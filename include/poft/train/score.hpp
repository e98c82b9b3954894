// What frozen models say of a dataset's responses: computed once, before training, and kept as columns.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <type_traits>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/model/transformer.hpp"
#include "poft/preference/aligned_models.hpp"
#include "poft/train/batch.hpp"
#include "poft/train/dataset.hpp"
#include "poft/train/response_pass.hpp"
#include "poft/train/terms.hpp"

namespace poft {

/// What the model says of all responses, `examples_at_once` going through it together.
template <class Backend, class T>
batch_statistics read_responses(transformer<Backend, T>& model, dataset const& data, wanted_outputs wanted,
                                std::int64_t examples_at_once = 32) {
  if (examples_at_once < 1) {
    throw value_error(message("read_responses: examples_at_once is ", examples_at_once, ", expected >= 1"));
  }
  last_token const last = wanted.scalars ? last_token::kept : last_token::left_out;
  require_fits(data, model.config(), last);
  std::vector<std::int64_t> all(static_cast<std::size_t>(data.examples()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  batch_statistics out(data, all, wanted.entropies, wanted.scalars);
  response_pass<Backend, T> pass(model, 0);  // no logits are needed twice
  micro_batch batch;
  auto const most = static_cast<std::size_t>(examples_at_once);
  for (std::size_t k = 0; k < all.size(); k += most) {
    batch.assign(data, std::span(all).subspan(k, std::min(most, all.size() - k)), last);
    pass.infer(batch, wanted, out, static_cast<std::size_t>(out.first[k]));
  }
  return out;
}

/// [response tokens], log-probs under the model [nats]. As column reference_log_prob or old_log_prob they serve objectives of
/// tokens, and summed those of responses.
template <class Backend, class T>
std::vector<double> response_log_probs(transformer<Backend, T>& model, dataset const& data) {
  return read_responses(model, data, {}).log_prob;
}

/// [responses], what a reward model's scalar head says at their last tokens.
template <class Backend, class T>
std::vector<double> response_rewards(transformer<Backend, T>& reward_model, dataset const& data) {
  return read_responses(reward_model, data, {.log_probs = false, .scalars = true}).reward;
}

/// [responses], PoFT's baseline: the mean over the models of each one's log-prob per token. `data` has the same responses in
/// each model's own tokens; where they share a tokenizer, it is the same dataset each time.
template <class Backend, class T>
std::vector<double> aligned_scores(std::span<transformer<Backend, T>* const> models,
                                   std::span<dataset const* const> data) {
  if (models.empty() || models.size() != data.size()) {
    throw shape_error(message("aligned_scores: ", models.size(), " models, ", data.size(),
                              " datasets, expected one for each of at least 1"));
  }
  std::vector<std::vector<double>> scores;
  std::vector<std::span<double const>> columns;
  for (std::size_t m = 0; m < models.size(); ++m) {
    auto const read = read_responses(*models[m], *data[m], {});
    auto& of_model  = scores.emplace_back();
    for (std::size_t r = 0; r < read.responses.size(); ++r) {
      of_model.push_back(read.log_prob_of(r) / static_cast<double>(read.tokens[r + 1] - read.tokens[r]));
    }
  }
  for (auto const& one : scores) columns.emplace_back(one);
  return preference::mean_over_aligned_models(std::span<std::span<double const> const>(columns));
}

/// Differs between models that differ (FNV-1a over the bits of all parameters).
template <class Backend, class T>
std::uint64_t fingerprint(transformer<Backend, T> const& model) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (T const parameter : on_host(model.backend(), model.parameters())) {
    using bits = std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                    std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>;
    hash       = (hash ^ std::bit_cast<bits>(parameter)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace poft
