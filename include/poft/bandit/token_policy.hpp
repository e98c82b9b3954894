// A policy over short token sequences: gpt-nano continues a prompt of one token by ten.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "poft/backend/concept.hpp"
#include "poft/bandit/environment.hpp"  // random_of
#include "poft/bandit/softmax_rows.hpp"
#include "poft/core/error.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/model/config.hpp"
#include "poft/model/generate.hpp"
#include "poft/model/parameters.hpp"
#include "poft/model/transformer.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/primitive/linear.hpp"
#include "poft/primitive/shape.hpp"

namespace poft::bandit {

/// pi(a_1 ... a_10 | prompt) = prod_n softmax(gpt(prompt, a_1 ... a_{n-1}))_{a_n}, one row per prefix, those of a sequence
/// one after the other. forward() first; the rows speak about the actions that log_prob() saw last, and backward() goes
/// through them. Dropout is off, in the reference, too (arXiv:2404.14367's code leaves it on, so that log-probs of its
/// reference change from call to call).
template <class Backend, class T = float>
class token_policy : public softmax_rows<Backend, T> {
  using base = softmax_rows<Backend, T>;

 public:
  static constexpr int elements = 10;  // log-probs per action: new tokens
  using action                  = std::array<int, elements>;
  using context                 = std::int32_t;  // the prompt

  using base::actions;  // the vocabulary

  token_policy(Backend backend, std::ptrdiff_t vocab, std::uint64_t seed)
      : token_policy(std::move(backend), vocab, std::span<std::uint64_t const>(&seed, 1)) {}
  /// A network for each seed; the prompts of a batch are the first one's, then the second one's ...
  token_policy(Backend backend, std::ptrdiff_t vocab, std::span<std::uint64_t const> seeds)
      : base(backend, vocab, std::ssize(seeds)),
        network_(std::move(backend), gpt_nano(vocab, elements), std::ssize(seeds)) {
    std::vector<std::uint64_t> own;
    for (random_stream& random : streams_of(seeds, stream::network)) own.push_back(random());
    initialise(network_, std::span<std::uint64_t const>(own));
  }

  /// prompts [batch, 1]
  void forward(view<context const, 2> prompts) {
    primitive::require_shape("token_policy forward", "prompts", prompts, prompts.rows(), 1);
    prompts_.clear();
    for (std::ptrdiff_t r = 0; r < prompts.rows(); ++r) prompts_.push_back(prompts(r, 0));
  }

  std::ptrdiff_t batch() const { return std::ssize(prompts_); }
  std::ptrdiff_t context_width() const { return 1; }
  context draw_context(random_stream& random) const {
    return static_cast<context>(random.below(static_cast<std::uint64_t>(actions())));
  }

  std::span<T> parameters() { return network_.parameters(); }
  std::span<T const> parameters() const { return network_.parameters(); }
  std::span<T> gradient() { return network_.gradient(); }
  void zero_gradient() { network_.zero_gradient(); }

  /// out [batch, samples * elements], contiguous: log pi(token | prompt, the tokens before it).
  void log_prob(view<action const, 2> taken, view<T, 2> out) {
    primitive::require_shape("token_policy log_prob", "out", out, batch(), taken.columns() * elements);
    take(taken);
    std::ptrdiff_t const rows = std::ssize(targets_);
    if (rows * actions() > logits_.size()) {
      logits_ = network_.backend().template allocate<T>(rows * actions());
    }
    view<T, 2> const logits(logits_.data(), rows, actions());
    over_pieces([&](std::ptrdiff_t first, std::ptrdiff_t count) {
      linear::forward(network_.backend(), run(first, count), network_.slices().head, {},
                      logits.subview(first, count), network_.networks());
    });
    base::read(logits);
    base::gather(targets(), {out.data(), rows, 1});
  }

  /// Draws actions [batch, samples]. The seed of the generation is made of the stream's next two words.
  void sample(random_stream random, view<action, 2> drawn) const {
    sample(std::span<random_stream const>(&random, 1), drawn);
  }
  /// With a stream for each network.
  void sample(std::span<random_stream const> streams, view<action, 2> drawn) const {
    require_streams("token_policy", streams.size(), network_.networks().count);
    primitive::require_shape("token_policy sample", "actions", drawn, batch(), drawn.columns());
    std::vector<context> prompts;  // [batch, samples]
    std::vector<std::int64_t> offsets{0};
    for (context const prompt : prompts_) {
      for (std::ptrdiff_t s = 0; s < drawn.columns(); ++s) {
        prompts.push_back(prompt);
        offsets.push_back(std::ssize(prompts));
      }
    }
    std::vector<std::uint64_t> seeds, numbers;  // [batch, samples]: of each prompt among those of its network
    for (random_stream random : streams) {
      std::uint64_t const high = random(), low = random();
      for (std::uint64_t k = 0; k < prompts.size() / streams.size(); ++k) {
        seeds.push_back(high << 32 | low);
        numbers.push_back(k);
      }
    }
    auto const made =
        generate(network_, prompts, offsets, {.new_tokens = elements, .streams = numbers, .seeds = seeds});
    auto from = made.tokens.begin();
    for (std::ptrdiff_t r = 0; r < batch(); ++r) {
      for (action& sequence : drawn.row(r)) {
        std::copy_n(from, elements, sequence.begin());
        from += elements;
      }
    }
  }

  /// d_log_prob [batch, samples * elements], contiguous: dL/d log pi(token ...), beside a divergence from the reference;
  /// dL/d parameters is added to gradient(). The actions are those of the last log_prob.
  void backward(view<action const, 2> taken, view<T const, 2> d_log_prob, row_kl<T> const& kl = {}) {
    primitive::require_shape("token_policy backward", "d_log_prob", d_log_prob, batch(),
                             taken.columns() * elements);
    if (taken.size() * elements != std::ssize(targets_) ||
        !std::equal(targets_.begin(), targets_.end(), taken.data()->data())) {
      throw value_error(
          "token_policy backward: other actions than those of the last log_prob, expected the same");
    }
    backward_logits(base::d_logits_of_log_prob(targets(), {d_log_prob.data(), std::ssize(targets_), 1}, kl));
  }

  /// d_logits [rows, vocab] = dL/d logits of the last log_prob; dL/d parameters is added to gradient().
  void backward_logits(view<T const, 2> d_logits) {
    over_pieces([&](std::ptrdiff_t first, std::ptrdiff_t count) {
      // In one piece, the network still holds what log_prob left.
      auto const hidden = count == std::ssize(targets_) ? network_.hidden() : run(first, count);
      if (hidden.size() > d_hidden_.size()) {
        d_hidden_ = network_.backend().template allocate<T>(hidden.size());
      }
      view<T, 2> const d_hidden(d_hidden_.data(), count, hidden.columns());
      linear::backward(network_.backend(), hidden, network_.slices().head, d_logits.subview(first, count),
                       d_hidden, network_.gradient_slices().head, {}, network_.networks());
      network_.backward(d_hidden);
    });
  }

  /// The gradient of softmax_rows' expectation under pi, added to gradient().
  void backward_expectation(view<T const, 2> values, view<T const> d) {
    backward_logits(base::d_logits_of_expectation(values, d));
  }

 private:
  using linear = primitive::linear<Backend>;
  /// The activations of so many tokens are kept, about 10 MB. More go through in pieces, and again for their gradient; those of
  /// networks side by side go through together.
  std::ptrdiff_t tokens_at_once() const {
    return network_.networks().count > 1 ? std::ssize(targets_) : 128 * elements;
  }

  /// Inputs and targets of every row: the token before it, and its own.
  void take(view<action const, 2> taken) {
    primitive::require_shape("token_policy log_prob", "actions", taken, batch(), taken.columns());
    inputs_.clear();
    targets_.clear();
    for (std::ptrdiff_t r = 0; r < batch(); ++r) {
      for (std::ptrdiff_t s = 0; s < taken.columns(); ++s) {
        action const& sequence = taken(r, s);
        for (int n = 0; n < elements; ++n) {
          std::size_t const at = static_cast<std::size_t>(n);
          if (sequence[at] < 0 || sequence[at] >= actions()) {
            throw value_error(message("token_policy log_prob: token ", n, " of actions[", r, ", ", s, "] is ",
                                      sequence[at], ", expected 0 ... ", actions() - 1));
          }
          inputs_.push_back(n == 0 ? prompts_[static_cast<std::size_t>(r)] : sequence[at - 1]);
          targets_.push_back(sequence[at]);
        }
      }
    }
    for (std::int64_t t = std::ssize(offsets_) * elements; t <= std::ssize(inputs_); t += elements)
      offsets_.push_back(t);
  }
  view<int const, 2> targets() const { return {targets_.data(), std::ssize(targets_), 1}; }

  /// f(first, count) for runs of rows that make whole sequences.
  template <class F>
  void over_pieces(F const& f) {
    std::ptrdiff_t const rows = std::ssize(targets_);
    for (std::ptrdiff_t first = 0; first < rows; first += tokens_at_once())
      f(first, std::min(tokens_at_once(), rows - first));
  }
  view<T const, 2> run(std::ptrdiff_t first, std::ptrdiff_t count) {
    return network_.forward({inputs_.data() + first, count}, {offsets_.data(), count / elements + 1});
  }

  transformer<Backend, T> network_;
  std::vector<context> prompts_;         // [batch]
  std::vector<std::int32_t> inputs_;     // [rows]
  std::vector<int> targets_;             // [rows]
  std::vector<std::int64_t> offsets_{};  // 0, elements, 2 elements ...
  buffer_of<Backend, T> logits_, d_hidden_;
};

}  // namespace poft::bandit
