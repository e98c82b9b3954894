// Level 1 against level 0, example by example; reduction, weights, splits into micro-batches, threads, bad input.
// SPDX-License-Identifier: MIT
#include "poft/batch/evaluate.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "poft/backend/eigen/backend.hpp"
#include "poft/objective/dpo.hpp"

namespace {

using poft::eigen::backend;
using poft::objective::dpo;

template <class T>
struct pairs {
  std::vector<T> chosen, rejected, reference_chosen, reference_rejected, d_chosen, d_rejected;

  explicit pairs(std::size_t n) : d_chosen(n, T(-7)), d_rejected(n, T(-7)) {
    for (std::size_t i = 0; i < n; ++i) {
      auto number = [&](int a) { return -static_cast<T>((i * static_cast<std::size_t>(a)) % 97) / 3; };
      chosen.push_back(number(11));
      rejected.push_back(number(29));
      reference_chosen.push_back(number(41));
      reference_rejected.push_back(number(53));
    }
  }
  poft::preference_pair<std::span<T const>> in() const {
    return {chosen, rejected, reference_chosen, reference_rejected};
  }
  poft::preference_pair<std::span<T>> gradient() { return {d_chosen, d_rejected, {}, {}}; }
  poft::preference_pair<T> at(std::size_t i) const {
    return {chosen[i], rejected[i], reference_chosen[i], reference_rejected[i]};
  }
};

template <class T>
class evaluate : public testing::Test {};
using element_types = testing::Types<float, double>;
TYPED_TEST_SUITE(evaluate, element_types);

TYPED_TEST(evaluate, equals_level_0_for_every_length) {
  using T           = TypeParam;
  double const near = sizeof(T) == 4 ? 2e-6 : 4e-15;
  for (std::size_t n : {1u, 2u, 15u, 16u, 17u, 64u, 70u, 5000u}) {
    pairs<T> p(n);
    std::vector<T> losses(n);
    double const mean =
        poft::batch_loss_and_gradient(backend{}, dpo{}, p.in(), p.gradient(), {.losses = losses});
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      auto const [value, d] = value_and_gradient(dpo{}, p.at(i));
      EXPECT_NEAR(losses[i], value, near * std::max(T(1), value));
      EXPECT_NEAR(p.d_chosen[i], d.chosen / static_cast<T>(n), near);
      EXPECT_NEAR(p.d_rejected[i], d.rejected / static_cast<T>(n), near);
      sum += value;
    }
    EXPECT_NEAR(mean, sum / static_cast<double>(n), 16 * near * mean);  // sums in another order
    EXPECT_EQ(poft::batch_loss(backend{}, dpo{}, p.in(), {}), mean);
  }
}

TEST(evaluate, worked_example_with_weights_and_global_count) {
  // Two pairs with margins 0 and 0: losses log 2 each, d/dchosen = -beta/2 = -0.05.
  // Weights 1 and 3, global count 10: loss = 4 log 2 / 10; gradient -0.05 * weight / 10, times the upstream factor 2.
  std::vector<double> const zero{0, 0}, weights{1, 3};
  std::vector<double> d_chosen(2), d_rejected(2);
  double const loss = poft::batch_loss_and_gradient(
      backend{1}, dpo{}, poft::preference_pair<std::span<double const>>{zero, zero, zero, zero},
      poft::preference_pair<std::span<double>>{d_chosen, d_rejected, {}, {}},
      {.count = 10, .factor = 2, .weights = weights});
  EXPECT_DOUBLE_EQ(loss, 0.4 * std::log(2.0));
  EXPECT_DOUBLE_EQ(d_chosen[0], -0.01);
  EXPECT_DOUBLE_EQ(d_chosen[1], -0.03);
  EXPECT_DOUBLE_EQ(d_rejected[1], 0.03);
}

TEST(evaluate, any_split_into_micro_batches_gives_the_same_gradient) {
  std::size_t const n = 1000;
  pairs<float> whole(n), split(n);
  double const loss =
      poft::batch_loss_and_gradient(backend{}, dpo{}, whole.in(), whole.gradient(), {.count = double(n)});
  double sum = 0;
  for (std::size_t first = 0, size = 1; first < n; first += size, size = size * 2 + 1) {
    size         = std::min(size, n - first);
    auto const a = split.in();
    auto const g = split.gradient();
    sum += poft::batch_loss_and_gradient(
        backend{}, dpo{},
        poft::preference_pair<std::span<float const>>{
            a.chosen.subspan(first, size), a.rejected.subspan(first, size),
            a.reference_chosen.subspan(first, size), a.reference_rejected.subspan(first, size)},
        poft::preference_pair<std::span<float>>{
            g.chosen.subspan(first, size), g.rejected.subspan(first, size), {}, {}},
        {.count = double(n)});
  }
  EXPECT_NEAR(sum, loss, 1e-6 * loss);
  EXPECT_EQ(split.d_chosen, whole.d_chosen);
  EXPECT_EQ(split.d_rejected, whole.d_rejected);
}

TEST(evaluate, threads_give_equal_bits) {
  pairs<float> one(20001), many(20001);
  double const loss = poft::batch_loss_and_gradient(backend{1}, dpo{}, one.in(), one.gradient(), {});
  for (int threads : {2, 3, 7}) {
    EXPECT_EQ(poft::batch_loss_and_gradient(backend{threads}, dpo{}, many.in(), many.gradient(), {}), loss);
    EXPECT_EQ(many.d_chosen, one.d_chosen);
  }
}

TEST(evaluate, accumulates_leaves_out_and_works_in_place) {
  pairs<double> p(33), q(33), r(33);
  poft::batch_loss_and_gradient(backend{}, dpo{}, p.in(), p.gradient(), {});
  poft::batch_loss_and_gradient(backend{}, dpo{}, q.in(), q.gradient(), {.accumulate = true});
  for (std::size_t i = 0; i < 33; ++i) EXPECT_DOUBLE_EQ(q.d_chosen[i], p.d_chosen[i] - 7);
  poft::batch_loss_and_gradient(backend{}, dpo{}, r.in(),
                                poft::preference_pair<std::span<double>>{{}, r.d_rejected, {}, {}}, {});
  EXPECT_EQ(r.d_chosen[0], -7);
  EXPECT_EQ(r.d_rejected, p.d_rejected);
  poft::batch_loss_and_gradient(backend{}, dpo{}, q.in(),
                                poft::preference_pair<std::span<double>>{q.chosen, q.rejected, {}, {}}, {});
  EXPECT_EQ(q.chosen, p.d_chosen);
}

// The text of the error that f throws.
template <class Error, class F>
std::string error_of(F f) {
  try {
    f();
  } catch (Error const& error) {
    return error.what();
  }
  return "nothing thrown";
}

TEST(evaluate, bad_input_is_named) {
  using poft::shape_error;
  using poft::value_error;
  pairs<double> p(4);
  auto run = [&](dpo const& objective, auto const& in, poft::batch_options<double> const& options = {}) {
    return [=] { poft::batch_loss(backend{}, objective, in, options); };
  };
  auto in     = p.in();
  in.rejected = in.rejected.subspan(1);
  EXPECT_EQ(error_of<shape_error>(run({}, in)),
            "batch_loss: rejected has 3 elements but chosen has 4; every span of a batch must have the same "
            "length");
  EXPECT_EQ(error_of<value_error>(run({.beta = 0}, p.in())), "dpo: beta must be > 0");
  EXPECT_EQ(error_of<value_error>(run({.beta = std::nan("")}, p.in())), "dpo: beta must be > 0");
  EXPECT_NE(error_of<value_error>(run({}, p.in(), {.count = -1})).find("count is -1"), std::string::npos);
  std::vector<double> const weights{1, 2};
  EXPECT_NE(
      error_of<shape_error>(run({}, p.in(), {.weights = weights})).find("weights has 2 elements, expected 4"),
      std::string::npos);
  p.rejected[2] = std::nan("");
  EXPECT_EQ(error_of<value_error>(run({}, p.in())), "batch_loss: rejected[2] is NaN");
  p.rejected[2] = p.reference_rejected[2] = -std::numeric_limits<double>::infinity();
  EXPECT_NE(error_of<value_error>(run({}, p.in())).find("example 2 is NaN; its inputs contradict each other"),
            std::string::npos);
}

TEST(evaluate, an_empty_batch_has_loss_0) {
  pairs<float> p(0);
  EXPECT_EQ(poft::batch_loss_and_gradient(backend{}, dpo{}, p.in(), p.gradient(), {}), 0.0);
}

}  // namespace
