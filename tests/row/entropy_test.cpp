// Entropy of a row: worked example, golden values with both groups, masks, a policy gradient's bonus.
// SPDX-License-Identifier: MIT
#include "poft/row/entropy.hpp"

#include "row/functional_rows.hpp"
#include "support/golden.hpp"

namespace {
using namespace poft;

TEST(entropy, worked_example) {
  // pi = 1/4, 3/4: H = (log 4)/4 + (3/4)(log 4 - log 3)
  std::vector<double> const z{0, std::log(3.0)};
  for_each_group<double>([&](auto group) {
    auto const got = evaluate_rows(group, entropy{}, z, {}, 2);
    EXPECT_NEAR(got.value[0], std::log(4.0) - 0.75 * std::log(3.0), 1e-15);
    golden::expect_close(got.gradient, {0.1875 * std::log(3.0), -0.1875 * std::log(3.0)},
                         "pi_1 pi_2 log(pi_2 / pi_1)");
  });
}

TEST(entropy, golden) {
  for (auto const& one : golden::cases("G_distributions", "entropy")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    auto const vocab = one["shapes"]["z"][1].get<std::size_t>();
    auto const want = golden::numbers(one["outputs"]["loss"]), slope = golden::numbers(one["grad"]["z"]);
    for_each_group<double>([&](auto group) {
      auto const got = evaluate_rows(group, entropy{}, golden::numbers(one["inputs"]["z"]), {}, vocab);
      golden::expect_close(got.value, want, "entropy");
      golden::expect_close(got.gradient, slope, "d z");
    });
    for_each_group<float>([&](auto group) {
      auto const got = evaluate_rows(group, entropy{}, golden::numbers<float>(one["inputs"]["z"]), {}, vocab);
      for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got.value[i], want[i], 1e-5);
      for (std::size_t i = 0; i < slope.size(); ++i) EXPECT_NEAR(got.gradient[i], slope[i], 1e-5);
    });
  }
}

TEST(entropy, masked_items_do_not_exist) {
  std::vector<float> const z{1, -INFINITY, 1, -INFINITY, 1};
  for_each_group<float>([&](auto group) {
    auto const got = evaluate_rows(group, entropy{}, z, {}, 5);
    EXPECT_NEAR(got.value[0], std::log(3.0), 1e-6);
    EXPECT_EQ(got.gradient[1], 0);
    EXPECT_EQ(got.gradient[3], 0);
  });
}

TEST(entropy, golden_bonus_of_a_policy_gradient) {
  // L = -A log pi(a) - c H: the gradient of the first term is -A (1[v = a] - pi), the second is added
  // with factor -c
  for (auto const& one : golden::cases("F_policy_gradient", "pg_entropy")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    auto const z = golden::numbers(one["inputs"]["z"]), advantage = golden::numbers(one["inputs"]["A"]);
    auto const action   = one["inputs"]["a"].get<std::vector<std::size_t>>();
    auto const vocab    = one["shapes"]["z"][1].get<std::size_t>();
    double const bonus  = one["hyper"]["c"];
    double const weight = 1.0 / static_cast<double>(action.size());
    for_each_group<double>([&](auto group) {
      std::vector<double> loss, bits, gradient(z.size());
      for (std::size_t i = 0; i < action.size(); ++i) {
        row<double> const d_z{gradient.data() + i * vocab};
        auto const pi = softmax_of(group, row<double const>{z.data() + i * vocab}, std::int64_t(vocab));
        for (std::size_t v = 0; v < vocab; ++v) {
          d_z.set(v, -advantage[i] * weight * ((v == action[i] ? 1 : 0) - pi.at(v).prob));
        }
        bits.push_back(
            value_and_gradient_of(entropy{}, group, std::int64_t(vocab), d_z, -bonus * weight, true, pi));
        loss.push_back(-advantage[i] * pi.at(action[i]).log_prob - bonus * bits.back());
      }
      golden::expect_close(loss, golden::numbers(one["outputs"]["loss"]), "loss");
      golden::expect_close(bits, golden::numbers(one["outputs"]["entropy"]), "entropy");
      golden::expect_close(gradient, golden::numbers(one["grad"]["z"]), "d z");
    });
  }
}
}  // namespace
