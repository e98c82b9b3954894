// Level 2 in place: from logits to the loss and, where the logits stood, its gradient; against reading them once and
// reading and overwriting them once.
// SPDX-License-Identifier: MIT
#include "poft/head/logits.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../support/memory_speed.hpp"
#include "../support/process_memory.hpp"
#include "../support/timed_calls.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/core/bfloat16.hpp"
#include "poft/core/random.hpp"
#include "poft/objective/dpo.hpp"
#include "poft/objective/poft.hpp"

namespace poft::bench {
namespace {

constexpr std::int64_t examples            = 2;
constexpr std::int64_t tokens_per_sequence = 256;

/// Sequences whose first tokens, a few more in each, are a masked prompt.
struct token_data {
  std::vector<std::int64_t> offsets;
  std::vector<std::int32_t> targets;
  std::vector<std::uint8_t> mask;

  token_data(std::int64_t sequences, std::int64_t vocab) {
    random_stream random(2);
    offsets.push_back(0);
    for (std::int64_t s = 0; s < sequences; ++s) {
      offsets.push_back((s + 1) * tokens_per_sequence);
      for (std::int64_t t = 0; t < tokens_per_sequence; ++t) {
        targets.push_back(static_cast<std::int32_t>(random.uniform<double>() * static_cast<double>(vocab)));
        mask.push_back(t >= 7 * s % (tokens_per_sequence / 2));
      }
    }
  }
  token_batch<std::int32_t> batch() const { return {targets, offsets, mask}; }
};

template <class Objective, class Stored>
void from_logits(benchmark::State& state) {
  using frozen_inputs          = inputs_of<Objective, std::span<float const>>;
  std::int64_t const vocab     = state.range(0);
  int const threads            = static_cast<int>(state.range(1));
  std::int64_t const sequences = examples * frozen_inputs::live::count;
  std::int64_t const rows      = sequences * tokens_per_sequence;

  token_data const tokens(sequences, vocab);
  std::vector<float> const score(static_cast<std::size_t>(examples), -9.0f);
  frozen_inputs frozen;  // token counts are the batch's
  frozen_inputs::frozen::for_each_index([&]<int K>() {
    if (!std::string_view(frozen_inputs::frozen::template at<K>::name).ends_with("tokens")) {
      frozen_inputs::frozen::template get<K>(frozen) = score;
    }
  });

  // Each call overwrites the logits, so each starts from a copy of these, one sequence's, which all sequences have.
  std::vector<Stored> fresh(static_cast<std::size_t>(tokens_per_sequence * vocab));
  random_stream random(3);
  for (Stored& z : fresh) z = static_cast<Stored>(random.normal<float>());
  std::vector<Stored> logits(static_cast<std::size_t>(rows * vocab));
  auto const refresh = [&] {
    for (std::int64_t s = 0; s < sequences; ++s) {
      std::copy(fresh.begin(), fresh.end(), logits.begin() + s * tokens_per_sequence * vocab);
    }
  };

  view<Stored, 2> const in_place(logits.data(), rows, vocab);
  eigen::backend const backend{.threads = threads};
  logits_head<eigen::backend> head(backend);
  Objective const objective{};
  double loss    = 0;
  auto const run = [&] {
    loss =
        head.loss_and_gradient(objective, view<Stored const, 2>(in_place), tokens.batch(), frozen, in_place)
            .loss;
  };

  eigen::for_each_piece(threads, 16 * threads,
                        [](std::int64_t) {});  // makes the threads, whose stacks are memory too
  refresh();
  state.counters["extra_kilobytes"] = extra_memory_of(run) / 1024;
  double const seconds              = time_calls(state, refresh, run);

  auto const counted = static_cast<double>(std::count(tokens.mask.begin(), tokens.mask.end(), 1));
  auto const bytes   = rows * vocab * static_cast<std::int64_t>(sizeof(Stored));
  auto const& speed  = speed_of_memory(bytes, threads);
  // Masked rows are not read, but overwritten.
  double const bound                  = counted / static_cast<double>(rows) * speed.read + 2 * speed.scale;
  state.counters["loss"]              = loss;
  state.counters["read_ms"]           = 1e3 * speed.read;
  state.counters["scale_ms"]          = 2e3 * speed.scale;
  state.counters["two_pass_bound_ms"] = 1e3 * bound;
  state.counters["share_of_two_pass_bound"] = bound / seconds;
}

template <class Objective, class Stored>
void add(std::string const& storage) {
  benchmark::RegisterBenchmark(("level_2/" + storage + "/" + Objective::name).c_str(),
                               from_logits<Objective, Stored>)
      ->ArgsProduct({{50257, 128256}, {1, 2}})
      ->ArgNames({"vocab", "threads"})
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

[[maybe_unused]] bool const added = [] {
  add<objective::poft, float>("float");
  add<objective::dpo, float>("float");
  add<objective::poft, bfloat16>("bfloat16");
  add<objective::dpo, bfloat16>("bfloat16");
  return true;
}();

}  // namespace
}  // namespace poft::bench
