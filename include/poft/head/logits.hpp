// Level 2: from logits to any objective, and its gradient back into the logits, in two streaming passes.
// SPDX-License-Identifier: MIT
//
// (1) read: every row's log-prob of its target (and entropy, sum of squares where wanted); (2) the objective, free of
// tensors, on sequence sums or on tokens; (3) write: the gradient, in place or elsewhere. Nothing of the size
// [tokens, vocab] is ever allocated, and an objective that couples the batch needs nothing special: everything is known
// between the passes.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "poft/core/view.hpp"
#include "poft/head/token_batch.hpp"
#include "poft/head/token_losses.hpp"

namespace poft {

namespace detail {
/// The logits of each row's candidates.
template <class Stored, class T>
struct read_candidates {
  view<Stored const, 2> logits;
  std::int64_t const *offsets, *items;
  T* out;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t t) const {
    row<Stored const> const z{logits.row(t).data()};
    group.once([&] {
      for (auto k = offsets[t]; k < offsets[t + 1]; ++k) out[k] = z[items[k]];
    });
  }
};
}  // namespace detail

/// Keep one and reuse it, its memory stays. T is the type of computation: float for float and bfloat16 logits, double for
/// double.
///
///   head.read(logits, batch);                            // pass 1
///   head.sequence_loss(objective::dpo{}, references);     // any number of terms, each adds to the gradient
///   head.token_loss(objective::dft{}, {}, {.factor = 0.1});
///   head.write(logits, batch, d_logits);                 // pass 2
template <class Backend, class T = float>
class logits_head : public token_losses<Backend, T> {
 public:
  explicit logits_head(Backend backend = {}) : token_losses<Backend, T>("logits_head", std::move(backend)) {}

  /// Pass 1. logits [tokens, vocab], any row stride. Forgets the terms of the step before.
  /// Throws shape_error and value_error as require_valid, and value_error for a row that is NaN or has no finite logit.
  template <class Stored, class Index>
  void read(view<Stored, 2> logits, token_batch<Index> const& batch, statistics_wanted wanted = {}) {
    static_assert(std::is_same_v<compute_t<Stored>, T>,
                  "logits_head: T must be the type the logits are computed in");
    require_valid("logits_head", batch, logits.rows(), logits.columns());
    this->begin(batch, wanted);
    this->read_block(view<std::remove_const_t<Stored> const, 2>(logits), 0, counted(), false, 0);
    this->complete();
  }

  /// Log-probs of further targets of the rows, and an objective of one live log-prob on each of them: the negative candidates
  /// of unlikelihood. `frozen` has one element per candidate. Rows that are masked must have no candidates.
  template <differentiable_objective Objective, class Stored, class Index, template <class> class Inputs>
  double candidate_loss(Objective const& objective, view<Stored, 2> logits, token_batch<Index> const& batch,
                        token_candidates<Index> const& candidates, Inputs<std::span<T const>> const& frozen,
                        batch_options<T> const& options = {}) {
    using stored = std::remove_const_t<Stored>;
    return this->candidate_terms(objective, batch, candidates, frozen, options, logits.columns(),
                                 [&](auto const* offsets, auto const* items, T* out) {
                                   this->backend().template for_rows<T>(
                                       logits.rows(), 1,
                                       detail::read_candidates<stored, T>{logits, offsets, items, out});
                                 });
  }

  /// Pass 2: the gradient of all terms since the read. d_logits is overwritten, or added to; it may be the logits. Rows that
  /// are masked get exactly 0.
  template <class Stored, class Index>
  void write(view<Stored const, 2> logits, token_batch<Index> const& batch, view<Stored, 2> d_logits,
             bool accumulate = false) {
    if (d_logits.rows() != logits.rows() || d_logits.columns() != logits.columns()) {
      throw shape_error(message("logits_head: d_logits is [", d_logits.rows(), ", ", d_logits.columns(),
                                "], logits are [", logits.rows(), ", ", logits.columns(), "]"));
    }
    this->require_same(batch);
    if (accumulate && d_logits.data() == logits.data()) {
      throw value_error("logits_head: the gradient cannot be added to the logits it is computed from");
    }
    this->send_adjoints();
    this->write_block(logits, d_logits, 0, counted(), false, 0, accumulate);
    if (!accumulate) this->clear_masked(d_logits);
  }

  /// All of level 2 in one call: read, one sequence objective, write.
  template <differentiable_objective Objective, class Stored, class Index, template <class> class Inputs>
  logits_result loss_and_gradient(Objective const& objective, view<Stored const, 2> logits,
                                  token_batch<Index> const& batch, Inputs<std::span<T const>> const& frozen,
                                  view<Stored, 2> d_logits, logits_options<T> const& options = {},
                                  bool accumulate = false) {
    read(logits, batch);
    logits_result const result = this->sequence_loss(objective, frozen, options);
    write(logits, batch, d_logits, accumulate);
    return result;
  }

 private:
  std::int64_t counted() const { return std::ssize(token_losses<Backend, T>::counted()); }
};

}  // namespace poft
