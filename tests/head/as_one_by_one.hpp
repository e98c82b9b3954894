// Levels 2 and 3 on any backend, whatever its memory: losses and gradients of the one-by-one oracle.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "backend/travelling.hpp"
#include "poft/backend/one_by_one.hpp"
#include "poft/core/random.hpp"
#include "poft/head/hidden.hpp"
#include "poft/head/logits.hpp"
#include "poft/objective/dpo.hpp"
#include "poft/objective/nll.hpp"
#include "poft/objective/unlikelihood.hpp"

namespace poft_test {

using namespace poft;

/// Two pairs of ragged sequences, some tokens masked.
struct batch_of_pairs {
  std::vector<std::int32_t> targets;
  std::vector<std::int64_t> offsets{0, 3, 8, 9, 13};
  std::vector<std::uint8_t> mask;
  std::vector<double> reference_chosen{-9, -20}, reference_rejected{-4, -12};

  explicit batch_of_pairs(std::int64_t vocab) {
    random_stream random(7);
    for (int t = 0; t < 13; ++t) {
      targets.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocab))));
      mask.push_back(t != 0 && t != 5);
    }
  }
  token_batch<std::int32_t> tokens() const { return {targets, offsets, mask}; }
};

template <class T>
std::vector<T> as(std::vector<double> const& numbers) {
  return {numbers.begin(), numbers.end()};
}

/// All that a head can be asked for: DPO of the sequences, an entropy bonus of the tokens, unlikelihood of candidates.
template <class Head, class T, class Read, class Candidates>
double losses(Head& head, batch_of_pairs const& b, token_candidates<std::int32_t> const& candidates,
              Read const& read, Candidates const& candidate_loss) {
  read();
  std::vector<T> const chosen = as<T>(b.reference_chosen), rejected = as<T>(b.reference_rejected);
  preference_pair<std::span<T const>> const frozen{{}, {}, chosen, rejected};
  double loss = head.sequence_loss(objective::dpo{.beta = 0.3}, frozen).loss;
  loss += head.token_loss(objective::nll_sum{}, token<std::span<T const>>{},
                          {.factor = 0.5, .entropy_coefficient = 0.2});
  return loss + candidate_loss(candidates);
}

/// Loss and gradient in place, float or double, or bfloat16 computed in float.
template <class Stored, class T, class Backend>
void expect_level_2_of_one_by_one(Backend const& device, std::int64_t vocab, double tolerance) {
  batch_of_pairs const b(vocab);
  std::vector<std::int32_t> items;
  std::vector<std::int64_t> offsets{0};
  for (int t = 0; t < 13; ++t) {
    if (b.mask[static_cast<std::size_t>(t)]) {
      items.push_back(static_cast<std::int32_t>((b.targets[static_cast<std::size_t>(t)] + 1) % vocab));
    }
    offsets.push_back(static_cast<std::int64_t>(items.size()));
  }
  token_candidates<std::int32_t> const candidates{items, offsets};
  travelling_to<Backend, Stored> logits(device, some_numbers<Stored>(13 * vocab, 1, 4));
  std::vector<double> exact, d_exact(logits.host.size());
  for (Stored const z : logits.host) exact.push_back(static_cast<double>(z));

  logits_head<one_by_one, double> oracle;
  view<double, 2> const z(exact.data(), 13, vocab), d_z(d_exact.data(), 13, vocab);
  double const want = losses<decltype(oracle), double>(
      oracle, b, candidates, [&] { oracle.read(z, b.tokens(), {.entropy = true}); },
      [&](auto const& c) {
        return oracle.candidate_loss(objective::unlikelihood{}, z, b.tokens(), c,
                                     token<std::span<double const>>{});
      });
  oracle.write(view<double const, 2>(z), b.tokens(), d_z);

  logits_head<Backend, T> head(device);
  auto const there = logits.there(13, vocab);
  double const got = losses<decltype(head), T>(
      head, b, candidates, [&] { head.read(there, b.tokens(), {.entropy = true}); },
      [&](auto const& c) {
        return head.candidate_loss(objective::unlikelihood{}, there, b.tokens(), c,
                                   token<std::span<T const>>{});
      });
  head.write(view<Stored const, 2>(there), b.tokens(), there);  // in place
  EXPECT_NEAR(got, want, 1e-4 * std::abs(want));
  logits.back();
  for (std::size_t k = 0; k < d_exact.size(); ++k) {
    ASSERT_NEAR(static_cast<double>(logits.host[k]), d_exact[k], tolerance * (1 + std::abs(d_exact[k]))) << k;
  }
}

/// With logits that are made twice, and with some that are kept, of some tokens and of all. Of bfloat16 the loss is as that of
/// float, since logits are float. What is rounded is their gradient, whose sizes sum up to at most 2 beta = 0.6 of a token (a
/// target's share and the rest) and are multiplied by numbers below 1, and d_hidden: all together less than (1 + |d|) / 256.
template <class Stored, class Backend>
void expect_level_3_of_one_by_one(Backend const& device) {
  std::int64_t const vocab = 3000, channels = 48;
  batch_of_pairs const b(vocab);
  for (bool const is_kept : {false, true}) {
    travelling_to<Backend, Stored> hidden(device, some_numbers<Stored>(13 * channels, 1)),
        weight(device, some_numbers<Stored>(vocab * channels, 2)),
        d_hidden(device, std::vector<Stored>(13 * channels));
    travelling_to<Backend, float> d_weight(device, some_numbers<float>(vocab * channels, 3));
    auto const in_double = [](std::vector<Stored> const& numbers) {
      std::vector<double> out;
      for (Stored const one : numbers) out.push_back(static_cast<double>(one));
      return out;
    };
    std::vector<double> const x = in_double(hidden.host), w = in_double(weight.host);
    std::vector<double> d_x(x.size()), d_w(d_weight.host.begin(), d_weight.host.end());
    hidden_head_options const options{.keep_bytes = is_kept ? 1 << 20 : 0, .rows = 4, .items = 700};
    auto const run = [&]<class On, class T>(hidden_head<On, T> head, view<T const, 2> states,
                                            view<T const, 2> table, view<T, 2> d_states,
                                            view<compute_t<T>, 2> d_table) {
      using C                     = compute_t<T>;
      std::vector<C> const chosen = as<C>(b.reference_chosen), rejected = as<C>(b.reference_rejected);
      return head
          .loss_and_gradient(objective::dpo{.beta = 0.3}, states, table,
                             is_kept ? token_batch<std::int32_t>{b.targets, b.offsets, {}} : b.tokens(),
                             preference_pair<std::span<C const>>{{}, {}, chosen, rejected}, d_states, d_table)
          .loss;
    };
    double const want =
        run(hidden_head<one_by_one, double>({}, options), view<double const, 2>(x.data(), 13, channels),
            view<double const, 2>(w.data(), vocab, channels), view<double, 2>(d_x.data(), 13, channels),
            view<double, 2>(d_w.data(), vocab, channels));
    double const got =
        run(hidden_head<Backend, Stored>(device, options), view<Stored const, 2>(hidden.there(13, channels)),
            view<Stored const, 2>(weight.there(vocab, channels)), d_hidden.there(13, channels),
            d_weight.there(vocab, channels));
    EXPECT_NEAR(got, want, 1e-4 * std::abs(want));
    d_hidden.back();
    d_weight.back();
    auto const compare = [](auto const& got, std::vector<double> const& want) {
      for (std::size_t k = 0; k < want.size(); ++k) {
        double const tolerance = std::is_same_v<Stored, float> ? 1e-4 : (1 + std::abs(want[k])) / 256;
        ASSERT_NEAR(static_cast<double>(got[k]), want[k], tolerance) << k;
      }
    };
    compare(d_hidden.host, d_x);
    compare(d_weight.host, d_w);
  }
}

/// The third row is -inf everywhere.
template <class Backend>
void expect_a_row_without_a_finite_logit_to_be_named(Backend const& device) {
  batch_of_pairs const b(10);
  travelling_to<Backend, float> logits(device, [] {
    auto z = some_numbers<float>(130, 1);
    for (int v = 0; v < 10; ++v) z[static_cast<std::size_t>(20 + v)] = -INFINITY;
    return z;
  }());
  logits_head<Backend, float> head(device);
  try {
    head.read(logits.there(13, 10), b.tokens());
    FAIL();
  } catch (value_error const& problem) {
    EXPECT_NE(std::string(problem.what()).find("row 2"), std::string::npos) << problem.what();
  }
}

}  // namespace poft_test
