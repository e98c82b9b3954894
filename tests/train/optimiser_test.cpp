// optimiser: the single-array rules on lanes, decay groups, clipping by a factor, and what it refuses.
// SPDX-License-Identifier: MIT
#include "poft/train/optimiser.hpp"

#include <limits>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "poft/backend/cuda/backend.cuh"
#include "poft/backend/eigen/backend.hpp"
#include "poft/backend/one_by_one.hpp"
#include "poft/core/bfloat16.hpp"
#include "poft/core/random.hpp"
#include "poft/train/decay_ranges.hpp"

namespace poft {
namespace {

template <class T>
std::vector<T> some_numbers(std::size_t size, std::uint64_t seed) {
  std::vector<T> out(size);
  random_stream random(seed);
  for (T& one : out) one = random.normal<T>();
  return out;
}

// Several pieces and a tail; the reference is the loop over all elements in adamw.hpp and sgd.hpp, which golden values test.
template <class T, class Rule, class State>
void compare_with_plain_loop(Rule const& rule, State state, double tolerance) {
  std::size_t const size = 2 * 4096 + 37;
  auto p = some_numbers<T>(size, 1), want = p;
  optimiser<eigen::backend, T> lanes({.threads = 1}, rule, size), threads({.threads = 3}, rule, size);
  auto on_threads = p;
  for (int step = 0; step < 3; ++step) {
    auto const g = some_numbers<T>(size, 2 + static_cast<std::uint64_t>(step));
    rule.update(state, want, g, 0.01);
    lanes.update(p, g, 0.01);
    threads.update(on_threads, g, 0.01);
  }
  EXPECT_EQ(p, on_threads);
  for (std::size_t i = 0; i < size; ++i) ASSERT_NEAR(p[i], want[i], tolerance) << i;
}

TEST(Optimiser, IsThePlainLoopOnLanes) {
  std::size_t const size = 2 * 4096 + 37;
  compare_with_plain_loop<double>(adamw{.weight_decay = 0.1}, adamw_state<double>(size), 1e-15);
  compare_with_plain_loop<float>(adamw{.weight_decay = 0.1}, adamw_state<float>(size), 2e-6);
  compare_with_plain_loop<double>(sgd{.momentum = 0.9, .weight_decay = 0.1, .nesterov = true},
                                  sgd_state<double>(size), 1e-15);
  compare_with_plain_loop<float>(sgd{}, sgd_state<float>(size), 1e-6);
}

// p - rate (g / 2 + decay p) with decay 1/2, rate 1/2, g = 2: 4 -> 4 - (1 + 2) / 2 = 2.5, without decay 4 - 1/2.
TEST(Optimiser, DecayGroupsAndFactor) {
  optimiser<one_by_one, double> rule({}, sgd{.weight_decay = 0.5}, 5, {{2, true}, {3, false}});
  std::vector<double> p(5, 4);
  std::vector<double> const g(5, 2);
  rule.update(p, g, 0.5, 0.5);
  EXPECT_EQ(p, (std::vector<double>{2.5, 2.5, 3.5, 3.5, 3.5}));
  EXPECT_EQ(rule.steps(), 1);
}

// minGPT decays the weights of linear layers alone. A GPT of one layer, channels 2, hidden 8, vocabulary 3, positions 4:
// embeddings 6 + 8 and the first norm 4 do not decay, qkv 6 x 2 does, its bias 6 does not, projection 2 x 2, bias 2 and norm
// 4, up 8 x 2, bias 8, down 2 x 8, bias 2 and last norm 4, head 3 x 2.
TEST(Optimiser, DecayRangesOfATransformer) {
  transformer_config const config = gpt(1, 1, 2, 3, 4);
  std::vector<float> buffer(static_cast<std::size_t>(parameter_count(config)));
  EXPECT_EQ(decay_ranges(config, transformer_slices<float>(config, buffer.data())),
            (std::vector<decay_range>{{18, false},
                                      {12, true},
                                      {6, false},
                                      {4, true},
                                      {6, false},
                                      {16, true},
                                      {8, false},
                                      {16, true},
                                      {6, false},
                                      {6, true}}));
}

TEST(Optimiser, NormOnABackend) {
  std::vector<float> const g{3, 0, -4};
  EXPECT_NEAR(global_norm(eigen::backend{}, std::span<float const>(g)), 5, 1e-6);
  std::vector<float> const huge{3e30f, 4e30f}, tiny{3e-30f, 4e-30f},
      broken{1, std::numeric_limits<float>::infinity()};
  EXPECT_NEAR(global_norm(eigen::backend{}, std::span<float const>(huge)) / 5e30, 1, 1e-6);
  EXPECT_NEAR(global_norm(eigen::backend{}, std::span<float const>(tiny)) / 5e-30, 1, 1e-6);
  EXPECT_THROW(global_norm(eigen::backend{}, std::span<float const>(broken)), value_error);
  clip_global_norm const clip{.max_norm = 1, .eps = 0};
  EXPECT_EQ(clip.of_norm(4).factor, 0.25);
  EXPECT_EQ(clip.of_norm(0.5).factor, 1);
}

template <class Backend>
std::vector<float> as_floats(Backend const& backend, std::span<bfloat16 const> there) {
  std::vector<float> out;
  for (bfloat16 const x : on_host(backend, there)) out.push_back(static_cast<float>(x));
  return out;
}

// Steps of 2^-12 from 1 and from 3 on, where the numbers of bfloat16 lie 2^-8 (below 1) and 2^-6 apart: the first changes nothing.
// The masters are 10 / 4096 lower after ten of them; 1 - 10 / 4096 = 1 - 0.625 / 256 then rounds to 1 - 1 / 256, the other to 3.
TEST(Optimiser, MastersKeepWhatBfloat16WouldLose) {
  auto const check = [](auto backend) {
    using Backend = decltype(backend);
    optimiser<Backend, bfloat16> rule(backend, sgd{.weight_decay = 0}, 2);
    auto room = backend.template allocate<bfloat16>(2);
    auto grad = backend.template allocate<float>(2);
    std::span<bfloat16> const p(room.data(), 2);
    std::span<float> const g(grad.data(), 2);
    change_on_host(backend, p, [](auto on) { on[0] = bfloat16(1.0f), on[1] = bfloat16(3.0f); });
    change_on_host(backend, g, [](auto on) { on[0] = on[1] = 1; });
    auto const masters = [&] {
      auto const here = on_host(backend, rule.masters(p));
      return std::vector<float>(here.begin(), here.end());
    };
    rule.update(p, g, 0x1p-12);
    EXPECT_EQ(as_floats(backend, std::span<bfloat16 const>(p)), (std::vector<float>{1, 3}));
    for (int step = 1; step < 10; ++step) rule.update(p, g, 0x1p-12);
    EXPECT_EQ(masters(), (std::vector<float>{1 - 10 * 0x1p-12f, 3 - 10 * 0x1p-12f}));
    EXPECT_EQ(as_floats(backend, std::span<bfloat16 const>(p)), (std::vector<float>{1 - 0x1p-8f, 3}));

    // A model that is given other parameters goes on from them, the others' masters stay.
    change_on_host(backend, p, [](auto on) { on[0] = bfloat16(-2.0f); });
    EXPECT_EQ(masters(), (std::vector<float>{-2, 3 - 10 * 0x1p-12f}));
    // Masters that are given in float lose nothing, and the model gets what they round to.
    rule.change_masters(p, [](std::span<float> on) { on[1] = 1 + 0x1p-20f; });
    EXPECT_EQ(masters(), (std::vector<float>{-2, 1 + 0x1p-20f}));
    EXPECT_EQ(as_floats(backend, std::span<bfloat16 const>(p)), (std::vector<float>{-2, 1}));
  };
  check(one_by_one{});
  check(eigen::backend{});
  check(cuda::backend{});
}

// The masters go the way of a model in double; the model in bfloat16 is what they round to.
TEST(Optimiser, MastersFollowTheOptimiserInDouble) {
  std::size_t const size = 4096 + 37;
  std::vector<bfloat16> p(size);
  std::vector<double> want(size);
  for (std::size_t i = 0; i < size; ++i) {
    p[i]    = bfloat16(0.25f + static_cast<float>(i % 97) / 64);
    want[i] = static_cast<double>(p[i]);
  }
  adamw const settings{.weight_decay = 0.1};
  adamw_state<double> state(size);
  optimiser<eigen::backend, bfloat16> rule({}, settings, size);
  for (int step = 0; step < 5; ++step) {
    auto const g = some_numbers<float>(size, static_cast<std::uint64_t>(step));
    std::vector<double> const in_double(g.begin(), g.end());
    settings.update(state, want, in_double, 1e-4);
    rule.update(p, g, 1e-4);
  }
  auto const masters = rule.masters(p);
  for (std::size_t i = 0; i < size; ++i) {
    ASSERT_NEAR(masters[i], want[i], 1e-6) << i;
    ASSERT_EQ(static_cast<float>(p[i]), static_cast<float>(bfloat16(masters[i]))) << i;
  }
}

TEST(Optimiser, RefusesWhatItCannotUse) {
  using rules = optimiser<one_by_one, float>;
  EXPECT_THROW(rules({}, adamw{.beta1 = 1}, 2), value_error);
  EXPECT_THROW(rules({}, adamw{}, 2, {{1, true}}), shape_error);
  rules rule({}, adamw{}, 2);
  std::vector<float> p(2), g(3);
  EXPECT_THROW(rule.update(p, g, 0.1), shape_error);
  EXPECT_THROW(rule.update(p, std::span<float const>(g).first(2), -0.1), value_error);
}

}  // namespace
}  // namespace poft
