// Lanes against plain double precision: accuracy over the whole range, exact limits, masks.
// SPDX-License-Identifier: MIT
#include "poft/backend/eigen/pack.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "poft/scalar/dual.hpp"

namespace {

using poft::eigen::pack;

template <class T>
class lanes : public testing::Test {
 public:
  static constexpr T infinity = std::numeric_limits<T>::infinity();

  // Every lane must give the same; returns that.
  template <class F>
  static T on_lanes(F f, T x) {
    T in[pack<T>::size], out[pack<T>::size];
    for (T& value : in) value = x;
    f(pack<T>::load(in)).store(out);
    for (T value : out) EXPECT_TRUE(value == out[0] || (std::isnan(value) && std::isnan(out[0])));
    return out[0];
  }

  // Largest error in units of the last place of the true value, which is computed in long double.
  template <class F, class G>
  static double worst_error(F f, G truth, double low, double high) {
    double worst = 0;
    for (int i = 0; i <= 20000; ++i) {
      T const x              = static_cast<T>(low + (high - low) * i / 20000);
      long double const want = truth(static_cast<long double>(x));
      T const got            = on_lanes(f, x);
      long double const unit =
          std::max(std::abs(want), static_cast<long double>(std::numeric_limits<T>::min())) *
          std::numeric_limits<T>::epsilon();
      worst = std::max(worst, static_cast<double>(std::abs(got - want) / unit));
    }
    return worst;
  }
};
using element_types = testing::Types<float, double>;
TYPED_TEST_SUITE(lanes, element_types);

TYPED_TEST(lanes, elementary_functions_are_accurate) {
  using T      = TypeParam;
  using L      = lanes<T>;
  bool const f = sizeof(T) == 4;
  auto measure = [](auto function, auto truth, double low, double high) {
    return L::worst_error(function, truth, low, high);
  };
  EXPECT_LT(measure([](pack<T> x) { return exp(x); }, [](long double x) { return std::exp(x); },
                    f ? -87 : -708, f ? 88.7 : 709.7),
            1.0);
  EXPECT_LT(measure([](pack<T> x) { return exp(x); }, [](long double x) { return std::exp(x); }, -1, 1), 1.0);
  EXPECT_LT(measure([](pack<T> x) { return log(x); }, [](long double x) { return std::log(x); }, 1e-30, 3),
            2.0);
  EXPECT_LT(measure([](pack<T> x) { return log(x); }, [](long double x) { return std::log(x); }, 0.5, 2),
            2.0);
  EXPECT_LT(measure([](pack<T> x) { return log(x); }, [](long double x) { return std::log(x); }, 1, 1e30),
            2.0);
  EXPECT_LT(
      measure([](pack<T> x) { return log1p(x); }, [](long double x) { return std::log1p(x); }, -0.9, 0.9),
      3.0);
  EXPECT_LT(
      measure([](pack<T> x) { return log1p_of_unit(x); }, [](long double x) { return std::log1p(x); }, 0, 1),
      2.0);
  EXPECT_LT(measure([](pack<T> x) { return expm1(x); }, [](long double x) { return std::expm1(x); }, -2, 2),
            3.0);
  EXPECT_LT(measure([](pack<T> x) { return tanh(x); }, [](long double x) { return std::tanh(x); }, -5, 5),
            4.0);
  EXPECT_LT(measure([](pack<T> x) { return sqrt(x); }, [](long double x) { return std::sqrt(x); }, 0, 9),
            1.0);
  EXPECT_LT(measure([](pack<T> x) { return poft::softplus(x); },
                    [](long double x) { return std::log1p(std::exp(x)); }, -40, 40),
            3.0);
  EXPECT_LT(measure([](pack<T> x) { return poft::sigmoid(x); },
                    [](long double x) { return 1 / (1 + std::exp(-x)); }, -40, 40),
            3.0);
}

TYPED_TEST(lanes, limits_are_exact) {
  using T          = TypeParam;
  using L          = lanes<T>;
  T const infinity = L::infinity;
  auto exponential = [](pack<T> x) { return exp(x); };
  EXPECT_EQ(L::on_lanes(exponential, -infinity), T(0));
  EXPECT_EQ(L::on_lanes(exponential, T(-1e30)), T(0));
  EXPECT_EQ(L::on_lanes(exponential, infinity), infinity);
  EXPECT_EQ(L::on_lanes(exponential, T(1e30)), infinity);
  EXPECT_EQ(L::on_lanes(exponential, T(0)), T(1));
  EXPECT_TRUE(std::isnan(L::on_lanes(exponential, std::numeric_limits<T>::quiet_NaN())));
  auto logarithm = [](pack<T> x) { return log(x); };
  EXPECT_EQ(L::on_lanes(logarithm, T(0)), -infinity);
  EXPECT_EQ(L::on_lanes(logarithm, infinity), infinity);
  EXPECT_EQ(L::on_lanes(logarithm, T(1)), T(0));
  EXPECT_TRUE(std::isnan(L::on_lanes(logarithm, T(-1))));
  EXPECT_TRUE(std::isnan(L::on_lanes(logarithm, std::numeric_limits<T>::quiet_NaN())));
  T const subnormal = std::numeric_limits<T>::denorm_min() * 3;
  EXPECT_NEAR(L::on_lanes(logarithm, subnormal), std::log(subnormal), 1e-5 * std::abs(std::log(subnormal)));
  EXPECT_EQ(L::on_lanes([](pack<T> x) { return log1p(x); }, T(-1)), -infinity);
  EXPECT_EQ(L::on_lanes([](pack<T> x) { return log1p(x); }, infinity), infinity);
  EXPECT_EQ(L::on_lanes([](pack<T> x) { return expm1(x); }, -infinity), T(-1));
  EXPECT_EQ(L::on_lanes([](pack<T> x) { return tanh(x); }, infinity), T(1));
  EXPECT_EQ(L::on_lanes([](pack<T> x) { return tanh(x); }, -infinity), T(-1));
  EXPECT_EQ(L::on_lanes([](pack<T> x) { return poft::softplus(x); }, T(1e5)), T(1e5));
  EXPECT_EQ(L::on_lanes([](pack<T> x) { return poft::log1mexp(x); }, T(0)), -infinity);
  EXPECT_TRUE(std::isnan(
      L::on_lanes([](pack<T> x) { return max(pack<T>(T(0)), x); }, std::numeric_limits<T>::quiet_NaN())));
}

TYPED_TEST(lanes, comparisons_and_select) {
  using T = TypeParam;
  T values[pack<T>::size], out[pack<T>::size];
  for (int k = 0; k < pack<T>::size; ++k) values[k] = static_cast<T>(k % 2 ? k : -k);
  pack<T> const x = pack<T>::load(values), zero(T(0));
  select(x > zero, x, -x).store(out);
  for (int k = 0; k < pack<T>::size; ++k) EXPECT_EQ(out[k], static_cast<T>(k));
  select((x > zero) & (x < pack<T>(T(2))), pack<T>(T(7)), zero).store(out);
  for (int k = 0; k < pack<T>::size; ++k) EXPECT_EQ(out[k], values[k] == 1 ? T(7) : T(0));
  EXPECT_EQ(sum_of_lanes(pack<T>::iota()), static_cast<T>(pack<T>::size * (pack<T>::size - 1) / 2));
  EXPECT_EQ(max_of_lanes(pack<T>::iota()), static_cast<T>(pack<T>::size - 1));
}

TYPED_TEST(lanes, a_dual_of_packs_is_a_pack_of_duals) {
  using T = TypeParam;
  poft::dual<pack<T>, 1> const x(pack<T>(T(0.3)), 0);
  auto const got = softplus(x * x) / x;
  poft::dual<T, 1> const y(T(0.3), 0);
  auto const want = softplus(y * y) / y;
  T lane[pack<T>::size];
  got.partial[0].store(lane);
  EXPECT_NEAR(lane[0], want.partial[0], 16 * std::numeric_limits<T>::epsilon());  // about ten roundings
}

}  // namespace
