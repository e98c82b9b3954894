// Attention by tiles on any backend that has them, against that by rows in double.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "backend/travelling.hpp"
#include "poft/backend/one_by_one.hpp"
#include "poft/core/error.hpp"
#include "poft/primitive/flash_attention.hpp"

namespace poft_test {

template <class T>
struct flash_example {
  using value = poft::compute_t<T>;

  poft::primitive::attention_shape shape;
  std::ptrdiff_t gap;  // elements between the rows of a matrix, so that its rows begin anywhere
  std::vector<std::int64_t> offsets{0};
  std::vector<T> qkv, y, d_y;

  flash_example(poft::primitive::attention_shape const& of, std::vector<std::int64_t> const& lengths,
                std::ptrdiff_t elements_between_rows = 0)
      : shape(of), gap(elements_between_rows) {
    for (auto const length : lengths) offsets.push_back(offsets.back() + length);
    qkv = some_numbers<T>(size(shape.qkv_channels()), 1, 2),
    d_y = some_numbers<T>(size(shape.query_channels()), 2);
    for (double const exact : by_rows().y) y.push_back(static_cast<T>(static_cast<value>(exact)));
  }

  template <class Number, class Normaliser>
  struct results {
    std::vector<Number> y;
    std::vector<Normaliser> log_normaliser;
    std::vector<Number> d_qkv;

    bool has_bits_of(results const& other) const {
      auto const same = [](auto const& a, auto const& b) {
        return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof a[0]) == 0;
      };
      return same(y, other.y) && same(log_normaliser, other.log_normaliser) && same(d_qkv, other.d_qkv);
    }
  };

  /// d_qkv from y as it is stored.
  results<double, double> by_rows() const {
    using rows = poft::primitive::attention<poft::one_by_one>;
    auto exact = [](std::vector<T> const& from) {
      std::vector<double> out;
      for (T const x : from) out.push_back(static_cast<double>(x));
      return out;
    };
    auto own_qkv = exact(qkv), own_y = exact(y), own_d_y = exact(d_y);
    results<double, double> out{std::vector<double>(d_y.size()),
                                std::vector<double>(static_cast<std::size_t>(tokens() * shape.heads)),
                                std::vector<double>(qkv.size())};
    poft::view<double, 2> const normaliser(out.log_normaliser.data(), tokens(), shape.heads);
    rows::forward({}, shape, offsets, of(own_qkv), of(out.y), normaliser);
    if (!y.empty())
      rows::backward({}, shape, offsets, of(own_qkv), of(own_y), normaliser, of(own_d_y), of(out.d_qkv));
    return out;
  }

  template <class Backend>
  results<T, value> by_tiles(Backend const& backend) const {
    using tiles    = poft::primitive::flash_attention<Backend>;
    T const nan    = static_cast<T>(std::nanf(""));
    auto const own = [&](auto const& elements) {
      return travelling_to<Backend, std::remove_cvref_t<decltype(elements[0])>>(backend, elements);
    };
    auto own_qkv = own(qkv), own_y = own(y), own_d_y = own(d_y), out = own(std::vector<T>(y.size(), nan)),
         d_qkv = own(std::vector<T>(qkv.size(), nan));
    auto normaliser =
        own(std::vector<value>(static_cast<std::size_t>(tokens() * shape.heads), std::nanf("")));
    poft::backend_copy<Backend, std::int64_t> sent;
    auto const own_offsets = sent.send_indices(backend, offsets);
    auto const at          = [&](auto& matrix) { return of(matrix.there()); };
    tiles::template forward_by_tiles<T>(backend, shape, own_offsets, at(own_qkv), at(out),
                                        normaliser.there(tokens(), shape.heads));
    tiles::template backward_by_tiles<T>(backend, shape, own_offsets, at(own_qkv), at(own_y),
                                         normaliser.there(tokens(), shape.heads), at(own_d_y), at(d_qkv));
    return {out.back(), normaliser.back(), d_qkv.back()};
  }

  template <class Backend>
  void expect_on(Backend const& backend) const {
    SCOPED_TRACE(poft::message(shape.heads, " heads, ", shape.kv_heads, " of keys, ", shape.head_channels,
                               " channels, ", offsets.size() - 1, " sequences, the first of ", offsets[1]));
    ASSERT_TRUE(poft::primitive::flash_attention<Backend>::template fits<T>(shape));
    auto const exact = by_rows();
    auto const got   = by_tiles(backend);
    // Weights and results are rounded to what is stored, sums and statistics to what is computed with.
    double const computed = std::is_same_v<value, float> ? 5e-6 : 2e-14,
                 stored   = std::is_same_v<T, poft::bfloat16> ? 0x1p-7 : computed;
    expect_close(got.y, exact.y, shape.query_channels(), gap, stored, "y");
    expect_close(got.log_normaliser, exact.log_normaliser, shape.heads, 0, computed, "log_normaliser");
    expect_close(got.d_qkv, exact.d_qkv, shape.qkv_channels(), gap, 2 * stored, "d_qkv");
  }

 private:
  std::ptrdiff_t tokens() const { return offsets.back(); }
  std::ptrdiff_t size(std::ptrdiff_t columns) const { return tokens() * (columns + gap); }
  /// The matrix whose rows are those elements, without what lies between them.
  template <class Elements>
  auto of(Elements&& elements) const {
    auto const whole = poft::view(elements);
    auto const width = tokens() == 0 ? gap : whole.size() / tokens();
    return poft::view<std::remove_pointer_t<decltype(whole.data())>, 2>(whole.data(), tokens(), width - gap,
                                                                        width);
  }
  template <class Number>
  static void expect_close(std::vector<Number> const& got, std::vector<double> const& exact,
                           std::ptrdiff_t columns, std::ptrdiff_t between, double tolerance,
                           char const* what) {
    for (std::size_t k = 0; k < exact.size(); ++k) {
      auto const row     = static_cast<std::ptrdiff_t>(k) / (columns + between),
                 column  = static_cast<std::ptrdiff_t>(k) % (columns + between);
      double const found = static_cast<double>(got[k]);
      if (column >= columns) {
        ASSERT_TRUE(std::isnan(found)) << what << ": written after row " << row;
      } else {
        ASSERT_NEAR(found, exact[k], tolerance * std::max(1.0, std::abs(exact[k])))
            << what << " at " << row << ", " << column;
      }
    }
  }
};

}  // namespace poft_test
