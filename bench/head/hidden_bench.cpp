// Level 3: from hidden states and the head's weight to the loss and both gradients, with logits made twice, kept sequence by
// sequence, or kept.
// SPDX-License-Identifier: MIT
#include "poft/head/hidden.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "../support/multiply_speed.hpp"
#include "../support/process_memory.hpp"
#include "../support/timed_calls.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/core/random.hpp"
#include "poft/objective/poft.hpp"

namespace poft::bench {
namespace {

/// Sequences of equal length, whose first tokens, a few more in each, are a masked prompt.
struct problem {
  std::int64_t sequences, length, channels, vocab;
  std::vector<float> hidden, weight, d_hidden, d_weight;
  std::vector<std::int32_t> targets;
  std::vector<std::int64_t> offsets{0};
  std::vector<std::uint8_t> mask;
  std::vector<float> score;

  problem(std::int64_t sequences, std::int64_t length, std::int64_t channels, std::int64_t vocab)
      : sequences(sequences),
        length(length),
        channels(channels),
        vocab(vocab),
        hidden(static_cast<std::size_t>(sequences * length * channels)),
        weight(static_cast<std::size_t>(vocab * channels)),
        d_hidden(hidden.size()),
        d_weight(weight.size()),
        score(static_cast<std::size_t>(sequences), -9.0f) {
    random_stream random(3);
    for (float& h : hidden) h = random.normal<float>();
    for (float& w : weight) w = 0.02f * random.normal<float>();
    for (std::int64_t s = 0; s < sequences; ++s) {
      offsets.push_back((s + 1) * length);
      for (std::int64_t t = 0; t < length; ++t) {
        targets.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocab))));
        mask.push_back(t >= 7 * s % (length / 2));
      }
    }
  }

  /// The loss and gradients of sequences first ..., their share of the whole.
  double add_part(hidden_head<eigen::backend>& head, std::int64_t first, std::int64_t count) {
    std::int64_t const row = first * length, rows = count * length;
    auto const part = [&](auto& numbers) {
      return std::span(numbers).subspan(static_cast<std::size_t>(row), static_cast<std::size_t>(rows));
    };
    token_batch<std::int32_t> const batch{
        part(targets), std::span(offsets).first(static_cast<std::size_t>(count + 1)), part(mask)};
    auto const scores = std::span<float const>(score).subspan(static_cast<std::size_t>(first),
                                                              static_cast<std::size_t>(count));
    return head
        .loss_and_gradient(
            objective::poft{},
            view<float const, 2>(&hidden[static_cast<std::size_t>(row * channels)], rows, channels),
            view<float const, 2>(weight.data(), vocab, channels), batch,
            scored_sequence<std::span<float const>>{{}, {}, scores},
            view<float, 2>(&d_hidden[static_cast<std::size_t>(row * channels)], rows, channels),
            view<float, 2>(d_weight.data(), vocab, channels), {.count = static_cast<double>(sequences)})
        .loss;
  }
};

enum class logits { made_twice, kept_of_one_sequence, kept };

void from_hidden(benchmark::State& state, std::int64_t sequences, std::int64_t length, std::int64_t channels,
                 logits mode) {
  std::int64_t const vocab = state.range(0);
  int const threads        = static_cast<int>(state.range(1));
  problem p(sequences, length, channels, vocab);
  std::int64_t const at_once = mode == logits::kept_of_one_sequence ? 1 : sequences;

  eigen::backend const backend{.threads = threads};
  auto const extra = [&] {  // with a head of its own, so that its memory is new
    hidden_head<eigen::backend> head(
        backend,
        {.keep_bytes =
             mode == logits::made_twice ? 0 : at_once * length * vocab * std::int64_t{sizeof(float)}});
    return extra_memory_of([&] {
      for (std::int64_t s = 0; s < sequences; s += at_once) p.add_part(head, s, at_once);
    });
  };
  eigen::for_each_piece(threads, 16 * threads,
                        [](std::int64_t) {});  // makes the threads, whose stacks are memory too
  state.counters["extra_kilobytes"] = extra() / 1024;

  hidden_head<eigen::backend> head(
      backend, {.keep_bytes =
                    mode == logits::made_twice ? 0 : at_once * length * vocab * std::int64_t{sizeof(float)}});
  double loss          = 0;
  double const seconds = time_calls(state, [&] {
    loss = 0;
    backend.fill(view<float>(p.d_weight), 0);  // a step begins with no gradient
    for (std::int64_t s = 0; s < sequences; s += at_once) loss += p.add_part(head, s, at_once);
  });
  auto const counted   = static_cast<double>(std::count(p.mask.begin(), p.mask.end(), 1));
  // Of the three products that cannot be avoided.
  double const operations          = 6 * counted * static_cast<double>(vocab * channels);
  state.counters["loss"]           = loss;
  state.counters["held_kilobytes"] = static_cast<double>(head.bytes_held()) / 1024;
  state.counters["gigaflop_per_s"] = 1e-9 * operations / seconds;
  state.counters["share_of_peak"]  = operations / seconds / speed_of_multiplication(threads);
}

void add(std::string const& name, std::int64_t sequences, std::int64_t length, std::int64_t channels,
         std::int64_t vocab, logits mode) {
  benchmark::RegisterBenchmark(("level_3/" + name).c_str(), from_hidden, sequences, length, channels, mode)
      ->ArgsProduct({{vocab}, {1, 2}})
      ->ArgNames({"vocab", "threads"})
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

[[maybe_unused]] bool const added = [] {
  add("poft/made_twice", 2, 256, 768, 50257, logits::made_twice);
  add("poft/kept_of_one_sequence", 2, 256, 768, 50257, logits::kept_of_one_sequence);
  add("poft/kept", 2, 256, 768, 50257, logits::kept);
  add("poft_nano/made_twice", 1000, 10, 48, 100, logits::made_twice);  // one block: nothing is made twice
  return true;
}();

}  // namespace
}  // namespace poft::bench
