// The trainer on any backend, whatever its memory, against the one-by-one oracle in double.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <type_traits>
#include <vector>

#include "poft/backend/one_by_one.hpp"
#include "poft/model/config.hpp"
#include "poft/model/hugging_face_io.hpp"
#include "poft/model/transformer.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/train/score.hpp"
#include "poft/train/trainer.hpp"

namespace poft_test {

inline constexpr std::int32_t trained_vocab = 9;

/// GPT-2's family, or Llama's; with a scalar head.
inline poft::transformer_config trained_config(bool llama) {
  auto config        = poft::gpt(1, 2, 8, trained_vocab, 8);
  config.scalar_head = true;
  if (llama) {
    config.kv_heads = 1;
    config.norm     = poft::norm_kind::rms;
    config.position = poft::position_kind::rotary;
    config.mlp      = poft::mlp_kind::swiglu;
    config.bias     = false;
  }
  return config;
}

template <class Backend, class T>
poft::transformer<Backend, T> model_to_train(Backend const& backend, poft::transformer_config const& config) {
  poft::transformer<Backend, T> out(backend, config);
  poft::change_on_host(backend, out.parameters(), [&](std::span<T> parameters) {
    std::vector<double> start(parameters.size());  // float and double start alike
    poft::initialise(config, poft::transformer_slices<double>(config, start.data()), 1);
    for (std::size_t k = 0; k < start.size(); ++k)
      parameters[k] = static_cast<T>(static_cast<float>(5 * start[k]));
  });
  return out;
}

template <class Backend, class T>
std::vector<poft::compute_t<T>> parameters_of(poft::transformer<Backend, T> const& model) {
  std::vector<poft::compute_t<T>> out;
  for (T const one : poft::on_host(model.backend(), model.parameters())) {
    out.push_back(static_cast<poft::compute_t<T>>(one));
  }
  return out;
}

inline poft::dataset pairs_to_train(int examples) {
  poft::dataset data({"chosen", "rejected"});
  poft::random_stream random(5);
  for (int e = 0; e < examples; ++e) {
    auto const draw = [&] { return static_cast<std::int32_t>(random.below(trained_vocab)); };
    data.add(std::vector{draw(), draw()}, {std::vector{3, draw()}, std::vector{4, draw(), draw()}});
  }
  return data;
}

inline poft::training_settings settings_to_train() {
  poft::training_settings out;
  out.steps         = 4;
  out.batch         = 6;
  out.micro_batch   = 4;
  out.learning_rate = 1e-2;
  // Its division is smooth: with the usual 1e-8 the sign of a gradient near 0, a matter of rounding, would make a whole step.
  out.optimiser     = poft::adamw{.eps = 1e-3, .weight_decay = 0.1};
  out.clip          = {.max_norm = 0.5};
  out.show_progress = false;
  return out;
}

/// As they are trained: the masters, where the model is of bfloat16.
template <class T, class Backend>
std::vector<poft::compute_t<T>> trained_parameters(Backend const& backend,
                                                   poft::transformer_config const& config,
                                                   std::vector<poft::training_term> const& terms,
                                                   poft::training_settings const& settings) {
  auto model     = model_to_train<Backend, T>(backend, config),
       reference = model_to_train<Backend, T>(backend, config);
  auto data      = pairs_to_train(11);
  data.set("reference_log_prob", poft::response_log_probs(reference, data));
  data.set("reward", poft::response_rewards(reference, data));
  poft::trainer<Backend, T> trainer(model, terms, settings);
  trainer.run(data);
  auto const here = poft::on_host(backend, trainer.masters());
  return {here.begin(), here.end()};
}

/// Objectives of responses, of the scalar head and of entropies, with both optimisers, clipping and accumulation.
template <class T, class Backend>
void expect_training_of_one_by_one(Backend const& backend, bool llama) {
  double const tolerance = std::is_same_v<T, float> ? 2e-5 : 1e-12;
  auto const config      = trained_config(llama);
  auto const compare     = [&](std::vector<poft::training_term> const& terms,
                           poft::training_settings const& settings) {
    auto const want = trained_parameters<double>(poft::one_by_one{}, config, terms, settings);
    auto const got  = trained_parameters<T>(backend, config, terms, settings);
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t k = 0; k < want.size(); ++k) {
      ASSERT_NEAR(static_cast<double>(got[k]), want[k], tolerance)
          << terms[0].objective.name() << ", parameter " << k;
    }
  };
  auto settings = settings_to_train();
  compare({{poft::make_objective("dpo")}}, settings);
  settings.optimiser           = poft::sgd{.momentum = 0.9, .nesterov = true};
  settings.entropy_coefficient = 0.1;
  poft::training_term nll{poft::make_objective("nll"), 0.5};
  nll.member = "chosen";
  compare({nll}, settings);
  settings.entropy_coefficient = 0;
  compare({{poft::make_objective("bt_reward")}, nll}, settings);
}

/// In one go and with a stop in between, equal bits; then through a folder of Hugging Face's into the oracle's memory.
template <class T, class Backend>
void expect_resume_and_files(Backend const& backend, std::filesystem::path const& folder) {
  auto const config = trained_config(false);
  poft::training_term const dpo{poft::make_objective("dpo")};
  std::vector<poft::compute_t<T>> want;
  for (auto const& stops : {std::vector<std::int64_t>{4}, {2, 4}}) {
    std::filesystem::remove_all(folder);
    auto settings   = settings_to_train();
    settings.folder = folder / "run";
    for (auto const stop : stops) {
      settings.steps = stop;
      auto const got = trained_parameters<T>(backend, config, {dpo}, settings);
      if (stops.size() == 1) want = got;
      if (stop == 4) {
        EXPECT_EQ(got, want);
      }
    }
  }
  auto model = model_to_train<Backend, T>(backend, config);
  save_model(folder / "model", model);
  poft::transformer<poft::one_by_one, T> here({}, config);
  load_parameters(folder / "model", here);
  EXPECT_EQ(parameters_of(here), parameters_of(model));
  poft::transformer<Backend, T> back(backend, config);
  load_parameters(folder / "model", back);
  EXPECT_EQ(parameters_of(back), parameters_of(model));
  EXPECT_EQ(poft::fingerprint(back), poft::fingerprint(here));
  std::filesystem::remove_all(folder);
}

}  // namespace poft_test
