// Matrices for the tests of tensor operations, the backends they run on, and finite differences.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cuda/on_unified_memory.cuh"
#if !defined(__CUDACC__)
#include "poft/backend/eigen/backend.hpp"
#endif
#include "poft/backend/one_by_one.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/backend_copy.hpp"

namespace poft_test {

/// Elements that every backend's rows see.
template <class T>
using array_of = std::vector<T, unified_allocator<T>>;

/// Indices that every backend's rows see.
template <class Index>
struct index_array : array_of<Index> {
  using array_of<Index>::vector;

  template <class Backend>
    requires(!poft::works_in_host_memory<Backend>)
  operator poft::indices<Backend, Index>() const { return {*this, this->data()}; }
};

template <class T>
struct tensor {
  std::ptrdiff_t rows, columns;
  array_of<T> data;

  tensor(std::ptrdiff_t r, std::ptrdiff_t c, T value = T(0))
      : rows(r), columns(c), data(static_cast<std::size_t>(r * c), value) {}
  /// Uniform in (-1, 1); the same numbers for float and double, up to rounding.
  static tensor random(std::ptrdiff_t r, std::ptrdiff_t c, std::uint64_t seed) {
    tensor out(r, c);
    poft::random_stream stream(seed);
    for (T& x : out.data) x = static_cast<T>(2 * static_cast<double>(stream.uniform<float>()) - 1);
    return out;
  }
  template <class U>
  static tensor from(tensor<U> const& other) {
    tensor out(other.rows, other.columns);
    for (std::size_t k = 0; k < out.data.size(); ++k) out.data[k] = static_cast<T>(other.data[k]);
    return out;
  }

  T& operator()(std::ptrdiff_t r, std::ptrdiff_t c) {
    return data[static_cast<std::size_t>(r * columns + c)];
  }
  T const& operator()(std::ptrdiff_t r, std::ptrdiff_t c) const {
    return data[static_cast<std::size_t>(r * columns + c)];
  }
  operator poft::view<T, 2>() { return {data.data(), rows, columns}; }
  operator poft::view<T const, 2>() const { return {data.data(), rows, columns}; }
  operator poft::view<T>() { return {data.data(), rows * columns}; }
  operator poft::view<T const>() const { return {data.data(), rows * columns}; }
};

template <class T>
poft::view<T, 2> matrix(tensor<T>& t) {
  return t;
}
template <class T>
poft::view<T const, 2> matrix(tensor<T> const& t) {
  return t;
}

template <class Backend, class T>
struct on {
  using backend = Backend;
  using value   = T;
  /// How far a result may be from the exact one, relative to the sum of its terms' sizes.
  static constexpr double tolerance = std::is_same_v<T, float> ? 2e-6 : 1e-13;
  /// The same against central differences.
  static constexpr double difference_tolerance = std::is_same_v<T, float> ? 2e-5 : 1e-8;
};
#if defined(__CUDACC__)
using every_backend = ::testing::Types<on<on_unified_memory, float>>;
#else
using every_backend = ::testing::Types<on<poft::eigen::backend, float>, on<poft::eigen::backend, double>,
                                       on<poft::one_by_one, double>, on<on_unified_memory, float>>;
#endif

/// Skips its tests, saying why, where the backend cannot be had.
template <class On>
class of_backend : public ::testing::Test {
 protected:
  void SetUp() override {
    try {
      [[maybe_unused]] typename On::backend const there{};
    } catch (poft::cuda_error const& problem) {
      GTEST_SKIP() << problem.what();
    }
  }
};

inline constexpr std::ptrdiff_t odd_sizes[] = {1, 3, 17, 50, 257};

template <class T>
void expect_close(tensor<T> const& given, tensor<double> const& expected, double tolerance,
                  char const* what) {
  ASSERT_EQ(given.rows, expected.rows);
  ASSERT_EQ(given.columns, expected.columns);
  for (std::ptrdiff_t r = 0; r < given.rows; ++r) {
    for (std::ptrdiff_t c = 0; c < given.columns; ++c) {
      double const bound = tolerance * std::max(1.0, std::abs(expected(r, c)));
      ASSERT_NEAR(static_cast<double>(given(r, c)), expected(r, c), bound)
          << what << " at " << r << ", " << c << " of " << given.rows << " x " << given.columns;
    }
  }
}

/// d loss / d number by central differences of fourth order: (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12 h.
template <class Loss>
double difference(double& number, Loss const& loss, double step = 1e-4) {
  double const held = number;
  auto const at     = [&](double offset) {
    number = held + offset;
    return loss();
  };
  double const out = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
  number           = held;
  return out;
}
template <class Loss>
tensor<double> differences(tensor<double>& x, Loss const& loss) {
  tensor<double> out(x.rows, x.columns);
  for (std::size_t k = 0; k < x.data.size(); ++k) out.data[k] = difference(x.data[k], loss);
  return out;
}

/// sum of weight * y: a loss whose gradient with respect to y is `weight`.
inline double weighted_sum(tensor<double> const& weight, tensor<double> const& y) {
  double sum = 0;
  for (std::size_t k = 0; k < y.data.size(); ++k) sum += weight.data[k] * y.data[k];
  return sum;
}

}  // namespace poft_test
