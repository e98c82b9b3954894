// The transformer: tokens to hidden states, and their gradient back into one flat buffer; GPT-2 and Llama by its config.
// SPDX-License-Identifier: MIT
//
//   x = token embedding + position embedding                                  [tokens, channels]
//   in every block   x = x + attention(norm(x) W_qkv^T) W_projection^T
//                    x = x + activation(norm(x) W_up^T) W_down^T
//   hidden = norm(x)                                                          [tokens, channels]
//
// Blocks with the norm before each branch: Radford et al. 2019, section 2.3. The Llama family (Touvron et al. 2023,
// arXiv:2302.13971, section 2.2) has rotary positions inside the attention, RMS norms and SwiGLU in the same places.
//
// Gradients of parameters are accumulated, those of activations overwritten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "poft/backend/concept.hpp"
#include "poft/core/error.hpp"
#include "poft/core/view.hpp"
#include "poft/model/activations.hpp"
#include "poft/model/config.hpp"
#include "poft/model/layers.hpp"
#include "poft/model/parameters.hpp"
#include "poft/model/pieces.hpp"
#include "poft/primitive/add.hpp"
#include "poft/primitive/attention.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/primitive/column_sum.hpp"
#include "poft/primitive/dropout.hpp"
#include "poft/primitive/embedding.hpp"
#include "poft/primitive/gelu.hpp"
#include "poft/primitive/layer_norm.hpp"
#include "poft/primitive/linear.hpp"
#include "poft/primitive/networks.hpp"
#include "poft/primitive/rms_norm.hpp"
#include "poft/primitive/rotary.hpp"
#include "poft/primitive/shape.hpp"
#include "poft/primitive/swiglu.hpp"

namespace poft {

/// tokens [n] int32, one sequence after the other; sequence s has those from offsets[s] on, up to offsets[s + 1].
/// Throws unless every sequence has 1 .. positions tokens of the vocabulary, and every network an equal share of both.
inline void require_sequences(char const* operation, transformer_config const& config,
                              view<std::int32_t const> tokens, view<std::int64_t const> offsets,
                              std::int64_t networks = 1) {
  if (offsets.size() < 2) {
    throw shape_error(message(operation, ": the batch is empty: ", offsets.size(),
                              " offsets, expected one more than sequences, of which there is at least 1"));
  }
  if (offsets[0] != 0) throw value_error(message(operation, ": offsets[0] is ", offsets[0], ", expected 0"));
  for (std::ptrdiff_t s = 0; s + 1 < offsets.size(); ++s) {
    std::int64_t const first = offsets[s], end = offsets[s + 1];
    if (end < first) {
      throw value_error(
          message(operation, ": offsets[", s + 1, "] is ", end, " after ", first, "; offsets must ascend"));
    }
    if (end == first || end - first > config.positions) {
      throw value_error(message(operation, ": sequence ", s, " has ", end - first, " tokens, expected 1 .. ",
                                config.positions, ", the model's positions"));
    }
  }
  std::int64_t const sequences = offsets.size() - 1, last = offsets[sequences];
  if (last != tokens.size()) {
    throw shape_error(message(operation, ": the last offset is ", last, ", expected the number of tokens, ",
                              tokens.size()));
  }
  for (std::int64_t n = 0; n < networks; ++n) {
    if (sequences % networks == 0 && offsets[n * (sequences / networks)] * networks == n * last) continue;
    throw shape_error(message(operation, ": ", sequences, " sequences of ", last, " tokens in all for ",
                              networks, " networks, expected as many sequences and as many tokens for each"));
  }
  for (std::ptrdiff_t t = 0; t < tokens.size(); ++t) {
    if (tokens[t] < 0 || tokens[t] >= config.vocab) {
      throw value_error(
          message(operation, ": tokens[", t, "] is ", tokens[t], ", expected 0 .. ", config.vocab - 1));
    }
  }
}

/// Owns the parameters and their gradient, each one flat buffer, and an arena for the activations that grows where a batch
/// is larger than all before.
///
/// A small model's batch is cut into chunks of whole sequences, each of which goes through the whole network while it is in
/// a core's cache; threads take pieces of several chunks, and each piece but the first has a gradient of its own, added in
/// the pieces' order: at most 15 times `most_parameters_in_pieces` elements. A larger model's batch, and that of a backend with
/// memory of its own, goes through layer by layer, and the threads share each layer. Any number of threads gives equal bits.
///
/// Several networks of the config may go side by side, their parameters one after the other: neighbouring sequences, equally
/// many of as many tokens, are a network's, and its numbers are those that it has alone, but for dropout's masks. Rows of all
/// go through each layer together.
///
/// T is what parameters and activations are stored as, the gradients of activations too. Where that is bfloat16, what is
/// added to many times or small beside them is of float, the type of computation: the parameters' gradient, moments and inverse
/// deviations of norms, log-normalisers.
template <class Backend, class T>
class transformer {
  using C = compute_t<T>;

 public:
  static constexpr std::ptrdiff_t most_parameters_in_pieces = 1 << 20;
  /// Whether threads take pieces of what a model of so many parameters is given, each one through the whole network.
  static constexpr bool is_cut_in_pieces(std::ptrdiff_t parameters) {
    return works_in_host_memory<Backend> && parameters <= most_parameters_in_pieces;
  }

  /// All parameters are 0: see initialise() and the readers.
  transformer(Backend backend, transformer_config const& config, std::int64_t networks = 1)
      : backend_(std::move(backend)), config_(config) {
    config_.validate();
    if (networks < 1)
      throw value_error(message("transformer: networks is ", networks, ", expected at least 1"));
    all_                      = {networks, parameter_count(config_)};
    std::ptrdiff_t const size = all_.count * all_.stride;
    parameters_               = backend_.template allocate<T>(size);
    gradient_                 = backend_.template allocate<C>(size);
    slices_                   = {config_, parameters_.data()};
    gradient_slices_          = {config_, gradient_.data()};
  }

  Backend const& backend() const { return backend_; }
  transformer_config const& config() const { return config_; }
  /// How many they are, and from the parameters of one to those of the next.
  poft::networks const& networks() const { return all_; }

  /// Here and in the slices, which are the first network's, memory of the backend: see on_host() and change_on_host() where
  /// that is not the host's.
  std::span<T> parameters() { return {parameters_.data(), static_cast<std::size_t>(parameters_.size())}; }
  std::span<T const> parameters() const {
    return {parameters_.data(), static_cast<std::size_t>(parameters_.size())};
  }
  std::span<C> gradient() { return {gradient_.data(), static_cast<std::size_t>(gradient_.size())}; }
  transformer_slices<T> const& slices() const { return slices_; }
  transformer_slices<C> const& gradient_slices() const { return gradient_slices_; }
  void zero_gradient() { backend_.fill(view<C>(gradient_.data(), std::ssize(gradient_)), C(0)); }

  /// The hidden states of the last forward, [tokens, channels].
  view<T const, 2> hidden() const { return now_.last_norm.y; }

  /// tokens [n], offsets [sequences + 1] -> hidden states [n, channels], valid until the next forward. The arguments are
  /// copied. Dropout, at the places of minGPT but for the attention's probabilities (after the embedding, the attention's
  /// projection and the MLP), takes part only where a seed for its masks is given: a new one for every step.
  view<T const, 2> forward(view<std::int32_t const> tokens, view<std::int64_t const> offsets,
                           std::optional<std::uint64_t> dropout_seed = {}) {
    require_sequences("transformer forward", config_, tokens, offsets, all_.count);
    dropout_seed_ = config_.dropout > 0 ? dropout_seed : std::nullopt;
    return pass_forward(tokens, offsets, kept_activations::all);
  }

  /// The same where no backward pass follows, without dropout: in the memory of one block.
  view<T const, 2> infer(view<std::int32_t const> tokens, view<std::int64_t const> offsets) {
    require_sequences("transformer infer", config_, tokens, offsets, all_.count);
    dropout_seed_ = std::nullopt;
    return pass_forward(tokens, offsets, kept_activations::one_block);
  }

  /// d_hidden [n, channels] = dL/d hidden() of the last forward; dL/d parameters is added to gradient(). Throws value_error
  /// after infer().
  void backward(view<T const, 2> d_hidden) {
    if (kept_ != kept_activations::all) {
      throw value_error(
          "transformer backward: the last pass was infer(), which keeps nothing; expected forward()");
    }
    primitive::require_shape("transformer backward", "d_hidden", d_hidden, hidden().rows(), config_.channels);
    reserve_piece_gradients();
    for_pieces(backend_, pieces_.count(), [&](Backend const& b, std::int64_t piece) {
      auto const& gradient =
          piece == 0 ? gradient_slices_ : piece_slices_[static_cast<std::size_t>(piece - 1)];
      if (piece > 0) b.fill(piece_gradients().row(piece - 1), C(0));
      for (sequence_chunk const& chunk : pieces_[piece]) {
        backward_chunk(b, chunk, scratch(piece, chunk), d_hidden.subview(chunk.first, chunk.tokens),
                       gradient);
      }
    });
    if (pieces_.count() <= 1) return;
    column_sum::accumulate(backend_, view<C const, 2>(piece_gradients()),
                           view<C>(gradient_.data(), std::ssize(gradient_)));
  }

 private:
  using add        = primitive::add<Backend>;
  using attention  = primitive::attention<Backend>;
  using column_sum = primitive::column_sum<Backend>;
  using drop       = primitive::dropout<Backend>;
  using embedding  = primitive::embedding<Backend>;
  using gelu       = primitive::gelu<Backend>;
  using layer_norm = primitive::layer_norm<Backend>;
  using linear     = primitive::linear<Backend>;
  using rms_norm   = primitive::rms_norm<Backend>;
  using rotary     = primitive::rotary<Backend>;
  using swiglu     = primitive::swiglu<Backend>;

  view<T const, 2> pass_forward(view<std::int32_t const> tokens, view<std::int64_t const> offsets,
                                kept_activations kept) {
    tokens_.assign(tokens.begin(), tokens.end());
    kept_ = kept;
    pieces_.cut(offsets, all_.count > 1 || !is_cut_in_pieces(std::ssize(parameters_)));
    tokens_there_    = tokens_copy_.send_indices(backend_, tokens_);
    positions_there_ = positions_copy_.send_indices(backend_, pieces_.positions());
    offsets_there_   = offsets_copy_.send_indices(backend_, pieces_.offsets());
    reserve();
    for_pieces(backend_, pieces_.count(), [&](Backend const& b, std::int64_t piece) {
      for (sequence_chunk const& chunk : pieces_[piece])
        repeated(b, chunk, nullptr, [&](Backend const& own) { forward_chunk(own, piece, chunk); });
    });
    return hidden();
  }

  /// f(b) on a chunk, which backends may repeat for chunks of equal shapes in the same memory; dropout's masks change.
  template <class F>
  void repeated(Backend const& b, sequence_chunk const& chunk, T const* d_hidden, F const& f) const {
    if (dropout_seed_) return f(b);
    auto const key = [&] {
      auto const of = [](auto const* data) { return reinterpret_cast<std::uintptr_t>(data); };
      std::vector<std::uint64_t> out{of(d_hidden),
                                     of(parameters_.data()),
                                     of(gradient_.data()),
                                     of(arena_.data()),
                                     of(statistics_.data()),
                                     of(moments_.data()),
                                     of(tokens_there_.there().data),
                                     of(positions_there_.there().data),
                                     of(offsets_there_.there().data),
                                     static_cast<std::uint64_t>(kept_),
                                     static_cast<std::uint64_t>(tokens_.size()),
                                     static_cast<std::uint64_t>(chunk.first)};
      out.insert(out.end(), chunk.offsets.begin(), chunk.offsets.end());
      return out;
    };
    replayed(b, key, f);
  }

  // In the following, n is the number of the chunk's tokens.

  void forward_chunk(Backend const& b, std::int64_t piece, sequence_chunk const& chunk) const {
    auto const its_block = [&](std::ptrdiff_t l) {
      return kept_ == kept_activations::all
                 ? block(l, chunk)
                 : now_.blocks[static_cast<std::size_t>(piece)].rows(0, chunk.tokens);
    };
    auto const x = [&](std::ptrdiff_t l) {  // [n, channels]: what block l is given, or the last one puts out
      return kept_ == kept_activations::all && l == config_.layers ? last_x(chunk) : its_block(l).x;
    };
    embed(b, config_, slices_, all_, tokens(chunk), positions(chunk), x(0));
    if (dropout_seed_) drop::forward(b, config_.dropout, *dropout_seed_, mask(chunk), x(0), x(0));
    for (std::ptrdiff_t l = 0; l < config_.layers; ++l) {
      auto const a      = its_block(l);
      auto const attend = [&] {
        attention::forward(b, attention_shape_of(config_), offsets(chunk), a.qkv, a.attended,
                           a.log_normaliser);
      };
      auto const add_branch = [&](int which, view<T const, 2> input, linear_slices<T> const& p,
                                  view<T const, 2> onto, view<T, 2> y) {
        if (!dropout_seed_) return linear::forward_onto(b, input, p.weight, p.bias, onto, y, all_);
        auto const branch = scratch(piece, chunk).branch;
        linear::forward(b, input, p.weight, p.bias, branch, all_);
        drop::forward(b, config_.dropout, *dropout_seed_, mask(chunk, l, which), branch, branch);
        b.copy(view<T const>(onto.data(), onto.size()), view<T>(y.data(), y.size()));
        add::accumulate(b, branch, y);
      };
      forward_block(b, config_, slices_.blocks[static_cast<std::size_t>(l)], all_, positions(chunk), a,
                    x(l + 1), attend, add_branch);
    }
    normalise(b, config_, slices_.last_norm, all_, x(config_.layers), hidden(chunk));
  }

  void backward_chunk(Backend const& b, sequence_chunk const& chunk, transformer_scratch<T> const& s,
                      view<T const, 2> d_hidden, transformer_slices<C> const& d) const {
    repeated(b, chunk, d_hidden.data(), [&](Backend const& own) {
      normalise_backward<false>(own, last_x(chunk), slices_.last_norm, hidden(chunk), d_hidden, s.d_x,
                                d.last_norm);
      for (std::ptrdiff_t l = config_.layers - 1; l >= 0; --l) {
        backward_block(own, chunk, l, s, d.blocks[static_cast<std::size_t>(l)]);
      }
    });
    if (dropout_seed_) drop::backward(b, config_.dropout, *dropout_seed_, mask(chunk), s.d_x, s.d_x);
    if (config_.position == position_kind::learned) {
      embedding::backward(b, positions(chunk), s.d_x, d.position_embedding, all_);
    }
    embedding::backward(b, tokens(chunk), s.d_x, d.token_embedding, all_);
  }

  /// s.d_x [n, channels]: dL/d of the block's output when called, of its input afterwards.
  void backward_block(Backend const& b, sequence_chunk const& chunk, std::ptrdiff_t l,
                      transformer_scratch<T> const& s, block_slices<C> const& d) const {
    block_slices<T> const& p = slices_.blocks[static_cast<std::size_t>(l)];
    auto const a             = block(l, chunk);
    auto const d_branch      = [&](int which) -> view<T const, 2> {  // [n, channels], before it was dropped
      if (!dropout_seed_) return s.d_x;
      drop::backward(b, config_.dropout, *dropout_seed_, mask(chunk, l, which), s.d_x, s.branch);
      return s.branch;
    };
    // The MLP's branch.
    linear::backward(b, a.activated, p.down.weight, d_branch(1), s.d_activated, d.down.weight, d.down.bias,
                     all_);                                                         // [n, hidden]
    config_.mlp == mlp_kind::gelu ? gelu::backward(b, a.up, s.d_activated, s.d_up)  // [n, hidden or 2 hidden]
                                  : swiglu::backward(b, a.up, s.d_activated, s.d_up);
    linear::backward(b, a.mlp_norm.y, p.up.weight, s.d_up, s.branch, d.up.weight, d.up.bias,
                     all_);  // [n, channels]
    normalise_backward<true>(b, a.middle, p.mlp_norm, a.mlp_norm, s.branch, s.d_x,
                             d.mlp_norm);  // [n, channels], now of a.middle

    // The attention's branch.
    linear::backward(b, a.attended, p.projection.weight, d_branch(0), s.d_attended, d.projection.weight,
                     d.projection.bias, all_);  // [n, query channels]
    attention::backward(b, attention_shape_of(config_), offsets(chunk), a.qkv, a.attended, a.log_normaliser,
                        s.d_attended, s.d_qkv);  // [n, query + 2 key-value channels]
    if (config_.position == position_kind::rotary) {
      rotary::backward(b, positions(chunk), config_.head_channels, config_.rotary_base,
                       queries_and_keys(config_, s.d_qkv));
    }
    linear::backward(b, a.attention_norm.y, p.qkv.weight, s.d_qkv, s.branch, d.qkv.weight, d.qkv.bias, all_);
    normalise_backward<true>(b, a.x, p.attention_norm, a.attention_norm, s.branch, s.d_x,
                             d.attention_norm);  // now of a.x
  }

  /// d_x is overwritten, or accumulated where the norm begins a branch: Onto.
  template <bool Onto>
  void normalise_backward(Backend const& b, view<T const, 2> x, norm_slices<T> const& p,
                          norm_activations<T> const& a, view<T const, 2> d_y, view<T, 2> d_x,
                          norm_slices<C> const& d) const {
    config_.norm == norm_kind::layer
        ? layer_norm::template backward<Onto>(b, x, a.moments, p.gain, d_y, d_x, d.gain, d.bias, all_)
        : rms_norm::template backward<Onto>(b, x, a.inverse_rms, p.gain, d_y, d_x, d.gain, all_);
  }

  /// Streams of the random numbers of a chunk's masks: that after the embedding, then those of each block's branches.
  std::uint64_t mask(sequence_chunk const& chunk) const {
    return static_cast<std::uint64_t>(chunk.number * (1 + 2 * config_.layers));
  }
  std::uint64_t mask(sequence_chunk const& chunk, std::ptrdiff_t l, int which) const {
    return mask(chunk) + static_cast<std::uint64_t>(1 + 2 * l + which);
  }

  // The chunk's part of the batch.
  indices<Backend, std::int32_t> tokens(sequence_chunk const& chunk) const {
    return tokens_there_.part(tokens_there_.host().subview(chunk.first, chunk.tokens));
  }
  indices<Backend, std::int32_t> positions(sequence_chunk const& chunk) const {
    return positions_there_.part(chunk.positions);
  }
  indices<Backend, std::int64_t> offsets(sequence_chunk const& chunk) const {
    return offsets_there_.part(chunk.offsets);
  }
  view<T, 2> last_x(sequence_chunk const& chunk) const { return now_.x.subview(chunk.first, chunk.tokens); }
  norm_activations<T> hidden(sequence_chunk const& chunk) const {
    return now_.last_norm.rows(chunk.first, chunk.tokens);
  }
  block_activations<T> block(std::ptrdiff_t l, sequence_chunk const& chunk) const {
    return now_.blocks[static_cast<std::size_t>(l)].rows(chunk.first, chunk.tokens);
  }
  transformer_scratch<T> scratch(std::int64_t piece, sequence_chunk const& chunk) const {
    return now_.scratch[static_cast<std::size_t>(piece)].rows(chunk.tokens);
  }

  void reserve() {
    auto const laid_out = [&](T* base, C* statistics, row_moments<C>* moments) {
      return transformer_activations<T>(config_, kept_, static_cast<std::ptrdiff_t>(tokens_.size()),
                                        pieces_.count(), pieces_.largest_chunk(), base, statistics, moments);
    };
    auto const needed = laid_out(nullptr, nullptr, nullptr);
    if (needed.size > std::ssize(arena_)) arena_ = backend_.template allocate<T>(needed.size);
    if (needed.statistics_size > std::ssize(statistics_)) {
      statistics_ = backend_.template allocate<C>(needed.statistics_size);
    }
    if (needed.moments_size > std::ssize(moments_)) {
      moments_ = backend_.template allocate<row_moments<C>>(needed.moments_size);
    }
    now_ = laid_out(arena_.data(), statistics_.data(), moments_.data());
  }

  /// [pieces - 1, parameters]
  view<C, 2> piece_gradients() {
    return {piece_gradients_.data(), pieces_.count() - 1, std::ssize(parameters_)};
  }
  void reserve_piece_gradients() {
    std::ptrdiff_t const size = (pieces_.count() - 1) * std::ssize(parameters_);
    if (size <= std::ssize(piece_gradients_)) return;
    piece_gradients_ = backend_.template allocate<C>(size);
    piece_slices_.clear();
    for (std::ptrdiff_t k = 0; k + 1 < pieces_.count(); ++k) {
      piece_slices_.emplace_back(config_, piece_gradients().row(k).data());
    }
  }

  Backend backend_;
  transformer_config config_;
  poft::networks all_;
  buffer_of<Backend, T> parameters_, arena_;
  buffer_of<Backend, C> gradient_, statistics_, piece_gradients_;
  buffer_of<Backend, row_moments<C>> moments_;
  transformer_slices<T> slices_;
  transformer_slices<C> gradient_slices_;
  std::vector<transformer_slices<C>> piece_slices_;  // of the pieces from the second on
  std::vector<std::int32_t> tokens_;                 // of the last forward, as the next
  indices<Backend, std::int32_t> tokens_there_, positions_there_;
  indices<Backend, std::int64_t> offsets_there_;
  backend_copy<Backend, std::int32_t> tokens_copy_, positions_copy_;
  backend_copy<Backend, std::int64_t> offsets_copy_;
  std::optional<std::uint64_t> dropout_seed_;
  kept_activations kept_ = kept_activations::all;  // of the last pass
  batch_pieces pieces_;
  transformer_activations<T> now_;
};

/// For what is about one model: throws where several go side by side.
template <class Backend, class T>
void require_one_network(char const* operation, transformer<Backend, T> const& model) {
  if (model.networks().count == 1) return;
  throw value_error(
      message(operation, ": the model is ", model.networks().count, " networks side by side, expected 1"));
}

/// initialise() of the parameters of each network, wherever they are.
template <class Backend, class T>
void initialise(transformer<Backend, T>& model, std::span<std::uint64_t const> seeds) {
  networks const all = model.networks();
  if (std::ssize(seeds) != all.count) {
    throw shape_error(
        message("initialise: ", seeds.size(), " seeds for ", all.count, " networks, expected one for each"));
  }
  change_on_host(model.backend(), model.parameters(), [&](std::span<T> parameters) {
    for (std::int64_t n = 0; n < all.count; ++n) {
      initialise(model.config(), transformer_slices<T>(model.config(), parameters.data() + n * all.stride),
                 seeds[static_cast<std::size_t>(n)]);
    }
  });
}
template <class Backend, class T>
void initialise(transformer<Backend, T>& model, std::uint64_t seed) {
  initialise(model, std::span<std::uint64_t const>(&seed, 1));
}

}  // namespace poft
