// Everything an objective needs to know about a row of logits, in one streaming pass, and its adjoint, in a second.
// SPDX-License-Identifier: MIT
//
// z: one row of logits [vocab], pi = softmax(z). A logit of -inf is a masked item: pi is exactly 0 there and so is its
// gradient. Both passes are written once over a group (row/row.hpp).
#pragma once

#include "poft/row/row.hpp"

namespace poft {

/// What is computed besides the log-normaliser.
struct statistics_wanted {
  bool entropy        = false;
  bool sum_of_squares = false;
};

/// The log-normaliser is kept in two parts, so that z - peak - log_sum is exact where it matters: with logits of 1e5, their
/// sum in float would be wrong in the second decimal.
template <class T>
struct row_statistics {
  T peak;                // max_v z_v
  T log_sum;             // log sum_v exp(z_v - peak)
  T entropy;             // -sum_v pi_v log pi_v                  [nats], 0 if not wanted
  T log_sum_of_squares;  // log sum_v pi_v^2, WPO's log-normaliser; 0 if not wanted
};

/// What a pass over a row, or over a part of it, leaves: sums relative to the largest logit so far, so that the row may come
/// in parts that are never in memory together.
template <class T>
struct row_sums {
  static constexpr T none = -std::numeric_limits<T>::infinity();  // no logit so far, or only masked ones

  T peak = none;
  T sum = T(0), sum_u = T(0), sum_squares = T(0);  // of e^u, u e^u, e^2u with u = z - peak

  /// Makes the sums relative to another peak. A NaN stays in the sum, and so reaches the result.
  POFT_FN void move_to(T new_peak) {
    if (sum > T(0)) {
      T const shift = peak - new_peak, scale = exp(shift);
      sum_u       = scale * (sum_u + shift * sum);
      sum_squares = scale * scale * sum_squares;
      sum         = scale * sum;
    }
    peak = new_peak;
  }

  /// H = log Z - E[z], both relative to the peak. log sum pi^2 = log sum e^2u - 2 log sum e^u.
  POFT_FN row_statistics<T> statistics(statistics_wanted wanted) const {
    row_statistics<T> out{peak, log(sum), T(0), T(0)};
    if (wanted.entropy) out.entropy = out.log_sum - sum_u / sum;
    if (wanted.sum_of_squares) out.log_sum_of_squares = log(sum_squares) - T(2) * out.log_sum;
    return out;
  }
};

/// Those of two parts of a row.
template <class T>
POFT_FN row_sums<T> merged(row_sums<T> a, row_sums<T> b) {
  a.peak <= b.peak ? a.move_to(b.peak) : b.move_to(a.peak);
  a.sum         = a.sum + b.sum;
  a.sum_u       = a.sum_u + b.sum_u;
  a.sum_squares = a.sum_squares + b.sum_squares;
  return a;
}

template <class T>
inline constexpr T lowest_number =
    std::numeric_limits<T>::lowest();  // device code may use it, but not call lowest()

/// x, or the lowest finite number for -inf: a factor that makes 0 of 0.
template <class S>
POFT_FN S at_least_lowest(S x) {
  return max(S(lowest_number<element_t<S>>), x);
}

/// The terms of the wanted sums for u = z - peak: e^u, u e^u, e^2u.
template <bool Entropy, bool SumOfSquares, class S>
POFT_FN terms<S, 1 + Entropy + SumOfSquares> terms_of_sums(S u) {
  S const e = exp(u);
  terms<S, 1 + Entropy + SumOfSquares> out;
  out.at[0] = e;
  // A masked item has u = -inf and e = 0: its term is 0, not NaN.
  if constexpr (Entropy) out.at[1] = e * at_least_lowest(u);
  if constexpr (SumOfSquares) out.at[1 + Entropy] = e * e;
  return out;
}
template <bool Entropy, bool SumOfSquares, class T>
POFT_FN void add_terms(row_sums<T>& sums, terms<T, 1 + Entropy + SumOfSquares> const& part) {
  sums.sum = sums.sum + part.at[0];
  if constexpr (Entropy) sums.sum_u = sums.sum_u + part.at[1];
  if constexpr (SumOfSquares) sums.sum_squares = sums.sum_squares + part.at[1 + Entropy];
}

/// The next part of a row, or all of it; memory is read once. A group of lanes looks at a piece that fits the first-level cache
/// twice (its maximum, then the sums relative to the running maximum); one of threads has sums in each of them and merges.
template <bool Entropy, bool SumOfSquares, class Group, class Stored>
POFT_FN void add_to_sums(Group group, row<Stored const> z, std::int64_t width,
                         row_sums<typename Group::value>& sums) {
  using T = typename Group::value;
  if constexpr (requires { Group::has_sums_in_each_thread; }) {
    auto const add = [=](row_sums<T>& own, std::int64_t i) {
      T const x = z[i];
      if (!(x <= own.peak)) own.move_to(x);
      if (own.peak != row_sums<T>::none)
        add_terms<Entropy, SumOfSquares>(own, terms_of_sums<Entropy, SumOfSquares>(x - own.peak));
    };
    auto const merge = [](row_sums<T> const& a, row_sums<T> const& b) { return merged(a, b); };
    sums             = merged(sums, group.reduce(std::int64_t{0}, width, row_sums<T>{}, add, merge));
  } else {
    for (std::int64_t first = 0; first < width; first += Group::piece) {
      std::int64_t const last = width - first < Group::piece ? width : first + Group::piece;
      T const piece_peak      = group.max(first, last, [=](auto i) { return z[i]; });
      if (!(piece_peak <= sums.peak)) sums.move_to(piece_peak);  // also when it is NaN
      if (sums.peak == row_sums<T>::none) continue;
      add_terms<Entropy, SumOfSquares>(sums, group.sum(first, last, [z, peak = sums.peak](auto i) {
        return terms_of_sums<Entropy, SumOfSquares>(z[i] - decltype(z[i])(peak));
      }));
    }
  }
}
template <class Group, class Stored>
POFT_FN void add_to_sums(Group group, row<Stored const> z, std::int64_t width, statistics_wanted wanted,
                         row_sums<typename Group::value>& sums) {
  if (wanted.sum_of_squares) {
    wanted.entropy ? add_to_sums<true, true>(group, z, width, sums)
                   : add_to_sums<false, true>(group, z, width, sums);
  } else {
    wanted.entropy ? add_to_sums<true, false>(group, z, width, sums)
                   : add_to_sums<false, false>(group, z, width, sums);
  }
}

/// One pass over a whole row.
template <class Group, class Stored>
POFT_FN row_statistics<typename Group::value> read_row(Group group, row<Stored const> z, std::int64_t vocab,
                                                       statistics_wanted wanted) {
  row_sums<typename Group::value> sums;
  add_to_sums(group, z, vocab, wanted, sums);
  return sums.statistics(wanted);
}

/// How the loss depends on one row through its statistics.
template <class T>
struct row_adjoint {
  T peak, log_sum, entropy;  // statistics of the same row
  T d_log_probs;             // sum over the row's targets of dL/dlog pi(target)
  T d_entropy;               // dL/dH
};

///   dL/dz_v = sum_y c_y 1[v = y]  -  (sum_y c_y) pi_v  -  c_H pi_v (log pi_v + H)
///
/// without the first term, which touches single elements (add_target). d_z is overwritten or added to; it may be z.
template <bool Entropy, class Group, class Stored, class Gradient>
POFT_FN void write_row(Group group, row<Stored const> z, row<Gradient> d_z, std::int64_t vocab,
                       row_adjoint<typename Group::value> adjoint, bool accumulate) {
  group.each(0, vocab, [=](auto i) {
    using S        = decltype(z[i]);
    S const log_pi = (z[i] - S(adjoint.peak)) - S(adjoint.log_sum);
    S d            = -S(adjoint.d_log_probs);
    if constexpr (Entropy) {
      d = d - S(adjoint.d_entropy) * (at_least_lowest(log_pi) + S(adjoint.entropy));
    }
    d = d * exp(log_pi);
    d_z.set(i, accumulate ? d_z[i] + d : d);
  });
}

/// The gradient at one of the row's targets, to be called after write_row: computed in full precision and stored once, since
/// the small type would lose c - c pi.
template <bool Entropy, class T, class Stored>
POFT_FN void write_target(row<Stored> d_z, std::int64_t target, T log_prob, T d_log_prob,
                          row_adjoint<T> adjoint, bool accumulate) {
  if (accumulate) {
    d_z.set(target, d_z[target] + d_log_prob);
    return;
  }
  T d = -adjoint.d_log_probs;
  if constexpr (Entropy) d = d - adjoint.d_entropy * (at_least_lowest(log_prob) + adjoint.entropy);
  d_z.set(target, d * exp(log_prob) + d_log_prob);
}

}  // namespace poft
