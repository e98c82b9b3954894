// Training of models in bfloat16 on any backend: the way of the oracle in double, in steps that bfloat16 could not take.
// SPDX-License-Identifier: MIT
#pragma once

#include "model/in_bfloat16.hpp"
#include "train/as_one_by_one.hpp"

namespace poft_test {

/// Three steps of gradient descent so short that no parameter but those at 0 changes in bfloat16: the masters move as the oracle
/// does, whose gradient differs by the roundings that expect_transformer_in_bfloat16 counts, and by twice as much where it is the
/// difference of those of two responses, which may be longer than it.
template <class Backend>
void expect_training_in_bfloat16(Backend const& backend, poft::transformer_config const& config,
                                 std::vector<poft::training_term> const& terms, bool pairs) {
  auto settings          = settings_to_train();
  settings.steps         = 3;
  settings.learning_rate = 1e-6;
  settings.optimiser     = poft::sgd{.momentum = 0.9, .weight_decay = 0};
  settings.clip          = {.max_norm = std::numeric_limits<double>::infinity()};
  auto model             = model_to_train<Backend, poft::bfloat16>(backend, config);
  poft::transformer<poft::one_by_one, double> oracle({}, config);
  copy_parameters(model, oracle);
  auto const start   = as_doubles(backend, std::span<poft::bfloat16 const>(model.parameters()));
  auto const trained = [&](auto& which) {
    auto data = pairs_to_train(11);
    data.set("reference_log_prob", poft::response_log_probs(which, data));
    poft::trainer trainer(which, terms, settings);
    trainer.run(data);
    auto moved = as_doubles(which.backend(), trainer.masters());
    for (std::size_t k = 0; k < moved.size(); ++k) moved[k] -= start[k];
    return moved;
  };
  auto const moved = trained(model), want = trained(oracle);
  double const bound = (pairs ? 2 : 1) * roundings(static_cast<double>(9 + 22 * config.layers));
  EXPECT_LT(relative_distance(moved, want), bound) << terms[0].objective.name();
  auto const end            = as_doubles(backend, std::span<poft::bfloat16 const>(model.parameters()));
  std::size_t masters_moved = 0;
  for (std::size_t k = 0; k < end.size(); ++k) {
    if (std::abs(start[k]) < 1e-2) continue;
    EXPECT_EQ(end[k], start[k]) << k;
    masters_moved += moved[k] != 0;
  }
  EXPECT_GT(masters_moved, end.size() / 2);
}

/// Objectives of pairs with a reference, of the scalar head and of single responses.
template <class Backend>
void expect_training_in_bfloat16(Backend const& backend, bool llama) {
  auto const config = trained_config(llama);
  expect_training_in_bfloat16(backend, config, {{poft::make_objective("dpo")}}, true);
  poft::training_term nll{poft::make_objective("nll"), 0.5};
  nll.member = "chosen";
  expect_training_in_bfloat16(backend, config, {nll}, false);
  expect_training_in_bfloat16(backend, config, {{poft::make_objective("bt_reward")}, nll}, true);
}

/// A start in float: its numbers are the masters, bit for bit, and bfloat16's own start is what they round to.
template <class Backend>
void expect_a_start_in_float(Backend const& backend) {
  auto const config = trained_config(true);
  poft::transformer<Backend, poft::bfloat16> model(backend, config), rounded(backend, config);
  poft::trainer trainer(model, {{poft::make_objective("nll")}}, settings_to_train());
  std::vector<float> want(model.parameters().size());
  poft::initialise(config, poft::transformer_slices<float>(config, want.data()), 5);
  trainer.change_masters([&](std::span<float> masters) {
    poft::initialise(config, poft::transformer_slices<float>(config, masters.data()), 5);
  });
  auto const masters = poft::on_host(backend, trainer.masters());
  EXPECT_EQ(std::vector<float>(masters.begin(), masters.end()), want);
  initialise(rounded, 5);
  EXPECT_EQ(parameters_of(model), parameters_of(rounded));
}

}  // namespace poft_test
