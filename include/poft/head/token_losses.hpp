// What happens between the two passes of a head: numbers per token and per sequence, any objectives, their adjoints.
// SPDX-License-Identifier: MIT
//
// Free of tensors, and the same at level 2 (from logits) and level 3 (from hidden states): a head reads row statistics into
// it, the caller adds terms of the loss, the head writes the adjoints back.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "poft/batch/evaluate.hpp"
#include "poft/batch/preference_metrics.hpp"
#include "poft/core/view.hpp"
#include "poft/head/token_batch.hpp"
#include "poft/primitive/backend_copy.hpp"
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

/// Some rows of logits, or some columns of them: row r is that of token token[r] and stands at that place, or at place r
/// where the rows were gathered; column 0 is item first_item of the vocabulary.
template <class Stored>
struct logits_block {
  view<Stored, 2> logits;
  std::int64_t const* token;
  bool gathered;
  std::int64_t first_item = 0;

  POFT_FN std::int64_t place(std::int64_t r) const { return gathered ? r : token[r]; }
  POFT_FN row<Stored> at(std::int64_t r) const { return {logits.data() + place(r) * logits.row_stride()}; }
  /// The column of an item, or one that the block does not have.
  POFT_FN std::int64_t column_of(std::int64_t item) const { return item - first_item; }
  POFT_FN bool has(std::int64_t column) const { return column >= 0 && column < logits.columns(); }
};

template <class Stored, class T>
struct read_logits {
  logits_block<Stored const> block;
  std::int64_t const* targets;
  statistics_wanted wanted;
  row_sums<T>* sums;  // [rows of the block], as the next
  T* target_logit;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<Stored const> const z = block.at(r);
    row_sums<T> so_far        = sums[r];
    add_to_sums(group, z, block.logits.columns(), wanted, so_far);
    auto const column = block.column_of(targets[block.token[r]]);
    group.once([&] {
      sums[r] = so_far;
      if (block.has(column)) target_logit[r] = z[column];
    });
  }
};

/// Rows with nothing in them, of the given numbers.
template <class Stored>
struct clear_rows {
  view<Stored, 2> rows;
  std::int64_t const* numbers;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<Stored> const cleared{rows.row(numbers[r]).data()};
    group.each(std::int64_t{0}, rows.columns(),
               [=](auto i) { cleared.set(i, constant<decltype(cleared[i])>(0)); });
  }
};

/// What the second pass needs to know, per token [tokens] and per candidate, where the backend's rows see it.
template <class T>
struct token_adjoints {
  std::int64_t const* targets;
  T const *log_prob, *peak, *log_sum, *entropy;
  T const *d_log_prob, *d_entropy;  // d_entropy may be null
  std::int64_t const* candidates;   // their offsets per token, log-probs and adjoints; null: there are none
  std::int64_t const* candidate_offsets;
  T const *candidate_log_prob, *d_candidate;
};

template <class Stored, class Gradient, class T>
struct write_logits {
  logits_block<Stored const> block;
  view<Gradient, 2> d_logits;  // rows as the block's
  token_adjoints<T> tokens;
  bool accumulate;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    tokens.d_entropy ? write<true>(group, r) : write<false>(group, r);
  }

 private:
  template <bool Entropy, class Group>
  POFT_FN void write(Group group, std::int64_t r) const {
    std::int64_t const t      = block.token[r];
    row<Stored const> const z = block.at(r);
    row<Gradient> const d_z{d_logits.data() + block.place(r) * d_logits.row_stride()};
    std::int64_t first = 0, last = 0;
    if (tokens.d_candidate) {
      first = tokens.candidate_offsets[t];
      last  = tokens.candidate_offsets[t + 1];
    }
    row_adjoint<T> adjoint{tokens.peak[t], tokens.log_sum[t], T(0), tokens.d_log_prob[t], T(0)};
    if constexpr (Entropy) {
      adjoint.entropy   = tokens.entropy[t];
      adjoint.d_entropy = tokens.d_entropy[t];
    }
    for (auto k = first; k < last; ++k) adjoint.d_log_probs += tokens.d_candidate[k];
    write_row<Entropy>(group, z, d_z, block.logits.columns(), adjoint, accumulate);
    auto const single = [&](std::int64_t item, T log_prob, T d_log_prob) {
      auto const column = block.column_of(item);
      if (block.has(column)) write_target<Entropy>(d_z, column, log_prob, d_log_prob, adjoint, accumulate);
    };
    group.once([&] {
      single(tokens.targets[t], tokens.log_prob[t], tokens.d_log_prob[t]);
      for (auto k = first; k < last; ++k) {
        single(tokens.candidates[k], tokens.candidate_log_prob[k], tokens.d_candidate[k]);
      }
    });
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

/// Holds the per-token and per-sequence numbers between the passes; its memory stays from step to step. T is the type of
/// computation. A head (head/logits.hpp, head/hidden.hpp) fills and empties it; the caller sees what follows here.
template <class Backend, class T>
class token_losses {
 public:
  /// `head` begins the messages of what is thrown.
  token_losses(char const* head, Backend backend) : head_(head), backend_(std::move(backend)) {}

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

  /// The same of the entropies [tokens] of a read with {.entropy = true}.
  void add_entropy_gradient(std::span<T const> d_entropy) {
    require_size("d_entropy", d_entropy.size(), entropy_.size());
    d_entropy_.resize(entropy_.size());
    for (std::size_t t = 0; t < d_entropy.size(); ++t) d_entropy_[t] += d_entropy[t];
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
      throw shape_error(message(head_, ": ", sequences, " sequences do not make examples of ",
                                Objective::name, ", which needs ", members, " sequences for each"));
    }
    auto const examples = sequences / members;
    for (std::size_t s = 0; s < sequences; ++s) {
      if (!(sequence_tokens_[s] > 0)) {
        throw value_error(message(head_, ": sequence ", s, " has no counted token; expected at least 1"));
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
    result.loss = batch_loss_and_gradient(host_of(backend_), objective, frozen, gradient,
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
    if (n == 0) throw value_error(message(head_, ": every token is masked"));
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
    double loss = batch_loss_and_gradient(host_of(backend_), objective, in, gradient,
                                          {count, options.factor, weights, {}});
    for (std::size_t k = 0; k < n; ++k) d_log_prob_[counted_[k]] += d_live_[k];
    if (options.entropy_coefficient != 0) loss += entropy_loss(weights, count, options);
    return loss;
  }

  std::span<T const> candidate_log_probs() const { return candidate_log_prob_; }

 protected:
  /// Begins a step: every counted token gets empty sums. Forgets the terms of the step before.
  template <class Index>
  void begin(token_batch<Index> const& batch, statistics_wanted wanted) {
    auto const tokens = static_cast<std::size_t>(batch.tokens());
    for (auto* numbers : {&log_prob_, &peak_, &log_sum_, &d_log_prob_}) numbers->assign(tokens, T(0));
    entropy_.assign(wanted.entropy ? tokens : 0, T(0));
    log_sum_of_squares_.assign(wanted.sum_of_squares ? tokens : 0, T(0));
    d_entropy_.clear();
    candidate_.clear();
    candidate_offsets_.clear();
    candidate_log_prob_.clear();
    d_candidate_.clear();
    counted_.clear();
    masked_.clear();
    for (std::int64_t t = 0; t < batch.tokens(); ++t) (batch.counts(t) ? counted_ : masked_).push_back(t);
    sums_.assign(counted_.size(), row_sums<T>{});
    target_logit_.assign(counted_.size(), T(0));
    offsets_.assign(batch.offsets.begin(), batch.offsets.end());
    targets_.assign(batch.targets.begin(), batch.targets.end());
    wanted_             = wanted;
    counted_there_      = counted_copy_.send(backend_, counted_);
    targets_there_      = targets_copy_.send(backend_, targets_);
    sums_there_         = sums_copy_.send(backend_, sums_);
    target_logit_there_ = target_logit_copy_.send(backend_, target_logit_);
  }

  /// Adds a block of the rows `first`, first + 1 ... of the counted tokens.
  template <class Stored>
  void read_block(view<Stored const, 2> logits, std::int64_t first, std::int64_t rows, bool gathered,
                  std::int64_t first_item) {
    backend_.template for_rows<T>(
        rows, logits.columns(),
        detail::read_logits<Stored, T>{{logits, counted_there_ + first, gathered, first_item},
                                       targets_there_,
                                       wanted_,
                                       sums_there_ + first,
                                       target_logit_there_ + first});
  }

  /// After the last block: statistics per token and sums per sequence. value_error for a row that is NaN or has no finite
  /// logit.
  void complete() {
    sums_copy_.fetch(backend_, sums_);
    target_logit_copy_.fetch(backend_, target_logit_);
    for (std::size_t k = 0; k < counted_.size(); ++k) {
      auto const t = static_cast<std::size_t>(counted_[k]);
      auto const s = sums_[k].statistics(wanted_);
      if (!std::isfinite(s.peak) || !std::isfinite(s.log_sum)) {
        throw value_error(message(head_, ": the normaliser of row ", t, " is ", s.peak + s.log_sum,
                                  "; every counted row needs a finite logit and none that is NaN or inf"));
      }
      peak_[t]     = s.peak;
      log_sum_[t]  = s.log_sum;
      log_prob_[t] = (target_logit_[k] - s.peak) - s.log_sum;
      if (wanted_.entropy) entropy_[t] = s.entropy;
      if (wanted_.sum_of_squares) log_sum_of_squares_[t] = s.log_sum_of_squares;
    }
    auto const sequences = offsets_.size() - 1;
    sequence_log_prob_.assign(sequences, T(0));
    sequence_tokens_.assign(sequences, T(0));
    for (std::size_t s = 0, k = 0; s < sequences; ++s) {
      double sum = 0;
      for (; k < counted_.size() && counted_[k] < offsets_[s + 1]; ++k) {
        sum += static_cast<double>(log_prob_[static_cast<std::size_t>(counted_[k])]);
        sequence_tokens_[s] += T(1);
      }
      sequence_log_prob_[s] = static_cast<T>(sum);
    }
  }

  /// An objective of one live log-prob on each candidate. read_logits(offsets [tokens + 1], items, logits) runs rows that put
  /// the logit of every candidate k of token t, offsets[t] <= k < offsets[t + 1], at logits[k]. `frozen` has one element per
  /// candidate. Rows that are masked must have no candidates.
  template <class Objective, class Index, template <class> class Inputs, class ReadLogits>
  double candidate_terms(Objective const& objective, token_batch<Index> const& batch,
                         token_candidates<Index> const& candidates, Inputs<std::span<T const>> frozen,
                         batch_options<T> const& options, std::int64_t vocab, ReadLogits const& read_logits) {
    using spans = Inputs<std::span<T const>>;
    static_assert(spans::live::count == 1,
                  "candidate_loss: the objective has one live input, the candidate's log-prob");
    require_valid(head_, candidates, batch, vocab);
    for (std::int64_t t = 0; t < batch.tokens(); ++t) {
      auto const first = candidates.offsets[static_cast<std::size_t>(t)],
                 last  = candidates.offsets[static_cast<std::size_t>(t) + 1];
      if (first < last && !batch.counts(t)) {
        throw value_error(
            message(head_, ": row ", t, " is masked but has ", last - first, " candidates, expected none"));
      }
    }
    candidate_.assign(candidates.targets.begin(), candidates.targets.end());
    candidate_offsets_.assign(candidates.offsets.begin(), candidates.offsets.end());
    candidate_log_prob_.assign(candidate_.size(), T(0));
    d_candidate_.assign(candidate_.size(), T(0));
    auto const* const offsets = candidate_offsets_copy_.send(backend_, candidate_offsets_);
    auto const* const items   = candidate_copy_.send(backend_, candidate_);
    read_logits(offsets, items, candidate_log_prob_copy_.send(backend_, candidate_log_prob_));
    candidate_log_prob_copy_.fetch(backend_, candidate_log_prob_);
    for (std::size_t t = 0; t + 1 < candidate_offsets_.size(); ++t) {
      for (auto k = candidate_offsets_[t]; k < candidate_offsets_[t + 1]; ++k) {
        T& log_prob = candidate_log_prob_[static_cast<std::size_t>(k)];
        log_prob    = (log_prob - peak_[t]) - log_sum_[t];
      }
    }
    spans::live::template get<0>(frozen) = candidate_log_prob_;
    Inputs<std::span<T>> gradient;
    Inputs<std::span<T>>::live::template get<0>(gradient) = d_candidate_;
    return batch_loss_and_gradient(host_of(backend_), objective, frozen, gradient, options);
  }

  /// Throws unless the batch is that of the read.
  template <class Index>
  void require_same(token_batch<Index> const& batch) const {
    require_size("batch.targets", batch.targets.size(), log_prob_.size());
  }

  /// Before the first write_block: what the terms left, where rows see it.
  void send_adjoints() {
    adjoints_ = {targets_there_,
                 log_prob_copy_.send(backend_, log_prob_),
                 peak_copy_.send(backend_, peak_),
                 log_sum_copy_.send(backend_, log_sum_),
                 entropy_copy_.send(backend_, entropy_),
                 d_log_prob_copy_.send(backend_, d_log_prob_),
                 d_entropy_copy_.send(backend_, d_entropy_),
                 candidate_copy_.send(backend_, candidate_),
                 candidate_offsets_copy_.send(backend_, candidate_offsets_),
                 candidate_log_prob_copy_.send(backend_, candidate_log_prob_),
                 d_candidate_copy_.send(backend_, d_candidate_)};
  }
  /// The gradient of all terms with respect to a block of logits, where they stand or elsewhere.
  template <class Stored, class Gradient>
  void write_block(view<Stored const, 2> logits, view<Gradient, 2> d_logits, std::int64_t first,
                   std::int64_t rows, bool gathered, std::int64_t first_item, bool accumulate) const {
    backend_.template for_rows<T>(
        rows, logits.columns(),
        detail::write_logits<Stored, Gradient, T>{
            {logits, counted_there_ + first, gathered, first_item}, d_logits, adjoints_, accumulate});
  }
  /// The rows of masked tokens become 0.
  template <class Stored>
  void clear_masked(view<Stored, 2> rows) {
    if (masked_.empty()) return;
    backend_.template for_rows<T>(std::ssize(masked_), rows.columns(),
                                  detail::clear_rows<Stored>{rows, masked_copy_.send(backend_, masked_)});
  }

  Backend const& backend() const { return backend_; }
  /// Tokens that are not masked, ascending.
  std::span<std::int64_t const> counted() const { return counted_; }
  bool are_all_counted() const { return masked_.empty(); }
  /// The same numbers where rows see them.
  std::int64_t const* counted_there() const { return counted_there_; }

  void require_size(char const* name, std::size_t size, std::size_t expected) const {
    if (size != expected)
      throw shape_error(message(head_, ": ", name, " has ", size, " elements, expected ", expected));
  }

 private:
  /// -coefficient * sum weight H / count over the counted tokens; weights are those of the counted tokens.
  double entropy_loss(std::span<T const> weights, double count, token_options<T> const& options) {
    if (entropy_.empty()) {
      throw value_error(
          message(head_, ": an entropy coefficient needs the entropies; call read with {.entropy = true}"));
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

  char const* head_;
  Backend backend_;
  std::vector<std::int64_t> offsets_;  // of the batch last read
  std::vector<std::int64_t> counted_;  // its tokens that are not masked
  std::vector<std::int64_t> masked_;   // and those that are
  std::vector<row_sums<T>> sums_;      // [counted], as the next
  std::vector<T> target_logit_;
  statistics_wanted wanted_;
  std::vector<T> log_prob_, peak_, log_sum_, entropy_, log_sum_of_squares_;  // [tokens]
  std::vector<T> sequence_log_prob_, sequence_tokens_;                       // [sequences]
  std::vector<T> d_log_prob_, d_entropy_;                                    // [tokens], the sum of all terms
  std::vector<std::int64_t> targets_, candidate_,
      candidate_offsets_;                            // [tokens], [candidates], [tokens + 1] or none
  std::vector<T> candidate_log_prob_, d_candidate_;  // [candidates]
  std::vector<T> live_, tokens_, d_live_;            // one term's inputs
  std::vector<std::vector<T>> gathered_;

  // Where the backend's rows see these.
  backend_copy<Backend, std::int64_t> counted_copy_, masked_copy_, targets_copy_, candidate_copy_,
      candidate_offsets_copy_;
  backend_copy<Backend, row_sums<T>> sums_copy_;
  backend_copy<Backend, T> target_logit_copy_, log_prob_copy_, peak_copy_, log_sum_copy_, entropy_copy_,
      d_log_prob_copy_, d_entropy_copy_, candidate_log_prob_copy_, d_candidate_copy_;
  std::int64_t const *counted_there_ = nullptr, *targets_there_ = nullptr;
  row_sums<T>* sums_there_ = nullptr;
  T* target_logit_there_   = nullptr;
  detail::token_adjoints<T> adjoints_{};
};

}  // namespace poft
