// The model on a backend with memory of its own: both families forwards and backwards, generation, files.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "backend/crew.hpp"
#include "backend/guarded.hpp"
#include "model/as_one_by_one.hpp"

namespace {

using namespace poft_test;

class memory_of_its_own : public ::testing::TestWithParam<named_config> {};
INSTANTIATE_TEST_SUITE_P(configs, memory_of_its_own, ::testing::ValuesIn(small_configs()),
                         [](auto const& of) { return of.param.name; });

/// One chunk of the oracle's, whose masks are numbered by chunk.
std::vector<std::int64_t> few() { return {4, 1, 3, 5, 2}; }

TEST_P(memory_of_its_own, transformer) {
  expect_transformer_of_one_by_one<double>(guarded<poft::one_by_one>{}, GetParam().config, few());
  expect_transformer_of_one_by_one<float>(guarded<poft::one_by_one>{}, GetParam().config, few());
}

TEST_P(memory_of_its_own, generation) {
  expect_generation_of_one_by_one<double>(guarded<poft::one_by_one>{}, GetParam().config);
}

TEST_P(memory_of_its_own, networks_side_by_side) {
  expect_networks_of_one_by_one(guarded<poft::one_by_one>{}, GetParam().config);
}

TEST(memory_of_its_own, many_threads_to_a_row) {
  for (auto const& config : {small_gpt(), small_llama()}) {
    expect_transformer_of_one_by_one<float>(guarded<crew>{}, config, few());
    expect_generation_of_one_by_one<float>(guarded<crew>{}, config);
  }
}

// Of several chunks, which go through together where nothing is cut.
TEST(memory_of_its_own, a_batch_of_many_chunks) {
  for (auto const& config : {small_gpt(), small_llama()}) {
    expect_transformer_of_one_by_one<double>(guarded<poft::one_by_one>{}, config,
                                             std::vector<std::int64_t>(100, 4));
  }
}

// The first batch makes room, a larger one more, a smaller one leaves old numbers around its own.
TEST(memory_of_its_own, batches_before_leave_nothing_behind) {
  using backend = guarded<poft::one_by_one>;
  poft::transformer<backend, double> used({}, small_llama()), fresh({}, small_llama());
  fill_with_random_numbers(used, 1);
  fill_with_random_numbers(fresh, 1);
  ragged_tokens const batch(used.config(), {4, 5, 1}, 2);
  loss_and_gradient(used, ragged_tokens(used.config(), {3}, 3));
  loss_and_gradient(used, ragged_tokens(used.config(), std::vector<std::int64_t>(20, 5), 3));
  EXPECT_EQ(loss_and_gradient(used, batch), loss_and_gradient(fresh, batch));
  EXPECT_EQ(elements_of(backend{}, std::span<double const>(used.gradient())),
            elements_of(backend{}, std::span<double const>(fresh.gradient())));
}

TEST(memory_of_its_own, starts_as_on_the_host) {
  poft::transformer<guarded<poft::one_by_one>, float> there({}, small_gpt());
  poft::transformer<poft::one_by_one, float> here({}, small_gpt());
  initialise(there, 5);
  initialise(here.config(), here.slices(), 5);
  auto const want = here.parameters();
  EXPECT_EQ(elements_of(there.backend(), std::span<float const>(there.parameters())),
            std::vector<float>(want.begin(), want.end()));
}

}  // namespace
