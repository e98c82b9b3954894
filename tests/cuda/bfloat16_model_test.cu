// Models in bfloat16 on the device: hidden states, loss, gradient and generation of the oracle, float sums.
// SPDX-License-Identifier: MIT
#include "cuda/on_device.cuh"
#include "model/in_bfloat16.hpp"

namespace {

using namespace poft_test;

class cuda_bfloat16_model : public on_device {};

TEST_F(cuda_bfloat16_model, small_ones) {
  for (auto const& [name, config] : small_configs()) {
    SCOPED_TRACE(name);
    expect_transformer_in_bfloat16(device(), config, {4, 1, 3, 5, 2});
    expect_generation_in_bfloat16(device(), config);
  }
}

// Long enough for attention that is not by rows.
TEST_F(cuda_bfloat16_model, long_ones) {
  auto llama      = small_llama();
  llama.positions = 200, llama.layers = 1;
  for (auto const& config : {poft::gpt(1, 2, 80, 300, 200), llama}) {
    expect_transformer_in_bfloat16(device(), config, {200, 1, 17});
  }
}

TEST_F(cuda_bfloat16_model, sums_are_float) {
  for (bool const rms : {false, true}) expect_sums_in_float(device(), rms);
}

}  // namespace
