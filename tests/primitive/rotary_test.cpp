// Rotary positions: loops, the way back, shapes.
// SPDX-License-Identifier: MIT
#include "poft/primitive/rotary.hpp"

#include <gtest/gtest.h>

#include "primitive/tensor.hpp"

namespace {

using poft::primitive::rotary;
using poft_test::array_of;
using poft_test::expect_close;
using poft_test::tensor;
using positions_list = poft_test::index_array<std::int32_t>;

tensor<double> by_loops(positions_list const& positions, std::ptrdiff_t channels, double base,
                        tensor<double> const& x) {
  auto y = x;
  for (std::ptrdiff_t r = 0; r < x.rows; ++r) {
    for (std::ptrdiff_t k = 0; k < x.columns; ++k) {
      std::ptrdiff_t const c = k % channels, half = channels / 2;
      double const angle =
          positions[static_cast<std::size_t>(r)] * std::pow(base, -2.0 * double(c % half) / double(channels));
      y(r, k) = c < half ? x(r, k) * std::cos(angle) - x(r, k + half) * std::sin(angle)
                         : x(r, k) * std::cos(angle) + x(r, k - half) * std::sin(angle);
    }
  }
  return y;
}

template <class On>
class rotary_on : public poft_test::of_backend<On> {};
TYPED_TEST_SUITE(rotary_on, poft_test::every_backend);

// Four channels, base 4: channels 0 and 2 turn by the position, 1 and 3 by the position times 4^(-2/4) = 1/2. At
// position 2: (1, 0, 0, 1) -> (cos 2, -sin 1, sin 2, cos 1). At position 0 nothing turns.
TYPED_TEST(rotary_on, worked_example) {
  using T = typename TypeParam::value;
  tensor<T> x(2, 4);
  x.data = {1, 0, 0, 1, 5, 6, 7, 8};
  rotary<typename TypeParam::backend>::forward({}, positions_list{2, 0}, 4, 4, matrix(x));
  tensor<double> expected(2, 4);
  expected.data = {std::cos(2.0), -std::sin(1.0), std::sin(2.0), std::cos(1.0), 5, 6, 7, 8};
  expect_close(x, expected, TypeParam::tolerance, "x");
}

// Positions of a ragged batch, far from 0, and so far apart that each row has angles of its own.
TYPED_TEST(rotary_on, loops_and_the_way_back) {
  using T     = typename TypeParam::value;
  using layer = rotary<typename TypeParam::backend>;
  for (positions_list const& positions :
       {positions_list{0, 1, 2, 0, 1}, positions_list{4003, 4000, 4001, 4001, 4002},
        positions_list{100000, 3, 0, 70, 3}}) {
    for (std::ptrdiff_t channels : {2, 6, 34, 64}) {
      auto const x = tensor<double>::random(5, 3 * channels, 1),
                 d = tensor<double>::random(5, 3 * channels, 2);
      auto y       = tensor<T>::from(x);
      layer::forward({}, positions, channels, 10000, matrix(y));
      expect_close(y, by_loops(positions, channels, 10000, x), 10 * TypeParam::tolerance, "x");
      // Turning is orthogonal: d . forward(x) = backward(d) . x, and backward undoes forward.
      auto back = y, d_x = tensor<T>::from(d);
      layer::backward({}, positions, channels, 10000, matrix(back));
      expect_close(back, x, 10 * TypeParam::tolerance, "the way back");
      layer::backward({}, positions, channels, 10000, matrix(d_x));
      EXPECT_NEAR(poft_test::weighted_sum(tensor<double>::from(d_x), x),
                  poft_test::weighted_sum(d, by_loops(positions, channels, 10000, x)),
                  10 * TypeParam::tolerance * double(x.data.size()));
    }
  }
}

// Only what depends on the difference of positions enters a score.
TYPED_TEST(rotary_on, scores_depend_on_the_distance) {
  using T      = typename TypeParam::value;
  using layer  = rotary<typename TypeParam::backend>;
  auto const q = tensor<double>::random(1, 32, 1), k = tensor<double>::random(1, 32, 2);
  auto const score = [&](std::int32_t at_q, std::int32_t at_k) {
    auto own_q = tensor<T>::from(q), own_k = tensor<T>::from(k);
    layer::forward({}, positions_list{at_q}, 32, 10000, matrix(own_q));
    layer::forward({}, positions_list{at_k}, 32, 10000, matrix(own_k));
    return poft_test::weighted_sum(tensor<double>::from(own_q), tensor<double>::from(own_k));
  };
  EXPECT_NEAR(score(7, 3), score(1007, 1003), 100 * TypeParam::tolerance);
}

// Part of a wider matrix: the columns beside it stay.
TYPED_TEST(rotary_on, strided_rows) {
  using T           = typename TypeParam::value;
  auto wide         = tensor<T>::random(3, 11, 1);
  auto const before = wide;
  tensor<T> alone(3, 4);
  for (std::ptrdiff_t r = 0; r < 3; ++r) {
    for (std::ptrdiff_t c = 0; c < 4; ++c) alone(r, c) = before(r, 5 + c);
  }
  positions_list const positions{1, 2, 9};
  rotary<typename TypeParam::backend>::forward({}, positions, 4, 100, matrix(alone));
  rotary<typename TypeParam::backend>::forward({}, positions, 4, 100,
                                               poft::view<T, 2>(wide.data.data() + 5, 3, 4, 11));
  for (std::ptrdiff_t r = 0; r < 3; ++r) {
    for (std::ptrdiff_t c = 0; c < 11; ++c) {
      EXPECT_EQ(wide(r, c), c >= 5 && c < 9 ? alone(r, c - 5) : before(r, c));
    }
  }
}

TYPED_TEST(rotary_on, refuses) {
  using T     = typename TypeParam::value;
  using layer = rotary<typename TypeParam::backend>;
  tensor<T> x(2, 12);
  positions_list const positions{0, 1};
  EXPECT_THROW(layer::forward({}, positions_list{0}, 4, 1e4, matrix(x)), poft::shape_error);
  EXPECT_THROW(layer::forward({}, positions, 3, 1e4, matrix(x)), poft::shape_error);
  EXPECT_THROW(layer::forward({}, positions, 0, 1e4, matrix(x)), poft::shape_error);
  EXPECT_THROW(layer::backward({}, positions, 8, 1e4, matrix(x)), poft::shape_error);
  EXPECT_THROW(layer::forward({}, positions, 4, 0, matrix(x)), poft::value_error);
  try {
    layer::forward({}, positions_list{0, -2}, 4, 1e4, matrix(x));
    FAIL();
  } catch (poft::value_error const& e) {
    EXPECT_STREQ(e.what(), "rotary forward: positions[1] is -2, expected >= 0");
  }
  tensor<T> none(0, 12);
  layer::forward({}, positions_list{}, 4, 1e4, matrix(none));
}

}  // namespace
