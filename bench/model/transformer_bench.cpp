// A training step of a transformer: forward, cross-entropy at every token, backward, AdamW; beside pytorch_transformer.py.
// SPDX-License-Identifier: MIT
#include "poft/model/transformer.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../support/multiply_speed.hpp"
#include "../support/process_memory.hpp"
#include "../support/timed_calls.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/core/random.hpp"
#include "poft/head/logits.hpp"
#include "poft/objective/nll.hpp"
#include "poft/train/optimiser.hpp"

namespace poft::bench {
namespace {

/// What takes part in matrix products: for every token two operations forward and four backward with each.
std::int64_t multiplied_parameters(transformer_config const& config, transformer_slices<float> const& p) {
  std::int64_t count = p.head.size();
  for (auto const& parameter : named_parameters(config, p)) {
    bool const in_a_block =
        parameter.kind == parameter_kind::residual_weight || parameter.kind == parameter_kind::weight;
    if (in_a_block && parameter.values.data() != p.head.data()) count += parameter.values.size();
  }
  return count;
}

class train_step {
 public:
  train_step(eigen::backend const& backend, transformer_config const& config, std::int64_t batch,
             std::int64_t time)
      : model_(backend, config), head_(backend), optimiser_(backend, adamw{}, model_.parameters().size()) {
    initialise(config, model_.slices(), 1);
    random_stream random(2);
    for (std::int64_t s = 0; s < batch; ++s) {
      offsets_.push_back(offsets_.back() + time);
      for (std::int64_t t = 0; t < 2 * time; ++t) {
        auto const token = random.below(static_cast<std::uint64_t>(config.vocab));
        (t < time ? tokens_ : targets_).push_back(static_cast<std::int32_t>(token));
      }
    }
    logits_.resize(static_cast<std::size_t>(batch * time * config.vocab));
    d_hidden_.resize(static_cast<std::size_t>(batch * time * config.channels));
  }

  transformer<eigen::backend, float>& model() { return model_; }
  double loss() const { return loss_; }

  void run(std::optional<std::uint64_t> dropout_seed) {
    forward_seconds.push_back(seconds_of([&] { model_.forward(tokens_, offsets_, dropout_seed); }));
    head_seconds.push_back(seconds_of([&] { run_head(); }));
    backward_seconds.push_back(seconds_of([&] { model_.backward(d_hidden()); }));
    optimiser_seconds.push_back(seconds_of([&] {
      optimiser_.update(model_.parameters(), model_.gradient(), 1e-4);
      model_.zero_gradient();
    }));
  }

  std::vector<double> forward_seconds, head_seconds, backward_seconds, optimiser_seconds;

 private:
  void run_head() {
    auto const& b     = model_.backend();
    auto const hidden = model_.hidden();
    view<float, 2> const logits(logits_.data(), hidden.rows(), model_.config().vocab);
    token_batch<std::int32_t> const batch{targets_, offsets_};
    b.gemm({.transpose_b = true}, hidden, model_.slices().head, logits);
    head_.read(logits, batch);
    loss_ = head_.token_loss(objective::nll_sum{}, token<std::span<float const>>{});
    head_.write(view<float const, 2>(logits), batch, logits);
    b.gemm({}, logits, model_.slices().head, d_hidden());
    b.gemm({.transpose_a = true, .beta = 1}, logits, hidden, model_.gradient_slices().head);
  }
  view<float, 2> d_hidden() { return {d_hidden_.data(), model_.hidden().rows(), model_.config().channels}; }

  transformer<eigen::backend, float> model_;
  logits_head<eigen::backend> head_;
  optimiser<eigen::backend, float> optimiser_;
  std::vector<std::int32_t> tokens_, targets_;
  std::vector<std::int64_t> offsets_{0};
  std::vector<float> logits_, d_hidden_;
  double loss_ = 0;
};

void run_steps(benchmark::State& state, transformer_config const& config, std::int64_t batch,
               std::int64_t time) {
  int const threads   = static_cast<int>(state.range(0));
  bool const known    = forget_peak_memory();
  double const before = memory_of_process("VmRSS:");
  train_step step({.threads = threads}, config, batch, time);
  std::uint64_t steps = 0;
  double const seconds =
      time_calls(state, [&] { step.run(config.dropout > 0 ? std::optional(steps++) : std::nullopt); });

  double const tokens = static_cast<double>(batch * time);
  double const operations =
      6 * tokens * static_cast<double>(multiplied_parameters(config, step.model().slices()));
  state.counters["forward_ms"]        = 1e3 * median(step.forward_seconds);
  state.counters["head_ms"]           = 1e3 * median(step.head_seconds);
  state.counters["backward_ms"]       = 1e3 * median(step.backward_seconds);
  state.counters["optimiser_ms"]      = 1e3 * median(step.optimiser_seconds);
  state.counters["tokens_per_second"] = tokens / seconds;
  state.counters["gigaflop_per_s"]    = 1e-9 * operations / seconds;
  state.counters["share_of_peak"]     = operations / seconds / speed_of_multiplication(threads);
  state.counters["loss"]              = step.loss();
  if (known) state.counters["peak_megabytes"] = (memory_of_process("VmHWM:") - before) / (1 << 20);
}

void add(std::string const& name, transformer_config const& config, std::int64_t batch, std::int64_t time) {
  add_on_threads("train_step/" + name + "/" + std::to_string(batch) + "x" + std::to_string(time), run_steps,
                 config, batch, time);
}

[[maybe_unused]] bool const added = [] {
  auto with_dropout    = gpt_nano(100, 10);
  with_dropout.dropout = 0.1;
  auto gpt2_of_64      = gpt2();
  gpt2_of_64.positions = 64;  // as many as the competitor has
  add("gpt_nano", gpt_nano(100, 10), 1000, 10);
  add("gpt_nano", gpt_nano(100, 10), 100, 10);
  add("gpt_nano_dropout", with_dropout, 1000, 10);
  add("gpt_mini", gpt_mini(256, 128), 16, 128);
  add("gpt_mini", gpt_mini(256, 1024), 1, 1024);
  add("gpt_mini", gpt_mini(256, 1024), 128, 8);
  add("gpt2", gpt2_of_64, 4, 64);
  return true;
}();

}  // namespace
}  // namespace poft::bench
