// Prompts of a batch go through the model together.
// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>

#include "generating.hpp"

#include "poft/model/generate.hpp"

namespace pipeline {

void sampling_options::add_to(CLI::App& command) {
  command.add_option("--new-tokens", new_tokens, "the most tokens of an answer, its end token among them")
      ->capture_default_str();
  command.add_option("--temperature", temperature, "0 takes the most probable token")->capture_default_str();
  command.add_option("--top-k", top_k, "draw among the k most probable; 0: all")->capture_default_str();
  command.add_option("--top-p", top_p, "draw among the most probable that have this share together")
      ->capture_default_str();
  command.add_option("--seed", seed, "of what is drawn")->capture_default_str();
}

nlohmann::json sampling_options::json() const {
  return {{"new_tokens", new_tokens},
          {"temperature", temperature},
          {"top_k", top_k},
          {"top_p", top_p},
          {"seed", seed}};
}

std::vector<answer> answers_of(language_model const& model, std::span<encoded_sample const> samples,
                               sampling_options const& options) {
  std::vector<std::int32_t> tokens;
  std::vector<std::int64_t> offsets{0};
  std::vector<std::uint64_t> streams;
  for (auto const& sample : samples) {
    tokens.insert(tokens.end(), sample.prompt.begin(), sample.prompt.end());
    offsets.push_back(static_cast<std::int64_t>(tokens.size()));
    streams.push_back(sample.text.line_number);
  }
  std::int32_t const end = model.end_token();
  auto const& weights    = *model.weights;
  auto const drawn       = poft::generate(weights, tokens, offsets,
                                          {.new_tokens = options.new_tokens,
                                           .sampling   = {options.temperature, options.top_k, options.top_p},
                                           .stop_token = end,
                                           .seed       = options.seed,
                                           .streams    = streams});
  std::vector<answer> out;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    auto const first = static_cast<std::size_t>(drawn.offsets[s]),
               last  = static_cast<std::size_t>(drawn.offsets[s + 1]);
    std::span<std::int32_t const> said(drawn.tokens.data() + first, last - first);
    answer one;
    one.tokens   = static_cast<std::int64_t>(said.size());
    one.finished = said.back() == end;
    for (std::size_t t = first; t < last; ++t) one.log_prob += static_cast<double>(drawn.log_probs[t]);
    one.text = model.words->decode(said.first(said.size() - (one.finished ? 1 : 0)));
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace pipeline
