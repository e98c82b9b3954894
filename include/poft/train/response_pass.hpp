// A model's forward and backward pass over responses: from tokens to a few numbers for each, and their derivatives back.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/core/view.hpp"
#include "poft/head/hidden.hpp"
#include "poft/model/scalar_head.hpp"
#include "poft/model/transformer.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/train/batch.hpp"
#include "poft/train/terms.hpp"

namespace poft {

/// Which of a model's outputs are wanted.
struct wanted_outputs {
  bool log_probs = true;
  bool entropies = false;
  bool scalars   = false;
};

/// Memory for the passes over micro-batches; keep one and use it again.
template <class Backend, class T>
class response_pass {
  using C = compute_t<T>;  // of all numbers per token and per response

 public:
  /// The model is looked at, and its gradient added to; it must outlive this. Logits are kept from pass to pass where they fit
  /// into `logits_bytes`, and made again where not.
  explicit response_pass(transformer<Backend, T>& model, std::int64_t logits_bytes = 1 << 26)
      : model_(model), head_(model.backend(), {.keep_bytes = logits_bytes}) {
    require_one_network("response_pass", model);
  }

  transformer<Backend, T>& model() { return model_; }

  /// Writes what the model says of the micro-batch's responses to those of the statistics from `first` on.
  void forward(micro_batch const& batch, wanted_outputs wanted, std::optional<std::uint64_t> dropout_seed,
               batch_statistics& out, std::size_t first) {
    hidden_ = model_.forward(batch.tokens, batch.offsets, dropout_seed);
    read(batch, wanted, out, first);
  }
  /// The same where no backward pass follows, without dropout: faster, in less memory.
  void infer(micro_batch const& batch, wanted_outputs wanted, batch_statistics& out, std::size_t first) {
    hidden_ = model_.infer(batch.tokens, batch.offsets);
    read(batch, wanted, out, first);
  }

  /// Of the last forward. dL/d parameters is added to the model's gradient.
  void backward(micro_batch const& batch, batch_statistics const& in, std::size_t first) {
    if (std::ssize(d_hidden_) < hidden_.size()) {
      d_hidden_ = model_.backend().template allocate<T>(hidden_.size());
    }
    view<T, 2> const d_hidden(d_hidden_.data(), hidden_.rows(), hidden_.columns());
    d_row_.assign(batch.tokens.size(), C(0));
    auto token        = static_cast<std::size_t>(in.tokens[first]);
    auto const spread = [&](std::vector<double> const& d_token) {
      std::size_t k = token;
      for (std::size_t row = 0; row < d_row_.size(); ++row) {
        d_row_[row] = batch.mask[row] ? static_cast<C>(d_token[k++]) : C(0);
      }
    };
    if (wanted_.log_probs) {
      spread(in.d_log_prob);
      head_.add_token_gradient(d_row_);
      if (in.d_entropy != 0) {
        d_row_.assign(d_row_.size(), static_cast<C>(in.d_entropy));
        head_.add_entropy_gradient(d_row_);
      }
      head_.write(hidden_, model_.slices().head, batch.batch(), d_hidden, model_.gradient_slices().head);
    } else {
      model_.backend().fill(view<T>(d_hidden.data(), d_hidden.size()), T{});
    }
    if (wanted_.scalars) {
      spread(in.d_value);
      for (std::size_t s = 0; s < batch.responses.size(); ++s) {
        d_row_[static_cast<std::size_t>(batch.offsets[s + 1] - 1)] += static_cast<C>(in.d_reward[first + s]);
      }
      scalar_head<Backend>::backward(
          model_.backend(), hidden_, model_.slices().scalar_head,
          view<C const>(d_row_copy_.send(model_.backend(), d_row_), hidden_.rows()), d_hidden,
          model_.gradient_slices().scalar_head);
    }
    model_.backward(d_hidden);
  }

 private:
  /// What the hidden states say.
  void read(micro_batch const& batch, wanted_outputs wanted, batch_statistics& out, std::size_t first) {
    wanted_    = wanted;
    auto token = static_cast<std::size_t>(out.tokens[first]);
    if (wanted.log_probs) {
      head_.read(hidden_, model_.slices().head, batch.batch(), {.entropy = wanted.entropies});
    }
    if (wanted.scalars) {
      values_.resize(batch.tokens.size());
      view<C> const values(values_copy_.send(model_.backend(), values_), hidden_.rows());
      scalar_head<Backend>::forward(model_.backend(), hidden_, model_.slices().scalar_head, values);
      values_copy_.fetch(model_.backend(), values_);
    }
    auto const log_probs = head_.token_log_probs(), entropies = head_.token_entropies();
    for (std::size_t s = 0; s < batch.responses.size(); ++s) {
      auto const begin = static_cast<std::size_t>(batch.offsets[s]),
                 end   = static_cast<std::size_t>(batch.offsets[s + 1]);
      for (std::size_t row = begin; row < end; ++row) {
        if (!batch.mask[row]) continue;
        if (wanted.log_probs) out.log_prob[token] = static_cast<double>(log_probs[row]);
        if (wanted.entropies) out.entropy[token] = static_cast<double>(entropies[row]);
        if (wanted.scalars) out.value[token] = static_cast<double>(values_[row]);
        ++token;
      }
      if (wanted.scalars) out.reward[first + s] = static_cast<double>(values_[end - 1]);
    }
  }

  transformer<Backend, T>& model_;
  hidden_head<Backend, T> head_;
  wanted_outputs wanted_;
  view<T const, 2> hidden_;        // [rows, channels]
  std::vector<C> values_, d_row_;  // [rows]
  backend_copy<Backend, C> values_copy_, d_row_copy_;
  buffer_of<Backend, T> d_hidden_;  // [rows, channels]
};

}  // namespace poft
