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

// As many as one pass on the host takes in pieces, whose dropout masks are numbered by piece.
TEST_F(cuda_transformer, a_batch_of_many_chunks) {
  for (auto const& config : {small_gpt(), small_llama()}) {
    expect_transformer_of_one_by_one<double>(device(), config, std::vector<std::int64_t>(100, 4));
  }
}

// The first batch makes room, a larger one more, a smaller one leaves old numbers around its own.
TEST_F(cuda_transformer, batches_before_leave_nothing_behind) {
  poft::transformer<poft::cuda::backend, double> used(device(), small_llama()),
      fresh(device(), small_llama());
  fill_with_random_numbers(used, 1);
  fill_with_random_numbers(fresh, 1);
  ragged_tokens const batch(used.config(), {4, 5, 1}, 2);
  loss_and_gradient(used, ragged_tokens(used.config(), {3}, 3));
  loss_and_gradient(used, ragged_tokens(used.config(), std::vector<std::int64_t>(20, 5), 3));
  EXPECT_EQ(loss_and_gradient(used, batch), loss_and_gradient(fresh, batch));
  EXPECT_EQ(elements_of(device(), std::span<double const>(used.gradient())),
            elements_of(device(), std::span<double const>(fresh.gradient())));
}

TEST_F(cuda_transformer, starts_as_on_the_host) {
  poft::transformer<poft::cuda::backend, float> there(device(), small_gpt());
  poft::transformer<poft::one_by_one, float> here({}, small_gpt());
  initialise(there, 5);
  initialise(here.config(), here.slices(), 5);
  auto const want = here.parameters();
  EXPECT_EQ(elements_of(device(), std::span<float const>(there.parameters())),
            std::vector<float>(want.begin(), want.end()));
}

// What is recorded at the second step of a shape is what the first did: the offsets differ where the number of tokens does not,
// and infer() takes memory of its own in between.
TEST_F(cuda_transformer, replays_the_bits_of_what_it_launches) {
  for (auto const& config : {poft::gpt(2, 2, 8, 11, 9), small_llama()}) {
    poft::transformer<poft::cuda::backend, double> launched(device(), config),
        replayed(device().replaying(), config);
    fill_with_random_numbers(launched, 1);
    fill_with_random_numbers(replayed, 1);
    std::vector<std::vector<std::int64_t>> const shapes{{1, 4, 3}, {3, 5}, {4, 1, 3}};
    for (std::size_t step = 0; step < 12; ++step) {
      SCOPED_TRACE(step);
      ragged_tokens const batch(config, shapes[step % 3], step);
      EXPECT_EQ(loss_and_gradient(replayed, batch), loss_and_gradient(launched, batch));
      EXPECT_EQ(elements_of(device(), std::span<double const>(replayed.gradient())),
                elements_of(device(), std::span<double const>(launched.gradient())));
      if (step % 4 == 1) replayed.infer(batch.tokens, batch.offsets);
    }
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
