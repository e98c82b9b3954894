// Causal attention: loops, finite differences, ragged batches, the cache, shapes.
// SPDX-License-Identifier: MIT
#include "poft/primitive/attention.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "backend/tiles.hpp"
#include "primitive/tensor.hpp"

namespace {

using poft::primitive::attention;
using poft::primitive::attention_shape;
using poft_test::array_of;
using poft_test::expect_close;
using poft_test::tensor;
using poft_test::weighted_sum;
using numbers = poft_test::index_array<std::int64_t>;

struct outputs {
  tensor<double> y, log_normaliser;
};

/// Row `query` of `q` over rows first .. last of `keys` and `values`, written as the formula.
void attend_by_loops(attention_shape const& shape, tensor<double> const& q, std::ptrdiff_t query,
                     tensor<double> const& keys, std::ptrdiff_t key_column, tensor<double> const& values,
                     std::ptrdiff_t value_column, std::ptrdiff_t first, std::ptrdiff_t last, outputs& out) {
  auto const channels = shape.head_channels;
  for (std::ptrdiff_t h = 0; h < shape.heads; ++h) {
    auto const own = h / (shape.heads / shape.kv_heads) * channels;
    std::vector<double> score;
    double highest = -INFINITY, sum = 0;
    for (std::ptrdiff_t j = first; j <= last; ++j) {
      double s = 0;
      for (std::ptrdiff_t c = 0; c < channels; ++c) {
        s += q(query, h * channels + c) * keys(j, key_column + own + c) / std::sqrt(double(channels));
      }
      score.push_back(s);
      highest = std::max(highest, s);
    }
    for (double const s : score) sum += std::exp(s - highest);
    out.log_normaliser(query, h) = highest + std::log(sum);
    for (std::ptrdiff_t c = 0; c < channels; ++c) {
      double& y = out.y(query, h * channels + c) = 0;
      for (std::ptrdiff_t j = first; j <= last; ++j) {
        y += std::exp(score[static_cast<std::size_t>(j - first)] - highest) / sum *
             values(j, value_column + own + c);
      }
    }
  }
}
outputs by_loops(attention_shape const& shape, numbers const& offsets, tensor<double> const& qkv) {
  outputs out{{qkv.rows, shape.query_channels()}, {qkv.rows, shape.heads}};
  auto const key = shape.query_channels(), value = key + shape.kv_channels();
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    for (std::int64_t i = offsets[s]; i < offsets[s + 1]; ++i) {
      attend_by_loops(shape, qkv, i, qkv, key, qkv, value, offsets[s], i, out);
    }
  }
  return out;
}

numbers offsets_of(numbers const& lengths) {
  numbers out{0};
  for (auto const length : lengths) out.push_back(out.back() + length);
  return out;
}

/// Everything that forward and backward write; NaN before, since both overwrite.
template <class T>
struct results {
  static constexpr T nan = std::numeric_limits<T>::quiet_NaN();

  tensor<T> y, log_normaliser, d_qkv;

  template <class Backend>
  results(Backend const& backend, attention_shape const& shape, numbers const& offsets, tensor<T> const& qkv,
          tensor<T> const& d_y)
      : y(qkv.rows, shape.query_channels(), nan),
        log_normaliser(qkv.rows, shape.heads, nan),
        d_qkv(qkv.rows, qkv.columns, nan) {
    attention<Backend>::forward(backend, shape, offsets, qkv, matrix(y), matrix(log_normaliser));
    attention<Backend>::backward(backend, shape, offsets, qkv, y, log_normaliser, d_y, matrix(d_qkv));
  }
};

template <class On>
class attention_on : public poft_test::of_backend<On> {};
#if defined(__CUDACC__)
template <class... Ons>
::testing::Types<Ons..., poft_test::on<poft_test::tiles_on_unified_memory, float>> and_tiles(
    ::testing::Types<Ons...>);
#else
template <class... Ons>
::testing::Types<Ons..., poft_test::on<poft_test::tiles_on_unified_memory, float>,
                 poft_test::on<poft_test::plain_tiles, float>>
    and_tiles(::testing::Types<Ons...>);
#endif
TYPED_TEST_SUITE(attention_on, decltype(and_tiles(poft_test::every_backend{})));

// One head of one channel, two tokens, q = (0, log 3), k = (0, 1), v = (4, 8). Token 0 sees itself: y = 4, log-normaliser
// 0. Token 1 has the scores 0 and log 3, p = (1/4, 3/4), y = 1 + 6 = 7, log-normaliser log 4. With d_y = (0, 1): d_v =
// (1/4, 3/4), d_p = (4, 8), d_s = p (d_p - 7) = (-3/4, 3/4), d_q = (0, 3/4), d_k = (-3/4, 3/4) log 3.
TYPED_TEST(attention_on, worked_example) {
  using T            = typename TypeParam::value;
  double const log_3 = std::log(3.0);
  tensor<T> qkv(2, 3), d_y(2, 1);
  qkv.data = {0, 0, 4, T(log_3), 1, 8};
  d_y.data = {0, 1};
  results<T> const got(typename TypeParam::backend{}, {1, 1, 1}, {0, 2}, qkv, d_y);
  tensor<double> y(2, 1), normaliser(2, 1), d(2, 3);
  y.data          = {4, 7};
  normaliser.data = {0, std::log(4.0)};
  d.data          = {0, -0.75 * log_3, 0.25, 0.75, 0.75 * log_3, 0.75};
  expect_close(got.y, y, TypeParam::tolerance, "y");
  expect_close(got.log_normaliser, normaliser, TypeParam::tolerance, "log_normaliser");
  expect_close(got.d_qkv, d, TypeParam::tolerance, "d_qkv");
}

TYPED_TEST(attention_on, loops_and_differences) {
  using T = typename TypeParam::value;
  for (attention_shape const shape : {attention_shape{1, 1, 1}, attention_shape{2, 2, 3},
                                      attention_shape{4, 2, 5}, attention_shape{3, 1, 16}}) {
    // Shorter and longer than the queries that are treated together, and none.
    for (numbers const& lengths : {numbers{1}, numbers{3, 0, 1, 5}, numbers{17}, numbers{16, 2}}) {
      auto const offsets = offsets_of(lengths);
      auto qkv           = tensor<double>::random(offsets.back(), shape.qkv_channels(), 1);
      auto const d       = tensor<double>::random(offsets.back(), shape.query_channels(), 2);
      auto const loss    = [&] { return weighted_sum(d, by_loops(shape, offsets, qkv).y); };
      results<T> const got(typename TypeParam::backend{}, shape, offsets, tensor<T>::from(qkv),
                           tensor<T>::from(d));
      auto const expected = by_loops(shape, offsets, qkv);
      expect_close(got.y, expected.y, 10 * TypeParam::tolerance, "y");
      expect_close(got.log_normaliser, expected.log_normaliser, 10 * TypeParam::tolerance, "log_normaliser");
      expect_close(got.d_qkv, poft_test::differences(qkv, loss), TypeParam::difference_tolerance, "d_qkv");
    }
  }
}

// More keys than are held at once, more channels than are turned at once; some elements of the gradient.
TYPED_TEST(attention_on, long_sequences_and_wide_heads) {
  using T = typename TypeParam::value;
  for (attention_shape const shape : {attention_shape{2, 1, 3}, attention_shape{1, 1, 130}}) {
    numbers const offsets = shape.head_channels < 10 ? numbers{0, 7, 300} : numbers{0, 21};
    auto qkv              = tensor<double>::random(offsets.back(), shape.qkv_channels(), 1);
    for (double& x : qkv.data) x *= 3;  // the running maximum changes from piece to piece
    auto const d    = tensor<double>::random(offsets.back(), shape.query_channels(), 2);
    auto const loss = [&] { return weighted_sum(d, by_loops(shape, offsets, qkv).y); };
    results<T> const got(typename TypeParam::backend{}, shape, offsets, tensor<T>::from(qkv),
                         tensor<T>::from(d));
    auto const expected = by_loops(shape, offsets, qkv);
    expect_close(got.y, expected.y, 20 * TypeParam::tolerance, "y");
    expect_close(got.log_normaliser, expected.log_normaliser, 20 * TypeParam::tolerance, "log_normaliser");
    for (std::size_t k = 0; k < qkv.data.size(); k += qkv.data.size() / 53) {
      double const slope = poft_test::difference(qkv.data[k], loss);
      EXPECT_NEAR(double(got.d_qkv.data[k]), slope,
                  TypeParam::difference_tolerance * 5 * std::max(1.0, std::abs(slope)))
          << k;
    }
  }
}

// Scores of +-1e4: p is 0 or 1, nothing overflows. k = (1, -1, 1), v = (2, 3, 4): tokens see the largest, ties are shared.
TYPED_TEST(attention_on, large_scores) {
  using T = typename TypeParam::value;
  tensor<T> qkv(3, 3), d_y(3, 1, T(1));
  qkv.data = {T(1e4), 1, 2, T(-1e4), -1, 3, T(1e4), 1, 4};
  results<T> const got(typename TypeParam::backend{}, {1, 1, 1}, {0, 3}, qkv, d_y);
  EXPECT_EQ(got.y.data, (array_of<T>{2, 3, 3}));
  EXPECT_NEAR(double(got.log_normaliser(2, 0)), 1e4 + std::log(2.0), 1e-3);
  for (T const x : got.d_qkv.data) EXPECT_TRUE(std::isfinite(x));
}

// The matrices may be parts of wider ones.
TYPED_TEST(attention_on, strided_rows) {
  using T = typename TypeParam::value;
  typename TypeParam::backend const backend{};
  attention_shape const shape{2, 1, 3};
  numbers const offsets{0, 4, 9};
  auto const qkv = tensor<T>::random(9, shape.qkv_channels(), 1), d_y = tensor<T>::random(9, 6, 2);
  results<T> const expected(backend, shape, offsets, qkv, d_y);

  tensor<T> wide(9, 100, T(77));
  auto const part = [&](std::ptrdiff_t column, std::ptrdiff_t columns) {
    return poft::view<T, 2>(wide.data.data() + column, 9, columns, 100);
  };
  auto const own_qkv = part(1, 12), y = part(20, 6), normaliser = part(30, 2), own_d_y = part(40, 6),
             d_qkv = part(50, 12);
  for (std::ptrdiff_t r = 0; r < 9; ++r) {
    for (std::ptrdiff_t c = 0; c < 12; ++c) own_qkv(r, c) = qkv(r, c);
    for (std::ptrdiff_t c = 0; c < 6; ++c) own_d_y(r, c) = d_y(r, c);
  }
  attention<typename TypeParam::backend>::forward(backend, shape, offsets, own_qkv, y, normaliser);
  attention<typename TypeParam::backend>::backward(backend, shape, offsets, own_qkv, y, normaliser, own_d_y,
                                                   d_qkv);
  std::ptrdiff_t untouched = 0;
  for (std::ptrdiff_t r = 0; r < 9; ++r) {
    for (std::ptrdiff_t c = 0; c < 6; ++c) EXPECT_EQ(y(r, c), expected.y(r, c));
    for (std::ptrdiff_t c = 0; c < 2; ++c) EXPECT_EQ(normaliser(r, c), expected.log_normaliser(r, c));
    for (std::ptrdiff_t c = 0; c < 12; ++c) EXPECT_EQ(d_qkv(r, c), expected.d_qkv(r, c));
    for (std::ptrdiff_t c = 0; c < 100; ++c) untouched += wide(r, c) == T(77);
  }
  EXPECT_EQ(untouched, 9 * (100 - 2 * 12 - 2 * 6 - 2));
}

TYPED_TEST(attention_on, decode_by_loops) {
  using T = typename TypeParam::value;
  typename TypeParam::backend const backend{};
  T const nan = std::numeric_limits<T>::quiet_NaN();
  // 20 query heads on one: more than are treated together.
  for (attention_shape const shape : {attention_shape{2, 2, 16}, attention_shape{20, 1, 5}}) {
    numbers const lengths{1, 150, 17}, first{200, 40, 3};
    auto const q      = tensor<double>::random(3, shape.query_channels(), 1);
    auto const keys   = tensor<double>::random(210, shape.kv_channels(), 2),
               values = tensor<double>::random(210, shape.kv_channels(), 3);
    auto own_keys = tensor<T>::from(keys), own_values = tensor<T>::from(values);
    outputs expected{{3, shape.query_channels()}, {3, shape.heads}};
    std::vector<bool> used(210);
    for (std::size_t s = 0; s < 3; ++s) {
      attend_by_loops(shape, q, std::ptrdiff_t(s), keys, 0, values, 0, first[s], first[s] + lengths[s] - 1,
                      expected);
      for (auto j = first[s]; j < first[s] + lengths[s]; ++j) used[static_cast<std::size_t>(j)] = true;
    }
    for (std::ptrdiff_t j = 0; j < 210; ++j) {  // whoever reads beyond a sequence's rows gets NaN
      for (std::ptrdiff_t c = 0; c < shape.kv_channels() && !used[static_cast<std::size_t>(j)]; ++c) {
        own_keys(j, c) = own_values(j, c) = nan;
      }
    }
    tensor<T> y(3, shape.query_channels(), nan);
    attention<typename TypeParam::backend>::decode(backend, shape, lengths, tensor<T>::from(q),
                                                   {own_keys, own_values, first}, matrix(y));
    expect_close(y, expected.y, 10 * TypeParam::tolerance, "y");
  }
}

TYPED_TEST(attention_on, refuses) {
  using T     = typename TypeParam::value;
  using layer = attention<typename TypeParam::backend>;
  typename TypeParam::backend const backend{};
  attention_shape const shape{2, 1, 3};
  numbers const offsets{0, 4};
  tensor<T> qkv(4, 12), y(4, 6), normaliser(4, 2), wrong(4, 5);
  auto const what = [](auto const& call) -> std::string {
    try {
      call();
    } catch (poft::error const& e) {
      return e.what();
    }
    return "nothing";
  };
  auto const forward = [&](numbers const& at) {
    return what([&] { layer::forward(backend, shape, at, qkv, matrix(y), matrix(normaliser)); });
  };
  EXPECT_EQ(forward({}), "attention forward: offsets are empty, expected sequences + 1 numbers");
  EXPECT_EQ(forward({1, 4}), "attention forward: offsets[0] is 1, expected 0");
  EXPECT_EQ(forward({0, 3, 2, 4}), "attention forward: offsets[2] is 2 after 3; offsets must ascend");
  EXPECT_EQ(forward({0, 3}), "attention forward: the last offset is 3, expected 4, the number of rows");
  for (attention_shape const bad : {attention_shape{3, 2, 3}, attention_shape{0, 1, 3},
                                    attention_shape{2, 0, 3}, attention_shape{2, 1, 0}}) {
    EXPECT_THROW(layer::forward(backend, bad, offsets, qkv, matrix(y), matrix(normaliser)),
                 poft::shape_error);
  }
  EXPECT_THROW(layer::forward(backend, shape, offsets, wrong, matrix(y), matrix(normaliser)),
               poft::shape_error);
  EXPECT_THROW(layer::forward(backend, shape, offsets, qkv, matrix(wrong), matrix(normaliser)),
               poft::shape_error);
  EXPECT_THROW(layer::forward(backend, shape, offsets, qkv, matrix(y), matrix(wrong)), poft::shape_error);
  auto const backward = [&](auto const& own_y, auto const& own_normaliser, auto const& d_y, auto& d_qkv) {
    layer::backward(backend, shape, offsets, qkv, own_y, own_normaliser, d_y, matrix(d_qkv));
  };
  EXPECT_THROW(backward(wrong, normaliser, y, qkv), poft::shape_error);
  EXPECT_THROW(backward(y, wrong, y, qkv), poft::shape_error);
  EXPECT_THROW(backward(y, normaliser, wrong, qkv), poft::shape_error);
  EXPECT_THROW(backward(y, normaliser, y, wrong), poft::shape_error);

  tensor<T> keys(8, 3), q(2, 6);
  auto const decode = [&](numbers const& lengths, numbers const& first) {
    return what([&] { layer::decode(backend, shape, lengths, q, {keys, keys, first}, matrix(q)); });
  };
  EXPECT_EQ(decode({3, 0}, {0, 3}),
            "attention decode: sequence 1 has 0 rows from row 3 on, expected at least 1 of the 8 rows of the "
            "cache");
  EXPECT_NE(decode({3, 6}, {0, 3}), "nothing");
  EXPECT_NE(decode({3, 1}, {0, -1}), "nothing");
  EXPECT_NE(decode({3, 1}, {0}), "nothing");
  EXPECT_NE(decode({3}, {0}), "nothing");
  EXPECT_THROW(layer::decode(backend, shape, numbers{1, 1}, q, {keys, y, numbers{0, 0}}, matrix(q)),
               poft::shape_error);
}

TYPED_TEST(attention_on, nothing_to_do) {
  using T = typename TypeParam::value;
  tensor<T> none(0, 12), y(0, 6), normaliser(0, 2);
  attention<typename TypeParam::backend>::forward({}, {2, 1, 3}, numbers{0}, none, matrix(y),
                                                  matrix(normaliser));
  attention<typename TypeParam::backend>::backward({}, {2, 1, 3}, numbers{0, 0}, none, y, normaliser, y,
                                                   matrix(none));
}

}  // namespace
