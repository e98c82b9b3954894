// Level 3: from hidden states and the head's weight to any objective, and the gradients of both, without a tensor of
// [tokens, vocab].
// SPDX-License-Identifier: MIT
//
//   logits = hidden weight^T        hidden [tokens, channels], weight [vocab, channels]
//
// The logits of a few hundred tokens and a few thousand items at a time are made, looked at, and forgotten: once for the row
// statistics, and once more for the gradient, which costs a fourth matrix product. Where memory is left, it is given as a
// budget, and the logits that fit into it are kept instead. Only rows that count are projected.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "poft/backend/concept.hpp"
#include "poft/core/config.hpp"
#include "poft/core/error.hpp"
#include "poft/core/view.hpp"
#include "poft/head/token_batch.hpp"
#include "poft/head/token_losses.hpp"
#include "poft/primitive/shape.hpp"

namespace poft {

struct hidden_head_options {
  std::int64_t keep_bytes = 0;     // for logits that are kept from the first pass to the second
  std::int64_t rows       = 1024;  // counted tokens of a block of logits
  std::int64_t items      = 2048;  // columns of a block of logits
};

namespace detail {
/// Row r of `gathered` = row token[r] of x, or the other way round.
template <class T>
struct gather_rows {
  view<T const, 2> x;
  std::int64_t const* token;
  view<T, 2> gathered;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T const> const from{x.row(token[r]).data()};
    row<T> const to{gathered.row(r).data()};
    group.each(std::int64_t{0}, x.columns(), [=](auto i) { to.set(i, from[i]); });
  }
};
template <class T>
struct scatter_rows {
  view<T const, 2> gathered;
  std::int64_t const* token;
  view<T, 2> x;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T const> const from{gathered.row(r).data()};
    row<T> const to{x.row(token[r]).data()};
    group.each(std::int64_t{0}, x.columns(), [=](auto i) { to.set(i, from[i]); });
  }
};
}  // namespace detail

/// Keep one and reuse it, its memory stays: `rows` x `items` logits, two matrices of [counted tokens, channels], and what the
/// budget allows.
///
///   head.read(hidden, weight, batch);
///   head.sequence_loss(objective::dpo{}, references);
///   head.write(hidden, weight, batch, d_hidden, d_weight);
template <class Backend, class T = float>
class hidden_head : public token_losses<Backend, T> {
 public:
  explicit hidden_head(Backend backend = {}, hidden_head_options options = {})
      : token_losses<Backend, T>(std::move(backend)), options_(options) {
    if (options_.rows < 1 || options_.items < 1 || options_.keep_bytes < 0) {
      throw value_error(message("hidden_head: rows is ", options_.rows, ", items is ", options_.items,
                                ", keep_bytes is ", options_.keep_bytes, ", expected >= 1, >= 1 and >= 0"));
    }
  }

  /// Pass 1. Throws shape_error and value_error as require_valid, and value_error for a row of logits that is NaN or has no
  /// finite element.
  template <class Index>
  void read(view<T const, 2> hidden, view<T const, 2> weight, token_batch<Index> const& batch,
            statistics_wanted wanted = {}) {
    require_valid("hidden_head", batch, hidden.rows(), weight.rows());
    primitive::require_shape("hidden_head", "weight", weight, weight.rows(), hidden.columns());
    this->begin(batch, wanted);
    std::int64_t const counted = std::ssize(this->counted()), vocab = weight.rows();
    kept_rows_ = vocab == 0
                     ? 0
                     : std::min(counted, options_.keep_bytes / static_cast<std::int64_t>(sizeof(T)) / vocab);
    reserve(counted, hidden.columns(), vocab);
    this->backend().template for_rows<T>(counted, hidden.columns(),
                                         detail::gather_rows<T>{hidden, this->counted().data(), gathered()});
    for_blocks(vocab, [&](block const& b) {
      this->backend().gemm({.transpose_b = true}, rows_of(gathered(), b), weight.subview(b.item, b.items),
                           b.logits);
      this->read_block(view<T const, 2>(b.logits), batch, b.first, b.rows, true, b.item);
    });
    this->complete();
  }

  /// Log-probs of further targets of the rows, as logits_head's.
  template <differentiable_objective Objective, class Index, template <class> class Inputs>
  double candidate_loss(Objective const& objective, view<T const, 2> hidden, view<T const, 2> weight,
                        token_batch<Index> const& batch, token_candidates<Index> const& candidates,
                        Inputs<std::span<T const>> const& frozen, batch_options<T> const& options = {}) {
    return this->candidate_terms(objective, batch, candidates, frozen, options, weight.rows(),
                                 [&](std::int64_t token, std::int64_t item) {
                                   double sum = 0;
                                   for (std::int64_t c = 0; c < hidden.columns(); ++c)
                                     sum += static_cast<double>(hidden(token, c)) *
                                            static_cast<double>(weight(item, c));
                                   return static_cast<T>(sum);
                                 });
  }

  /// Pass 2, after which the next is a read. d_hidden [tokens, channels] is overwritten, masked rows with 0; to d_weight
  /// [vocab, channels] is added, an empty view leaves it out. `candidates`: those of candidate_loss, if it was called.
  template <class Index>
  void write(view<T const, 2> hidden, view<T const, 2> weight, token_batch<Index> const& batch,
             view<T, 2> d_hidden, view<T, 2> d_weight, token_candidates<Index> const& candidates = {}) {
    primitive::require_shape("hidden_head", "d_hidden", d_hidden, hidden.rows(), hidden.columns());
    if (d_weight.data() != nullptr) {
      primitive::require_shape("hidden_head", "d_weight", d_weight, weight.rows(), weight.columns());
    }
    this->require_same(batch, candidates);
    Backend const& backend = this->backend();
    for_blocks(weight.rows(), [&](block const& b) {
      view<T const, 2> const items = weight.subview(b.item, b.items), rows = rows_of(gathered(), b);
      if (b.first >= kept_rows_) backend.gemm({.transpose_b = true}, rows, items, b.logits);
      this->write_block(view<T const, 2>(b.logits), b.logits, batch, candidates, b.first, b.rows, true,
                        b.item, false);
      backend.gemm({.beta = b.item == 0 ? 0.0 : 1.0}, b.logits, items, rows_of(d_gathered(), b));
      if (d_weight.data() != nullptr) {
        backend.gemm({.transpose_a = true, .beta = 1}, b.logits, rows, d_weight.subview(b.item, b.items));
      }
    });
    auto const counted = this->counted();
    backend.template for_rows<T>(std::ssize(counted), hidden.columns(),
                                 detail::scatter_rows<T>{d_gathered(), counted.data(), d_hidden});
    for (std::int64_t const t : this->masked()) backend.fill(d_hidden.row(t), T(0));
  }

  /// Bytes that the last read and write held beside their arguments.
  std::int64_t bytes_held() const {
    return static_cast<std::int64_t>(sizeof(T)) *
           static_cast<std::int64_t>(states_.size() + block_.size() + kept_.size());
  }

 private:
  struct block {
    std::int64_t first, rows, item, items;  // counted tokens first ..., items item ...
    view<T, 2> logits;                      // [rows, items]
  };
  /// Row blocks on the outside: a row's first item comes first. Kept rows and others do not mix.
  template <class F>
  void for_blocks(std::int64_t vocab, F const& f) {
    std::int64_t const counted = std::ssize(this->counted());
    for (std::int64_t first = 0, rows; first < counted; first += rows) {
      bool const kept = first < kept_rows_;
      rows            = std::min(options_.rows, (kept ? kept_rows_ : counted) - first);
      for (std::int64_t item = 0; item < vocab; item += options_.items) {
        std::int64_t const items = std::min(options_.items, vocab - item);
        f(block{first, rows, item, items,
                kept ? view<T, 2>(kept_.data() + first * vocab + item, rows, items, vocab)
                     : view<T, 2>(block_.data(), rows, items)});
      }
    }
  }

  void reserve(std::int64_t counted, std::int64_t channels, std::int64_t vocab) {
    auto const at_least = [&](auto& buffer, std::int64_t size) {
      if (size > static_cast<std::int64_t>(buffer.size()))
        buffer = this->backend().template allocate<T>(size);
    };
    channels_ = channels;
    at_least(states_, 2 * counted * channels);
    at_least(kept_, kept_rows_ * vocab);
    at_least(block_, std::min(counted - kept_rows_, options_.rows) * std::min(vocab, options_.items));
  }
  // [counted, channels]: the hidden states that count, and the gradient with respect to them
  view<T, 2> gathered() { return {states_.data(), std::ssize(this->counted()), channels_}; }
  view<T, 2> d_gathered() {
    return {states_.data() + std::ssize(this->counted()) * channels_, std::ssize(this->counted()), channels_};
  }
  static view<T, 2> rows_of(view<T, 2> x, block const& b) { return x.subview(b.first, b.rows); }

  hidden_head_options options_;
  std::int64_t kept_rows_ = 0, channels_ = 0;
  buffer_of<Backend, T> states_, block_, kept_;
};

}  // namespace poft
