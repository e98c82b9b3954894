// Draws an item from a row of logits: temperature, the k most probable, the nucleus, inverse cumulative sum.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/row/token_statistics.hpp"
#include "poft/scalar/functions.hpp"

namespace poft {

/// From logits z to the distribution that is drawn from, in this order:
///
///   temperature   softmax(z / temperature), temperature >= 0; 0: the most probable item, the first of equals
///   top_k         the k most probable (Fan, Lewis, Dauphin 2018, arXiv:1805.04833); 0: all
///   top_p         the fewest most probable whose share of what is left is at least top_p, in (0, 1]: the nucleus
///                 (Holtzman et al. 2020, arXiv:1904.09751, eq. 2)
///
/// Items that are as probable as the last one kept are kept, too: equal logits have equal chances.
struct sampling {
  double temperature = 1;
  std::int64_t top_k = 0;
  double top_p       = 1;
};

/// What was drawn. log_prob and entropy are those of softmax(z): temperature 1, nothing cut off.
template <class T>
struct drawn_item {
  std::int64_t index;  // -1 where nothing can be drawn: a logit is NaN or +inf, or all are -inf
  T log_prob;
  T entropy;  // [nats]
};

namespace detail {

// The bits of numbers as integers of the same order: bisection over them ends after as many steps as T has bits.
template <class T>
using ordered_bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
// Constants, since std::numeric_limits has functions, which device code cannot call.
template <class T>
inline constexpr T largest_number = std::numeric_limits<T>::max();
template <class T>
inline constexpr auto but_the_sign = largest_number<ordered_bits<T>>;

template <class T>
POFT_FN ordered_bits<T> to_ordered_bits(T x) {
  auto const bits = __builtin_bit_cast(ordered_bits<T>, x);
  return bits < 0 ? bits ^ but_the_sign<T> : bits;
}
template <class T>
POFT_FN T from_ordered_bits(ordered_bits<T> bits) {
  return __builtin_bit_cast(T, bits < 0 ? bits ^ but_the_sign<T> : bits);
}

/// The smallest number in [low, high] of which `holds` is true, if it is true from there on and of high.
template <class T, class Predicate>
POFT_FN T smallest_number(T low, T high, Predicate holds) {
  if (holds(low)) return low;
  ordered_bits<T> below = to_ordered_bits(low), above = to_ordered_bits(high);
  while (below + 1 < above) {
    ordered_bits<T> const middle                          = (below >> 1) + (above >> 1) + (below & above & 1);
    (holds(from_ordered_bits<T>(middle)) ? above : below) = middle;
  }
  return from_ordered_bits<T>(above);
}

/// The first i with w_0 + ... + w_i > u (w_0 + ... + w_last), as core/random.hpp's categorical; u in [0, 1), the sum
/// positive.
template <class Group, class Weight>
POFT_FN std::int64_t inverse_cumulative(Group group, std::int64_t size, Weight weight, double u) {
  constexpr std::int64_t stretch = 64;  // what is walked item by item at the end
  auto const end_of = [=](std::int64_t first) { return size - first < stretch ? size : first + stretch; };
  double total      = 0;
  for (std::int64_t first = 0; first < size; first += stretch) {
    total += static_cast<double>(group.sum(first, end_of(first), weight));
  }
  double const target = u * total;
  double below        = 0;
  for (std::int64_t first = 0; first < size; first += stretch) {
    double const next = below + static_cast<double>(group.sum(first, end_of(first), weight));
    if (next > target) {
      // One by one the weights may add up to less than in lanes: then it is the last that has any.
      std::int64_t found = -1;
      for (std::int64_t i = first; i < end_of(first) && !(below > target); ++i) {
        double const w = static_cast<double>(weight(i));
        if (w > 0) found = i;
        below += w;
      }
      if (found >= 0) return found;
    }
    below = next;
  }
  return -1;
}

}  // namespace detail

/// What the items weigh, exp((z - peak) / temperature); at temperature 0 all weigh 1, as only the most probable are kept.
template <class Stored>
struct sampling_weights {
  using T = compute_t<Stored>;

  row<Stored const> z;
  T peak, inverse_temperature;

  POFT_FN sampling_weights(row<Stored const> z, T peak, double temperature)
      : z(z), peak(peak), inverse_temperature(T(0)) {
    constexpr T largest = detail::largest_number<T>;  // not infinite: 0 times it is the peak's exponent
    if (temperature > 0) inverse_temperature = min(static_cast<T>(1 / temperature), largest);
  }

  /// The weight of item i where `kept`, else 0.
  template <class Index, class Mask>
  POFT_FN auto where(Mask kept, Index i) const {
    using S = decltype(z[i]);
    return select(kept, exp((z[i] - S(peak)) * S(inverse_temperature)), S(T(0)));
  }
};

/// Every item whose logit is below this number is cut off, all others are kept. Both rules have the same form: an item
/// is kept where what is more probable than it (its number; its share) is less than k, or top_p. So the threshold is
/// found by bisection, without sorting the row or writing to it.
template <class Group, class Stored>
POFT_FN auto sampling_threshold(Group group, sampling_weights<Stored> weights, std::int64_t vocab,
                                sampling how) {
  using T            = typename Group::value;
  auto const z       = weights.z;
  constexpr T lowest = -detail::largest_number<T>;
  T threshold        = how.temperature == 0 ? weights.peak : lowest;
  if (how.top_k > 0 && how.top_k < vocab) {
    threshold = detail::smallest_number(threshold, weights.peak, [=](T t) {
      return group.sum(0, vocab, [=](auto i) {
        using S = decltype(z[i]);
        return select(z[i] > S(t), S(T(1)), S(T(0)));
      }) < static_cast<T>(how.top_k);
    });
  }
  if (how.top_p < 1) {
    T const left =
        group.sum(0, vocab, [=](auto i) { return weights.where(z[i] >= decltype(z[i])(threshold), i); });
    T const enough = static_cast<T>(how.top_p) * left;
    threshold      = detail::smallest_number(threshold, weights.peak, [=](T t) {
      return group.sum(0, vocab, [=](auto i) { return weights.where(z[i] > decltype(z[i])(t), i); }) < enough;
    });
  }
  return threshold;
}

/// u in [0, 1) selects by inverse cumulative sum in the order of the items; temperature 0 does not look at it.
template <class Group, class Stored>
POFT_FN auto draw_item(Group group, row<Stored const> z, std::int64_t vocab, sampling how, double u) {
  using T               = typename Group::value;
  auto const statistics = read_row(group, z, vocab, {.entropy = true});
  // The sum of exp(z - peak) is at least 1, the peak's own, or nothing can be drawn.
  if (!(statistics.log_sum >= T(0))) return drawn_item<T>{-1, T(0), T(0)};
  sampling_weights<Stored> const weights(z, statistics.peak, how.temperature);
  T const threshold        = sampling_threshold(group, weights, vocab, how);
  auto const weight        = [=](auto i) { return weights.where(z[i] >= decltype(z[i])(threshold), i); };
  std::int64_t const index = detail::inverse_cumulative(group, vocab, weight, how.temperature == 0 ? 0.0 : u);
  return drawn_item<T>{index, (z[index] - statistics.peak) - statistics.log_sum, statistics.entropy};
}

}  // namespace poft
