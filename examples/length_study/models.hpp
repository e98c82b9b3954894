// The language model: its shape, its training on the corpus, and copies of it.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "corpus.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/model/generate.hpp"
#include "poft/model/transformer.hpp"
#include "poft/train/dataset.hpp"

namespace length_study {

using backend = poft::eigen::backend;
using network = poft::transformer<backend, float>;

/// Seeds of what is made once for all runs.
inline constexpr std::uint64_t shared_seed = 7;

/// GPT-2-like, two layers of 48 channels: 6e4 parameters. The scalar head is PPO's value, and what a reward model judges by.
poft::transformer_config config_of();

/// A network of its own: a forward pass writes into it.
std::unique_ptr<network> clone(network const& from);

struct pretraining {
  int steps = 0, batch = 32;
  double learning_rate = 2e-3;
};
/// pi_ref: trained by likelihood on the corpus, or taken from its checkpoint in the folder.
std::unique_ptr<network> train_reference(std::vector<sample> const& corpus, pretraining const& how,
                                         fs::path const& folder);

/// How responses are drawn: temperature 1, up to the end token or the longest length.
poft::generation_options sampling_options(std::uint64_t seed);

std::vector<poft::dataset::tokens> views_of(std::vector<tokens> const& prompts);

/// The first `count` prompts, again from the start where there are fewer.
std::vector<poft::dataset::tokens> cycled(std::vector<tokens> const& prompts, std::size_t count);

/// Tokens of each response, its end token among them.
std::vector<double> lengths_of(poft::dataset const& samples);

}  // namespace length_study
