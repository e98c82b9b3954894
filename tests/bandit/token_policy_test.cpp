// The token policy: what a row is, draws, gradients, pieces.
// SPDX-License-Identifier: MIT
#include "poft/bandit/token_policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "poft/bandit/fit.hpp"
#include "preference/expect_error.hpp"
#include "primitive/tensor.hpp"

namespace token_policy_test {
namespace {

using poft::view;
using poft::bandit::row_kl;
using poft::bandit::token_policy;
using poft_test::tensor;

constexpr int new_tokens = 10, vocab = 7;
using sequence     = std::array<int, new_tokens>;
using eigen_policy = token_policy<poft::eigen::backend, float>;
using exact_policy = token_policy<poft::one_by_one, double>;

/// Weights ten times those of the start, so that probabilities are not all alike.
template <class Policy>
void strengthen(Policy& policy) {
  for (auto& p : policy.parameters()) p *= 10;
}

struct actions_of {
  std::ptrdiff_t rows, columns;
  std::vector<sequence> data;
  static actions_of random(std::ptrdiff_t rows, std::ptrdiff_t columns, std::uint64_t seed,
                           int items = vocab) {
    actions_of out{rows, columns, std::vector<sequence>(static_cast<std::size_t>(rows * columns))};
    poft::random_stream stream(seed);
    for (sequence& one : out.data) {
      for (int& token : one) token = static_cast<int>(stream.below(static_cast<std::uint64_t>(items)));
    }
    return out;
  }
  operator view<sequence const, 2>() const { return {data.data(), rows, columns}; }
  operator view<sequence, 2>() { return {data.data(), rows, columns}; }
};
struct prompts_of {
  std::vector<std::int32_t> data;
  operator view<std::int32_t const, 2>() const { return {data.data(), std::ssize(data), 1}; }
};

template <class Policy, class T>
void look_at(Policy& policy, prompts_of const& prompts, actions_of const& actions, tensor<T>& out) {
  policy.forward(prompts);
  policy.log_prob(actions, out);
}

// Token n is scored by the row of the n tokens before it, behind the prompt: rows up to n do not change with token n, the
// next one does, and so does everything with the prompt.
TEST(token_policy, a_row_is_a_prefix) {
  exact_policy policy({}, vocab, 1);
  strengthen(policy);
  actions_of actions = actions_of::random(1, 1, 3);
  tensor<double> before(1, new_tokens), after(1, new_tokens);
  look_at(policy, {{2}}, actions, before);
  EXPECT_EQ(policy.rows(), new_tokens);
  for (int n = 0; n < new_tokens; ++n)
    EXPECT_EQ(before(0, n), policy.log_probs()(n, actions.data[0][std::size_t(n)]));
  tensor<double> rows(new_tokens, vocab);
  std::copy_n(policy.log_probs().data(), rows.data.size(), rows.data.begin());

  actions.data[0][4] = (actions.data[0][4] + 1) % vocab;
  look_at(policy, {{2}}, actions, after);
  for (int n = 0; n < new_tokens; ++n) {
    for (int a = 0; a < vocab; ++a) {
      EXPECT_EQ(policy.log_probs()(n, a) == rows(n, a), n <= 4) << n;
    }
  }
  look_at(policy, {{3}}, actions, after);
  EXPECT_NE(policy.log_probs()(0, 0), rows(0, 0));
}

// The rows are the network's: hidden states times the head, of the inputs prompt, a_1 ... a_9, by the transformer itself.
TEST(token_policy, log_probs_are_those_of_the_transformer) {
  eigen_policy policy({1}, vocab, 1);
  poft::transformer<poft::one_by_one, double> network({}, poft::gpt_nano(vocab, new_tokens));
  for (std::size_t k = 0; k < policy.parameters().size(); ++k)
    network.parameters()[k] = policy.parameters()[k];
  prompts_of const prompts{{5, 0}};
  actions_of const actions = actions_of::random(2, 3, 4);
  tensor<float> out(2, 3 * new_tokens);
  look_at(policy, prompts, actions, out);
  for (int r = 0; r < 2; ++r) {
    for (int s = 0; s < 3; ++s) {
      sequence const& a = actions.data[std::size_t(3 * r + s)];
      std::vector<std::int32_t> inputs{prompts.data[std::size_t(r)]};
      inputs.insert(inputs.end(), a.begin(), a.end() - 1);
      std::vector<std::int64_t> const offsets{0, new_tokens};
      auto const hidden = network.forward(inputs, offsets);
      for (int n = 0; n < new_tokens; ++n) {
        double total = 0, own = 0;
        for (int v = 0; v < vocab; ++v) {
          double logit = 0;
          for (std::ptrdiff_t c = 0; c < hidden.columns(); ++c)
            logit += hidden(n, c) * network.slices().head(v, c);
          total += std::exp(logit);
          if (v == a[std::size_t(n)]) own = logit;
        }
        EXPECT_NEAR(out(r, s * new_tokens + n), own - std::log(total), 1e-5);
      }
    }
  }
}

TEST(token_policy, networks_start_from_their_seeds) {
  std::vector<std::uint64_t> const seeds{3, 1};
  eigen_policy two({1}, vocab, std::span<std::uint64_t const>(seeds)), first({1}, vocab, 3),
      second({1}, vocab, 1);
  std::vector<float> both(first.parameters().begin(), first.parameters().end());
  both.insert(both.end(), second.parameters().begin(), second.parameters().end());
  EXPECT_TRUE(std::ranges::equal(two.parameters(), both));
  EXPECT_FALSE(std::ranges::equal(first.parameters(), second.parameters()));
}

// Of a loss of the log-probs, with and without a divergence from a reference, against differences in double.
TEST(token_policy, gradient) {
  prompts_of const prompts{{1, 6}};
  actions_of const actions = actions_of::random(2, 2, 5);
  auto const d             = tensor<double>::random(2, 2 * new_tokens, 6);
  std::vector<double> log_q(vocab);
  for (int v = 0; v < vocab; ++v) log_q[std::size_t(v)] = std::log((v + 1) / 28.0);  // 1 + ... + 7 = 28
  for (double const coefficient : {0.0, 3.0}) {
    exact_policy exact({}, vocab, 1);
    token_policy<poft::eigen::backend, double> policy({}, vocab, 1);
    strengthen(exact), strengthen(policy);
    tensor<double> out(2, 2 * new_tokens);
    auto const loss = [&] {
      look_at(exact, prompts, actions, out);
      std::vector<double> kl(static_cast<std::size_t>(exact.rows()));
      exact.kl_to({log_q.data(), 1, vocab}, kl);
      return poft_test::weighted_sum(d, out) +
             coefficient * std::accumulate(kl.begin(), kl.end(), 0.0) / static_cast<double>(kl.size());
    };
    look_at(policy, prompts, actions, out);
    policy.backward(actions, d, {coefficient, {log_q.data(), 1, vocab}});
    poft::random_stream random(8);
    for (int probe = 0; probe < 40; ++probe) {
      std::size_t const k   = random.below(exact.parameters().size());
      double const expected = poft_test::difference(exact.parameters()[k], loss);
      EXPECT_NEAR(policy.gradient()[k], expected, 1e-6 * std::max(1.0, std::abs(expected))) << k;
    }
  }
}

// More sequences than go through at once: the same log-probs, and the gradient is the sum over any parts.
TEST(token_policy, pieces) {
  std::ptrdiff_t const prompts = 15, samples = 20;  // 300 sequences
  prompts_of all{{}};
  for (int r = 0; r < prompts; ++r) all.data.push_back(r % vocab);
  actions_of const actions = actions_of::random(prompts, samples, 5);
  auto const d             = tensor<float>::random(prompts, samples * new_tokens, 6);
  eigen_policy whole({1}, vocab, 1), parts({1}, vocab, 1);
  tensor<float> out(prompts, samples * new_tokens);
  look_at(whole, all, actions, out);
  EXPECT_EQ(whole.rows(), 3000);
  whole.backward(actions, d);
  for (std::size_t r = 0; r < std::size_t(prompts); ++r) {
    auto const width = std::size_t(samples);
    actions_of const own{1,
                         samples,
                         {actions.data.begin() + std::ptrdiff_t(r * width),
                          actions.data.begin() + std::ptrdiff_t((r + 1) * width)}};
    tensor<float> own_out(1, samples * new_tokens), own_d(1, samples * new_tokens);
    std::copy_n(d.data.begin() + std::ptrdiff_t(r * width * new_tokens), width * new_tokens,
                own_d.data.begin());
    look_at(parts, {{all.data[r]}}, own, own_out);
    for (std::size_t k = 0; k < width * new_tokens; ++k)
      ASSERT_NEAR(own_out.data[k], out.data[r * width * new_tokens + k], 1e-5);
    parts.backward(own, own_d);
  }
  for (std::size_t k = 0; k < whole.gradient().size(); ++k)
    ASSERT_NEAR(whole.gradient()[k], parts.gradient()[k], 1e-4 * std::max(1.f, std::abs(parts.gradient()[k])))
        << k;
}

TEST(token_policy, any_number_of_threads_gives_equal_bits) {
  actions_of const actions = actions_of::random(40, 5, 5, 100);
  auto const d             = tensor<float>::random(40, 5 * new_tokens, 6);
  std::vector<float> first;
  std::vector<sequence> first_drawn;
  for (int threads : {1, 2, 3, 7}) {
    eigen_policy policy({threads}, 100, 1);
    prompts_of prompts{{}};
    for (int r = 0; r < 40; ++r) prompts.data.push_back(r);
    tensor<float> out(40, 5 * new_tokens);
    look_at(policy, prompts, actions, out);
    policy.backward(actions, d);
    actions_of drawn = actions;
    policy.sample(poft::random_stream(9), drawn);
    std::vector<float> all(out.data.begin(), out.data.end());
    all.insert(all.end(), policy.gradient().begin(), policy.gradient().end());
    if (threads == 1) first = all, first_drawn = drawn.data;
    EXPECT_EQ(all, first) << threads << " threads";
    EXPECT_EQ(drawn.data, first_drawn) << threads << " threads";
  }
}

// 5000 draws: the frequencies of the first token, and of the second after the most frequent first one, within five
// standard deviations of the rows' probabilities.
TEST(token_policy, frequencies) {
  exact_policy policy({}, 4, 1);
  strengthen(policy);
  actions_of drawn{1, 5000, std::vector<sequence>(5000)};
  policy.forward(prompts_of{{2}});
  policy.sample(poft::random_stream(3), drawn);
  std::vector<double> first(4), second(4);
  for (sequence const& one : drawn.data) ++first[std::size_t(one[0])];
  auto const most = std::max_element(first.begin(), first.end());
  int const token = static_cast<int>(most - first.begin());
  for (sequence const& one : drawn.data) second[std::size_t(one[1])] += one[0] == token;
  tensor<double> out(1, new_tokens);
  policy.log_prob(actions_of{1, 1, {sequence{token}}}, out);
  auto const expect = [&](std::vector<double> const& counts, double total, std::ptrdiff_t row) {
    for (std::ptrdiff_t a = 0; a < 4; ++a) {
      double const p = policy.probabilities()(row, a);
      EXPECT_NEAR(counts[std::size_t(a)], total * p, 5 * std::sqrt(total * p * (1 - p))) << row << ", " << a;
    }
  };
  expect(first, 5000, 0);
  expect(second, *most, 1);
}

// Fitted token by token: at prefixes that it draws itself, KL(pi || data) is small in every row.
TEST(token_policy, fit_to_data) {
  eigen_policy policy({1}, 100, 1);
  auto const data = poft::bandit::squashed_cauchy();
  poft::bandit::fit_to_data(poft::eigen::backend{1}, policy, data, 1);
  actions_of drawn{20, 1, std::vector<sequence>(20)};
  prompts_of prompts{{}};
  for (int r = 0; r < 20; ++r) prompts.data.push_back(5 * r);
  policy.forward(prompts);
  policy.sample(poft::random_stream(3), drawn);
  tensor<float> out(20, new_tokens);
  policy.log_prob(drawn, out);
  auto const log_data = poft::bandit::log_of<float>(data);
  std::vector<double> kl(static_cast<std::size_t>(policy.rows()));
  policy.kl_to({log_data.data(), 1, 100}, kl);
  for (double const of_row : kl) EXPECT_LT(of_row, 0.05);
}

TEST(token_policy, bad_input) {
  exact_policy policy({}, vocab, 1);
  policy.forward(prompts_of{{1, 2}});
  tensor<double> out(2, new_tokens), wrong(2, 1);
  actions_of actions = actions_of::random(2, 1, 5);
  EXPECT_THROW(policy.log_prob(actions, wrong), poft::shape_error);
  EXPECT_THROW(policy.log_prob(actions_of::random(1, 1, 5), out), poft::shape_error);
  policy.log_prob(actions, out);
  EXPECT_THROW(policy.backward(actions_of::random(2, 1, 6), out), poft::value_error);
  actions.data[1][3] = vocab;
  expect_error<poft::value_error>([&] { policy.log_prob(actions, out); },
                                  {"token 3 of actions[1, 0] is 7", "expected 0 ... 6"});
  policy.forward(prompts_of{{vocab}});
  tensor<double> one(1, new_tokens);
  EXPECT_THROW(policy.log_prob(actions_of::random(1, 1, 5), one), poft::value_error);
}

}  // namespace
}  // namespace token_policy_test
