// From examples to what a model's step takes: ragged tokens with their targets, in micro-batches, in a shuffled order.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/core/random.hpp"
#include "poft/head/token_batch.hpp"
#include "poft/model/config.hpp"
#include "poft/train/dataset.hpp"

namespace poft {

/// Whether a sequence's last token goes through the model: it predicts nothing, but a reward is read there.
enum class last_token { left_out, kept };

/// The sequences of one pass, one after the other: prompt and response of every response of some examples.
struct micro_batch {
  std::vector<std::int32_t> tokens;          // [rows], what the model reads
  std::vector<std::int32_t> targets;         // [rows], the token after it
  std::vector<std::uint8_t> mask;            // [rows], 1 where the target counts: a token of the response
  std::vector<std::int64_t> offsets;         // [sequences + 1], rows
  std::vector<std::int64_t> responses;       // [sequences], their numbers in the dataset
  std::vector<std::int64_t> examples;        // [examples], theirs
  std::vector<std::int64_t> first_sequence;  // [examples + 1]

  token_batch<std::int32_t> batch() const { return {targets, offsets, mask}; }
  std::int64_t sequences() const { return static_cast<std::int64_t>(responses.size()); }
  std::int64_t rows() const { return static_cast<std::int64_t>(tokens.size()); }

  /// The one place where inputs and targets are shifted against each other: row i scores targets[i], the token that follows
  /// tokens[i]. With the last token kept, its row has no target and counts for nothing. `counts` is that of the dataset.
  void add_sequence(dataset::tokens prompt, dataset::tokens response, dataset::mask counts, last_token last) {
    std::size_t const length = prompt.size() + response.size();
    auto const token         = [&](std::size_t i) {
      return i < prompt.size() ? prompt[i] : response[i - prompt.size()];
    };
    for (std::size_t i = 0; i + 1 < length; ++i) {
      tokens.push_back(token(i));
      targets.push_back(token(i + 1));
      bool const in_response = i + 1 >= prompt.size();
      mask.push_back(in_response && (counts.empty() || counts[i + 1 - prompt.size()]));
    }
    if (last == last_token::kept) {
      tokens.push_back(token(length - 1));
      targets.push_back(0);
      mask.push_back(0);
    }
    offsets.push_back(rows());
  }

  /// Replaces what is there; the memory stays.
  void assign(dataset const& data, std::span<std::int64_t const> chosen, last_token last) {
    for (auto* numbers : {&tokens, &targets}) numbers->clear();
    mask.clear();
    responses.clear();
    offsets.assign(1, 0);
    first_sequence.assign(1, 0);
    examples.assign(chosen.begin(), chosen.end());
    for (std::int64_t const example : chosen) {
      for (std::int64_t r = data.first_response(example); r < data.first_response(example + 1); ++r) {
        responses.push_back(r);
        add_sequence(data.prompt(example), data.response(r), data.counts(r), last);
      }
      first_sequence.push_back(sequences());
    }
  }
};

/// Throws, naming the example, where a sequence is longer than the model's positions or a token outside its vocabulary.
inline void require_fits(dataset const& data, transformer_config const& config, last_token last) {
  std::ptrdiff_t const longest = config.positions + (last == last_token::left_out);
  for (std::int64_t e = 0; e < data.examples(); ++e) {
    auto const refuse = [&](char const* what, std::int64_t k, auto const&... parts) {
      throw value_error(message("dataset: example ", e, what, k, parts...));
    };
    auto const require_vocabulary = [&](dataset::tokens tokens, char const* what) {
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i] >= 0 && tokens[i] < config.vocab) continue;
        refuse(what, static_cast<std::int64_t>(i), " is ", tokens[i], ", expected 0 .. ", config.vocab - 1);
      }
    };
    auto const prompt = data.prompt(e);
    require_vocabulary(prompt, ": prompt token ");
    for (std::int64_t r = data.first_response(e); r < data.first_response(e + 1); ++r) {
      require_vocabulary(data.response(r), ": response token ");
      auto const length = static_cast<std::ptrdiff_t>(prompt.size() + data.response(r).size());
      if (length > longest) {
        refuse(", response ", r - data.first_response(e), ": prompt and response have ", length,
               " tokens, expected at most ", longest);
      }
    }
  }
}

/// A seed of its own for one of the things that a run draws random numbers for.
inline std::uint64_t derived_seed(std::uint64_t seed, std::uint64_t purpose) {
  random_stream random(seed, purpose);
  std::uint64_t const upper = random();
  return upper << 32 | random();
}

/// The order in which examples are visited: every epoch its own permutation. Visit k is a function of the seed, the number
/// of examples and k alone, so that a place in the data is one number.
class data_order {
 public:
  data_order(std::int64_t examples, std::uint64_t seed)
      : seed_(seed), order_(static_cast<std::size_t>(examples)) {
    if (examples < 1) throw value_error("data_order: there are no examples, expected at least 1");
  }

  /// The examples of visits first .. first + count - 1.
  std::vector<std::int64_t> take(std::int64_t first, std::int64_t count) {
    auto const size = static_cast<std::int64_t>(order_.size());
    std::vector<std::int64_t> out;
    for (std::int64_t k = first; k < first + count; ++k) {
      if (k / size != epoch_) {
        epoch_ = k / size;
        random_stream(seed_, static_cast<std::uint64_t>(epoch_)).permutation(view<std::int64_t>(order_));
      }
      out.push_back(order_[static_cast<std::size_t>(k % size)]);
    }
    return out;
  }

 private:
  std::uint64_t seed_;
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> order_;
};

/// The part of `items` that one of `parts` gets: neighbours, in order, sizes that differ by at most one.
template <class T>
std::span<T const> part_of(std::span<T const> items, std::int64_t part, std::int64_t parts) {
  auto const start = [&](std::int64_t k) {
    return static_cast<std::size_t>(static_cast<std::int64_t>(items.size()) * k / parts);
  };
  return items.subspan(start(part), start(part + 1) - start(part));
}

}  // namespace poft
