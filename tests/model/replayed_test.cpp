// What a transformer gives to a backend's replayed() twice with one key launches the same twice: a graph may stand for it.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "backend/recorded.hpp"
#include "model/small_models.hpp"
#include "poft/model/transformer.hpp"

namespace {

using namespace poft_test;

// The offsets differ where the number of tokens does not; infer() takes memory of its own in between.
TEST(replayed, equal_keys_launch_the_same) {
  using backend = recorded<poft::one_by_one>;
  poft::transformer<backend, double> model({}, poft::gpt(2, 2, 8, 11, 9));
  poft::random_stream random(3);
  std::vector<std::vector<std::int64_t>> const shapes{{0, 4, 5, 8}, {0, 3, 8}, {0, 8}};
  auto const d_hidden = model.backend().allocate<double>(8 * 8);
  for (std::size_t step = 0; step < 12; ++step) {
    std::vector<std::int32_t> tokens(8);
    for (auto& token : tokens) token = static_cast<std::int32_t>(random.below(11));
    model.forward(tokens, shapes[step % 3]);
    model.backward(poft::view<double const, 2>(d_hidden.data(), 8, 8));
    if (step % 4 == 1) model.infer(tokens, shapes[step % 3]);
  }
  EXPECT_GT(model.backend().at->repeats, 10);
}

}  // namespace
