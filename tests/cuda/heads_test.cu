// Levels 2 and 3 on the device: losses and gradients of the one-by-one oracle, float and bfloat16 logits.
// SPDX-License-Identifier: MIT
#include "cuda/on_device.cuh"
#include "head/as_one_by_one.hpp"

namespace {

using namespace poft_test;

class cuda_heads : public on_device {};

TEST_F(cuda_heads, level_2) {
  for (std::int64_t const vocab : {5, 1000, 50257}) {
    expect_level_2_of_one_by_one<float, float>(device(), vocab, 1e-5);
    expect_level_2_of_one_by_one<double, double>(device(), vocab, 1e-12);
    expect_level_2_of_one_by_one<poft::bfloat16, float>(device(), vocab, 1.0 / 128);
  }
}

TEST_F(cuda_heads, level_3_in_blocks_and_kept) {
  expect_level_3_of_one_by_one<float>(device());
  expect_level_3_of_one_by_one<poft::bfloat16>(device());
}

TEST_F(cuda_heads, a_row_without_a_finite_logit_is_named) {
  expect_a_row_without_a_finite_logit_to_be_named(device());
}

}  // namespace
