// Attention of a few queries over the keys they see, and its derivative, written once over a group.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "poft/core/config.hpp"
#include "poft/row/row.hpp"
#include "poft/row/small_product.hpp"
#include "poft/scalar/functions.hpp"

namespace poft {

/// Queries that are treated together, in lanes: a multiple of any target's lanes, so that no pack is partial.
/// Without so many, the rest are zeros, whose results go nowhere.
inline constexpr std::int64_t queries_at_once = 16;
/// Keys whose scores are held at once, [keys, queries_at_once], in the first-level cache.
inline constexpr std::int64_t keys_at_once = 128;

/// At most queries_at_once queries of one head, and keys and values of one head. Query i sees the keys 0 ..
/// before + i. All matrices [.., channels].
///
/// T is what the matrices are stored as. What is computed here is of compute_t<T>, the results too: they are added to many
/// times, and a smaller type would round each time.
template <class T>
struct attention_piece {
  std::int64_t queries, keys, before, channels;
  compute_t<T> scale;
  row_block<T const> q, k, v;
};

/// scores[j][i] = sum_c w[j][c] x[i][c] for j < keys and i < queries_at_once; x has `queries` rows.
template <class Group, class T>
POFT_FN void scores_of(Group group, std::int64_t queries, row_block<T const> x, std::int64_t keys,
                       row_block<T const> w, std::int64_t channels, row_block<compute_t<T>> scores) {
  using C                        = compute_t<T>;
  constexpr std::int64_t at_once = 64;
  C turned[at_once * queries_at_once];  // x transposed: [channels, queries], so that lanes run along queries
  for (std::int64_t first = 0; first < channels; first += at_once) {
    std::int64_t const count = channels - first < at_once ? channels - first : at_once;
    for (std::int64_t c = 0; c < count; ++c) {
      for (std::int64_t i = 0; i < queries_at_once; ++i) {
        turned[c * queries_at_once + i] = i < queries ? static_cast<C>(x(i, first + c)) : C(0);
      }
    }
    weighted_sums(
        group, keys, queries_at_once, scores,
        [=](std::int64_t j, auto i) {
          using S = decltype(scores[j][i]);
          return first == 0 ? S(C(0)) : scores[j][i];
        },
        count, [=](std::int64_t j, std::int64_t c) { return static_cast<C>(w(j, first + c)); },
        row_block<C const>{turned, queries_at_once});
  }
}

/// attend() by one thread, whose lanes run along the queries, and then along the channels.
template <class Group, class T>
POFT_FN void attend_in_lanes(Group group, attention_piece<T> const& piece, row_block<compute_t<T>> y,
                             row_block<compute_t<T>> log_normaliser) {
  using C        = compute_t<T>;
  C const lowest = constant<C>(-INFINITY);
  C scores[keys_at_once * queries_at_once], peaks[queries_at_once], sums[queries_at_once],
      places[queries_at_once], carried[queries_at_once];
  for (std::int64_t i = 0; i < queries_at_once; ++i) {
    peaks[i] = lowest, sums[i] = C(0), places[i] = static_cast<C>(i);
  }
  row_block<C> const score{scores, queries_at_once};
  row<C> const peak{peaks}, sum{sums}, place{places}, carry{carried};
  for (std::int64_t first = 0; first < piece.keys; first += keys_at_once) {
    std::int64_t const keys = piece.keys - first < keys_at_once ? piece.keys - first : keys_at_once;
    scores_of(group, piece.queries, piece.q, keys, piece.k.from(first), piece.channels, score);
    group.each(std::int64_t{0}, queries_at_once, [=](auto i) {
      using S        = decltype(peak[i]);
      S const before = peak[i];
      S highest      = before;
      for (std::int64_t j = 0; j < keys; ++j) {
        if (first + j > piece.before) {
          S const own = S(static_cast<C>(first + j - piece.before));
          score[j].set(i, select(place[i] < own, S(lowest), score[j][i]));
        }
        highest = max(highest, score[j][i]);
      }
      S const scale = S(piece.scale);
      S const held  = sum[i] * exp(scale * (before - highest));
      S total       = held;
      for (std::int64_t j = 0; j < keys; ++j) {
        S const e = exp(scale * (score[j][i] - highest));
        score[j].set(i, e);
        total = total + e;
      }
      S const inverse = S(C(1)) / total;
      for (std::int64_t j = 0; j < keys; ++j) score[j].set(i, score[j][i] * inverse);
      peak.set(i, highest);
      sum.set(i, total);
      carry.set(i, held * inverse);
    });
    weighted_sums(
        group, piece.queries, piece.channels, y,
        [=](std::int64_t i, auto c) {
          using S = decltype(y[i][c]);
          return first == 0 ? S(C(0)) : S(carry[i]) * y[i][c];
        },
        keys, [=](std::int64_t i, std::int64_t j) { return score(j, i); }, piece.v.from(first));
  }
  group.each(std::int64_t{0}, queries_at_once, [=](auto i) {
    using S = decltype(peak[i]);
    carry.set(i, S(piece.scale) * peak[i] + log(sum[i]));
  });
  for (std::int64_t i = 0; i < piece.queries; ++i) log_normaliser(i, 0) = carry[i];
}

/// attend_backward() by one thread.
template <class Group, class T>
POFT_FN void attend_backward_in_lanes(Group group, attention_piece<T> const& piece, row_block<T const> y,
                                      row_block<compute_t<T> const> log_normaliser, row_block<T const> d_y,
                                      row_block<compute_t<T>> d_q, row_block<compute_t<T>> d_k,
                                      row_block<compute_t<T>> d_v, bool accumulate) {
  using C = compute_t<T>;
  C probabilities[keys_at_once * queries_at_once], d_scores[keys_at_once * queries_at_once],
      normalisers[queries_at_once], shares[queries_at_once], places[queries_at_once];
  for (std::int64_t i = 0; i < queries_at_once; ++i) {
    bool const real = i < piece.queries;
    places[i]       = static_cast<C>(i);
    normalisers[i]  = real ? log_normaliser(i, 0) : C(0);
    shares[i] =
        real ? group.sum(std::int64_t{0}, piece.channels, [=](auto c) { return d_y[i][c] * y[i][c]; }) : C(0);
  }
  row_block<C> const probability{probabilities, queries_at_once}, d_score{d_scores, queries_at_once};
  row<C> const normaliser{normalisers}, share{shares}, place{places};
  for (std::int64_t first = 0; first < piece.keys; first += keys_at_once) {
    std::int64_t const keys = piece.keys - first < keys_at_once ? piece.keys - first : keys_at_once;
    auto const k = piece.k.from(first), v = piece.v.from(first);
    scores_of(group, piece.queries, piece.q, keys, k, piece.channels, probability);
    scores_of(group, piece.queries, d_y, keys, v, piece.channels, d_score);
    group.each(std::int64_t{0}, queries_at_once, [=](auto i) {
      using S       = decltype(place[i]);
      S const scale = S(piece.scale);
      for (std::int64_t j = 0; j < keys; ++j) {
        S p = exp(scale * probability[j][i] - normaliser[i]);
        if (first + j > piece.before) {
          p = select(place[i] < S(static_cast<C>(first + j - piece.before)), S(C(0)), p);
        }
        probability[j].set(i, p);
        d_score[j].set(i, scale * p * (d_score[j][i] - share[i]));
      }
    });
    // [rows, channels] (+)= weights [rows, terms] from [terms, channels]
    auto const add = [=](std::int64_t rows, row_block<C> to, bool onto, std::int64_t terms, auto weight,
                         row_block<T const> from) {
      weighted_sums(
          group, rows, piece.channels, to,
          [=](std::int64_t r, auto c) {
            using S = decltype(to[r][c]);
            return onto ? to[r][c] : S(C(0));
          },
          terms, weight, from);
    };
    auto const d_score_of_key     = [=](std::int64_t j, std::int64_t i) { return d_score(j, i); };
    auto const d_score_of_query   = [=](std::int64_t i, std::int64_t j) { return d_score(j, i); };
    auto const probability_of_key = [=](std::int64_t j, std::int64_t i) { return probability(j, i); };
    add(piece.queries, d_q, first > 0, keys, d_score_of_query, k);
    add(keys, d_k.from(first), accumulate, piece.queries, d_score_of_key, piece.q);
    add(keys, d_v.from(first), accumulate, piece.queries, probability_of_key, d_y);
  }
}

/// Keys whose scores many threads sum together: each sum is a meeting of all of them.
inline constexpr int keys_of_a_meeting = 8;

/// attend() by threads that share nothing but what they store: one query after the other, each thread with channels of its
/// own.
template <class Group, class T>
POFT_FN void attend_together(Group group, attention_piece<T> const& piece, row_block<compute_t<T>> y,
                             row_block<compute_t<T>> log_normaliser) {
  using C                     = compute_t<T>;
  constexpr int together      = keys_of_a_meeting;
  using keyed                 = terms<C, together>;
  std::int64_t const channels = piece.channels, zero = 0;
  for (std::int64_t i = 0; i < piece.queries; ++i) {
    std::int64_t const seen = piece.before + i + 1 < piece.keys ? piece.before + i + 1 : piece.keys;
    row<T const> const q    = piece.q[i];
    row<C> const out        = y[i];
    C peak = constant<C>(-INFINITY), sum = C(0);
    for (std::int64_t first = 0; first < seen; first += together) {
      int const keys             = seen - first < together ? static_cast<int>(seen - first) : together;
      row_block<T const> const k = piece.k.from(first), v = piece.v.from(first);
      auto weights = group.sum(zero, channels, [=](auto c) {
        keyed products(C(0));
        for (int m = 0; m < keys; ++m) products.at[m] = q[c] * k[m][c];
        return products;
      });
      C highest    = peak;
      for (int m = 0; m < keys; ++m) highest = max(highest, weights.at[m] = piece.scale * weights.at[m]);
      C const carried = exp(peak - highest);
      sum             = carried * sum;
      for (int m = 0; m < keys; ++m) sum += weights.at[m] = exp(weights.at[m] - highest);
      group.each(zero, channels, [=](auto c) {
        C total = first == 0 ? C(0) : carried * out[c];
        for (int m = 0; m < keys; ++m) total += weights.at[m] * v[m][c];
        out.set(c, total);
      });
      peak = highest;
    }
    C const inverse = C(1) / sum;
    group.each(zero, channels, [=](auto c) { out.set(c, inverse * out[c]); });
    group.once([&] { log_normaliser(i, 0) = peak + log(sum); });
  }
}

/// attend_backward() by such threads.
template <class Group, class T>
POFT_FN void attend_backward_together(Group group, attention_piece<T> const& piece, row_block<T const> y,
                                      row_block<compute_t<T> const> log_normaliser, row_block<T const> d_y,
                                      row_block<compute_t<T>> d_q, row_block<compute_t<T>> d_k,
                                      row_block<compute_t<T>> d_v, bool accumulate) {
  using C                     = compute_t<T>;
  constexpr int together      = keys_of_a_meeting;
  using keyed                 = terms<C, together>;
  using pairs                 = terms<C, 2 * together>;
  std::int64_t const channels = piece.channels, zero = 0;
  bool onto = accumulate;
  // The last query sees all keys: where d_k and d_v are overwritten, it does that.
  for (std::int64_t i = piece.queries - 1; i >= 0; --i, onto = true) {
    std::int64_t const seen = piece.before + i + 1 < piece.keys ? piece.before + i + 1 : piece.keys;
    row<T const> const q = piece.q[i], d_out = d_y[i], out = y[i];
    row<C> const to    = d_q[i];
    C const share      = group.sum(zero, channels, [=](auto c) { return d_out[c] * out[c]; });
    C const normaliser = log_normaliser(i, 0);
    for (std::int64_t first = 0; first < seen; first += together) {
      int const keys             = seen - first < together ? static_cast<int>(seen - first) : together;
      row_block<T const> const k = piece.k.from(first), v = piece.v.from(first);
      row_block<C> const to_k = d_k.from(first), to_v = d_v.from(first);
      auto const sums = group.sum(zero, channels, [=](auto c) {
        pairs products(C(0));
        for (int m = 0; m < keys; ++m) {
          products.at[m]            = q[c] * k[m][c];
          products.at[together + m] = d_out[c] * v[m][c];
        }
        return products;
      });
      keyed p, d_score;
      for (int m = 0; m < keys; ++m) {
        p.at[m]       = exp(piece.scale * sums.at[m] - normaliser);
        d_score.at[m] = piece.scale * p.at[m] * (sums.at[together + m] - share);
      }
      group.each(zero, channels, [=](auto c) {
        C total = first == 0 ? C(0) : to[c];
        for (int m = 0; m < keys; ++m) {
          total += d_score.at[m] * k[m][c];
          to_k[m].set(c, (onto ? to_k[m][c] : C(0)) + d_score.at[m] * q[c]);
          to_v[m].set(c, (onto ? to_v[m][c] : C(0)) + p.at[m] * d_out[c]);
        }
        to.set(c, total);
      });
    }
  }
}

/// Vaswani et al. 2017, arXiv:1706.03762, eq. 1, with the running maximum and sum of Milakov and Gimelshein
/// 2018, arXiv:1805.02867, over pieces of the keys:
///
///   p_ij = exp(scale q_i k_j - log_normaliser_i)      y_i = sum_j p_ij v_j
///
/// y [queries, channels] and log_normaliser [queries, 1] are overwritten.
template <class Group, class T>
POFT_FN void attend(Group group, attention_piece<T> const& piece, row_block<compute_t<T>> y,
                    row_block<compute_t<T>> log_normaliser) {
  if constexpr (requires { Group::has_sums_in_each_thread; }) {
    attend_together(group, piece, y, log_normaliser);
  } else {
    attend_in_lanes(group, piece, y, log_normaliser);
  }
}

/// With d_p_ij = d_y_i v_j and d_s_ij = scale p_ij (d_p_ij - d_y_i y_i), the second term being sum_j p_ij d_p_ij:
///
///   d_q_i = sum_j d_s_ij k_j      d_k_j = sum_i d_s_ij q_i      d_v_j = sum_i p_ij d_y_i
///
/// d_q is overwritten; d_k and d_v are added to, or overwritten.
template <class Group, class T>
POFT_FN void attend_backward(Group group, attention_piece<T> const& piece,
                             std::type_identity_t<row_block<T const>> y,
                             row_block<compute_t<T> const> log_normaliser,
                             std::type_identity_t<row_block<T const>> d_y, row_block<compute_t<T>> d_q,
                             row_block<compute_t<T>> d_k, row_block<compute_t<T>> d_v, bool accumulate) {
  if constexpr (requires { Group::has_sums_in_each_thread; }) {
    attend_backward_together(group, piece, y, log_normaliser, d_y, d_q, d_k, d_v, accumulate);
  } else {
    attend_backward_in_lanes(group, piece, y, log_normaliser, d_y, d_q, d_k, d_v, accumulate);
  }
}

}  // namespace poft
