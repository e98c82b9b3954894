// Models in bfloat16: what is rounded and what is not, both families, on lanes.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "model/in_bfloat16.hpp"
#include "poft/backend/eigen/backend.hpp"

namespace {

using namespace poft_test;

class in_bfloat16 : public ::testing::TestWithParam<named_config> {};
INSTANTIATE_TEST_SUITE_P(configs, in_bfloat16, ::testing::ValuesIn(small_configs()),
                         [](auto const& of) { return of.param.name; });

TEST_P(in_bfloat16, transformer) {
  expect_transformer_in_bfloat16(poft::eigen::backend{}, GetParam().config, {4, 1, 3, 5, 2});
}

TEST_P(in_bfloat16, generation) { expect_generation_in_bfloat16(poft::eigen::backend{}, GetParam().config); }

TEST(in_bfloat16_too, sums_are_float) {
  for (bool const rms : {false, true}) expect_sums_in_float(poft::eigen::backend{3}, rms);
}

TEST(in_bfloat16_too, any_number_of_threads_gives_equal_bits) {
  for (auto const& config : {small_gpt(), small_llama()}) {
    ragged_tokens const batch(config, std::vector<std::int64_t>(200, 5), 2);
    std::vector<float> want;
    for (int const threads : {1, 2, 3, 7}) {
      poft::transformer<poft::eigen::backend, poft::bfloat16> model({threads}, config);
      fill_with_random_numbers(model, 1);
      loss_and_gradient(model, batch);
      std::vector<float> const got(model.gradient().begin(), model.gradient().end());
      if (threads == 1) want = got;
      EXPECT_EQ(got, want) << threads;
    }
  }
}

}  // namespace
