// Generation on the device: the oracle's tokens, log-probs and entropies.
// SPDX-License-Identifier: MIT
#include "cuda/on_device.cuh"
#include "model/as_one_by_one.hpp"

namespace {

using namespace poft_test;

class cuda_generate : public on_device {};

TEST_F(cuda_generate, tokens_of_the_oracle) {
  for (auto const& [name, config] : small_configs()) {
    SCOPED_TRACE(name);
    expect_generation_of_one_by_one<float>(device(), config);
    expect_generation_of_one_by_one<double>(device(), config);
  }
}

TEST_F(cuda_generate, a_vocabulary_of_many_blocks) {
  expect_generation_of_one_by_one<float>(device(), poft::gpt(1, 2, 16, 3000, 5));
}

}  // namespace
