// Level 3 equals level 2 on the logits it never keeps: objectives, masks, candidates, entropy, blocks, budgets, threads.
// SPDX-License-Identifier: MIT
#include "poft/head/hidden.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "poft/backend/eigen/backend.hpp"
#include "poft/backend/one_by_one.hpp"
#include "poft/core/random.hpp"
#include "poft/head/logits.hpp"
#include "poft/objective/dft.hpp"
#include "poft/objective/dpo.hpp"
#include "poft/objective/poft.hpp"
#include "poft/objective/unlikelihood.hpp"

namespace poft {
namespace {

constexpr std::int64_t tokens = 23, channels = 5, vocab = 41;

/// Two pairs as four ragged sequences; the first token of each and one more are masked.
template <class T>
struct example {
  std::vector<T> hidden, weight;
  std::vector<std::int32_t> targets;
  std::vector<std::int64_t> offsets{0, 7, 12, 20, 23};
  std::vector<std::uint8_t> mask;
  std::vector<T> reference_chosen{-9, -8}, reference_rejected{-7, -11};

  example() {
    random_stream random(7);
    for (std::int64_t i = 0; i < tokens * channels; ++i)
      hidden.push_back(static_cast<T>(random.normal<double>()));
    // Later items have larger logits, so that the peak grows from block to block.
    for (std::int64_t v = 0; v < vocab; ++v) {
      for (std::int64_t c = 0; c < channels; ++c)
        weight.push_back(static_cast<T>(random.normal<double>() * (1 + 0.1 * static_cast<double>(v))));
    }
    for (std::int64_t t = 0; t < tokens; ++t) {
      targets.push_back(static_cast<std::int32_t>(random.below(vocab)));
      mask.push_back(t != 0 && t != 7 && t != 12 && t != 15 && t != 20);
    }
  }
  view<T const, 2> h() const { return {hidden.data(), tokens, channels}; }
  view<T const, 2> w() const { return {weight.data(), vocab, channels}; }
  token_batch<std::int32_t> batch() const { return {targets, offsets, mask}; }
  preference_pair<std::span<T const>> references() const {
    return {{}, {}, reference_chosen, reference_rejected};
  }
};

struct numbers {
  std::vector<double> loss, d_hidden, d_weight;
};

/// Terms of every kind, added together; the same calls on either head.
template <class T, class Head, class Candidates>
std::vector<double> add_terms(Head& head, example<T> const& e, Candidates const& candidates) {
  std::vector<T> const weights(tokens, T(0.5));
  token_options<T> options;
  options.factor              = 0.3;
  options.weights             = weights;
  options.entropy_coefficient = 0.2;
  return {head.sequence_loss(objective::dpo{.beta = 0.7}, e.references()).loss,
          head.token_loss(objective::dft{}, inputs_of<objective::dft, std::span<T const>>{}, options),
          candidates(head)};
}

/// Row t may not have its own target; masked rows have none.
template <class T>
token_candidates<std::int32_t> candidates_of(example<T> const& e, std::vector<std::int32_t>& items,
                                             std::vector<std::int64_t>& offsets) {
  offsets = {0};
  for (std::int64_t t = 0; t < tokens; ++t) {
    auto const target = e.targets[static_cast<std::size_t>(t)];
    if (e.mask[static_cast<std::size_t>(t)] && t % 2 == 0) {
      for (std::int32_t const item : {(target + 3) % 41, (target + 20) % 41}) items.push_back(item);
    }
    offsets.push_back(std::ssize(items));
  }
  return {items, offsets};
}

constexpr statistics_wanted wanted{.entropy = true};
using one_log_prob_double = inputs_of<objective::unlikelihood, std::span<double const>>;

template <class T>
numbers level_2(example<T> const& e) {
  std::vector<double> z(tokens * vocab, 0.0);
  example<double> const d;
  view<double, 2> const logits(z.data(), tokens, vocab);
  one_by_one{}.gemm({.transpose_b = true}, d.h(), d.w(), logits);
  std::vector<std::int32_t> items;
  std::vector<std::int64_t> offsets;
  auto const candidates = candidates_of(e, items, offsets);
  logits_head<one_by_one, double> head;
  head.read(logits, d.batch(), wanted);
  numbers out{add_terms(head, d,
                        [&](auto& h) {
                          return h.candidate_loss(objective::unlikelihood{}, logits, d.batch(), candidates,
                                                  one_log_prob_double{});
                        }),
              std::vector<double>(tokens * channels), std::vector<double>(vocab * channels, 2.0)};
  head.write(view<double const, 2>(logits), d.batch(), logits);
  one_by_one{}.gemm({}, logits, d.w(), view<double, 2>(out.d_hidden.data(), tokens, channels));
  one_by_one{}.gemm({.transpose_a = true, .beta = 1}, logits, d.h(),
                    view<double, 2>(out.d_weight.data(), vocab, channels));
  return out;
}

template <class T, class Backend>
numbers level_3(Backend backend, example<T> const& e, hidden_head_options options) {
  std::vector<std::int32_t> items;
  std::vector<std::int64_t> offsets;
  auto const candidates = candidates_of(e, items, offsets);
  hidden_head<Backend, T> head(backend, options);
  std::vector<T> d_hidden(tokens * channels, T(5)), d_weight(vocab * channels, T(2));
  head.read(e.h(), e.w(), e.batch(), wanted);
  numbers out{add_terms(head, e,
                        [&](auto& h) {
                          return h.candidate_loss(objective::unlikelihood{}, e.h(), e.w(), e.batch(),
                                                  candidates,
                                                  inputs_of<objective::unlikelihood, std::span<T const>>{});
                        }),
              {},
              {}};
  head.write(e.h(), e.w(), e.batch(), view<T, 2>(d_hidden.data(), tokens, channels),
             view<T, 2>(d_weight.data(), vocab, channels));
  out.d_hidden.assign(d_hidden.begin(), d_hidden.end());
  out.d_weight.assign(d_weight.begin(), d_weight.end());
  return out;
}

void expect_near(std::vector<double> const& got, std::vector<double> const& want, double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  double largest = 1;
  for (double const w : want) largest = std::max(largest, std::abs(w));
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], tolerance * largest) << i;
}
void expect_near(numbers const& got, numbers const& want, double tolerance) {
  expect_near(got.loss, want.loss, tolerance);
  expect_near(got.d_hidden, want.d_hidden, tolerance);
  expect_near(got.d_weight, want.d_weight, tolerance);
}

std::vector<hidden_head_options> const cuts{
    {},                                                         // one block
    {.rows = 4, .items = 7},                                    // neither divides
    {.rows = 5, .items = 64},                                   // fewer items, so 7 rows
    {.keep_bytes = 3 * vocab * 8 + 5, .rows = 2, .items = 10},  // a few rows are kept
    {.keep_bytes = 1 << 20, .rows = 100, .items = 9}};          // all are

TEST(hidden_head, equals_the_logits_head_in_double) {
  example<double> const e;
  auto const want = level_2(e);
  for (auto const& cut : cuts) {
    expect_near(level_3(one_by_one{}, e, cut), want, 1e-13);
    expect_near(level_3(eigen::backend{.threads = 2}, e, cut), want, 1e-13);
  }
}

TEST(hidden_head, equals_it_in_float_to_rounding) {
  example<float> const e;
  // 5 channels and logits up to 30: 2e-6 of a logit, times its probability's own slope.
  for (auto const& cut : cuts) expect_near(level_3(eigen::backend{.threads = 1}, e, cut), level_2(e), 2e-5);
}

TEST(hidden_head, any_number_of_threads_gives_equal_bits) {
  example<float> const e;
  for (auto const& cut : cuts) {
    auto const want = level_3(eigen::backend{.threads = 1}, e, cut);
    for (int const threads : {2, 3, 7}) {
      auto const got = level_3(eigen::backend{.threads = threads}, e, cut);
      EXPECT_EQ(got.loss, want.loss);
      EXPECT_EQ(got.d_hidden, want.d_hidden);
      EXPECT_EQ(got.d_weight, want.d_weight);
    }
  }
}

TEST(hidden_head, masked_rows_get_zero_and_are_not_projected) {
  example<double> e;
  e.hidden[0]    = std::nan("");  // token 0 is masked
  auto const got = level_3(one_by_one{}, e, {});
  for (std::int64_t c = 0; c < channels; ++c) EXPECT_EQ(got.d_hidden[static_cast<std::size_t>(c)], 0);
  for (double const d : got.d_weight) EXPECT_TRUE(std::isfinite(d));
}

/// Counts what a backend gives out, and how many products it is asked for.
struct counting_backend : one_by_one {
  struct counters {
    std::int64_t bytes = 0, products = 0;
  };
  counters* counted = nullptr;

  template <class T>
  host_buffer<T> allocate(std::int64_t n) const {
    if (counted) counted->bytes += n * static_cast<std::int64_t>(sizeof(T));
    return one_by_one::allocate<T>(n);
  }
  template <class T>
  void gemm(primitive::gemm_options const& options, std::type_identity_t<view<T const, 2>> a,
            std::type_identity_t<view<T const, 2>> b, view<T, 2> c) const {
    if (counted) ++counted->products;
    one_by_one::gemm(options, a, b, c);
  }
};

TEST(hidden_head, holds_a_block_and_gathered_states_only) {
  example<float> const e;
  counting_backend::counters counters;
  counting_backend backend;
  backend.counted = &counters;
  std::vector<float> d_hidden(tokens * channels), d_weight(vocab * channels);
  view<float, 2> const d_h(d_hidden.data(), tokens, channels), d_w(d_weight.data(), vocab, channels);
  hidden_head<counting_backend, float> head(backend, {.rows = 4, .items = 7});
  for (int step = 0; step < 3; ++step) {
    head.loss_and_gradient(objective::dpo{}, e.h(), e.w(), e.batch(), e.references(), d_h, d_w);
    EXPECT_EQ(counters.bytes, 4 * (4 * 7 + 2 * 18 * channels));  // 18 of the 23 tokens count
    EXPECT_EQ(head.bytes_held(), counters.bytes);
    // 5 x 6 blocks, each projected twice but the last, and two products for the gradients of each.
    EXPECT_EQ(counters.products, (step + 1) * (5 * 6 * 4 - 1));
  }
}

TEST(hidden_head, projects_once_what_is_kept_or_fits_one_block) {
  example<float> const e;
  for (hidden_head_options const options :
       {hidden_head_options{.keep_bytes = 18 * vocab * 4, .rows = 1, .items = 41},
        hidden_head_options{.rows = 1, .items = 18 * 41}}) {
    counting_backend::counters counters;
    counting_backend backend;
    backend.counted = &counters;
    std::vector<float> d_hidden(tokens * channels);
    hidden_head<counting_backend, float> head(backend, options);
    head.loss_and_gradient(objective::dpo{}, e.h(), e.w(), e.batch(), e.references(),
                           view<float, 2>(d_hidden.data(), tokens, channels), {});
    bool const one_block = options.keep_bytes == 0;
    EXPECT_EQ(counters.products, one_block ? 2 : 2 * 18);
    EXPECT_EQ(counters.bytes, 4 * (18 * vocab + 2 * 18 * channels));
  }
}

TEST(hidden_head, without_a_mask_nothing_is_gathered) {
  example<double> e;
  auto const masked = level_3(eigen::backend{}, e, {.rows = 4, .items = 7});
  // The same tokens, but their rows alone.
  example<double> dense;
  dense.hidden.clear(), dense.targets.clear(), dense.mask.clear(), dense.offsets = {0};
  for (std::size_t s = 0; s + 1 < e.offsets.size(); ++s) {
    for (auto t = static_cast<std::size_t>(e.offsets[s]); t < static_cast<std::size_t>(e.offsets[s + 1]);
         ++t) {
      if (!e.mask[t]) continue;
      dense.hidden.insert(dense.hidden.end(), &e.hidden[t * channels], &e.hidden[t * channels] + channels);
      dense.targets.push_back(e.targets[t]);
    }
    dense.offsets.push_back(std::ssize(dense.targets));
  }
  std::int64_t const rows = std::ssize(dense.targets);
  hidden_head<eigen::backend, double> head({}, {.rows = 4, .items = 7}),
      masked_head({}, {.rows = 4, .items = 7});
  std::vector<double> d_hidden(static_cast<std::size_t>(rows * channels)), d_weight(vocab * channels);
  std::vector<double> d_masked(tokens * channels), d_masked_weight(vocab * channels);
  auto const loss = head.loss_and_gradient(
      objective::dpo{}, view<double const, 2>(dense.hidden.data(), rows, channels), e.w(),
      token_batch<std::int32_t>{dense.targets, dense.offsets}, e.references(),
      view<double, 2>(d_hidden.data(), rows, channels), view<double, 2>(d_weight.data(), vocab, channels));
  auto const same = masked_head.loss_and_gradient(objective::dpo{}, e.h(), e.w(), e.batch(), e.references(),
                                                  view<double, 2>(d_masked.data(), tokens, channels),
                                                  view<double, 2>(d_masked_weight.data(), vocab, channels));
  EXPECT_EQ(loss.loss, same.loss);
  EXPECT_EQ(d_weight, d_masked_weight);
  EXPECT_EQ(head.bytes_held(), 8 * 4 * 7);
  std::size_t k = 0;
  for (std::size_t t = 0; t < e.mask.size(); ++t) {
    for (std::size_t c = 0; c < channels; ++c)
      EXPECT_EQ(d_masked[t * channels + c], e.mask[t] ? d_hidden[k * channels + c] : 0.0);
    k += e.mask[t];
  }
}

TEST(hidden_head, refuses_what_does_not_fit) {
  example<double> const e;
  hidden_head<one_by_one, double> head;
  auto const says = [](auto&& f, std::string const& text) {
    try {
      f();
      ADD_FAILURE() << "nothing was thrown, expected " << text;
    } catch (error const& problem) {
      EXPECT_NE(std::string(problem.what()).find(text), std::string::npos) << problem.what();
    }
  };
  view<double const, 2> const narrow(e.weight.data(), vocab, 4);
  says([&] { head.read(e.h(), narrow, e.batch()); }, "weight is [41, 4], expected [41, 5]");
  says([&] { head.read(e.h().subview(0, 22), e.w(), e.batch()); }, "22 rows");
  says([&] { head.read(e.h(), e.w().subview(0, 3), e.batch()); }, "expected 0 .. 2");
  head.read(e.h(), e.w(), e.batch());
  std::vector<double> d(tokens * channels);
  says([&] { head.write(e.h(), e.w(), e.batch(), view<double, 2>(d.data(), 22, channels), {}); },
       "d_hidden is [22, 5], expected [23, 5]");
  says([] { hidden_head<one_by_one, double>({}, {.items = 0}); }, "items is 0");
  view<double, 2> const d_hidden(d.data(), tokens, channels);
  says([&] { head.write(e.h(), e.w(), e.batch(), d_hidden, view<double, 2>(d.data(), 3, channels)); },
       "d_weight is [3, 5], expected [41, 5]");
  head.write(e.h(), e.w(), e.batch(), d_hidden, {});
  says([&] { head.write(e.h(), e.w(), e.batch(), d_hidden, {}); }, "write without a read before it");
  example<double> broken;
  broken.weight[12] = std::nan("");
  says([&] { head.read(broken.h(), broken.w(), broken.batch()); }, "hidden_head: the normaliser of row 1 is");
  std::vector<std::uint8_t> const none(tokens, 0);
  head.read(e.h(), e.w(), token_batch<std::int32_t>{e.targets, e.offsets, none});
  says([&] { head.sequence_loss(objective::dpo{}, e.references()); },
       "hidden_head: sequence 0 has no counted token");
}

}  // namespace
}  // namespace poft
