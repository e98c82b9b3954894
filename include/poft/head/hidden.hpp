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
#include <type_traits>
#include <utility>
#include <vector>

#include "poft/backend/concept.hpp"
#include "poft/core/config.hpp"
#include "poft/core/error.hpp"
#include "poft/core/view.hpp"
#include "poft/head/token_batch.hpp"
#include "poft/head/token_losses.hpp"
#include "poft/primitive/rounded.hpp"
#include "poft/primitive/shape.hpp"

namespace poft {

struct hidden_head_options {
  std::int64_t keep_bytes = 0;  // for logits that are kept from the first pass to the second
  // A block of logits: counted tokens, and columns. Where the vocabulary has fewer, a block has as many more tokens. Not a
  // power of two: rows that lie so far apart share few places of a cache.
  std::int64_t rows = 1024, items = 2064;
};

namespace detail {
/// The logits of each row's candidates, from its hidden state.
template <class T>
struct project_candidates {
  view<T const, 2> hidden, weight;
  std::int64_t const *offsets, *items;
  compute_t<T>* out;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t t) const {
    row<T const> const x{hidden.row(t).data()};
    for (auto k = offsets[t]; k < offsets[t + 1]; ++k) {
      row<T const> const w{weight.row(items[k]).data()};
      auto const logit = group.sum(std::int64_t{0}, hidden.columns(), [=](auto i) { return x[i] * w[i]; });
      group.once([&] { out[k] = logit; });
    }
  }
};
}  // namespace detail

/// Keep one and reuse it, its memory stays: a block of logits, what the budget allows, and, where some tokens are masked, two
/// matrices of [counted tokens, channels].
///
///   head.read(hidden, weight, batch);
///   head.sequence_loss(objective::dpo{}, references);
///   head.write(hidden, weight, batch, d_hidden, d_weight);
///
/// T is what hidden states, weight and d_hidden are stored as. Of bfloat16, logits are float all the same: preferences look at
/// small differences of log-probs, and a logit of 20 in bfloat16 is wrong by up to 1/16. Their gradient is rounded, block by
/// block, since products want both operands of one type; sums over the vocabulary (d_hidden) and over tokens (d_weight) stay
/// float until they are complete. That takes a block and a matrix [counted tokens, channels] more.
template <class Backend, class T = float>
class hidden_head : public token_losses<Backend, compute_t<T>> {
  using C                             = compute_t<T>;
  static constexpr bool rounds_logits = !std::is_same_v<T, C>;  // when they have become the gradient

 public:
  explicit hidden_head(Backend backend = {}, hidden_head_options options = {})
      : token_losses<Backend, C>("hidden_head", std::move(backend)), options_(options) {
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
    cut(weight.rows());
    if (!this->are_all_counted()) {
      std::int64_t const counted = std::ssize(this->counted());
      reserve(states_, counted * hidden.columns());
      this->backend().template for_rows<C>(
          counted, hidden.columns(),
          primitive::convert_each_row<T, T>{hidden, this->counted_there(), states_of(hidden.columns()),
                                            nullptr});
    }
    view<T const, 2> const states = counted_rows_of(hidden);
    for (block const& b : blocks_) {
      project(states, weight, b);
      this->read_block(view<C const, 2>(b.logits), b.first, b.rows, true, b.item);
    }
    this->complete();
    is_read_ = true;
  }

  /// Log-probs of further targets of the rows, as logits_head's.
  template <differentiable_objective Objective, class Index, template <class> class Inputs>
  double candidate_loss(Objective const& objective, view<T const, 2> hidden, view<T const, 2> weight,
                        token_batch<Index> const& batch, token_candidates<Index> const& candidates,
                        Inputs<std::span<C const>> const& frozen, batch_options<C> const& options = {}) {
    return this->candidate_terms(objective, batch, candidates, frozen, options, weight.rows(),
                                 [&](auto const* offsets, auto const* items, C* out) {
                                   this->backend().template for_rows<C>(
                                       hidden.rows(), hidden.columns(),
                                       detail::project_candidates<T>{hidden, weight, offsets, items, out});
                                 });
  }

  /// Pass 2, once after each read. d_hidden [tokens, channels] is overwritten, masked rows with 0; to d_weight [vocab,
  /// channels] is added, an empty view leaves it out.
  template <class Index>
  void write(view<T const, 2> hidden, view<T const, 2> weight, token_batch<Index> const& batch,
             view<T, 2> d_hidden, view<C, 2> d_weight) {
    primitive::require_shape("hidden_head", "d_hidden", d_hidden, hidden.rows(), hidden.columns());
    if (d_weight.data() != nullptr) {
      primitive::require_shape("hidden_head", "d_weight", d_weight, weight.rows(), weight.columns());
    }
    this->require_same(batch);
    // The gradient takes the place of the logits that were kept.
    if (!std::exchange(is_read_, false)) throw value_error("hidden_head: write without a read before it");
    Backend const& backend        = this->backend();
    std::int64_t const counted    = std::ssize(this->counted());
    view<T const, 2> const states = counted_rows_of(hidden);
    view<C, 2> const d_states     = d_states_of(d_hidden);
    this->send_adjoints();
    // Backwards, since the logits of the last block are still there.
    for (auto b = blocks_.rbegin(); b != blocks_.rend(); ++b) {
      if (!b->is_kept && b != blocks_.rbegin()) project(states, weight, *b);
      view<T, 2> const d_logits = gradient_of(*b);
      this->write_block(view<C const, 2>(b->logits), d_logits, b->first, b->rows, true, b->item, false);
      bool const is_first_of_rows = b->item + b->items == weight.rows();
      backend.gemm({.beta = is_first_of_rows ? 0.0 : 1.0}, d_logits, weight.subview(b->item, b->items),
                   d_states.subview(b->first, b->rows));
      if (d_weight.data() != nullptr) {
        backend.gemm({.transpose_a = true, .beta = 1}, d_logits, states.subview(b->first, b->rows),
                     d_weight.subview(b->item, b->items));
      }
    }
    if (this->are_all_counted() && !rounds_logits) return;
    backend.template for_rows<C>(
        counted, hidden.columns(),
        primitive::convert_each_row<C, T>{d_states, nullptr, d_hidden, this->counted_there()});
    this->clear_masked(d_hidden);
  }

  /// All of level 3 in one call: read, one sequence objective, write.
  template <differentiable_objective Objective, class Index, template <class> class Inputs>
  logits_result loss_and_gradient(Objective const& objective, view<T const, 2> hidden,
                                  view<T const, 2> weight, token_batch<Index> const& batch,
                                  Inputs<std::span<C const>> const& frozen, view<T, 2> d_hidden,
                                  view<C, 2> d_weight, logits_options<C> const& options = {}) {
    read(hidden, weight, batch);
    logits_result const result = this->sequence_loss(objective, frozen, options);
    write(hidden, weight, batch, d_hidden, d_weight);
    return result;
  }

  /// Bytes that this holds beside the numbers per token.
  std::int64_t bytes_held() const {
    auto const bytes = [](auto const& buffer, std::size_t element) {
      return static_cast<std::int64_t>(element) * static_cast<std::int64_t>(buffer.size());
    };
    return bytes(states_, sizeof(T)) + bytes(rounded_, sizeof(T)) + bytes(d_states_, sizeof(C)) +
           bytes(block_, sizeof(C)) + bytes(kept_, sizeof(C));
  }

 private:
  struct block {
    std::int64_t first, rows, item, items;  // counted tokens first ..., items item ...
    view<C, 2> logits;                      // [rows, items]
    bool is_kept;
  };

  /// Row blocks on the outside. Kept rows and others do not mix.
  void cut(std::int64_t vocab) {
    std::int64_t const counted   = std::ssize(this->counted()),
                       items     = std::clamp(vocab, std::int64_t{1}, options_.items),
                       most      = options_.rows * options_.items / items,
                       row_bytes = std::max(vocab, items) * static_cast<std::int64_t>(sizeof(C)),
                       kept      = std::min(counted, options_.keep_bytes / row_bytes);
    reserve(kept_, kept * vocab);
    reserve(block_, std::min(counted - kept, most) * items);
    blocks_.clear();
    for (std::int64_t first = 0, rows; first < counted; first += rows) {
      bool const is_kept = first < kept;
      rows               = std::min(most, (is_kept ? kept : counted) - first);
      for (std::int64_t item = 0; item < vocab; item += items) {
        std::int64_t const width = std::min(items, vocab - item);
        view<C, 2> const logits  = is_kept
                                       ? view<C, 2>(kept_.data() + first * vocab + item, rows, width, vocab)
                                       : view<C, 2>(block_.data(), rows, width);
        blocks_.push_back({first, rows, item, width, logits, is_kept});
      }
    }
  }

  void project(view<T const, 2> states, view<T const, 2> weight, block const& b) {
    this->backend().gemm({.transpose_b = true}, states.subview(b.first, b.rows),
                         weight.subview(b.item, b.items), b.logits);
  }

  template <class Buffer>
  void reserve(Buffer& buffer, std::int64_t size) {
    using element = std::remove_pointer_t<decltype(buffer.data())>;
    if (size > static_cast<std::int64_t>(buffer.size())) {
      buffer = this->backend().template allocate<element>(size);
    }
  }

  /// [counted, channels]: the hidden states that count.
  view<T, 2> states_of(std::int64_t channels) {
    return {states_.data(), std::ssize(this->counted()), channels};
  }
  view<T const, 2> counted_rows_of(view<T const, 2> hidden) {
    return this->are_all_counted() ? hidden : view<T const, 2>(states_of(hidden.columns()));
  }
  /// [counted, channels]: the gradient with respect to them, d_hidden itself where it can be.
  view<C, 2> d_states_of(view<T, 2> d_hidden) {
    if constexpr (!rounds_logits) {
      if (this->are_all_counted()) return d_hidden;
    }
    std::int64_t const counted = std::ssize(this->counted());
    reserve(d_states_, counted * d_hidden.columns());
    return {d_states_.data(), counted, d_hidden.columns()};
  }
  /// [rows, items]: the gradient with respect to a block of logits, in their place where it can be.
  view<T, 2> gradient_of(block const& b) {
    if constexpr (rounds_logits) {
      reserve(rounded_, b.rows * b.items);
      return {rounded_.data(), b.rows, b.items};
    } else {
      return b.logits;
    }
  }

  hidden_head_options options_;
  std::vector<block> blocks_;
  buffer_of<Backend, T> states_, rounded_;
  buffer_of<Backend, C> d_states_, block_, kept_;
  bool is_read_ = false;
};

}  // namespace poft
