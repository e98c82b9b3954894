// Level 2 against golden values, against a plain dense softmax, and in all its modes: strides, masks, bfloat16, in place,
// accumulation, layouts, candidates, entropy, threads; bad input.
// SPDX-License-Identifier: MIT
#include "poft/head/logits.hpp"

#include <gtest/gtest.h>

#include "poft/backend/eigen/backend.hpp"
#include "poft/objective/dft.hpp"
#include "poft/objective/dpo.hpp"
#include "poft/objective/nll.hpp"
#include "poft/objective/poft.hpp"
#include "poft/objective/unlikelihood.hpp"
#include "support/golden.hpp"

namespace {

using poft::logits_head;
using poft::sequence_layout;
using poft::view;
using poft::eigen::backend;
double const infinity = std::numeric_limits<double>::infinity();

// Logits [tokens, vocab] of ragged sequences with some masked tokens, numbers between -4 and 4.
template <class T>
struct example {
  std::int64_t vocab, stride;
  std::vector<std::int64_t> offsets;
  std::vector<std::int32_t> targets;
  std::vector<std::uint8_t> mask;
  std::vector<T> logits;

  example(std::vector<std::int64_t> lengths, std::int64_t vocab_size, std::int64_t padding = 0)
      : vocab(vocab_size), stride(vocab_size + padding), offsets{0} {
    for (auto length : lengths) offsets.push_back(offsets.back() + length);
    for (std::int64_t t = 0; t < offsets.back(); ++t) {
      targets.push_back(static_cast<std::int32_t>((t * 7919 + 3) % vocab));
      mask.push_back(t % 5 != 1);
      for (std::int64_t v = 0; v < stride; ++v) {
        logits.push_back(v < vocab ? static_cast<T>(4 * std::sin(static_cast<double>(t * 131 + v * 17)))
                                   : T(1e30));
      }
    }
  }
  std::int64_t tokens() const { return offsets.back(); }
  poft::token_batch<std::int32_t> batch() const { return {targets, offsets, mask}; }
  view<T const, 2> z() const { return {logits.data(), tokens(), vocab, stride}; }
  view<T, 2> z() { return {logits.data(), tokens(), vocab, stride}; }

  // log softmax of a row, the plain way.
  std::vector<double> log_pi(std::int64_t t) const {
    std::vector<double> out;
    long double sum = 0;  // so that only the code under test rounds
    for (std::int64_t v = 0; v < vocab; ++v) sum += std::exp(static_cast<long double>(z()(t, v)));
    for (std::int64_t v = 0; v < vocab; ++v) out.push_back(static_cast<double>(z()(t, v) - std::log(sum)));
    return out;
  }
};

std::vector<double> golden_loss_and_gradient(nlohmann::json const& one, std::vector<double>& gradient,
                                             double& loss, std::vector<double>& token_log_probs,
                                             std::vector<double>& sums) {
  auto const& in     = one["inputs"];
  auto const logits  = golden::numbers(in["logits"]);
  auto const shape   = one["shapes"]["logits"].get<std::vector<std::int64_t>>();
  auto const targets = in["targets"].get<std::vector<std::int64_t>>();
  std::vector<std::uint8_t> mask;
  for (auto const& m : in["mask"]) mask.push_back(golden::number(m) != 0);
  std::vector<std::int64_t> offsets;
  for (std::int64_t b = 0; b <= shape[0]; ++b) offsets.push_back(b * shape[1]);
  poft::token_batch<std::int64_t> const batch{targets, offsets, mask};
  view<double const, 2> const z(logits.data(), shape[0] * shape[1], shape[2]);
  gradient.assign(logits.size(), -1);
  view<double, 2> const d_z(gradient.data(), z.rows(), z.columns());
  std::vector<double> losses;
  logits_head<backend, double> head;
  auto const sequences = static_cast<std::size_t>(shape[0]), half = sequences / 2;
  std::string const objective = one["objective"];
  auto const& hyper           = one["hyper"];
  if (objective == "from_logits_nll") {
    losses.resize(sequences);
    loss = head.loss_and_gradient(poft::objective::nll{}, z, batch, poft::sequence<std::span<double const>>{},
                                  d_z, {.losses = losses})
               .loss;
  } else if (objective == "from_logits_poft") {
    auto const scores = golden::numbers(in["r_llm_models"]);
    auto const models = scores.size() / sequences;
    std::vector<double> mean(sequences);
    for (std::size_t k = 0; k < scores.size(); ++k)
      mean[k / models] += scores[k] / static_cast<double>(models);
    losses.resize(sequences);
    loss = head.loss_and_gradient(poft::objective::poft{.beta = hyper["beta"], .gamma = hyper["gamma"]}, z,
                                  batch, poft::scored_sequence<std::span<double const>>{{}, {}, mean}, d_z,
                                  {.losses = losses})
               .loss;
  } else {
    auto const reference = golden::numbers(in["ref_sum"]);
    std::span<double const> const all(reference);
    losses.resize(half);
    loss = head.loss_and_gradient(
                   poft::objective::dpo{.beta = hyper["beta"]}, z, batch,
                   poft::preference_pair<std::span<double const>>{{}, {}, all.first(half), all.last(half)},
                   d_z, {.losses = losses})
               .loss;
  }
  token_log_probs.assign(head.token_log_probs().begin(), head.token_log_probs().end());
  sums.assign(head.sequence_log_probs().begin(), head.sequence_log_probs().end());
  return losses;
}

TEST(logits_golden, nll_poft_and_dpo) {
  for (char const* objective : {"from_logits_nll", "from_logits_poft", "from_logits_dpo"}) {
    for (auto const& one : golden::cases("H_from_logits", objective)) {
      std::vector<double> gradient, token_log_probs, sums;
      double loss            = 0;
      auto const losses      = golden_loss_and_gradient(one, gradient, loss, token_log_probs, sums);
      std::string const name = one["name"];
      auto const& out        = one["outputs"];
      golden::expect_close(losses, golden::numbers(out["loss"]), name + " loss");
      golden::expect_close({loss}, {golden::number(out["mean"])}, name + " mean");
      golden::expect_close(token_log_probs, golden::numbers(out["token_logp"]), name + " token_logp");
      golden::expect_close(sums, golden::numbers(out["seq_sum"]), name + " seq_sum");
      golden::expect_close(gradient, golden::numbers(one["grad"]["logits"]), name + " gradient");
    }
  }
}

// Sum over rows of the three terms of the adjoint, computed densely.
template <class T>
void expect_dense_gradient(example<T> const& e, std::vector<double> const& d_log_prob,
                           std::vector<double> const& d_entropy, view<T, 2> got, double near) {
  for (std::int64_t t = 0; t < e.tokens(); ++t) {
    auto const log_pi = e.log_pi(t);
    double entropy    = 0;
    for (double l : log_pi) entropy -= std::exp(l) * l;
    auto const at      = static_cast<std::size_t>(t);
    bool const counted = e.mask[at];
    for (std::int64_t v = 0; v < e.vocab; ++v) {
      double const l = log_pi[static_cast<std::size_t>(v)], pi = std::exp(l);
      double want = d_log_prob[at] * ((v == e.targets[at]) - pi) - d_entropy[at] * pi * (l + entropy);
      if (!counted) want = 0;
      if (!counted) {
        EXPECT_EQ(static_cast<double>(got(t, v)), 0.0) << t << " " << v;
      } else {
        EXPECT_NEAR(static_cast<double>(got(t, v)), want, near) << t << " " << v;
      }
    }
  }
}

template <class T>
class logits : public testing::Test {};
using element_types = testing::Types<float, double>;
TYPED_TEST_SUITE(logits, element_types);

TYPED_TEST(logits, equals_a_dense_softmax_for_odd_vocabularies_strides_and_pieces) {
  using T           = TypeParam;
  double const near = sizeof(T) == 4 ? 1e-6 : 1e-15;
  for (std::int64_t vocab : {1, 2, 17, 100, 4097, 9001}) {
    example<T> const e({3, 1, 4, 2}, vocab, 5);
    std::vector<T> d(e.logits.size(), T(42));
    view<T, 2> const d_z(d.data(), e.tokens(), vocab, e.stride);
    logits_head<backend, T> head;
    head.read(e.z(), e.batch(), {.entropy = true, .sum_of_squares = true});
    std::vector<double> d_log_prob, no_entropy(static_cast<std::size_t>(e.tokens()));
    for (std::int64_t t = 0; t < e.tokens(); ++t) {
      auto const log_pi   = e.log_pi(t);
      long double entropy = 0, squares = 0;
      for (double l : log_pi) {
        entropy -= std::exp(l) * l;
        squares += std::exp(2 * l);
      }
      auto const at = static_cast<std::size_t>(t);
      bool const on = e.mask[at];
      EXPECT_NEAR(head.token_log_probs()[at], on ? log_pi[static_cast<std::size_t>(e.targets[at])] : 0,
                  20 * near);
      EXPECT_NEAR(head.token_entropies()[at], on ? static_cast<double>(entropy) : 0, 20 * near);
      EXPECT_NEAR(head.token_log_sums_of_squares()[at], on ? static_cast<double>(std::log(squares)) : 0,
                  20 * near);
      d_log_prob.push_back(0.1 * static_cast<double>(t) - 0.3);
    }
    std::vector<T> const given(d_log_prob.begin(), d_log_prob.end());
    head.add_token_gradient(given);
    head.write(e.z(), e.batch(), d_z);
    expect_dense_gradient(e, d_log_prob, no_entropy, d_z, near);
    for (std::int64_t t = 0; t < e.tokens(); ++t)
      EXPECT_EQ(d[static_cast<std::size_t>(t * e.stride + vocab)], T(42));  // the gap
  }
}

TYPED_TEST(logits, in_place_elsewhere_and_added_agree) {
  using T = TypeParam;
  example<T> e({3, 2, 4, 2}, 257);
  std::vector<T> reference{T(-9), T(-8)};
  poft::preference_pair<std::span<T const>> const frozen{{}, {}, reference, reference};
  std::vector<T> d(e.logits.size()), added(e.logits.size(), T(1));
  logits_head<backend, T> head;
  view<T, 2> const d_z(d.data(), e.tokens(), e.vocab), added_z(added.data(), e.tokens(), e.vocab);
  view<T const, 2> const z = e.z();
  auto const loss          = head.loss_and_gradient(poft::objective::dpo{}, z, e.batch(), frozen, d_z);
  head.loss_and_gradient(poft::objective::dpo{}, z, e.batch(), frozen, added_z, {}, true);
  for (std::size_t i = 0; i < d.size(); ++i) EXPECT_NEAR(added[i], 1 + d[i], 1e-6);
  auto const in_place = head.loss_and_gradient(poft::objective::dpo{}, z, e.batch(), frozen, e.z());
  EXPECT_EQ(in_place.loss, loss.loss);
  EXPECT_EQ(e.logits, d);
}

TEST(logits_modes, rows_are_scored_by_pairs_in_both_layouts_with_metrics) {
  example<double> const e({2, 3, 2, 3}, 31);
  logits_head<backend, double> head;
  head.read(e.z(), e.batch());
  std::vector<double> const s(head.sequence_log_probs().begin(), head.sequence_log_probs().end());
  std::vector<double> const reference_chosen{s[0] + 1, s[1] - 2}, reference_rejected{s[2], s[3] + 1};
  // Sequences 0, 1 chosen, 2, 3 rejected: log-ratios -1, 2 and 0, -1; rewards times 0.5; margins -0.5, 1.5; accuracy 1/2.
  auto const by_member = head.sequence_loss(
      poft::objective::dpo{.beta = 0.5},
      poft::preference_pair<std::span<double const>>{{}, {}, reference_chosen, reference_rejected});
  EXPECT_NEAR(by_member.metrics->chosen_reward, 0.25, 1e-12);
  EXPECT_NEAR(by_member.metrics->rejected_reward, -0.25, 1e-12);
  EXPECT_NEAR(by_member.metrics->margin, 0.5, 1e-12);
  EXPECT_EQ(by_member.metrics->accuracy, 0.5);
  EXPECT_NEAR(by_member.loss, (std::log1p(std::exp(0.5)) + std::log1p(std::exp(-1.5))) / 2, 1e-12);
}

TEST(logits_modes, pairs_may_alternate) {
  // Sequences chosen_0, rejected_0, chosen_1, rejected_1 give the gradient of the same pairs laid out member by member.
  example<double> const e({2, 2, 2, 2}, 31);
  std::vector<double> const reference{-3, -4};
  std::vector<double> alternating(e.logits.size()), sorted(e.logits.size());
  logits_head<backend, double> head;
  poft::preference_pair<std::span<double const>> const frozen{{}, {}, reference, reference};
  double const loss = head.loss_and_gradient(poft::objective::dpo{}, e.z(), e.batch(), frozen,
                                             view<double, 2>(alternating.data(), 8, 31),
                                             {.layout = sequence_layout::example_by_example})
                          .loss;
  example<double> f = e;  // sequences 0, 2, 1, 3
  for (std::int64_t t : {2, 3}) {
    for (std::int64_t v = 0; v < 31; ++v) std::swap(f.z()(t, v), f.z()(t + 2, v));
    auto const at = static_cast<std::size_t>(t);
    std::swap(f.targets[at], f.targets[at + 2]);
    std::swap(f.mask[at], f.mask[at + 2]);
  }
  view<double, 2> const d(sorted.data(), 8, 31);
  EXPECT_EQ(
      head.loss_and_gradient(poft::objective::dpo{}, view<double const, 2>(f.z()), f.batch(), frozen, d).loss,
      loss);
  for (std::int64_t t : {2, 3}) {
    for (std::int64_t v = 0; v < 31; ++v) std::swap(d(t, v), d(t + 2, v));
  }
  EXPECT_EQ(alternating, sorted);
}

TEST(logits_modes, masked_tokens_and_minus_infinity_are_exactly_zero) {
  example<float> e({4, 4}, 100);
  for (std::int64_t t = 0; t < 8; ++t) {
    for (std::int64_t v = 60; v < 100; ++v) {
      if (v != e.targets[static_cast<std::size_t>(t)]) e.z()(t, v) = -std::numeric_limits<float>::infinity();
    }
  }
  std::vector<float> d(e.logits.size(), 5.0f);
  logits_head<backend> head;
  view<float const, 2> const z = e.z();
  head.read(z, e.batch(), {.entropy = true});
  head.token_loss(poft::objective::dft{}, poft::token<std::span<float const>>{},
                  {.entropy_coefficient = 0.1});
  head.write(z, e.batch(), view<float, 2>(d.data(), 8, 100));
  for (std::int64_t t = 0; t < 8; ++t) {
    for (std::int64_t v = 0; v < 100; ++v) {
      float const got = d[static_cast<std::size_t>(t * 100 + v)];
      EXPECT_TRUE(std::isfinite(got));
      if (!e.mask[static_cast<std::size_t>(t)] || z(t, v) == -std::numeric_limits<float>::infinity()) {
        EXPECT_EQ(got, 0.0f);
      }
    }
  }
}

TEST(logits_modes, ignore_index_equals_a_mask) {
  example<double> e({3, 3}, 20);
  std::vector<double> d(e.logits.size()), ignored(e.logits.size());
  view<double const, 2> const z = e.z();
  logits_head<backend, double> head;
  double const loss =
      head.loss_and_gradient(poft::objective::nll{}, z, e.batch(), poft::sequence<std::span<double const>>{},
                             view<double, 2>(d.data(), 6, 20))
          .loss;
  std::vector<std::int64_t> targets(e.targets.begin(), e.targets.end());
  for (std::size_t t = 0; t < 6; ++t) {
    if (!e.mask[t]) targets[t] = -100;
  }
  double const same =
      head.loss_and_gradient(poft::objective::nll{}, z, poft::token_batch<std::int64_t>{targets, e.offsets},
                             poft::sequence<std::span<double const>>{},
                             view<double, 2>(ignored.data(), 6, 20))
          .loss;
  EXPECT_EQ(loss, same);
  EXPECT_EQ(d, ignored);
}

TEST(logits_modes, token_objective_with_entropy_and_weights) {
  example<double> const e({3, 4}, 50);
  logits_head<backend, double> head;
  head.read(e.z(), e.batch(), {.entropy = true});
  std::vector<double> weights, d(e.logits.size()), d_log_prob(7), d_entropy(7);
  for (int t = 0; t < 7; ++t) weights.push_back(0.5 + t);
  double const loss =
      head.token_loss(poft::objective::dft{}, poft::token<std::span<double const>>{},
                      {.count = 10, .factor = 2, .weights = weights, .entropy_coefficient = 0.3});
  double want = 0;
  for (std::size_t t = 0; t < 7; ++t) {
    if (!e.mask[t]) continue;
    double const l = head.token_log_probs()[t];
    want += weights[t] / 10 * (-std::exp(l) * l - 0.3 * head.token_entropies()[t]);
    d_log_prob[t] = -2 * weights[t] / 10 * std::exp(l);
    d_entropy[t]  = -2 * weights[t] / 10 * 0.3;
  }
  EXPECT_NEAR(loss, want, 1e-13);
  view<double, 2> const d_z(d.data(), 7, 50);
  head.write(e.z(), e.batch(), d_z);
  expect_dense_gradient(e, d_log_prob, d_entropy, d_z, 1e-14);
}

TEST(logits_golden, unlikelihood_of_earlier_tokens) {
  for (auto const& one : golden::cases("M_from_logits_extra", "from_logits_unlikelihood")) {
    auto const& in          = one["inputs"];
    auto const logits       = golden::numbers(in["logits"]);
    auto const shape        = one["shapes"]["logits"].get<std::vector<std::int64_t>>();
    auto const targets      = in["targets"].get<std::vector<std::int32_t>>();
    auto const is_candidate = golden::numbers(one["outputs"]["candidates"]);
    std::vector<std::uint8_t> mask;
    double counted = 0;
    for (auto const& m : in["mask"]) mask.push_back(golden::number(m) != 0), counted += mask.back();
    std::vector<std::int64_t> offsets, candidate_offsets{0};
    std::vector<std::int32_t> candidates;
    for (std::int64_t b = 0; b <= shape[0]; ++b) offsets.push_back(b * shape[1]);
    for (std::int64_t t = 0; t < shape[0] * shape[1]; ++t) {
      for (std::int64_t v = 0; v < shape[2]; ++v) {
        if (mask[static_cast<std::size_t>(t)] &&
            is_candidate[static_cast<std::size_t>(t * shape[2] + v)] != 0) {
          candidates.push_back(static_cast<std::int32_t>(v));
        }
      }
      candidate_offsets.push_back(static_cast<std::int64_t>(candidates.size()));
    }
    poft::token_batch<std::int32_t> const batch{targets, offsets, mask};
    poft::token_candidates<std::int32_t> const negatives{candidates, candidate_offsets};
    view<double const, 2> const z(logits.data(), shape[0] * shape[1], shape[2]);
    std::vector<double> d(logits.size());
    logits_head<backend, double> head;
    head.read(z, batch);
    double const alpha = one["hyper"]["alpha"];
    std::vector<double> ones(static_cast<std::size_t>(z.rows()), -1.0 / counted), zero;
    double loss = 0;
    for (double l : head.token_log_probs()) loss -= l / counted;
    head.add_token_gradient(ones);
    std::vector<double> const weights(candidates.size(), alpha);
    if (!candidates.empty()) {
      loss +=
          head.candidate_loss(poft::objective::unlikelihood{}, z, batch, negatives,
                              poft::token<std::span<double const>>{}, {.count = counted, .weights = weights});
    }
    head.write(z, batch, view<double, 2>(d.data(), z.rows(), z.columns()));
    std::string const name = one["name"];
    golden::expect_close({loss}, {golden::number(one["outputs"]["mean"])}, name + " mean");
    golden::expect_close(d, golden::numbers(one["grad"]["logits"]), name + " gradient");
  }
}

TEST(logits_modes, bfloat16_storage_accumulates_in_float) {
  example<float> e({3, 2}, 5001);
  std::vector<poft::bfloat16> stored, d(e.logits.size());
  for (float& z : e.logits) stored.push_back(poft::bfloat16(z)), z = static_cast<float>(stored.back());
  std::vector<float> d_float(e.logits.size());
  logits_head<backend> head;
  poft::sequence<std::span<float const>> const none{};
  double const loss = head.loss_and_gradient(poft::objective::nll{}, view<float const, 2>(e.z()), e.batch(),
                                             none, view<float, 2>(d_float.data(), 5, 5001))
                          .loss;
  double const same =
      head.loss_and_gradient(poft::objective::nll{}, view<poft::bfloat16 const, 2>(stored.data(), 5, 5001),
                             e.batch(), none, view<poft::bfloat16, 2>(d.data(), 5, 5001))
          .loss;
  EXPECT_EQ(loss, same);
  for (std::size_t i = 0; i < d.size(); ++i)
    EXPECT_EQ(static_cast<float>(d[i]), static_cast<float>(poft::bfloat16(d_float[i])));
}

TEST(logits_modes, threads_give_equal_bits) {
  example<float> const e({30, 50, 20, 44}, 777);
  std::vector<float> reference{-9, -8}, one(e.logits.size()), many(e.logits.size());
  poft::preference_pair<std::span<float const>> const frozen{{}, {}, reference, reference};
  double const loss = logits_head<backend>(backend{1})
                          .loss_and_gradient(poft::objective::dpo{}, e.z(), e.batch(), frozen,
                                             view<float, 2>(one.data(), e.tokens(), 777))
                          .loss;
  for (int threads : {2, 3, 7}) {
    EXPECT_EQ(logits_head<backend>(backend{threads})
                  .loss_and_gradient(poft::objective::dpo{}, e.z(), e.batch(), frozen,
                                     view<float, 2>(many.data(), e.tokens(), 777))
                  .loss,
              loss);
    EXPECT_EQ(many, one);
  }
}

TEST(logits_modes, a_split_by_sequences_gives_the_same_gradient) {
  example<double> const e({3, 2, 4}, 40);
  std::vector<double> whole(e.logits.size()), split(e.logits.size());
  poft::sequence<std::span<double const>> const none{};
  logits_head<backend, double> head;
  head.loss_and_gradient(poft::objective::nll{}, e.z(), e.batch(), none, view<double, 2>(whole.data(), 9, 40),
                         {.count = 3});
  for (std::size_t s = 0; s < 3; ++s) {
    auto const first = e.offsets[s], rows = e.offsets[s + 1] - first;
    std::vector<std::int64_t> const offsets{0, rows};
    auto const at = static_cast<std::size_t>(first), n = static_cast<std::size_t>(rows);
    head.loss_and_gradient(poft::objective::nll{}, e.z().subview(first, rows),
                           poft::token_batch<std::int32_t>{std::span(e.targets).subspan(at, n), offsets,
                                                           std::span(e.mask).subspan(at, n)},
                           none, view<double, 2>(split.data(), 9, 40).subview(first, rows), {.count = 3});
  }
  EXPECT_EQ(split, whole);
}

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (poft::error const& error) {
    return error.what();
  }
  return "nothing thrown";
}

TEST(logits_errors, name_the_value_and_the_place) {
  example<double> e({2, 2}, 10);
  std::vector<double> d(e.logits.size());
  poft::sequence<std::span<double const>> const none{};
  logits_head<backend, double> head;
  auto run = [&] {
    head.loss_and_gradient(poft::objective::nll{}, view<double const, 2>(e.z()), e.batch(), none,
                           view<double, 2>(d.data(), 4, 10));
  };
  auto has = [](std::string const& text, char const* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  e.targets[2] = 10;
  has(error_of(run), "targets[2] is 10, expected 0 .. 9 or the ignore index -100");
  e.targets[2] = 1;
  e.offsets    = {0, 3, 2, 4};
  has(error_of(run), "offsets[2] is 2 after 3; offsets must ascend");
  e.offsets = {0, 2, 3};
  EXPECT_THROW(run(), poft::shape_error);
  e.offsets = {0, 2, 4};
  e.mask    = {1, 1, 0, 0};
  has(error_of(run), "sequence 1 has no counted token");
  e.mask = {1, 1, 1};
  has(error_of(run), "mask has 3 elements, targets 4");
  e.mask       = {1, 1, 1, 1};
  e.logits[13] = std::nan("");
  has(error_of(run), "row 1 is");
  e.logits[13] = infinity;
  has(error_of(run), "row 1 is");
  e.logits[13] = 0;
  has(error_of([&] {
        head.read(e.z(), e.batch());
        head.token_loss(poft::objective::dft{}, poft::token<std::span<double const>>{},
                        {.entropy_coefficient = 1});
      }),
      "read with {.entropy = true}");
  std::vector<std::int32_t> const candidates{static_cast<std::int32_t>(e.targets[0])};
  std::vector<std::int64_t> const offsets{0, 1, 1, 1, 1};
  has(error_of([&] {
        head.candidate_loss(poft::objective::unlikelihood{}, e.z(), e.batch(),
                            poft::token_candidates<std::int32_t>{candidates, offsets},
                            poft::token<std::span<double const>>{});
      }),
      "which the row has already");
  EXPECT_NO_THROW(run());
}

}  // namespace
