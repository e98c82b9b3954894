// Generation: prompts go through a transformer at once, then each step adds a token to every unfinished sequence.
// SPDX-License-Identifier: MIT
//
// What a token is drawn with depends on the seed, its sequence's stream and its position, and on nothing else: neither
// threads nor the other prompts of a call change a sequence, and a sequence that is given back as a prompt goes on as
// it would have.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "poft/backend/concept.hpp"
#include "poft/core/error.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/model/activations.hpp"
#include "poft/model/config.hpp"
#include "poft/model/layers.hpp"
#include "poft/model/parameters.hpp"
#include "poft/model/transformer.hpp"
#include "poft/primitive/attention.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/primitive/embedding.hpp"
#include "poft/primitive/linear.hpp"
#include "poft/row/row.hpp"
#include "poft/row/sampling.hpp"

namespace poft {

struct generation_options {
  std::ptrdiff_t new_tokens = 0;  // at most, for each prompt
  poft::sampling sampling   = {};
  std::int32_t stop_token   = -1;  // ends its sequence, of which it is the last token; -1: none
  /// Beyond the model's positions, only the last tokens that fit are looked at, as minGPT does; the cache is then of no
  /// use. Without it, a prompt that is too long for its new tokens is an error.
  bool crop          = false;
  std::uint64_t seed = 0;
  /// [prompts], the streams of their random numbers; empty: 0, 1, 2, ...
  std::span<std::uint64_t const> streams = {};
  /// [prompts], a seed for each, instead of one for all.
  std::span<std::uint64_t const> seeds = {};
};

/// What follows prompt s are the elements offsets[s] .. offsets[s + 1] - 1 of each array.
template <class T>
struct generation {
  std::vector<std::int64_t> offsets{0};  // [prompts + 1]
  std::vector<std::int32_t> tokens{};
  std::vector<T> log_probs{};  // of the tokens under softmax(logits): temperature 1, nothing cut off [nats]
  std::vector<T> entropies{};  // of softmax(logits) before each token [nats]
};

namespace detail {

/// Columns of the fused projection that are kept for later tokens: keys and values.
template <class T>
struct cache_each_token {
  view<T const, 2> qkv;
  std::int64_t first_column;
  row<std::int64_t const> places;  // the cache's row for each token
  view<T, 2> cache;                // [.., 2 key-value channels]

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    row<T const> const from{&qkv(r, first_column)};
    row<T> const to{cache.row(places.data[r]).data()};
    group.each(std::int64_t{0}, cache.columns(), [=](auto i) { to.set(i, from[i]); });
  }
};

template <class T>
struct draw_each_row {
  view<T const, 2> logits;
  poft::sampling sampling;
  row<std::uint64_t const> seeds, streams;
  row<std::int64_t const> positions;
  drawn_item<T>* drawn;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    // Two words of the stream are one number in double.
    random_stream random(seeds.data[r], streams.data[r], 2 * static_cast<std::uint64_t>(positions.data[r]));
    auto const found = draw_item(group, row<T const>{logits.row(r).data()}, logits.columns(), sampling,
                                 random.uniform<double>());
    group.once([&] { drawn[r] = found; });
  }
};

}  // namespace detail

/// The forward pass of sequences that grow: keys and values of their tokens are kept, so that a new token costs what it
/// does by itself.
template <class Backend, class T>
class decoder {
  using C = compute_t<T>;

 public:
  /// Room for `sequences` of `longest` tokens. config and parameters, of the first of `all` networks, are looked at, not
  /// copied; several networks have as many sequences each, of as many tokens.
  decoder(Backend backend, transformer_config const& config, transformer_slices<T> const& parameters,
          networks const& all, std::ptrdiff_t sequences, std::ptrdiff_t longest)
      : backend_(std::move(backend)),
        config_(config),
        p_(parameters),
        all_(all),
        rows_(sequences * longest),
        longest_(longest) {
    cache_  = backend_.template allocate<T>(config.layers * rows_ * 2 * config.kv_channels());
    logits_ = backend_.template allocate<C>(sequences * config.vocab);
  }

  /// Forgets all and takes these sequences: tokens [n], offsets [sequences + 1] -> the logits of what follows each,
  /// [sequences, vocab], valid until the next call.
  view<C const, 2> start(view<std::int32_t const> tokens, view<std::int64_t const> offsets) {
    auto const sequences = static_cast<std::size_t>(offsets.size() - 1);
    first_.resize(sequences);
    lengths_.resize(sequences);
    last_.resize(sequences);
    positions_.clear();
    places_.clear();
    for (std::size_t s = 0; s < sequences; ++s) {
      auto const number = static_cast<std::ptrdiff_t>(s);
      first_[s]         = number * longest_;
      lengths_[s]       = offsets[number + 1] - offsets[number];
      last_[s]          = static_cast<std::int32_t>(offsets[number + 1] - 1);
      for (std::int64_t t = 0; t < lengths_[s]; ++t) {
        positions_.push_back(static_cast<std::int32_t>(t));
        places_.push_back(first_[s] + t);
      }
    }
    auto const offsets_there = offsets_copy_.send_indices(backend_, offsets);
    view<T, 2> const x       = forward(tokens, [&](block_activations<T> const& a, view<T, 2>) {
      attention::forward(backend_, attention_shape_of(config_), offsets_there, a.qkv, a.attended,
                               a.log_normaliser);
    });
    view<T, 2> const x_last  =  // [sequences, channels], where the norms' outputs were
        now_.blocks[0].attention_norm.y.subview(0, offsets.size() - 1);
    primitive::embedding<Backend>::forward(backend_, last_copy_.send_indices(backend_, last_), x, x_last);
    return logits_of(x_last);
  }

  /// One more token of each sequence: tokens [sequences] -> the logits of what follows, [sequences, vocab], valid until
  /// the next call.
  view<C const, 2> add(view<std::int32_t const> tokens) {
    positions_.clear();
    places_.clear();
    for (std::size_t s = 0; s < lengths_.size(); ++s) {
      positions_.push_back(static_cast<std::int32_t>(lengths_[s]));
      places_.push_back(first_[s] + lengths_[s]);
      ++lengths_[s];
    }
    std::ptrdiff_t const kv  = config_.kv_channels();
    auto const lengths_there = lengths_copy_.send_indices(backend_, lengths_);
    auto const first_there   = first_copy_.send_indices(backend_, first_);
    return logits_of(forward(tokens, [&](block_activations<T> const& a, view<T, 2> cache) {
      view<T const, 2> const q(a.qkv.data(), a.qkv.rows(), config_.query_channels(), a.qkv.row_stride());
      view<T const, 2> const keys(cache.data(), rows_, kv, 2 * kv),
          values(cache.data() + kv, rows_, kv, 2 * kv);
      attention::decode(backend_, attention_shape_of(config_), lengths_there, q, {keys, values, first_there},
                        a.attended);
    }));
  }

  /// Goes on without the others. `kept` are the numbers of sequences, ascending.
  void keep(std::vector<std::size_t> const& kept) {
    for (std::size_t s = 0; s < kept.size(); ++s) {
      first_[s]   = first_[kept[s]];
      lengths_[s] = lengths_[kept[s]];
    }
    first_.resize(kept.size());
    lengths_.resize(kept.size());
  }

 private:
  using attention = primitive::attention<Backend>;
  using linear    = primitive::linear<Backend>;

  /// Tokens [n] at positions_, kept in the rows places_ of the cache, which attend(activations, the block's cache) may
  /// read -> what the last block puts out [n, channels].
  template <class Attend>
  view<T, 2> forward(view<std::int32_t const> tokens, Attend const& attend) {
    std::ptrdiff_t const n = tokens.size(), width = 2 * config_.kv_channels();
    reserve(n);
    block_activations<T> const a = now_.blocks[0].rows(0, n);  // each block uses them again
    auto const positions         = positions_copy_.send_indices(backend_, positions_);
    auto const places            = places_copy_.send_indices(backend_, places_).there();
    embed(backend_, config_, p_, all_, tokens_copy_.send_indices(backend_, tokens), positions, a.x);
    for (std::ptrdiff_t l = 0; l < config_.layers; ++l) {
      forward_block(
          backend_, config_, p_.blocks[static_cast<std::size_t>(l)], all_, positions, a, a.x,
          [&] {
            view<T, 2> const cache(cache_.data() + l * rows_ * width, rows_, width);
            backend_.template for_rows<C>(
                n, width, detail::cache_each_token<T>{a.qkv, config_.query_channels(), places, cache});
            attend(a, cache);
          },
          [&](std::ptrdiff_t, view<T const, 2> input, linear_slices<T> const& p, view<T const, 2> x,
              view<T, 2> y) { linear::forward_onto(backend_, input, p.weight, p.bias, x, y, all_); });
    }
    return a.x;
  }

  /// Of the type of computation, as in training.
  view<C const, 2> logits_of(view<T, 2> x) {
    norm_activations<T> const hidden = now_.last_norm.rows(0, x.rows());
    view<C, 2> const logits(logits_.data(), x.rows(), config_.vocab);
    normalise(backend_, config_, p_.last_norm, all_, x, hidden);
    std::int64_t const rows = all_.rows_of_each("generate", x.rows());
    backend_.gemm({.transpose_b = true,
                   .count       = all_.count,
                   .stride_a    = rows * config_.channels,
                   .stride_b    = all_.stride,
                   .stride_c    = rows * config_.vocab},
                  view<T const, 2>(hidden.y).subview(0, rows), view<T const, 2>(p_.head),
                  logits.subview(0, rows));
    return logits;
  }

  void reserve(std::ptrdiff_t tokens) {
    if (now_.last_norm.y.rows() >= tokens) return;
    auto const laid_out = [&](T* base, C* statistics, row_moments<C>* moments) {
      return transformer_activations<T>(config_, kept_activations::one_block, tokens, 1, tokens, base,
                                        statistics, moments);
    };
    auto const needed = laid_out(nullptr, nullptr, nullptr);
    arena_            = backend_.template allocate<T>(needed.size);
    statistics_       = backend_.template allocate<C>(needed.statistics_size);
    moments_          = backend_.template allocate<row_moments<C>>(needed.moments_size);
    now_              = laid_out(arena_.data(), statistics_.data(), moments_.data());
  }

  Backend backend_;
  transformer_config const& config_;
  transformer_slices<T> const& p_;
  networks all_;
  std::ptrdiff_t rows_, longest_;
  buffer_of<Backend, T> cache_, arena_;
  buffer_of<Backend, C> logits_, statistics_;
  buffer_of<Backend, row_moments<C>> moments_;
  transformer_activations<T> now_;
  std::vector<std::int64_t> first_;      // [sequences]: where their rows of the cache start
  std::vector<std::int64_t> lengths_;    // [sequences]: how many rows are held
  std::vector<std::int32_t> last_;       // [sequences]: the last rows of the tokens that go through
  std::vector<std::int32_t> positions_;  // [n]
  std::vector<std::int64_t> places_;     // [n]: rows of the cache

  // Where the backend's rows see these, and the tokens and offsets that are given.
  backend_copy<Backend, std::int64_t> first_copy_, lengths_copy_, places_copy_, offsets_copy_;
  backend_copy<Backend, std::int32_t> last_copy_, positions_copy_, tokens_copy_;
};

namespace detail {

/// Throws where generate() has been asked for what cannot be.
template <class T>
void require_generation(transformer_config const& config, transformer_slices<T> const& p, networks const& all,
                        view<std::int32_t const> prompts, view<std::int64_t const> offsets,
                        generation_options const& options) {
  require_sequences("generate", config, prompts, offsets, all.count);
  auto const require = [](bool holds, auto const&... parts) {
    if (!holds) throw value_error(message("generate: ", parts...));
  };
  auto const& [temperature, top_k, top_p] = options.sampling;
  std::ptrdiff_t const sequences          = offsets.size() - 1;
  require(config.head != head_kind::none, "the model has no head for tokens");
  require(options.new_tokens >= 1, "new_tokens is ", options.new_tokens, ", expected >= 1");
  require(temperature >= 0 && std::isfinite(temperature), "temperature is ", temperature,
          ", expected finite and >= 0; 0 takes the most probable token");
  require(top_k >= 0, "top_k is ", top_k, ", expected >= 0; 0 keeps all tokens");
  require(top_p > 0 && top_p <= 1, "top_p is ", top_p, ", expected 0 < top_p <= 1; 1 keeps all tokens");
  require(options.stop_token >= -1 && options.stop_token < config.vocab, "stop_token is ", options.stop_token,
          ", expected 0 .. ", config.vocab - 1, " or -1 for none");
  require(all.count == 1 || (options.stop_token == -1 && !options.crop), "a stop token or crop with ",
          all.count, " networks, expected neither: all of them go on with as many sequences and tokens");
  for (std::ptrdiff_t s = 0; s < sequences && !options.crop; ++s) {
    std::int64_t const length = offsets[s + 1] - offsets[s];
    require(options.new_tokens - 1 <= config.positions - length, "prompt ", s, " of ", length, " tokens and ",
            options.new_tokens, " new ones, expected at most ", config.positions + 1,
            " together: the model has ", config.positions, " positions; crop looks at the last ones only");
  }
  if (p.size != parameter_count(config)) {
    throw shape_error(message("generate: the parameters are ", p.size, " numbers, expected ",
                              parameter_count(config), ", those of the config"));
  }
  auto const require_one_each = [&](char const* name, std::span<std::uint64_t const> given) {
    if (given.empty() || std::ssize(given) == sequences) return;
    throw shape_error(message("generate: ", given.size(), " ", name, " for ", sequences,
                              " prompts, expected one for each, or none"));
  };
  require_one_each("streams", options.streams);
  require_one_each("seeds", options.seeds);
}

/// What generate() was asked for, and rows with room for all new tokens of each prompt.
template <class T>
struct generation_rows {
  view<std::int32_t const> prompts;
  view<std::int64_t const> offsets;
  generation_options const& options;
  view<std::int32_t, 2> tokens;  // [prompts, new_tokens]
  view<T, 2> log_probs, entropies;
  view<std::int64_t> counts;  // [prompts] tokens that were drawn; -1 - n: none could be after n of them

  std::int64_t prompt_length(std::int64_t s) const { return offsets[s + 1] - offsets[s]; }
  /// The most tokens of prompt s and what follows it that the model looks at.
  std::int64_t longest(std::int64_t s, transformer_config const& config) const {
    return std::min<std::int64_t>(prompt_length(s) + options.new_tokens - 1, config.positions);
  }
};

/// All steps of the prompts first .. last - 1. Throws nothing: it may run beside others.
template <class Backend, class T>
void generate_piece(Backend const& backend, transformer_config const& config, transformer_slices<T> const& p,
                    networks const& side_by_side, generation_rows<compute_t<T>> const& all,
                    std::int64_t first, std::int64_t last) {
  using C                           = compute_t<T>;
  generation_options const& options = all.options;
  std::vector<std::int64_t> unfinished;  // prompts
  std::int64_t longest = 1;
  for (std::int64_t s = first; s < last; ++s) {
    unfinished.push_back(s);
    longest = std::max(longest, all.longest(s, config));
  }
  decoder<Backend, T> model(backend, config, p, side_by_side, last - first, longest);
  std::vector<std::int32_t> tokens;  // that the model has not seen
  std::vector<std::int64_t> offsets, positions;
  std::vector<std::uint64_t> seeds, streams;
  std::vector<std::size_t> kept;
  std::vector<drawn_item<C>> drawn;
  backend_copy<Backend, std::uint64_t> seeds_copy, streams_copy;
  backend_copy<Backend, std::int64_t> positions_copy;
  backend_copy<Backend, drawn_item<C>> drawn_copy;
  for (std::ptrdiff_t step = 0; step < options.new_tokens && !unfinished.empty(); ++step) {
    bool anew = step == 0;
    seeds.clear();
    streams.clear();
    positions.clear();
    for (std::int64_t const s : unfinished) {
      auto const number = static_cast<std::size_t>(s);
      seeds.push_back(options.seeds.empty() ? options.seed : options.seeds[number]);
      streams.push_back(options.streams.empty() ? number : options.streams[number]);
      positions.push_back(all.prompt_length(s) + step);
      anew = anew || positions.back() > config.positions;
    }
    if (anew) {  // the prompts, or all tokens that fit after some sequence has lost its first
      tokens.clear();
      offsets.assign(1, 0);
      for (std::int64_t const s : unfinished) {
        for (std::int64_t t = std::max<std::int64_t>(0, all.prompt_length(s) + step - config.positions);
             t < all.prompt_length(s) + step; ++t) {
          tokens.push_back(t < all.prompt_length(s) ? all.prompts[all.offsets[s] + t]
                                                    : all.tokens(s, t - all.prompt_length(s)));
        }
        offsets.push_back(static_cast<std::int64_t>(tokens.size()));
      }
    }
    view<C const, 2> const logits = anew ? model.start(tokens, offsets) : model.add(tokens);
    drawn.resize(unfinished.size());
    backend.template for_rows<C>(
        logits.rows(), logits.columns(),
        draw_each_row<C>{logits, options.sampling, seeds_copy.send_indices(backend, seeds).there(),
                         streams_copy.send_indices(backend, streams).there(),
                         positions_copy.send_indices(backend, positions).there(),
                         drawn_copy.send(backend, drawn)});
    drawn_copy.fetch(backend, drawn);

    tokens.clear();
    kept.clear();
    for (std::size_t r = 0; r < unfinished.size(); ++r) {
      std::int64_t const s = unfinished[r];
      all.counts[s]        = drawn[r].index < 0 ? -1 - step : step + 1;
      if (drawn[r].index < 0) continue;
      auto const token       = static_cast<std::int32_t>(drawn[r].index);
      all.tokens(s, step)    = token;
      all.log_probs(s, step) = drawn[r].log_prob;
      all.entropies(s, step) = drawn[r].entropy;
      if (token == options.stop_token) continue;
      kept.push_back(r);
      tokens.push_back(token);
    }
    if (kept.size() == unfinished.size()) continue;
    model.keep(kept);
    for (std::size_t r = 0; r < kept.size(); ++r) unfinished[r] = unfinished[kept[r]];
    unfinished.resize(kept.size());
  }
}

}  // namespace detail

/// prompts [n] int32, offsets [prompts + 1]; parameters are those of a model that may be in training. Prompts are cut into
/// pieces of so many that memory does not grow with their number. A small model's pieces go through all steps on one
/// thread each; all threads share the work of a larger one's. Dropout takes no part. The prompts are of the host, the
/// parameters of the backend. Of several networks side by side, each has an equal share of the prompts and of their tokens, one
/// network's after the other's, without a stop token; all go through each step together.
template <class Backend, class T>
generation<compute_t<T>> generate(Backend const& backend, transformer_config const& config,
                                  transformer_slices<T> const& parameters, view<std::int32_t const> prompts,
                                  view<std::int64_t const> offsets, generation_options const& options,
                                  networks const& side_by_side = {}) {
  static_assert(backend_for<Backend, T>, "the backend does not compute with elements of this type");
  using C                            = compute_t<T>;
  constexpr std::int64_t most_tokens = 16384;  // of a piece
  detail::require_generation(config, parameters, side_by_side, prompts, offsets, options);
  std::ptrdiff_t const count = offsets.size() - 1, room = options.new_tokens;
  std::vector<std::int32_t> tokens(static_cast<std::size_t>(count * room));
  std::vector<C> log_probs(tokens.size()), entropies(tokens.size());
  std::vector<std::int64_t> counts(static_cast<std::size_t>(count));
  detail::generation_rows<C> const all{prompts,
                                       offsets,
                                       options,
                                       {tokens.data(), count, room},
                                       {log_probs.data(), count, room},
                                       {entropies.data(), count, room},
                                       counts};
  std::int64_t longest = 1;
  for (std::int64_t s = 0; s < count; ++s) longest = std::max(longest, all.longest(s, config));
  bool const is_together    = side_by_side.count > 1;
  bool const is_small       = !is_together && transformer<Backend, T>::is_cut_in_pieces(parameters.size);
  std::int64_t const most   = std::max<std::int64_t>(1, most_tokens / longest);
  std::int64_t const wanted = !works_in_host_memory<Backend> ? count
                              : is_small                     ? std::clamp<std::int64_t>(count / 16, 32, 64)
                                                             : 64;
  std::int64_t const pieces = is_together ? 1 : 1 + (count - 1) / std::min(most, wanted);
  auto const piece          = [&](Backend const& b, std::int64_t k) {
    detail::generate_piece(b, config, parameters, side_by_side, all, count * k / pieces,
                                    count * (k + 1) / pieces);
  };
  if (is_small) {
    for_pieces(backend, pieces, piece);
  } else {
    for (std::int64_t k = 0; k < pieces; ++k) piece(backend, k);
  }

  generation<C> out;
  for (std::ptrdiff_t s = 0; s < count; ++s) {
    std::int64_t const drawn = all.counts[s];
    if (drawn < 0) {
      throw value_error(message("generate: no token can be drawn after ", -1 - drawn, " new ones of prompt ",
                                s, ": a logit is NaN or +inf, or all are -inf"));
    }
    auto const append = [&](auto& to, auto const& from) {
      to.insert(to.end(), from.row(s).begin(), from.row(s).begin() + drawn);
    };
    append(out.tokens, all.tokens);
    append(out.log_probs, all.log_probs);
    append(out.entropies, all.entropies);
    out.offsets.push_back(out.offsets.back() + drawn);
  }
  return out;
}

template <class Backend, class T>
generation<compute_t<T>> generate(transformer<Backend, T> const& model, view<std::int32_t const> prompts,
                                  view<std::int64_t const> offsets, generation_options const& options) {
  return generate(model.backend(), model.config(), model.slices(), prompts, offsets, options,
                  model.networks());
}

}  // namespace poft
