// Divergences: worked examples, golden values with both groups, masks, dual numbers, identities.
// SPDX-License-Identifier: MIT
#include "poft/row/divergence.hpp"

#include <random>
#include <tuple>

#include "poft/scalar/dual.hpp"
#include "row/functional_rows.hpp"
#include "support/golden.hpp"

namespace {
using namespace poft;
using namespace poft::divergence;

template <other_row Other, class F>
void expect_golden(char const* family, char const* name, char const* teacher, F functional_of) {
  for (auto const& one : golden::cases(family, name)) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    auto const functional = functional_of(one.at("hyper"));
    ASSERT_EQ(functional.invalid(), nullptr);
    auto const vocab = one["shapes"]["z"][1].get<std::size_t>();
    auto const want = golden::numbers(one["outputs"]["loss"]), slope = golden::numbers(one["grad"]["z"]);
    std::vector<std::size_t> kinks;
    if (one.contains("kinks") && one["kinks"].contains("z"))
      kinks = one["kinks"]["z"].get<std::vector<std::size_t>>();
    for_each_group<double>([&](auto group) {
      auto const got = evaluate_rows<Other>(group, functional, golden::numbers(one["inputs"]["z"]),
                                            golden::numbers(one["inputs"][teacher]), vocab);
      golden::expect_close(got.value, want, "loss");
      golden::expect_close(got.gradient, slope, "d z", kinks);
    });
    // In float: the exact result for the rounded inputs. A log-ratio of size L is known to L epsilon.
    auto const z     = golden::numbers<float>(one["inputs"]["z"]),
               other = golden::numbers<float>(one["inputs"][teacher]);
    auto const exact =
        evaluate_rows<Other>(one_by_one_group<double>{}, functional, std::vector<double>(z.begin(), z.end()),
                             std::vector<double>(other.begin(), other.end()), vocab);
    for_each_group<float>([&](auto group) {
      auto const got = evaluate_rows<Other>(group, functional, z, other, vocab);
      for (std::size_t i = 0; i < got.gradient.size(); ++i) {
        double const scale = std::max(1.0, exact.value[i / vocab]);
        EXPECT_NEAR(got.value[i / vocab], exact.value[i / vocab], 1e-5 * scale);
        bool const is_resolved = exact.value[i / vocab] > 1e-6;  // else float does not know the signs in tvd
        EXPECT_NEAR(got.gradient[i], is_resolved ? exact.gradient[i] : got.gradient[i], 1e-5 * scale) << i;
      }
    });
  }
}

TEST(divergence, golden) {
  expect_golden<other_row::logits>("G_distributions", "forward_kl", "zt",
                                   [](auto const&) { return forward_kl{}; });
  expect_golden<other_row::probabilities>("G_distributions", "forward_kl_probs", "prob",
                                          [](auto const&) { return forward_kl{}; });
  expect_golden<other_row::logits>("G_distributions", "reverse_kl", "zt",
                                   [](auto const&) { return reverse_kl{}; });
  expect_golden<other_row::logits>("G_distributions", "jsd", "zt",
                                   [](auto const& hyper) { return jsd{hyper["beta"]}; });
  expect_golden<other_row::logits>("L_extra", "symmetric_kl", "zt",
                                   [](auto const& hyper) { return symmetric_kl{hyper["weight"]}; });
  expect_golden<other_row::logits>("L_extra", "tvd", "zt", [](auto const&) { return tvd{}; });
}

TEST(divergence, worked_example) {
  // p = 1/2, 1/2 and q = 1/4, 3/4
  std::vector<double> const z{0, std::log(3.0)}, teacher{0, 0};
  for_each_group<double>([&](auto group) {
    auto const of = [&](auto functional) {
      return evaluate_rows<other_row::logits>(group, functional, z, teacher, 2);
    };
    EXPECT_NEAR(of(forward_kl{}).value[0], std::log(4.0 / 3) / 2, 1e-15);  // (log 2 + log 2/3) / 2
    golden::expect_close(of(forward_kl{}).gradient, {-0.25, 0.25}, "q - p");
    EXPECT_NEAR(of(reverse_kl{}).value[0], 0.75 * std::log(3.0) - std::log(2.0), 1e-15);
    EXPECT_NEAR(of(tvd{}).value[0], 0.25, 1e-15);
    golden::expect_close(of(tvd{}).gradient, {-0.1875, 0.1875}, "q_1 q_2");
    // m = 3/8, 5/8
    EXPECT_NEAR(of(jsd{}).value[0],
                0.5 * (0.5 * std::log(4.0 / 3) + 0.5 * std::log(0.8)) +
                    0.5 * (0.25 * std::log(2.0 / 3) + 0.75 * std::log(1.2)),
                1e-15);
  });
}

/// Both directions of each functional.
template <class F>
void for_each_divergence(F f) {
  f(forward_kl{});
  f(reverse_kl{});
  f(symmetric_kl{0.3});
  f(jsd{0.5});
  f(jsd{0.1});
  f(tvd{});
}

TEST(divergence, gradient_is_the_formula_on_duals) {
  // sum_v of the same terms on duals: kl and jsd from probabilities, as they are written
  constexpr int vocab = 5;
  std::vector<double> const z{0.3, -1.2, 2.5, 0.1, -0.7}, teacher{1, 0.5, 1.5, -2, 0};
  using S = dual<double, vocab>;
  S sum(0.0);
  std::vector<S> q;
  std::vector<double> p;
  double sum_p = 0;
  for (int v = 0; v < vocab; ++v) {
    q.push_back(exp(S(z[static_cast<std::size_t>(v)], v)));
    p.push_back(std::exp(teacher[static_cast<std::size_t>(v)]));
    sum = sum + q.back();
    sum_p += p.back();
  }
  for (auto& one : q) one = one / sum;
  for (auto& one : p) one = one / sum_p;
  S forward(0.0), reverse(0.0), js(0.0), distance(0.0), symmetric(0.0);
  for (std::size_t v = 0; v < vocab; ++v) {
    forward   = forward + p[v] * (std::log(p[v]) - log(q[v]));
    reverse   = reverse + q[v] * (log(q[v]) - std::log(p[v]));
    S const m = 0.1 * p[v] + 0.9 * q[v];
    js        = js + 0.1 * (p[v] * (std::log(p[v]) - log(m))) + 0.9 * (q[v] * (log(q[v]) - log(m)));
    distance  = distance + 0.5 * abs(q[v] - p[v]);
  }
  symmetric   = 0.3 * forward + 0.7 * reverse;
  auto expect = [&](auto functional, S const& want) {
    for_each_group<double>([&](auto group) {
      auto const got = evaluate_rows<other_row::logits>(group, functional, z, teacher, vocab);
      golden::expect_close(got.value, {want.value}, functional.name);
      golden::expect_close(got.gradient, {want.partial, want.partial + vocab}, functional.name);
    });
  };
  expect(forward_kl{}, forward);
  expect(reverse_kl{}, reverse);
  expect(symmetric_kl{0.3}, symmetric);
  expect(jsd{0.1}, js);
  expect(tvd{}, distance);
}

TEST(divergence, items_that_both_rows_mask_do_not_exist) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal(0, 3);
  for (std::size_t const vocab : {2u, 7u, 8u, 9u, 33u, 70u}) {
    std::vector<double> z, teacher, short_z, short_teacher;
    for (std::size_t v = 0; v < vocab; ++v) {
      bool const is_masked = v % 3 == 1;
      z.push_back(is_masked ? -INFINITY : normal(random));
      teacher.push_back(is_masked ? -INFINITY : normal(random));
      if (is_masked) continue;
      short_z.push_back(z.back());
      short_teacher.push_back(teacher.back());
    }
    for_each_divergence([&](auto functional) {
      auto const want = evaluate_rows<other_row::logits>(one_by_one_group<double>{}, functional, short_z,
                                                         short_teacher, short_z.size());
      for_each_group<double>([&](auto group) {
        auto const got = evaluate_rows<other_row::logits>(group, functional, z, teacher, vocab);
        golden::expect_close(got.value, want.value, functional.name);
        std::vector<double> kept;
        for (std::size_t v = 0; v < vocab; ++v) {
          if (v % 3 == 1) {
            EXPECT_EQ(got.gradient[v], 0.0) << functional.name;
          } else {
            kept.push_back(got.gradient[v]);
          }
        }
        golden::expect_close(kept, want.gradient, functional.name);
      });
    });
  }
}

TEST(divergence, items_that_one_row_masks_count_as_probability_zero) {
  // student 1/2, 1/2, 0 - teacher 0, 1/2, 1/2
  std::vector<float> const z{0, 0, -INFINITY}, teacher{-INFINITY, 0, 0};
  for_each_group<float>([&](auto group) {
    for_each_divergence([&](auto functional) {
      auto const got = evaluate_rows<other_row::logits>(group, functional, z, teacher, 3);
      EXPECT_FALSE(std::isnan(got.value[0])) << functional.name;
      for (double const d : got.gradient) EXPECT_FALSE(std::isnan(d)) << functional.name;
      EXPECT_EQ(got.gradient[2], 0) << functional.name;
    });
    auto const of = [&](auto functional) {
      return evaluate_rows<other_row::logits>(group, functional, z, teacher, 3);
    };
    EXPECT_EQ(of(forward_kl{}).value[0], INFINITY);
    EXPECT_EQ(of(reverse_kl{}).value[0], INFINITY);
    EXPECT_NEAR(of(jsd{}).value[0], std::log(2.0) / 2,
                1e-7);  // half of each row's mass is log 2 away, half is shared
    EXPECT_EQ(of(tvd{}).value[0], 0.5);
    golden::expect_close(of(forward_kl{}).gradient, {0.5, 0, 0}, "q - p");
  });
}

TEST(divergence, is_never_negative_and_zero_for_equal_rows) {
  std::mt19937 random(2);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<double> z, near;
    for (int v = 0; v < 37; ++v) {
      z.push_back(5 * normal(random));
      near.push_back(z.back() + 1e-9 * normal(random));
    }
    for_each_group<double>([&](auto group) {
      for_each_divergence([&](auto functional) {
        EXPECT_GE((evaluate_rows<other_row::logits>(group, functional, z, near, 37).value[0]), 0)
            << functional.name;
        // the symmetric rounding of jsd's mean leaves 1e-16
        EXPECT_NEAR((evaluate_rows<other_row::logits>(group, functional, z, z, 37).value[0]), 0, 1e-30)
            << functional.name;
      });
    });
  }
}

TEST(divergence, jsd_is_symmetric_at_one_half_and_small_at_its_ends) {
  std::vector<double> const z{0.3, -1.2, 2.5}, teacher{1, 0.5, -40};
  one_by_one_group<double> const group;
  auto const of = [&](double beta, auto const& a, auto const& b) {
    return evaluate_rows<other_row::logits>(group, jsd{beta}, a, b, 3).value[0];
  };
  EXPECT_NEAR(of(0.5, z, teacher), of(0.5, teacher, z), 1e-15);
  EXPECT_NEAR(of(0.2, z, teacher), of(0.8, teacher, z), 1e-15);
  EXPECT_LT(of(1e-9, z, teacher), 1e-7);  // not KL(p || q)
}

TEST(divergence, gradients_are_scaled_added_and_written_in_place) {
  std::vector<double> z{0.3, -1.2, 2.5};
  std::vector<double> const teacher{1, 0.5, 1.5};
  auto const want = evaluate_rows<other_row::logits>(one_by_one_group<double>{}, reverse_kl{}, z, teacher, 3);
  for_each_group<double>([&](auto group) {
    auto const p                 = softmax_of(group, row<double const>{teacher.data()}, 3);
    std::vector<double> in_place = z, added{1, 2, 3};
    auto const of_place          = softmax_of(group, row<double const>{in_place.data()}, 3);
    value_and_gradient_of(reverse_kl{}, group, 3, row<double>{in_place.data()}, 2.0, false, of_place, p);
    value_and_gradient_of(reverse_kl{}, group, 3, row<double>{added.data()}, -1.0, true,
                          softmax_of(group, row<double const>{z.data()}, 3), p);
    for (std::size_t v = 0; v < 3; ++v) {
      EXPECT_NEAR(in_place[v], 2 * want.gradient[v], 1e-15);
      EXPECT_NEAR(added[v], static_cast<double>(v + 1) - want.gradient[v], 1e-15);
    }
  });
}

TEST(divergence, refuses_what_is_no_mixture) {
  EXPECT_STREQ(jsd{0}.invalid(), "jsd: beta must be in (0, 1)");
  EXPECT_STREQ(jsd{1}.invalid(), "jsd: beta must be in (0, 1)");
  EXPECT_STREQ(symmetric_kl{1.5}.invalid(), "symmetric_kl: weight must be in [0, 1]");
}
}  // namespace
