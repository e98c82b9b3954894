// The primitives on the CPU: any number of threads gives equal bits.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>

#include "poft/primitive/attention.hpp"
#include "poft/primitive/dropout.hpp"
#include "poft/primitive/embedding.hpp"
#include "poft/primitive/gelu.hpp"
#include "poft/primitive/layer_norm.hpp"
#include "poft/primitive/linear.hpp"
#include "poft/primitive/log_softmax.hpp"
#include "poft/primitive/rms_norm.hpp"
#include "poft/primitive/rotary.hpp"
#include "poft/primitive/swiglu.hpp"
#include "poft/primitive/tanh.hpp"
#include "primitive/tensor.hpp"

namespace {

using namespace poft::primitive;
using backend = poft::eigen::backend;
using poft_test::array_of;
using matrix_of_floats = poft_test::tensor<float>;

array_of<float> joined(std::initializer_list<matrix_of_floats const*> results) {
  array_of<float> out;
  for (auto const* one : results) out.insert(out.end(), one->data.begin(), one->data.end());
  return out;
}

/// results(backend) are all that a primitive writes.
template <class F>
void expect_equal_bits(F const& results) {
  array_of<float> const first = results(backend{1});
  for (int threads : {2, 3, 7}) EXPECT_EQ(results(backend{threads}), first) << threads << " threads";
}

TEST(any_number_of_threads, attention) {
  attention_shape const shape{4, 2, 32};
  poft_test::index_array<std::int64_t> const offsets{0, 300, 301, 341, 351, 361, 361, 561, 568};
  auto const n   = offsets.back();
  auto const qkv = matrix_of_floats::random(n, shape.qkv_channels(), 1),
             d_y = matrix_of_floats::random(n, shape.query_channels(), 2);
  expect_equal_bits([&](backend const& on) {
    matrix_of_floats y(n, shape.query_channels()), log_normaliser(n, shape.heads),
        d_qkv(n, shape.qkv_channels());
    attention<backend>::forward(on, shape, offsets, qkv, matrix(y), matrix(log_normaliser));
    attention<backend>::backward(on, shape, offsets, qkv, y, log_normaliser, d_y, matrix(d_qkv));
    return joined({&y, &log_normaliser, &d_qkv});
  });
}

TEST(any_number_of_threads, dropout) {
  auto const x = matrix_of_floats::random(500, 257, 1);
  expect_equal_bits([&](backend const& on) {
    matrix_of_floats y(500, 257);
    dropout<backend>::forward(on, 0.1, 1, 0, x, matrix(y));
    return joined({&y});
  });
}

TEST(any_number_of_threads, elementwise_and_log_softmax) {
  auto const x = matrix_of_floats::random(500, 257, 1), d = matrix_of_floats::random(500, 257, 2);
  expect_equal_bits([&](backend const& on) {
    matrix_of_floats y(500, 257), d_x(500, 257);
    poft::primitive::tanh<backend>::forward(on, x, matrix(y));
    gelu<backend>::forward(on, y, matrix(y));
    log_softmax<backend>::forward(on, y, matrix(y));
    log_softmax<backend>::backward(on, y, d, matrix(d_x));
    return joined({&y, &d_x});
  });
}

TEST(any_number_of_threads, embedding) {
  poft::random_stream random(5);
  poft_test::index_array<std::int32_t> tokens(3000);
  for (auto& token : tokens) token = static_cast<std::int32_t>(random.below(100));
  auto const d_y = matrix_of_floats::random(3000, 48, 1);
  expect_equal_bits([&](backend const& on) {
    matrix_of_floats d_table(100, 48);
    embedding<backend>::backward(on, tokens, matrix(d_y), matrix(d_table));
    return joined({&d_table});
  });
}

TEST(any_number_of_threads, layer_norm) {
  auto const x = matrix_of_floats::random(500, 257, 1), d = matrix_of_floats::random(500, 257, 2);
  auto const gain = matrix_of_floats::random(1, 257, 3), bias = matrix_of_floats::random(1, 257, 4);
  expect_equal_bits([&](backend const& on) {
    matrix_of_floats y(500, 257), d_x(500, 257), d_gain(1, 257), d_bias(1, 257);
    array_of<poft::row_moments<float>> moments(500);
    layer_norm<backend>::forward(on, x, gain, bias, 1e-5, matrix(y), moments);
    layer_norm<backend>::backward(on, x, moments, gain, d, matrix(d_x), d_gain, d_bias);
    return joined({&y, &d_x, &d_gain, &d_bias});
  });
}

TEST(any_number_of_threads, linear) {
  auto const x = matrix_of_floats::random(700, 257, 1), w = matrix_of_floats::random(300, 257, 2);
  auto const b = matrix_of_floats::random(1, 300, 3), d_y = matrix_of_floats::random(700, 300, 4);
  expect_equal_bits([&](backend const& on) {
    matrix_of_floats y(700, 300), d_x(700, 257), d_w(300, 257), d_b(1, 300);
    linear<backend>::forward(on, x, w, b, matrix(y));
    linear<backend>::backward(on, matrix(x), w, d_y, d_x, matrix(d_w), d_b);
    return joined({&y, &d_x, &d_w, &d_b});
  });
}

TEST(any_number_of_threads, rms_norm) {
  auto const x = matrix_of_floats::random(500, 257, 1), d = matrix_of_floats::random(500, 257, 2);
  auto const gain = matrix_of_floats::random(1, 257, 3);
  expect_equal_bits([&](backend const& on) {
    matrix_of_floats y(500, 257), d_x(500, 257), d_gain(1, 257), inverse(500, 1);
    rms_norm<backend>::forward(on, x, gain, 1e-5, matrix(y), inverse);
    rms_norm<backend>::backward(on, x, inverse, gain, d, matrix(d_x), d_gain);
    return joined({&y, &d_x, &d_gain});
  });
}

TEST(any_number_of_threads, rotary) {
  poft_test::index_array<std::int32_t> positions;
  for (std::int32_t k = 0; k < 1000; ++k) positions.push_back(k % 300);
  expect_equal_bits([&](backend const& on) {
    auto x = matrix_of_floats::random(1000, 192, 1);
    rotary<backend>::forward(on, positions, 32, 1e4, matrix(x));
    return joined({&x});
  });
}

TEST(any_number_of_threads, swiglu) {
  auto const x = matrix_of_floats::random(500, 514, 1), d = matrix_of_floats::random(500, 257, 2);
  expect_equal_bits([&](backend const& on) {
    matrix_of_floats y(500, 257), d_x(500, 514);
    swiglu<backend>::forward(on, x, matrix(y));
    swiglu<backend>::backward(on, x, d, matrix(d_x));
    return joined({&y, &d_x});
  });
}

}  // namespace
