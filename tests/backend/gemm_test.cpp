// The matrix product of every backend against plain loops, and its independence of threads.
// SPDX-License-Identifier: MIT

// First, as a user who lets Eigen start threads would: products must not depend on it.
#include <Eigen/Core>

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <typeinfo>

#include "poft/backend/concept.hpp"
#include "primitive/tensor.hpp"

namespace {

using poft::view;
using poft_test::array_of;
using poft_test::expect_close;
using poft_test::on;
using poft_test::tensor;

static_assert(poft::backend_for<poft::eigen::backend, float> &&
              poft::backend_for<poft::eigen::backend, double>);
static_assert(poft::backend_for<poft::one_by_one, double> && !poft::backend_for<int, double>);

template <class On>
class gemm_on : public ::testing::Test {};
TYPED_TEST_SUITE(gemm_on, poft_test::every_backend);

template <class On>
void check(std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, bool transpose_a, bool transpose_b,
           double alpha, double beta) {
  using T      = typename On::value;
  auto const a = tensor<T>::random(transpose_a ? k : m, transpose_a ? m : k, 1);
  auto const b = tensor<T>::random(transpose_b ? n : k, transpose_b ? k : n, 2);
  auto c       = tensor<T>::random(m, n, 3);
  tensor<double> expected(m, n);
  for (std::ptrdiff_t i = 0; i < m; ++i) {
    for (std::ptrdiff_t j = 0; j < n; ++j) {
      double sum = 0;
      for (std::ptrdiff_t l = 0; l < k; ++l)
        sum += double(transpose_a ? a(l, i) : a(i, l)) * double(transpose_b ? b(j, l) : b(l, j));
      expected(i, j) = alpha * sum + beta * double(c(i, j));
    }
  }
  typename On::backend{}.gemm(
      {.transpose_a = transpose_a, .transpose_b = transpose_b, .alpha = alpha, .beta = beta}, a, b,
      matrix(c));
  expect_close(c, expected, On::tolerance * std::sqrt(double(k)), "gemm");
}

// [1 2; 3 4] [5 6; 7 8] = [5+14 6+16; 15+28 18+32] = [19 22; 43 50]; half of it plus twice ones = [11.5 13;
// 23.5 27].
TYPED_TEST(gemm_on, worked_example) {
  using T = typename TypeParam::value;
  tensor<T> a(2, 2), b(2, 2), c(2, 2, T(1));
  a.data = {1, 2, 3, 4}, b.data = {5, 6, 7, 8};
  typename TypeParam::backend{}.gemm({.alpha = 0.5, .beta = 2}, a, b, matrix(c));
  EXPECT_EQ(c.data, (array_of<T>{T(11.5), 13, T(23.5), 27}));
}

TYPED_TEST(gemm_on, equals_loops) {
  for (std::ptrdiff_t m : {1, 3, 17, 50}) {
    for (std::ptrdiff_t n : {1, 3, 50}) {
      for (std::ptrdiff_t k : {1, 17, 257}) {
        for (int flags = 0; flags < 4; ++flags) check<TypeParam>(m, n, k, flags & 1, flags & 2, 1, 1);
      }
    }
  }
  check<TypeParam>(257, 100, 50, false, true, -0.5, 0);
  check<TypeParam>(33, 257, 129, true, false, 2, 0.25);
  check<TypeParam>(300, 310, 70, true, true, 1, 1);
}

// Around the extents of a tile and of a sweep over the depth; and so deep for its C that the depth is cut.
TYPED_TEST(gemm_on, equals_loops_where_blocks_end) {
  for (std::ptrdiff_t n : {11, 12, 13, 24, 47, 48, 49, 97}) {
    for (int flags = 0; flags < 4; ++flags)
      check<TypeParam>(n % 9 + 1, n, 500 + n, flags & 1, flags & 2, 2, 0.25);
  }
  for (int flags = 0; flags < 4; ++flags) {
    check<TypeParam>(257, 490, 15, flags & 1, flags & 2, 1, 0);
    check<TypeParam>(30, 40, 5003, flags & 1, flags & 2, 0.5, 0.25);
    check<TypeParam>(1, 20, 60000, flags & 1, flags & 2, 1, 0);
  }
}

TYPED_TEST(gemm_on, overwrites_what_is_not_a_number_when_beta_is_zero) {
  using T = typename TypeParam::value;
  tensor<T> a(2, 3, T(1)), b(3, 2, T(2)), c(2, 2, std::numeric_limits<T>::quiet_NaN());
  typename TypeParam::backend{}.gemm({}, a, b, matrix(c));
  for (T x : c.data) EXPECT_EQ(x, T(6));
}

TYPED_TEST(gemm_on, without_depth_only_scales) {
  using T = typename TypeParam::value;
  tensor<T> a(2, 0), b(0, 2), c(2, 2, T(3));
  typename TypeParam::backend{}.gemm({.beta = 2}, a, b, matrix(c));
  for (T x : c.data) EXPECT_EQ(x, T(6));
}

// The upper left [m, k] of wider matrices, two products one after the other with a shared B; gaps stay
// untouched.
TYPED_TEST(gemm_on, strides_and_batch) {
  using T     = typename TypeParam::value;
  int const m = 3, n = 5, k = 4, wide = 9;
  auto const a = tensor<T>::random(2 * m, wide, 1), b = tensor<T>::random(k, wide, 2);
  tensor<T> c(2 * m, wide, T(7));
  typename TypeParam::backend{}.gemm({.count = 2, .stride_a = m * wide, .stride_b = 0, .stride_c = m * wide},
                                     view<T const, 2>(a.data.data(), m, k, wide),
                                     view<T const, 2>(b.data.data(), k, n, wide),
                                     view<T, 2>(c.data.data(), m, n, wide));
  for (int i = 0; i < 2 * m; ++i) {
    for (int j = 0; j < wide; ++j) {
      double sum = 0;
      for (int l = 0; l < k; ++l) sum += double(a(i, l)) * double(b(l, j));
      EXPECT_NEAR(double(c(i, j)), j < n ? sum : 7, 1e-5) << i << ", " << j;
    }
  }
}

// Two products in the same rows, one to the right of the other, as heads of attention stand.
TYPED_TEST(gemm_on, products_side_by_side) {
  using T     = typename TypeParam::value;
  int const m = 3, n = 5, k = 4;
  auto const a = tensor<T>::random(m, 2 * k, 1), b = tensor<T>::random(k, n, 2);
  tensor<T> c(m, 2 * n + 1, T(7));
  typename TypeParam::backend const backend{};
  poft::primitive::gemm_options options{.count = 2, .stride_a = k, .stride_b = 0, .stride_c = n};
  view<T const, 2> const left(a.data.data(), m, k, 2 * k);
  backend.gemm(options, left, b, view<T, 2>(c.data.data(), m, n, 2 * n + 1));
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < 2 * n; ++j) {
      double sum = 0;
      for (int l = 0; l < k; ++l) sum += double(a(i, j / n * k + l)) * double(b(l, j % n));
      EXPECT_NEAR(double(c(i, j)), sum, 1e-5) << i << ", " << j;
    }
    EXPECT_EQ(c(i, 2 * n), T(7));
  }
  options.stride_c = n - 1;
  EXPECT_THROW(backend.gemm(options, left, b, view<T, 2>(c.data.data(), m, n, 2 * n + 1)), poft::value_error);
  options.stride_c = n;
  EXPECT_THROW(backend.gemm(options, left, b, view<T, 2>(c.data.data(), m, n, 2 * n - 1)), poft::value_error);
}

// The same product twice, each so deep that its depth is cut.
TYPED_TEST(gemm_on, batch_of_deep_products) {
  using T     = typename TypeParam::value;
  int const m = 4, n = 24, k = 9000;
  auto const a = tensor<T>::random(m, k, 1), b = tensor<T>::random(k, n, 2);
  tensor<T> c(2 * m, n, T(1)), once(m, n, T(1));
  typename TypeParam::backend const backend{};
  backend.gemm({.beta = 3}, a, b, matrix(once));
  backend.gemm({.beta = 3, .count = 2, .stride_c = m * n}, a, b, view<T, 2>(c.data.data(), m, n));
  for (int i = 0; i < 2 * m; ++i) {
    for (int j = 0; j < n; ++j) EXPECT_NEAR(double(c(i, j)), double(once(i % m, j)), 1e-4) << i << ", " << j;
  }
}

TYPED_TEST(gemm_on, refuses_shapes_that_do_not_fit) {
  using T = typename TypeParam::value;
  tensor<T> a(2, 3), b(4, 5), c(2, 5);
  typename TypeParam::backend const backend{};
  try {
    backend.gemm({}, a, b, matrix(c));
    FAIL();
  } catch (poft::shape_error const& e) {
    EXPECT_STREQ(e.what(),
                 "gemm: [2, 3] times [4, 5] into [2, 5], expected [rows, depth] times [depth, columns] into "
                 "[rows, columns]");
  }
  tensor<T> square(3, 3);
  EXPECT_THROW(backend.gemm({.count = -1}, square, square, matrix(c)), poft::shape_error);
  tensor<T> target(3, 3);
  EXPECT_THROW(backend.gemm({.count = -1}, square, square, matrix(target)), poft::value_error);
  EXPECT_THROW(backend.gemm({.count = 2, .stride_c = 8}, square, square, matrix(target)), poft::value_error);
}

template <class T>
void expect_equal_bits(std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k) {
  auto const a = tensor<T>::random(m, k, 1), b = tensor<T>::random(n, k, 2);
  array_of<T> first;
  for (int threads : {1, 2, 3, 7}) {
#if defined(_OPENMP)
    omp_set_num_threads(threads);
#endif
    tensor<T> c(m, n);
    poft::eigen::backend{threads}.gemm({.transpose_b = true}, a, b, matrix(c));
    if (threads == 1) first = c.data;
    EXPECT_EQ(c.data, first) << threads << " threads, " << m << " x " << n << " x " << k;
  }
}

TEST(gemm_threads, any_number_gives_equal_bits) {
  expect_equal_bits<float>(700, 257, 300);
  expect_equal_bits<float>(17, 900, 513);
  expect_equal_bits<float>(130, 60, 10000);
  expect_equal_bits<float>(600, 2000, 64);
  expect_equal_bits<double>(300, 310, 512);
}

#if !defined(EIGEN_USE_BLAS)  // a BLAS may well sum in another order where there are fewer rows
/// The first rows of a product, by themselves, whatever their number.
template <class T>
void expect_rows_by_themselves(std::ptrdiff_t n, std::ptrdiff_t k) {
  std::ptrdiff_t const m = 300;
  auto const a = tensor<T>::random(m, k, 1), b = tensor<T>::random(n, k, 2);
  tensor<T> whole(m, n);
  poft::eigen::backend{}.gemm({.transpose_b = true}, a, b, matrix(whole));
  for (std::ptrdiff_t rows : {1, 2, 3, 5, 7, 33, 97}) {
    tensor<T> part(rows, n);
    poft::eigen::backend{}.gemm({.transpose_b = true}, view<T const, 2>(a).subview(0, rows), b, matrix(part));
    EXPECT_TRUE(std::equal(part.data.begin(), part.data.end(), whole.data.begin()))
        << rows << " of " << m << " x " << n << " x " << k;
  }
}

TEST(gemm_rows, do_not_depend_on_each_other) {
  for (std::ptrdiff_t n : {1, 33, 100, 144}) {
    for (std::ptrdiff_t k : {17, 48, 300}) {
      expect_rows_by_themselves<float>(n, k);
      expect_rows_by_themselves<double>(n, k);
    }
  }
}
#else
TEST(gemm_blas, has_a_name_of_its_own) {
  EXPECT_NE(std::string(typeid(poft::eigen::backend).name()).find("_blas"), std::string::npos);
}
#endif

// Of bfloat16, into float and into bfloat16: batches, transposes, multiples of C; against sums in double.
template <class Backend, class Out>
void check_bfloat16(bool transpose_a, bool transpose_b, double beta) {
  using poft::bfloat16;
  std::ptrdiff_t const m = 5, n = 37, k = 300, count = 2;
  auto const rounded = [](tensor<float> const& x) {
    tensor<bfloat16> out(x.rows, x.columns, bfloat16{});
    for (std::size_t i = 0; i < x.data.size(); ++i) out.data[i] = bfloat16(x.data[i]);
    return out;
  };
  auto const a = rounded(tensor<float>::random(count * m, k, 1)), b = rounded(tensor<float>::random(k, n, 2));
  tensor<Out> c(count * m, n, static_cast<Out>(1.5f));
  // The same numbers in memory as op(A) [m, k] and op(B) [k, n], or as their transposes.
  view<bfloat16 const, 2> const of_a(a.data.data(), transpose_a ? k : m, transpose_a ? m : k),
      of_b(b.data.data(), transpose_b ? n : k, transpose_b ? k : n);
  Backend{}.gemm({.transpose_a = transpose_a,
                  .transpose_b = transpose_b,
                  .alpha       = 0.5,
                  .beta        = beta,
                  .count       = count,
                  .stride_a    = m * k,
                  .stride_c    = m * n},
                 of_a, of_b, view<Out, 2>(c.data.data(), m, n));
  double const unit = std::is_same_v<Out, float> ? 1e-6 : 1.0 / 256;
  for (std::ptrdiff_t p = 0; p < count; ++p) {
    for (std::ptrdiff_t i = 0; i < m; ++i) {
      for (std::ptrdiff_t j = 0; j < n; ++j) {
        double sum = 0, size = 0;
        for (std::ptrdiff_t l = 0; l < k; ++l) {
          auto const of_a =
              a.data[static_cast<std::size_t>(p * m * k + (transpose_a ? l * m + i : i * k + l))];
          auto const of_b = b.data[static_cast<std::size_t>(transpose_b ? j * k + l : l * n + j)];
          sum += double(of_a) * double(of_b);
          size += std::abs(double(of_a) * double(of_b));
        }
        double const expected = 0.5 * sum + beta * 1.5;
        // One rounding of the result, and those of a sum in float.
        ASSERT_NEAR(double(c(p * m + i, j)), expected, unit * std::abs(expected) + 1e-6 * size)
            << i << ' ' << j;
      }
    }
  }
}

template <class Backend>
void check_bfloat16() {
  for (bool const transpose_a : {false, true}) {
    for (bool const transpose_b : {false, true}) {
      for (double const beta : {0.0, 2.0}) {
        check_bfloat16<Backend, float>(transpose_a, transpose_b, beta);
        check_bfloat16<Backend, poft::bfloat16>(transpose_a, transpose_b, beta);
      }
    }
  }
}

TEST(gemm, of_bfloat16) {
  static_assert(poft::backend_for<poft::eigen::backend, poft::bfloat16> &&
                poft::backend_for<poft::one_by_one, poft::bfloat16>);
  check_bfloat16<poft::eigen::backend>();
  check_bfloat16<poft::one_by_one>();
}

}  // namespace
