// The transformer on the device: both families with all their options, hidden states, loss and gradient of the oracle.
// SPDX-License-Identifier: MIT
#include "cuda/on_device.cuh"
#include "model/as_one_by_one.hpp"

namespace {

using namespace poft_test;

class cuda_transformer : public on_device {};

TEST_F(cuda_transformer, small_ones) {
  for (auto const& [name, config] : small_configs()) {
    SCOPED_TRACE(name);
    expect_transformer_of_one_by_one<float>(device(), config, {4, 1, 3, 5, 2});
    expect_transformer_of_one_by_one<double>(device(), config, {4, 1, 3, 5, 2});
  }
}

TEST_F(cuda_transformer, networks_side_by_side) {
  for (auto const& [name, config] : small_configs()) {
    SCOPED_TRACE(name);
    expect_networks_of_one_by_one(device(), config);
  }
}

// Rows that are a block's, and more keys than channels.
TEST_F(cuda_transformer, wide_and_long_ones) {
  auto llama     = small_llama();
  llama.channels = 1200, llama.hidden = 40, llama.layers = 1, llama.positions = 150;
  for (auto const& config : {poft::gpt(1, 2, 80, 1500, 150), llama}) {
    expect_transformer_of_one_by_one<float>(device(), config, {140, 1, 17});
  }
}

}  // namespace
