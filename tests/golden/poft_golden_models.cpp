// Tiny transformers, with weights from the case and from Hugging Face files: logits, loss, gradients, greedy tokens.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "golden/poft_golden_case.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/core/error.hpp"
#include "poft/head/logits.hpp"
#include "poft/model/config_io.hpp"
#include "poft/model/generate.hpp"
#include "poft/model/hugging_face_io.hpp"
#include "poft/model/transformer.hpp"
#include "poft/objective/nll.hpp"

namespace poft::golden {
namespace {

using model = transformer<eigen::backend, double>;

std::vector<std::int64_t> offsets_of(std::size_t rows, std::size_t length) {
  std::vector<std::int64_t> offsets;
  for (std::size_t r = 0; r <= rows; ++r) offsets.push_back(static_cast<std::int64_t>(r * length));
  return offsets;
}

/// The mean is over targets >= 0.
void expect_logits_and_gradients(golden_case& c, model& m) {
  auto const tokens = c.integers<std::int32_t>("idx"), targets = c.integers<std::int32_t>("targets");
  auto const offsets = offsets_of(c.shape("idx").at(0), c.shape("idx").at(1));
  token_batch<std::int32_t> const batch{.targets = targets, .offsets = offsets, .ignore_index = -1};
  auto const& p     = m.slices();
  auto const& d     = m.gradient_slices();
  auto const hidden = m.forward(tokens, offsets);
  std::vector<double> logit(static_cast<std::size_t>(hidden.rows() * m.config().vocab)),
      d_hidden(static_cast<std::size_t>(hidden.size()));
  view<double, 2> const logits(logit.data(), hidden.rows(), m.config().vocab),
      d_hidden_rows(d_hidden.data(), hidden.rows(), hidden.columns());
  m.backend().gemm({.transpose_b = true}, hidden, p.head, logits);
  c.expect("logits", logit);

  logits_head<eigen::backend, double> head(m.backend());
  head.read(logits, batch);
  c.expect("token_logp", head.token_log_probs());
  c.expect("mean", head.token_loss(objective::nll_sum{}, token<std::span<double const>>{}));
  head.write(view<double const, 2>(logits), batch, logits);

  m.zero_gradient();
  m.backend().gemm({}, logits, p.head, d_hidden_rows);
  m.backend().gemm({.transpose_a = true, .beta = 1}, logits, hidden, d.head);
  m.backward(d_hidden_rows);
  for (auto const& parameter : named_parameters(m.config(), d)) {
    c.expect_gradient(parameter.name,
                      {parameter.values.data(), static_cast<std::size_t>(parameter.values.size())});
  }
}

/// The prompts are the first tokens of each row; they stand before the new tokens.
void expect_greedy_tokens(golden_case& c, model const& m) {
  auto const tokens = c.integers<std::int32_t>("idx");
  auto const rows = c.shape("idx").at(0), time = c.shape("idx").at(1);
  auto const prompt     = c.integers<std::size_t>("prompt_len").at(0);
  auto const new_tokens = c.integers<std::size_t>("new_tokens").at(0);
  std::vector<std::int32_t> prompts, all;
  for (std::size_t r = 0; r < rows; ++r) {
    prompts.insert(prompts.end(), &tokens.at(r * time), &tokens.at(r * time) + prompt);
  }
  auto const generated = generate(
      m.backend(), m.config(), m.slices(), prompts, offsets_of(rows, prompt),
      {.new_tokens = static_cast<std::ptrdiff_t>(new_tokens), .sampling = {.temperature = 0}, .crop = true});
  for (std::size_t r = 0; r < rows; ++r) {
    all.insert(all.end(), &prompts.at(r * prompt), &prompts.at(r * prompt) + prompt);
    all.insert(all.end(), &generated.tokens.at(r * new_tokens),
               &generated.tokens.at(r * new_tokens) + new_tokens);
  }
  c.expect_integers("generated", all);
  c.pass_over_output("greedy_min_top2_gap");
}

void expect_model(golden_case& c, model& m) {
  expect_logits_and_gradients(c, m);
  expect_greedy_tokens(c, m);
}

/// The weights are those that the config asks for, no more and no less.
void expect_model_of_weights(golden_case& c, transformer_config const& config) {
  model m({}, config);
  std::set<std::string> unknown;
  for (auto const& name : c.weight_names()) unknown.insert(name);
  for (auto const& parameter : named_parameters(config, m.slices())) {
    auto const weights = c.weight(parameter.name);
    if (static_cast<std::ptrdiff_t>(weights.size()) != parameter.values.size()) {
      throw format_error(message("weight '", parameter.name, "' has ", weights.size(), " elements, expected ",
                                 parameter.values.size()));
    }
    std::copy(weights.begin(), weights.end(), parameter.values.data());
    unknown.erase(parameter.name);
  }
  for (auto const& name : unknown) c.miss("has weight '" + name + "' that poft_golden does not know");
  expect_model(c, m);
}

/// Files beside the golden file: models/NAME, of a second GPT-2 layout where there is one.
void expect_model_of_files(golden_case& c) {
  auto const models = c.folder() / "models", of_case = models / c.name();
  if (!std::filesystem::exists(models)) return;
  auto const config = load_model_config(of_case);
  model m({}, config);
  load_parameters(of_case, config, m.slices());
  expect_model(c, m);
  if (auto const file = of_case / "model_linear.safetensors"; std::filesystem::exists(file)) {
    load_parameters(file, config, m.slices(), {.gpt2_linear_layers = true});
    expect_model(c, m);
  }
}

std::ptrdiff_t size(golden_case& c, char const* name) { return static_cast<std::ptrdiff_t>(c.hyper(name)); }

void check_gpt(golden_case& c) {
  transformer_config config = gpt(size(c, "n_layer"), size(c, "n_head"), size(c, "n_embd"),
                                  size(c, "vocab_size"), size(c, "block_size"));
  config.norm_epsilon       = c.hyper("layer_norm_eps");
  expect_model_of_weights(c, config);
  expect_model_of_files(c);
}

void check_llama(golden_case& c) {
  transformer_config config;
  config.vocab         = size(c, "vocab_size");
  config.positions     = static_cast<std::ptrdiff_t>(c.shape("generated").at(1));
  config.layers        = size(c, "num_hidden_layers");
  config.heads         = size(c, "num_attention_heads");
  config.kv_heads      = size(c, "num_key_value_heads");
  config.channels      = size(c, "hidden_size");
  config.head_channels = config.channels / config.heads;
  config.hidden        = size(c, "intermediate_size");
  config.norm          = norm_kind::rms;
  config.position      = position_kind::rotary;
  config.mlp           = mlp_kind::swiglu;
  config.bias          = false;
  config.head          = c.flag("tie_word_embeddings") ? head_kind::tied : head_kind::own;
  config.norm_epsilon  = c.hyper("rms_norm_eps");
  config.rotary_base   = c.hyper("rope_theta");
  expect_model_of_weights(c, config);
  expect_model_of_files(c);
}

}  // namespace

void add_models(checks& all) {
  all["gpt"]   = check_gpt;
  all["llama"] = check_llama;
}

}  // namespace poft::golden
