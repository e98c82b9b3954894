// Training on the policy's own samples: prompts -> samples -> rewards -> what the objective is given.
// SPDX-License-Identifier: MIT
//
//   data_source const source = on_policy(policy, prompts, {.samples_per_prompt = 4, .steps = 2},
//                                        reward_of_each([](auto prompt, auto response) { return ...; }),
//                                        [](dataset samples, auto&) {
//                                          samples.set("advantage", preference::leave_one_out(samples.column("reward"), 4));
//                                          return samples;
//                                        });
//   trainer.run(source);
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/model/generate.hpp"
#include "poft/model/transformer.hpp"
#include "poft/preference/selection.hpp"
#include "poft/train/batch.hpp"
#include "poft/train/dataset.hpp"
#include "poft/train/trainer.hpp"

namespace poft {

struct on_policy_settings {
  std::int64_t prompts_per_round  = 0;  // taken in a shuffled order; 0: all of them
  std::int64_t samples_per_prompt = 1;
  std::int64_t steps              = 1;   // optimiser steps on the samples of a round; 0: a single round
  generation_options generation   = {};  // its seed is that of prompts and samples; streams are set here
};

/// [responses] -> rewards.
using reward_function = std::function<std::vector<double>(dataset const& samples)>;

/// From the reward of one response: f(prompt, response).
template <class F>
reward_function reward_of_each(F f) {
  return [f](dataset const& samples) {
    std::vector<double> rewards;
    for (std::int64_t e = 0; e < samples.examples(); ++e) {
      for (auto r = samples.first_response(e); r < samples.first_response(e + 1); ++r) {
        rewards.push_back(f(samples.prompt(e), samples.response(r)));
      }
    }
    return rewards;
  };
}

/// Samples of the policy, an example each; those of a prompt follow each other. Column old_log_prob, one number per token.
/// Sample k draws from stream first_stream + k of the options' seed.
template <class Backend, class T>
dataset sample_responses(transformer<Backend, T> const& policy, std::span<dataset::tokens const> prompts,
                         std::int64_t samples_per_prompt, generation_options options,
                         std::uint64_t first_stream = 0) {
  if (samples_per_prompt < 1) {
    throw value_error(
        message("sample_responses: samples_per_prompt is ", samples_per_prompt, ", expected >= 1"));
  }
  std::vector<std::int32_t> tokens;
  std::vector<std::int64_t> offsets{0};
  std::vector<std::uint64_t> streams;
  for (auto const prompt : prompts) {
    for (std::int64_t k = 0; k < samples_per_prompt; ++k) {
      tokens.insert(tokens.end(), prompt.begin(), prompt.end());
      offsets.push_back(static_cast<std::int64_t>(tokens.size()));
      streams.push_back(first_stream + streams.size());
    }
  }
  options.streams  = streams;
  auto const drawn = generate(policy, tokens, offsets, options);
  dataset samples;
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    auto const part = [](auto const& all, auto const& places, std::size_t k) {
      return dataset::tokens(all).subspan(static_cast<std::size_t>(places[k]),
                                          static_cast<std::size_t>(places[k + 1] - places[k]));
    };
    samples.add(part(tokens, offsets, s), {part(drawn.tokens, drawn.offsets, s)});
  }
  samples.set("old_log_prob", std::vector<double>(drawn.log_probs.begin(), drawn.log_probs.end()));
  return samples;
}

/// The same samples as lists, one for each prompt: for best-of-n and other objectives of lists. Columns of responses stay.
inline dataset as_lists(dataset const& samples, std::int64_t samples_per_prompt) {
  if (samples_per_prompt < 1 || samples.examples() % samples_per_prompt != 0) {
    throw shape_error(
        message("as_lists: ", samples.examples(), " samples, expected a multiple of ", samples_per_prompt));
  }
  dataset lists{std::vector<std::string>{}};
  std::vector<dataset::tokens> responses;
  for (std::int64_t e = 0; e < samples.examples(); ++e) {
    responses.push_back(samples.response(e));
    if (static_cast<std::int64_t>(responses.size()) < samples_per_prompt) continue;
    lists.add(samples.prompt(e), responses);
    responses.clear();
  }
  for (auto const& name : samples.names()) lists.set(name, samples.column(name));
  return lists;
}

/// Every two samples of a prompt whose rewards differ by at least min_difference, the better one chosen. Columns of responses
/// and tokens go with them.
inline dataset as_pairs(dataset const& samples, std::int64_t samples_per_prompt, double min_difference = 0) {
  auto const selected = preference::all_pairs(samples.column("reward"),
                                              static_cast<std::size_t>(samples_per_prompt), min_difference);
  dataset pairs({"chosen", "rejected"});
  for (auto const& [chosen, rejected] : selected.pairs) {
    auto const good = static_cast<std::int64_t>(chosen), bad = static_cast<std::int64_t>(rejected);
    pairs.add(samples.prompt(good), {samples.response(good), samples.response(bad)});
  }
  for (auto const& name : samples.names()) {
    auto const& from = samples.column(name);
    std::vector<double> values;
    for (auto const& [chosen, rejected] : selected.pairs) {
      for (std::size_t const s : {chosen, rejected}) {
        auto const response = static_cast<std::int64_t>(s);
        bool const tokens   = samples.is_per_token(name);
        auto const first    = tokens ? samples.token_offset(response) : response;
        auto const last     = tokens ? samples.token_offset(response + 1) : response + 1;
        values.insert(values.end(), from.begin() + first, from.begin() + last);
      }
    }
    pairs.set(name, std::move(values));
  }
  return pairs;
}

/// Every round: prompts, samples, rewards (column reward), then `prepare(samples, state)`, which adds advantages or
/// reference log-probs and may turn samples into lists or pairs. `state` outlives rounds and resumes: a running baseline. All
/// processes draw the same.
template <class Backend, class T>
data_source on_policy(transformer<Backend, T> const& policy, std::vector<std::vector<std::int32_t>> prompts,
                      on_policy_settings settings, reward_function rewards,
                      std::function<dataset(dataset samples, std::vector<double>& state)> prepare) {
  auto const all   = static_cast<std::int64_t>(prompts.size());
  auto const count = settings.prompts_per_round > 0 ? settings.prompts_per_round : all;
  return {[=, &policy, prompts = std::move(prompts), order = data_order(all, settings.generation.seed)](
              std::int64_t round, std::vector<double>& state) mutable {
            std::vector<dataset::tokens> chosen;
            for (auto const k : order.take(round * count, count))
              chosen.push_back(prompts[static_cast<std::size_t>(k)]);
            auto samples = sample_responses(
                policy, std::span<dataset::tokens const>(chosen), settings.samples_per_prompt,
                settings.generation, static_cast<std::uint64_t>(round * count * settings.samples_per_prompt));
            samples.set("reward", rewards(samples));
            return prepare(std::move(samples), state);
          },
          settings.steps};
}

}  // namespace poft
