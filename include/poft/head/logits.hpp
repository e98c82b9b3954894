// Level 2: from logits to any objective, and its gradient back into the logits, in two streaming passes.
// SPDX-License-Identifier: MIT
//
// (1) read: every row's log-prob of its target (and entropy, sum of squares where wanted); (2) the objective, free of
// tensors, on sequence sums or on tokens; (3) write: the gradient, in place or elsewhere. Nothing of the size
// [tokens, vocab] is ever allocated, and an objective that couples the batch needs nothing special: everything is known
// between the passes.
#pragma once

#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "poft/batch/evaluate.hpp"
#include "poft/batch/preference_metrics.hpp"
#include "poft/core/view.hpp"
#include "poft/head/token_batch.hpp"
#include "poft/row/token_statistics.hpp"

namespace poft {

/// How the sequences of a batch are laid out when an example has several (a pair): all chosen ones, then all rejected ones
/// in the same order (TRL's concatenation), or chosen and rejected in turn.
enum class sequence_layout { member_by_member, example_by_example };

template <class T>
struct logits_options {
  double count               = 0;   // examples of the whole optimiser step; 0: those of this call
  double factor              = 1;   // upstream factor of the gradient
  std::span<T const> weights = {};  // [examples]
  std::span<T> losses        = {};  // [examples], receives each example's loss
  sequence_layout layout     = sequence_layout::member_by_member;
};

template <class T>
struct token_options {
  double count               = 0;  // what the weighted sum is divided by; 0: the counted tokens
  double factor              = 1;
  std::span<T const> weights = {};  // [tokens], e.g. 1 / length for a mean per sequence; empty: 1
  double entropy_coefficient = 0;   // adds -coefficient * mean entropy of the rows to the loss
};

struct logits_result {
  double loss = 0;                            // [nats]
  std::optional<preference_metrics> metrics;  // for pairs with a reference
};

namespace detail {

template <class Index, class Stored, class T>
struct read_logits {
  view<Stored const, 2> logits;
  token_batch<Index> batch;
  statistics_wanted wanted;
  T *log_prob, *peak, *log_sum, *entropy, *log_sum_of_squares;

  template <class Group>
  void operator()(Group group, std::int64_t r) const {
    if (!batch.counts(r)) {
      log_prob[r] = peak[r] = log_sum[r] = T(0);
      if (entropy) entropy[r] = T(0);
      if (log_sum_of_squares) log_sum_of_squares[r] = T(0);
      return;
    }
    row<Stored const> const z{logits.row(r).data()};
    std::int64_t const vocab = logits.columns();
    row_statistics<T> s;
    if (wanted.sum_of_squares) {
      s = wanted.entropy ? read_row<true, true>(group, z, vocab) : read_row<false, true>(group, z, vocab);
    } else {
      s = wanted.entropy ? read_row<true, false>(group, z, vocab) : read_row<false, false>(group, z, vocab);
    }
    peak[r]     = s.peak;
    log_sum[r]  = s.log_sum;
    log_prob[r] = (z[batch.targets[static_cast<std::size_t>(r)]] - s.peak) - s.log_sum;
    if (entropy) entropy[r] = s.entropy;
    if (log_sum_of_squares) log_sum_of_squares[r] = s.log_sum_of_squares;
  }
};

template <class Index, class Stored, class T>
struct write_logits {
  view<Stored const, 2> logits;
  view<Stored, 2> d_logits;
  token_batch<Index> batch;
  T const *log_prob, *peak, *log_sum, *entropy;
  T const *d_log_prob, *d_entropy;  // per token; d_entropy may be null
  token_candidates<Index> candidates;
  T const *candidate_log_prob, *d_candidate;  // per candidate; null: there are none
  bool accumulate;

  template <class Group>
  void operator()(Group group, std::int64_t r) const {
    if (batch.counts(r)) {
      d_entropy ? write<true>(group, r) : write<false>(group, r);
    } else if (!accumulate) {
      Stored* const d_z = d_logits.row(r).data();
      for (std::int64_t v = 0; v < logits.columns(); ++v) d_z[v] = static_cast<Stored>(T(0));
    }
  }

 private:
  template <bool Entropy, class Group>
  void write(Group group, std::int64_t r) const {
    row<Stored const> const z{logits.row(r).data()};
    row<Stored> const d_z{d_logits.row(r).data()};
    std::int64_t first = 0, last = 0;
    if (d_candidate) {
      first = candidates.offsets[static_cast<std::size_t>(r)];
      last  = candidates.offsets[static_cast<std::size_t>(r) + 1];
    }
    row_adjoint<T> adjoint{peak[r], log_sum[r], T(0), d_log_prob[r], T(0)};
    if constexpr (Entropy) {
      adjoint.entropy   = entropy[r];
      adjoint.d_entropy = d_entropy[r];
    }
    for (auto k = first; k < last; ++k) adjoint.d_log_probs += d_candidate[k];
    write_row<Entropy>(group, z, d_z, logits.columns(), adjoint, accumulate);
    auto const target = static_cast<std::int64_t>(batch.targets[static_cast<std::size_t>(r)]);
    write_target<Entropy>(d_z, target, log_prob[r], d_log_prob[r], adjoint, accumulate);
    for (auto k = first; k < last; ++k) {
      auto const candidate = static_cast<std::int64_t>(candidates.targets[static_cast<std::size_t>(k)]);
      write_target<Entropy>(d_z, candidate, candidate_log_prob[k], d_candidate[k], adjoint, accumulate);
    }
  }
};

/// The live member that a token count belongs to: "chosen_tokens" to "chosen"; plain "tokens" to the only one.
template <class Inputs>
constexpr int member_counted_by(std::string_view name) {
  int found = -1;
  Inputs::live::for_each_index([&]<int K>() {
    std::string_view const live = Inputs::live::template at<K>::name;
    if (name == "tokens" || (name.starts_with(live) && name.substr(live.size()) == "_tokens"))
      found = found < 0 ? K : found;
  });
  return name.ends_with("tokens") ? found : -1;
}

template <class Inputs>
concept pair_with_reference = requires(Inputs const& in) {
  in.chosen;
  in.rejected;
  in.reference_chosen;
  in.reference_rejected;
};

}  // namespace detail

/// Holds the per-token and per-sequence numbers between the passes; keep one and reuse it, its memory stays. T is the type
/// of computation: float for float and bfloat16 logits, double for double.
///
///   head.read(logits, batch);                            // pass 1
///   head.sequence_loss(objective::dpo{}, references);     // any number of terms, each adds to the gradient
///   head.token_loss(objective::dft{}, {}, {.factor = 0.1});
///   head.write(logits, batch, d_logits);                 // pass 2
template <class Backend, class T = float>
class logits_head {
 public:
  explicit logits_head(Backend backend = {}) : backend_(backend) {}

  /// Pass 1. logits [tokens, vocab], any row stride. Forgets the terms of the step before.
  /// Throws shape_error and value_error as require_valid, and value_error for a row that is NaN or has no finite logit.
  template <class Stored, class Index>
  void read(view<Stored, 2> logits, token_batch<Index> const& batch, statistics_wanted wanted = {}) {
    static_assert(std::is_same_v<compute_t<Stored>, T>,
                  "logits_head: T must be the type the logits are computed in");
    require_valid("logits_head", batch, logits.rows(), logits.columns());
    auto const tokens = static_cast<std::size_t>(batch.tokens());
    log_prob_.resize(tokens);
    peak_.resize(tokens);
    log_sum_.resize(tokens);
    entropy_.resize(wanted.entropy ? tokens : 0);
    log_sum_of_squares_.resize(wanted.sum_of_squares ? tokens : 0);
    detail::read_logits<Index, std::remove_const_t<Stored>, T> const read{logits,
                                                                          batch,
                                                                          wanted,
                                                                          log_prob_.data(),
                                                                          peak_.data(),
                                                                          log_sum_.data(),
                                                                          pointer(entropy_),
                                                                          pointer(log_sum_of_squares_)};
    backend_.template for_rows<T>(batch.tokens(), logits.columns(), read);
    counted_.clear();
    for (std::size_t t = 0; t < tokens; ++t) {
      if (!std::isfinite(peak_[t]) || !std::isfinite(log_sum_[t])) {
        throw value_error(message("logits_head: the normaliser of row ", t, " is ", peak_[t] + log_sum_[t],
                                  "; every counted row needs a finite logit and none that is NaN or inf"));
      }
      if (batch.counts(static_cast<std::int64_t>(t))) counted_.push_back(t);
    }
    auto const sequences = static_cast<std::size_t>(batch.sequences());
    offsets_.assign(batch.offsets.begin(), batch.offsets.end());
    sequence_log_prob_.assign(sequences, T(0));
    sequence_tokens_.assign(sequences, T(0));
    for (std::size_t s = 0; s < sequences; ++s) {
      double sum = 0;
      for (auto t = offsets_[s]; t < offsets_[s + 1]; ++t) {
        sum += static_cast<double>(log_prob_[static_cast<std::size_t>(t)]);
        sequence_tokens_[s] += static_cast<T>(batch.counts(t));
      }
      sequence_log_prob_[s] = static_cast<T>(sum);
    }
    d_log_prob_.assign(tokens, T(0));
    d_entropy_.clear();
    candidate_log_prob_.clear();
    d_candidate_.clear();
  }

  /// Of the last read: log pi(target) per token (0 where masked), entropies and log sum pi^2 if wanted, and per sequence the
  /// sum of log-probs and the number of counted tokens [nats].
  std::span<T const> token_log_probs() const { return log_prob_; }
  std::span<T const> token_entropies() const { return entropy_; }
  std::span<T const> token_log_sums_of_squares() const { return log_sum_of_squares_; }
  std::span<T const> sequence_log_probs() const { return sequence_log_prob_; }
  std::span<T const> sequence_tokens() const { return sequence_tokens_; }

  /// Adds dL / d(sequence log-prob) [sequences] of a term that the caller computed (a list objective, say).
  void add_sequence_gradient(std::span<T const> d_sequence) {
    require_size("d_sequence", d_sequence.size(), sequence_log_prob_.size());
    for (std::size_t s = 0; s < d_sequence.size(); ++s) {
      for (auto t = offsets_[s]; t < offsets_[s + 1]; ++t)
        d_log_prob_[static_cast<std::size_t>(t)] += d_sequence[s];
    }
  }
  /// The same per token [tokens]; what it says of masked tokens is ignored.
  void add_token_gradient(std::span<T const> d_token) {
    require_size("d_token", d_token.size(), d_log_prob_.size());
    for (std::size_t t = 0; t < d_token.size(); ++t) d_log_prob_[t] += d_token[t];
  }

  /// A sequence objective on the sums of the last read. `frozen`: reference log-probs, scores ...; its live members stay
  /// empty, and token counts that are left empty are taken from the batch.
  template <differentiable_objective Objective, template <class> class Inputs>
  logits_result sequence_loss(Objective const& objective, Inputs<std::span<T const>> frozen,
                              logits_options<T> const& options = {}) {
    using spans           = Inputs<std::span<T const>>;
    constexpr int members = spans::live::count;
    auto const sequences  = sequence_log_prob_.size();
    if (sequences == 0 || sequences % members != 0) {
      throw shape_error(message("logits_head: ", sequences, " sequences do not make examples of ",
                                Objective::name, ", which needs ", members, " sequences for each"));
    }
    auto const examples = sequences / members;
    for (std::size_t s = 0; s < sequences; ++s) {
      if (!(sequence_tokens_[s] > 0)) {
        throw value_error(message("logits_head: sequence ", s, " has no counted token; expected at least 1"));
      }
    }
    auto position = [&](std::size_t k, std::size_t e) {
      return options.layout == sequence_layout::member_by_member ? k * examples + e : e * members + k;
    };
    live_.resize(sequences);
    tokens_.resize(sequences);
    d_live_.resize(sequences);
    for (std::size_t k = 0; k < members; ++k) {
      for (std::size_t e = 0; e < examples; ++e) {
        live_[k * examples + e]   = sequence_log_prob_[position(k, e)];
        tokens_[k * examples + e] = sequence_tokens_[position(k, e)];
      }
    }
    auto part = [&](std::vector<T>& from, int k) {
      return std::span<T>(from).subspan(static_cast<std::size_t>(k) * examples, examples);
    };
    Inputs<std::span<T>> gradient;
    spans::live::for_each_index([&]<int K>() {
      spans::live::template get<K>(frozen)                  = part(live_, K);
      Inputs<std::span<T>>::live::template get<K>(gradient) = part(d_live_, K);
    });
    spans::frozen::for_each_index([&]<int K>() {
      constexpr int counted = detail::member_counted_by<spans>(spans::frozen::template at<K>::name);
      auto& given           = spans::frozen::template get<K>(frozen);
      if (counted >= 0 && given.empty()) given = part(tokens_, counted);
    });
    logits_result result;
    result.loss = batch_loss_and_gradient(backend_, objective, frozen, gradient,
                                          {options.count, options.factor, options.weights, options.losses});
    if constexpr (detail::pair_with_reference<spans>) {
      double beta = 1;
      if constexpr (requires { objective.beta; }) beta = objective.beta;
      result.metrics = measure_preferences(frozen, beta);
    }
    for (std::size_t k = 0; k < members; ++k) {
      for (std::size_t e = 0; e < examples; ++e) {
        auto const s = position(k, e);
        for (auto t = offsets_[s]; t < offsets_[s + 1]; ++t)
          d_log_prob_[static_cast<std::size_t>(t)] += d_live_[k * examples + e];
      }
    }
    return result;
  }

  /// An objective of single tokens (its one live input is the token's log-prob; frozen inputs have one element per token).
  /// Masked tokens take no part: their frozen inputs may hold anything. An entropy coefficient needs a read with
  /// {.entropy = true}.
  template <differentiable_objective Objective, template <class> class Inputs>
  double token_loss(Objective const& objective, Inputs<std::span<T const>> const& frozen,
                    token_options<T> const& options = {}) {
    using spans = Inputs<std::span<T const>>;
    static_assert(spans::live::count == 1,
                  "token_loss: a token objective has one live input, the token's log-prob");
    auto const tokens = log_prob_.size();
    auto const n      = counted_.size();
    if (n == 0) throw value_error("logits_head: every token is masked");
    double const count = options.count > 0 ? options.count : static_cast<double>(n);
    auto gather        = [&](char const* name, std::span<T const> from, std::vector<T>& to) {
      require_size(name, from.size(), tokens);
      to.resize(n);
      for (std::size_t k = 0; k < n; ++k) to[k] = from[counted_[k]];
      return std::span<T const>(to);
    };
    spans in;
    gathered_.resize(spans::frozen::count + 1);
    spans::live::template get<0>(in) = gather("log_prob", log_prob_, live_);
    spans::frozen::for_each_index([&]<int K>() {
      spans::frozen::template get<K>(in) =
          gather(spans::frozen::template at<K>::name, spans::frozen::template get<K>(frozen), gathered_[K]);
    });
    std::span<T const> weights;
    if (!options.weights.empty()) weights = gather("weights", options.weights, gathered_.back());
    d_live_.resize(n);
    Inputs<std::span<T>> gradient;
    Inputs<std::span<T>>::live::template get<0>(gradient) = d_live_;
    double loss =
        batch_loss_and_gradient(backend_, objective, in, gradient, {count, options.factor, weights, {}});
    for (std::size_t k = 0; k < n; ++k) d_log_prob_[counted_[k]] += d_live_[k];
    if (options.entropy_coefficient != 0) loss += entropy_loss(weights, count, options);
    return loss;
  }

  /// Log-probs of further targets of the rows, and an objective of one live log-prob on each of them: the negative candidates
  /// of unlikelihood. `frozen` has one element per candidate. Rows that are masked must have no candidates.
  template <differentiable_objective Objective, class Stored, class Index, template <class> class Inputs>
  double candidate_loss(Objective const& objective, view<Stored, 2> logits, token_batch<Index> const& batch,
                        token_candidates<Index> const& candidates, Inputs<std::span<T const>> frozen,
                        batch_options<T> const& options = {}) {
    using spans = Inputs<std::span<T const>>;
    static_assert(spans::live::count == 1,
                  "candidate_loss: the objective has one live input, the candidate's log-prob");
    require_valid("logits_head", candidates, batch, logits.columns());
    candidate_log_prob_.resize(candidates.targets.size());
    d_candidate_.assign(candidates.targets.size(), T(0));
    for (std::int64_t t = 0; t < batch.tokens(); ++t) {
      row<Stored const> const z{logits.row(t).data()};
      auto const first = candidates.offsets[static_cast<std::size_t>(t)],
                 last  = candidates.offsets[static_cast<std::size_t>(t) + 1];
      if (first < last && !batch.counts(t)) {
        throw value_error(message("logits_head: row ", t, " is masked but has ", last - first,
                                  " candidates, expected none"));
      }
      for (auto k = first; k < last; ++k) {
        candidate_log_prob_[static_cast<std::size_t>(k)] =
            (z[candidates.targets[static_cast<std::size_t>(k)]] - peak_[static_cast<std::size_t>(t)]) -
            log_sum_[static_cast<std::size_t>(t)];
      }
    }
    spans::live::template get<0>(frozen) = candidate_log_prob_;
    Inputs<std::span<T>> gradient;
    Inputs<std::span<T>>::live::template get<0>(gradient) = d_candidate_;
    return batch_loss_and_gradient(backend_, objective, frozen, gradient, options);
  }
  std::span<T const> candidate_log_probs() const { return candidate_log_prob_; }

  /// Pass 2: the gradient of all terms since the read. d_logits is overwritten, or added to; it may be the logits. Rows that
  /// are masked get exactly 0. `candidates`: those of candidate_loss, if it was called.
  template <class Stored, class Index>
  void write(view<Stored const, 2> logits, token_batch<Index> const& batch, view<Stored, 2> d_logits,
             bool accumulate = false, token_candidates<Index> const& candidates = {}) {
    if (d_logits.rows() != logits.rows() || d_logits.columns() != logits.columns()) {
      throw shape_error(message("logits_head: d_logits is [", d_logits.rows(), ", ", d_logits.columns(),
                                "], logits are [", logits.rows(), ", ", logits.columns(), "]"));
    }
    require_size("batch.targets", batch.targets.size(), log_prob_.size());
    require_size("candidates.targets", candidates.targets.size(), d_candidate_.size());
    if (accumulate && d_logits.data() == logits.data()) {
      throw value_error("logits_head: the gradient cannot be added to the logits it is computed from");
    }
    detail::write_logits<Index, Stored, T> const write{logits,
                                                       d_logits,
                                                       batch,
                                                       log_prob_.data(),
                                                       peak_.data(),
                                                       log_sum_.data(),
                                                       pointer(entropy_),
                                                       d_log_prob_.data(),
                                                       pointer(d_entropy_),
                                                       candidates,
                                                       pointer(candidate_log_prob_),
                                                       pointer(d_candidate_),
                                                       accumulate};
    backend_.template for_rows<T>(batch.tokens(), logits.columns(), write);
  }

  /// All of level 2 in one call: read, one sequence objective, write.
  template <differentiable_objective Objective, class Stored, class Index, template <class> class Inputs>
  logits_result loss_and_gradient(Objective const& objective, view<Stored const, 2> logits,
                                  token_batch<Index> const& batch, Inputs<std::span<T const>> const& frozen,
                                  view<Stored, 2> d_logits, logits_options<T> const& options = {},
                                  bool accumulate = false) {
    read(logits, batch);
    logits_result const result = sequence_loss(objective, frozen, options);
    write(logits, batch, d_logits, accumulate);
    return result;
  }

 private:
  template <class U>
  static U* pointer(std::vector<U>& v) {
    return v.empty() ? nullptr : v.data();
  }
  static void require_size(char const* name, std::size_t size, std::size_t expected) {
    if (size != expected)
      throw shape_error(message("logits_head: ", name, " has ", size, " elements, expected ", expected));
  }

  /// -coefficient * sum weight H / count over the counted tokens; weights are those of the counted tokens.
  double entropy_loss(std::span<T const> weights, double count, token_options<T> const& options) {
    if (entropy_.empty()) {
      throw value_error(
          "logits_head: an entropy coefficient needs the entropies; call read with {.entropy = true}");
    }
    if (d_entropy_.empty()) d_entropy_.assign(log_prob_.size(), T(0));
    double loss = 0;
    for (std::size_t k = 0; k < counted_.size(); ++k) {
      double const weight =
          options.entropy_coefficient * (weights.empty() ? 1.0 : static_cast<double>(weights[k])) / count;
      loss -= weight * static_cast<double>(entropy_[counted_[k]]);
      d_entropy_[counted_[k]] -= static_cast<T>(weight * options.factor);
    }
    return loss;
  }

  Backend backend_;
  std::vector<std::int64_t> offsets_;                                        // of the batch last read
  std::vector<std::size_t> counted_;                                         // its tokens that are not masked
  std::vector<T> log_prob_, peak_, log_sum_, entropy_, log_sum_of_squares_;  // [tokens]
  std::vector<T> sequence_log_prob_, sequence_tokens_;                       // [sequences]
  std::vector<T> d_log_prob_, d_entropy_;                                    // [tokens], the sum of all terms
  std::vector<T> candidate_log_prob_, d_candidate_;                          // [candidates]
  std::vector<T> live_, tokens_, d_live_;                                    // one term's inputs
  std::vector<std::vector<T>> gathered_;
};

}  // namespace poft
