// Random numbers that depend on a seed, a stream and a position, and on nothing else.
// SPDX-License-Identifier: MIT
//
// Neither threads nor the order of work change them. Give each independent thing (a run, a sequence, a
// sample) its own stream number; then any thread may draw for it, and a saved position resumes it. What each
// draw consumes is written beside it, in words of 32 bits.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/core/view.hpp"

namespace poft {

struct philox_block {
  std::uint32_t word[4];
};
struct philox_key {
  std::uint32_t word[2];
};

/// Philox 4x32 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): a keyed
/// bijection from counters to random blocks. 10 rounds are the usual choice; with 7 it still passes BigCrush.
template <int Rounds = 10>
POFT_FN constexpr philox_block philox(philox_block counter, philox_key key) {
  for (int round = 0; round < Rounds; ++round) {
    std::uint64_t const even = std::uint64_t{0xd2511f53} * counter.word[0];
    std::uint64_t const odd  = std::uint64_t{0xcd9e8d57} * counter.word[2];

    counter = {{static_cast<std::uint32_t>(odd >> 32) ^ counter.word[1] ^ key.word[0],
                static_cast<std::uint32_t>(odd),
                static_cast<std::uint32_t>(even >> 32) ^ counter.word[3] ^ key.word[1],
                static_cast<std::uint32_t>(even)}};
    key.word[0] += 0x9e3779b9;  // golden ratio
    key.word[1] += 0xbb67ae85;  // sqrt(3) - 1
  }
  return counter;
}

/// The item that a uniform number u in [0, 1) selects by inverse cumulative sum: with the sums S_i = w_0 +
/// ... + w_i, taken in index order in double, the first i with S_i > u S_last. So an item of weight 0 is
/// never drawn, and weights need not sum to one. -1 where nothing can be drawn: no items, a weight negative
/// or NaN, a total of 0 or infinity.
template <class T>
POFT_FN std::ptrdiff_t categorical(view<T const> weights, double u);

/// The same with the weights exp(logit_i - largest logit), taken in double. -1 where there are no
/// items, where a logit is NaN or +inf, or where all are -inf; single logits of -inf are legal and never
/// drawn.
template <class T>
POFT_FN std::ptrdiff_t categorical_from_logits(view<T const> logits, double u);

template <class T>
struct normal_draws {
  T first, second;
};

/// The words of blocks 0, 1, 2, ... in order. It is also a standard random bit generator: stream 0 with a
/// seed below 2^32 gives the values of C++26's std::philox4x32.
class random_stream {
 public:
  using result_type = std::uint32_t;

  /// A stream holds 2^64 words. key = (seed low, seed high), counter = (block low, block high, stream low,
  /// stream high).
  POFT_FN explicit constexpr random_stream(std::uint64_t seed, std::uint64_t stream = 0,
                                           std::uint64_t position = 0)
      : key_{{low(seed), high(seed)}}, stream_(stream), position_(position), block_(block()) {}

  POFT_FN static constexpr result_type min() { return 0; }
  POFT_FN static constexpr result_type max() { return 0xffffffff; }

  /// The next word.
  POFT_FN constexpr result_type operator()() {
    if (position_ % 4 == 0) block_ = block();
    return block_.word[position_++ % 4];
  }
  /// Words consumed so far: random_stream(seed, stream, position()) goes on from here.
  POFT_FN constexpr std::uint64_t position() const { return position_; }
  POFT_FN constexpr void discard(std::uint64_t words) {
    position_ += words;
    block_ = block();
  }

  /// In [0, 1). float: 1 word, k 2^-24 with k its upper 24 bits. double: 2 words, k 2^-53 with k the upper 53
  /// of their 64 bits, the first word above the second.
  template <std::floating_point T>
  POFT_FN constexpr T uniform() {
    return static_cast<T>(fraction<T>()) * step<T>();
  }
  /// In (0, 1], for logarithms: (k + 1) instead of k.
  template <std::floating_point T>
  POFT_FN constexpr T uniform_positive() {
    return static_cast<T>(fraction<T>() + 1) * step<T>();
  }

  /// Two independent standard normal numbers (Box and Muller 1958): r cos(2 pi u) and r sin(2 pi u) with r =
  /// sqrt(-2 log v), v = uniform_positive drawn first, u = uniform drawn second. float: 2 words, |x| < 5.8;
  /// double: 4 words, |x| < 8.6.
  template <std::floating_point T>
  POFT_FN normal_draws<T> normal_pair() {
    T const radius = std::sqrt(T(-2) * std::log(uniform_positive<T>()));
    T const angle  = T(6.283185307179586) * uniform<T>();
    return {radius * std::cos(angle), radius * std::sin(angle)};
  }
  /// The first of such a pair; the second is dropped, so that a stream is its position and nothing more.
  template <std::floating_point T>
  POFT_FN T normal() {
    return normal_pair<T>().first;
  }

  /// Standard Cauchy: tan(pi (u - 1/2)), the words of one uniform.
  template <std::floating_point T>
  POFT_FN T cauchy() {
    return std::tan(T(3.141592653589793) * (uniform<T>() - T(0.5)));
  }

  /// Uniform in 0, ..., n - 1 for n >= 1, unbiased: of 64-bit numbers, the lowest 2^64 mod n are refused, so
  /// that every remainder is left equally often. 2 words per try; a try fails with probability below n /
  /// 2^64.
  POFT_FN constexpr std::uint64_t below(std::uint64_t n) {
    std::uint64_t const refused = (0 - n) % n;
    std::uint64_t bits          = word_pair();
    while (bits < refused) bits = word_pair();
    return bits % n;
  }

  /// An item with probability proportional to its weight: categorical(weights, u) with u = uniform<double>().
  template <class T>
  POFT_FN std::ptrdiff_t categorical(view<T> weights) {
    return poft::categorical(view<T const>(weights), uniform<double>());
  }
  template <class T>
  POFT_FN std::ptrdiff_t categorical_from_logits(view<T> logits) {
    return poft::categorical_from_logits(view<T const>(logits), uniform<double>());
  }

  /// Every order of the items is equally likely (Fisher and Yates; Knuth, volume 2, algorithm P): the last
  /// item changes places with item below(size), then the one before it with item below(size - 1), and so on.
  template <class T>
  POFT_FN constexpr void shuffle(view<T> items) {
    for (std::ptrdiff_t left = items.size(); left > 1; --left) {
      T& last         = items[left - 1];
      T& other        = items[static_cast<std::ptrdiff_t>(below(static_cast<std::uint64_t>(left)))];
      T const carried = last;
      last            = other;
      other           = carried;
    }
  }
  /// 0, 1, ..., size - 1, shuffled.
  template <std::integral Index>
  POFT_FN constexpr void permutation(view<Index> order) {
    for (std::ptrdiff_t i = 0; i < order.size(); ++i) order[i] = static_cast<Index>(i);
    shuffle(order);
  }

  friend constexpr bool operator==(random_stream const& a, random_stream const& b) {
    return a.key_.word[0] == b.key_.word[0] && a.key_.word[1] == b.key_.word[1] && a.stream_ == b.stream_ &&
           a.position_ == b.position_;
  }

 private:
  POFT_FN static constexpr std::uint32_t low(std::uint64_t number) {
    return static_cast<std::uint32_t>(number);
  }
  POFT_FN static constexpr std::uint32_t high(std::uint64_t number) {
    return static_cast<std::uint32_t>(number >> 32);
  }

  POFT_FN constexpr philox_block block() const {
    std::uint64_t const index = position_ / 4;
    return philox({{low(index), high(index), low(stream_), high(stream_)}}, key_);
  }
  POFT_FN constexpr std::uint64_t word_pair() {
    std::uint64_t const upper = (*this)();
    return upper << 32 | (*this)();
  }
  // The digits of a number in [0, 1), and what the last of them is worth.
  template <class T>
  POFT_FN constexpr std::uint64_t fraction() {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>,
                  "uniform numbers are float or double");
    if constexpr (std::is_same_v<T, float>) {
      return (*this)() >> 8;
    } else {
      return word_pair() >> 11;
    }
  }
  template <class T>
  POFT_FN static constexpr T step() {
    return std::is_same_v<T, float> ? T(1) / (1 << 24) : T(1) / (std::int64_t{1} << 53);
  }

  philox_key key_;
  std::uint64_t stream_, position_;
  philox_block block_;  // that of the next word, unless the position is a multiple of 4
};

namespace detail {
template <class Weight>
POFT_FN std::ptrdiff_t inverse_cumulative(std::ptrdiff_t size, Weight weight, double u) {
  double total = 0;
  std::ptrdiff_t possible =
      -1;  // the last one of positive weight: taken where u * total rounds up to the total
  for (std::ptrdiff_t i = 0; i < size; ++i) {
    double const w = weight(i);
    if (!(w >= 0)) return -1;
    if (w > 0) possible = i;
    total += w;
  }
  if (possible < 0 || !(total <= 1.7976931348623157e308)) return -1;

  double cumulative = 0;
  for (std::ptrdiff_t i = 0; i < possible; ++i) {
    cumulative += weight(i);
    if (cumulative > u * total) return i;
  }
  return possible;
}
}  // namespace detail

template <class T>
POFT_FN std::ptrdiff_t categorical(view<T const> weights, double u) {
  return detail::inverse_cumulative(
      weights.size(), [=](std::ptrdiff_t i) { return static_cast<double>(weights[i]); }, u);
}

template <class T>
POFT_FN std::ptrdiff_t categorical_from_logits(view<T const> logits, double u) {
  if (logits.empty()) return -1;
  double largest = static_cast<double>(logits[0]);
  for (T const& logit : logits) {
    double const z = static_cast<double>(logit);
    if (!(z <= largest)) largest = z;  // a NaN becomes the largest, and every weight then is one
  }
  return detail::inverse_cumulative(
      logits.size(), [=](std::ptrdiff_t i) { return std::exp(static_cast<double>(logits[i]) - largest); }, u);
}

}  // namespace poft
