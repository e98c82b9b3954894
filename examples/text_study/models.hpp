// The models of the study: targets, which are trained by every run, and aligned models, which judge; both trained first.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "corpus.hpp"
#include "measurement.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/model/transformer.hpp"
#include "poft/text/tokenizer.hpp"
#include "poft/train/dataset.hpp"

namespace text_study {

using backend = poft::eigen::backend;
using network = poft::transformer<backend, float>;

enum class family { gpt, llama };

/// A model that is trained once, on a pool that nobody else sees.
struct model_plan {
  std::string name{};
  family kind  = family::gpt;
  pool from    = pool::aligned;
  int layers   = 2;
  int channels = 64;
  int merges   = 0;  ///< of its tokenizer; 0: bytes
  recipe data  = {};
  int samples = 0, steps = 0;
  double learning_rate = 2e-3;

  /// Everything that a change would change the model by.
  std::string text() const;
};

/// A network with the tokenizer that its tokens are of.
struct language_model {
  model_plan plan;
  std::shared_ptr<poft::tokenizer const> tokens;
  std::unique_ptr<network> net;

  /// The same with a network of its own: a forward pass writes into it.
  language_model clone() const;
};

/// The longest prompt and response in any of the tokenizers.
inline constexpr std::ptrdiff_t longest_sequence = 64;

poft::transformer_config config_of(model_plan const& plan, std::int32_t vocab);

/// Trains the model, or takes it from its last checkpoint in folder/NAME-..., or goes on from there.
language_model train_model(model_plan const& plan, library const& books, fs::path const& folder);

/// prompt = <|user|> text <|assistant|>, response = text <|end|>: the end-of-turn token belongs to the response, in training
/// and in scoring alike.
std::vector<std::int32_t> prompt_tokens(poft::tokenizer const& tokens, std::string_view prompt);
std::vector<std::int32_t> response_tokens(poft::tokenizer const& tokens, std::string_view response);
poft::dataset encoded(poft::tokenizer const& tokens, std::span<sample const> samples);
/// The responses by themselves, behind <|assistant|> alone.
poft::dataset encoded_alone(poft::tokenizer const& tokens, std::span<sample const> samples);

/// Mean log-prob per token of each response [nats], the tokens being the model's own: r_j of arXiv:2412.12865, eq. 5.
std::vector<double> mean_log_probs(language_model& model, poft::dataset const& data);

/// r_LLM: the mean of that over the aligned models, each with its own tokens.
std::vector<double> preference_scores(std::span<language_model> aligned, std::span<sample const> samples);

/// What the model answers; temperature 0 takes the most probable token.
struct answer {
  std::string text;
  bool ended;  ///< false: it went on, and is no exact match of anything
  bool operator==(std::string const& right) const { return ended && text == right; }
};
std::vector<answer> answers(language_model const& model, std::span<std::string const> prompts,
                            std::size_t longest, double temperature = 0, std::uint64_t seed = 0);

/// Prompts that nobody was trained on.
struct held_out_set {
  std::vector<std::string> test, validation;       ///< tasks, all six in turn
  std::vector<sample> right_answers, definitions;  ///< of the test prompts; empty without dictionaries

  held_out_set() = default;
  held_out_set(int test_prompts, int validation_prompts, library const& books, std::uint64_t seed);
};

/// Accuracies by generated answers, and nats per token of the right ones.
measurement measure(language_model& model, held_out_set const& held_out);

}  // namespace text_study
