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
  double count  = 0;                // examples of the whole optimiser step; 0: those of this call
  double factor = 1;                // upstream factor of the gradient
  std::span<T const> weights = {};  // [examples]
  std::span<T> losses        = {};  // [examples], receives each example's loss
  sequence_layout layout     = sequence_layout::member_by_member;
};

template <class T>
struct token_options {
  double count               = 0;   // what the weighted sum is divided by; 0: the counted tokens
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
  T *log_prob, *log_normaliser, *entropy, *log_sum_of_squares;

  template <class Group>
  void operator()(Group group, std::int64_t r) const {
    if (!batch.counts(r)) {
      log_prob[r] = log_normaliser[r] = T(0);
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
    log_normaliser[r] = s.log_normaliser;
    log_prob[r]       = z[batch.targets[static_cast<std::size_t>(r)]] - s.log_normaliser;
    if (entropy) entropy[r] = s.entropy;
    if (log_sum_of_squares) log_sum_of_squares[r] = s.log_sum_of_squares;
  }
};

template <class Index, class Stored, class T>
struct write_logits {
  view<Stored const, 2> logits;
  view<Stored, 2> d_logits;
  token_batch<Index> batch;
  T const *log_prob, *log_normaliser, *entropy;
  T const *d_log_prob, *d_entropy;  // per token; d_entropy may be null
  bool accumulate;

  template <class Group>
  void operator()(Group group, std::int64_t r) const {
    row<Stored> const d_z{d_logits.row(r).data()};
    std::int64_t const vocab = logits.columns();
    if (!batch.counts(r)) {
      if (!accumulate) {
        for (std::int64_t v = 0; v < vocab; ++v) d_z.data[v] = Stored(0);
      }
      return;
    }
    row<Stored const> const z{logits.row(r).data()};
    auto const target = static_cast<std::int64_t>(batch.targets[static_cast<std::size_t>(r)]);
    T const before    = accumulate ? d_z[target] : T(0);
    if (d_entropy) {
      row_adjoint<T> const adjoint{log_normaliser[r], entropy[r], d_log_prob[r], d_entropy[r]};
      write_row<true>(group, z, d_z, vocab, adjoint, accumulate);
      write_target<true>(d_z, target, log_prob[r], d_log_prob[r], adjoint, accumulate, before);
    } else {
      row_adjoint<T> const adjoint{log_normaliser[r], T(0), d_log_prob[r], T(0)};
      write_row<false>(group, z, d_z, vocab, adjoint, accumulate);
      write_target<false>(d_z, target, log_prob[r], d_log_prob[r], adjoint, accumulate, before);
    }
  }
};

/// The live member that a token count belongs to: "chosen_tokens" to "chosen"; plain "tokens" to the only one.
template <class Inputs>
constexpr int member_counted_by(std::string_view name) {
  int found = -1;
  Inputs::live::for_each_index([&]<int K>() {
    std::string_view const live = Inputs::live::template at<K>::name;
    if (name == "tokens" || (name.starts_with(live) && name.substr(live.size()) == "_tokens")) found = found < 0 ? K : found;
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
template <class Backend, class T = float>
class logits_head {
 public:
  explicit logits_head(Backend backend = {}) : backend_(backend) {}

  /// Pass 1. logits [tokens, vocab], any row stride.
  /// Throws shape_error and value_error as require_valid, and value_error for a row that is NaN or has no finite logit.
  template <class Stored, class Index>
  void read(view<Stored, 2> logits, token_batch<Index> const& batch, statistics_wanted wanted = {}) {
    static_assert(std::is_same_v<compute_t<Stored>, T>, "logits_head: T must be the type the logits are computed in");
    require_valid("logits_head", batch, logits.rows(), logits.columns());
    auto const tokens = static_cast<std::size_t>(batch.tokens());
    log_prob_.resize(tokens);
    log_normaliser_.resize(tokens);
    entropy_.resize(wanted.entropy ? tokens : 0);
    log_sum_of_squares_.resize(wanted.sum_of_squares ? tokens : 0);
    detail::read_logits<Index, std::remove_const_t<Stored>, T> const read{
        logits, batch, wanted, log_prob_.data(), log_normaliser_.data(), pointer(entropy_), pointer(log_sum_of_squares_)};
    backend_.template for_rows<T>(batch.tokens(), logits.columns(), read);
    for (std::size_t t = 0; t < tokens; ++t) {
      if (!std::isfinite(log_normaliser_[t])) {
        throw value_error(message("logits_head: the normaliser of row ", t, " is ", log_normaliser_[t],
                                  "; every counted row needs a finite logit and none that is NaN or inf"));
      }
    }
    sum_sequences(batch);
  }

  /// Of the last read: log pi(target) per token (0 where masked), entropies, log sum pi^2, and per sequence the sum of
  /// log-probs and the number of counted tokens [nats].
  std::span<T const> token_log_probs() const { return log_prob_; }
  std::span<T const> token_entropies() const { return entropy_; }
  std::span<T const> token_log_sums_of_squares() const { return log_sum_of_squares_; }
  std::span<T const> sequence_log_probs() const { return sequence_log_prob_; }
  std::span<T const> sequence_tokens() const { return sequence_tokens_; }

  /// Pass 2 of a custom objective: d_log_prob is dL / d(sequence log-prob) [sequences].
  template <class Stored, class Index>
  void write_sequences(view<Stored const, 2> logits, token_batch<Index> const& batch, std::span<T const> d_sequence,
                       view<Stored, 2> d_logits, bool accumulate = false) {
    if (d_sequence.size() != sequence_log_prob_.size()) {
      throw shape_error(message("logits_head: d_sequence has ", d_sequence.size(), " elements, expected one per sequence, ",
                                sequence_log_prob_.size()));
    }
    d_log_prob_.resize(log_prob_.size());
    for (std::size_t s = 0; s < d_sequence.size(); ++s) {
      for (auto t = batch.offsets[s]; t < batch.offsets[s + 1]; ++t) d_log_prob_[static_cast<std::size_t>(t)] = d_sequence[s];
    }
    write_tokens<Stored>(logits, batch, d_log_prob_, {}, d_logits, accumulate);
  }

  /// Pass 2 in its general form: dL/dlog pi(target) and, if not empty, dL/dH per token; masked rows get exactly 0.
  /// d_logits may be the logits themselves; it is overwritten, or added to.
  template <class Stored, class Index>
  void write_tokens(view<Stored const, 2> logits, token_batch<Index> const& batch, std::span<T const> d_log_prob,
                    std::span<T const> d_entropy, view<Stored, 2> d_logits, bool accumulate = false) {
    if (d_logits.rows() != logits.rows() || d_logits.columns() != logits.columns()) {
      throw shape_error(message("logits_head: d_logits is [", d_logits.rows(), ", ", d_logits.columns(), "], logits are [",
                                logits.rows(), ", ", logits.columns(), "]"));
    }
    if (accumulate && d_logits.data() == logits.data()) {
      throw value_error("logits_head: the gradient cannot be added to the logits it is computed from");
    }
    detail::write_logits<Index, Stored, T> const write{
        logits,       d_logits, batch, log_prob_.data(), log_normaliser_.data(), pointer(entropy_), d_log_prob.data(),
        d_entropy.empty() ? nullptr : d_entropy.data(), accumulate};
    backend_.template for_rows<T>(batch.tokens(), logits.columns(), write);
  }

  /// A sequence objective on the sums of the last read. `frozen`: reference log-probs, scores ...; its live members stay
  /// empty, and token counts that are left empty are taken from the batch. Returns the loss and keeps dL/d(sum).
  template <differentiable_objective Objective, template <class> class Inputs>
  logits_result sequence_loss(Objective const& objective, Inputs<std::span<T const>> frozen,
                              logits_options<T> const& options = {}) {
    using spans          = Inputs<std::span<T const>>;
    constexpr int member = spans::live::count;
    auto const sequences = sequence_log_prob_.size();
    if (sequences == 0 || sequences % member != 0) {
      throw shape_error(message("logits_head: ", sequences, " sequences do not make ", Objective::name, " examples of ", member,
                                " sequences each"));
    }
    auto const examples = sequences / member;
    for (std::size_t s = 0; s < sequences; ++s) {
      if (!(sequence_tokens_[s] > 0)) {
        throw value_error(message("logits_head: sequence ", s, " has no counted token; expected at least 1"));
      }
    }
    arrange(sequence_log_prob_, live_, examples, member, options.layout);
    arrange(sequence_tokens_, counts_, examples, member, options.layout);
    auto part = [&](std::vector<T>& from, int k) { return std::span<T>(from).subspan(k * examples, examples); };
    d_live_.resize(sequences);
    Inputs<std::span<T>> gradient;
    spans::live::for_each_index([&]<int K>() {
      spans::live::template get<K>(frozen)                    = part(live_, K);
      Inputs<std::span<T>>::live::template get<K>(gradient) = part(d_live_, K);
    });
    spans::frozen::for_each_index([&]<int K>() {
      constexpr int counted = detail::member_counted_by<spans>(spans::frozen::template at<K>::name);
      auto& given           = spans::frozen::template get<K>(frozen);
      if (counted >= 0 && given.empty()) given = part(counts_, counted);
    });
    logits_result result;
    result.loss = batch_loss_and_gradient(backend_, objective, frozen, gradient,
                                          {options.count, options.factor, options.weights, options.losses});
    if constexpr (detail::pair_with_reference<spans>) {
      double beta = 1;
      if constexpr (requires { objective.beta; }) beta = objective.beta;
      result.metrics = measure_preferences(frozen, beta);
    }
    d_sequence_.resize(sequences);
    for (std::size_t e = 0; e < examples; ++e) {
      for (int k = 0; k < member; ++k) d_sequence_[position(e, k, examples, member, options.layout)] = d_live_[k * examples + e];
    }
    return result;
  }

  /// All of level 2 in one call: read, objective, write. logits are not const, so that d_logits may be they.
  template <differentiable_objective Objective, class Stored, class Index, template <class> class Inputs>
  logits_result loss_and_gradient(Objective const& objective, view<Stored const, 2> logits, token_batch<Index> const& batch,
                                  Inputs<std::span<T const>> const& frozen, view<Stored, 2> d_logits,
                                  logits_options<T> const& options = {}, bool accumulate = false) {
    read(logits, batch);
    logits_result const result = sequence_loss(objective, frozen, options);
    write_sequences<Stored>(logits, batch, d_sequence_, d_logits, accumulate);
    return result;
  }

  /// The same for an objective of single tokens (one live input, its log-prob; frozen inputs have one element per token).
  template <differentiable_objective Objective, class Stored, class Index, template <class> class Inputs>
  double token_loss_and_gradient(Objective const& objective, view<Stored const, 2> logits, token_batch<Index> const& batch,
                                 Inputs<std::span<T const>> const& frozen, view<Stored, 2> d_logits,
                                 token_options<T> const& options = {}, bool accumulate = false) {
    using spans = Inputs<std::span<T const>>;
    static_assert(spans::live::count == 1, "token_loss_and_gradient: a token objective has one live input, the token's log-prob");
    bool const with_entropy = options.entropy_coefficient != 0;
    read(logits, batch, {.entropy = with_entropy});
    auto const tokens = log_prob_.size();

    // Masked tokens take no part at all: their frozen inputs may hold anything.
    counted_.clear();
    for (std::size_t t = 0; t < tokens; ++t) {
      if (batch.counts(static_cast<std::int64_t>(t))) counted_.push_back(t);
    }
    if (counted_.empty()) throw value_error("token_loss_and_gradient: every token is masked");
    auto const n       = counted_.size();
    double const count = options.count > 0 ? options.count : static_cast<double>(n);
    auto gather        = [&](char const* name, std::span<T const> from, std::vector<T>& to) {
      if (from.size() != tokens) {
        throw shape_error(message("token_loss_and_gradient: ", name, " has ", from.size(), " elements, expected one per token, ",
                                         tokens));
      }
      to.resize(n);
      for (std::size_t k = 0; k < n; ++k) to[k] = from[counted_[k]];
      return std::span<T const>(to);
    };
    spans in;
    std::vector<std::vector<T>> gathered(spans::frozen::count + 1);
    spans::live::template get<0>(in) = gather("log_prob", log_prob_, live_);
    spans::frozen::for_each_index([&]<int K>() {
      spans::frozen::template get<K>(in) =
          gather(spans::frozen::template at<K>::name, spans::frozen::template get<K>(frozen), gathered[K]);
    });
    std::span<T const> weights;
    if (!options.weights.empty()) weights = gather("weights", options.weights, gathered.back());
    d_live_.resize(n);
    Inputs<std::span<T>> gradient;
    Inputs<std::span<T>>::live::template get<0>(gradient) = d_live_;
    double loss = batch_loss_and_gradient(backend_, objective, in, gradient, {count, options.factor, weights, {}});

    d_log_prob_.assign(tokens, T(0));
    d_entropy_.assign(with_entropy ? tokens : 0, T(0));
    for (std::size_t k = 0; k < n; ++k) {
      d_log_prob_[counted_[k]] = d_live_[k];
      if (with_entropy) {
        double const weight = options.entropy_coefficient * (weights.empty() ? 1.0 : static_cast<double>(weights[k])) / count;
        loss -= weight * static_cast<double>(entropy_[counted_[k]]);
        d_entropy_[counted_[k]] = static_cast<T>(-weight * options.factor);
      }
    }
    write_tokens<Stored>(logits, batch, d_log_prob_, d_entropy_, d_logits, accumulate);
    return loss;
  }

 private:
  template <class U>
  static U* pointer(std::vector<U>& v) {
    return v.empty() ? nullptr : v.data();
  }

  template <class Index>
  void sum_sequences(token_batch<Index> const& batch) {
    auto const sequences = static_cast<std::size_t>(batch.sequences());
    sequence_log_prob_.resize(sequences);
    sequence_tokens_.resize(sequences);
    for (std::size_t s = 0; s < sequences; ++s) {
      double sum         = 0;
      std::int64_t count = 0;
      for (auto t = batch.offsets[s]; t < batch.offsets[s + 1]; ++t) {
        sum += static_cast<double>(log_prob_[static_cast<std::size_t>(t)]);
        count += batch.counts(t);
      }
      sequence_log_prob_[s] = static_cast<T>(sum);
      sequence_tokens_[s]   = static_cast<T>(count);
    }
  }

  static std::size_t position(std::size_t example, int k, std::size_t examples, int members, sequence_layout layout) {
    return layout == sequence_layout::member_by_member ? static_cast<std::size_t>(k) * examples + example
                                                       : example * static_cast<std::size_t>(members) + static_cast<std::size_t>(k);
  }
  static void arrange(std::vector<T> const& from, std::vector<T>& to, std::size_t examples, int members,
                      sequence_layout layout) {
    to.resize(from.size());
    for (std::size_t e = 0; e < examples; ++e) {
      for (int k = 0; k < members; ++k) {
        to[static_cast<std::size_t>(k) * examples + e] = from[position(e, k, examples, members, layout)];
      }
    }
  }

  Backend backend_;
  std::vector<T> log_prob_, log_normaliser_, entropy_, log_sum_of_squares_;
  std::vector<T> sequence_log_prob_, sequence_tokens_;
  std::vector<T> live_, counts_, d_live_, d_sequence_, d_log_prob_, d_entropy_;
  std::vector<std::size_t> counted_;
};

}  // namespace poft
