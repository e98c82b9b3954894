// Level 4 on the GPU: training steps (forward, cross-entropy of every token, backward, AdamW) beside the rate of one large
// product, and generation.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../support/device_calls.cuh"
#include "poft/backend/one_by_one.hpp"
#include "poft/core/random.hpp"
#include "poft/head/hidden.hpp"
#include "poft/model/generate.hpp"
#include "poft/model/transformer.hpp"
#include "poft/objective/nll.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/train/optimiser.hpp"

namespace poft::bench {
namespace {

using stored  = bfloat16;  // parameters and activations
using compute = compute_t<stored>;
/// Of log-probs, relative to the largest: what rounding the parameters to bfloat16 changes, or what TF32 does.
constexpr double largest_error = std::is_same_v<stored, float> ? 1e-3 : 0.02;

struct token_sequences {
  std::vector<std::int32_t> tokens, targets;
  std::vector<std::int64_t> offsets{0};

  token_sequences(std::int64_t count, std::int64_t length, std::int64_t vocab, std::uint64_t seed) {
    random_stream random(seed);
    auto const draw = [&] {
      return static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocab)));
    };
    for (std::int64_t s = 0; s < count; ++s) offsets.push_back(offsets.back() + length);
    for (std::int64_t t = 0; t < count * length; ++t) {
      tokens.push_back(draw());
      targets.push_back(draw());
    }
  }
  token_batch<std::int32_t> batch() const { return {targets, offsets}; }
};

template <class Backend, class T>
transformer<Backend, T> initialised(Backend backend, transformer_config const& config) {
  transformer<Backend, T> out(std::move(backend), config);
  change_on_host(out.backend(), out.parameters(), [&](std::span<T> parameters) {
    initialise(config, transformer_slices<T>(config, parameters.data()), 1);
  });
  return out;
}

/// Of every token's target, in float64.
std::vector<double> exact_log_probs(transformer_config const& config, std::vector<std::int32_t> const& tokens,
                                    std::vector<std::int32_t> const& targets) {
  auto model = initialised<one_by_one, double>({}, config);
  std::vector<std::int64_t> const offsets{0, static_cast<std::int64_t>(tokens.size())};
  hidden_head<one_by_one, double> head;
  head.read(model.forward(tokens, offsets), model.slices().head, token_batch<std::int32_t>{targets, offsets});
  return {head.token_log_probs().begin(), head.token_log_probs().end()};
}

class train_step {
 public:
  train_step(cuda::backend const& device, transformer_config const& config)
      : model_(initialised<cuda::backend, stored>(device, config)),
        head_(device, {.keep_bytes = std::int64_t{1} << 31, .rows = 4096, .items = 8192}),
        optimiser_(device, adamw{}, model_.parameters().size()) {}

  transformer<cuda::backend, stored> const& model() const { return model_; }

  /// The log-probs of the targets.
  std::span<compute const> read(token_sequences const& data) {
    head_.read(model_.forward(data.tokens, data.offsets), model_.slices().head, data.batch());
    return head_.token_log_probs();
  }
  double run(token_sequences const& data) {
    read(data);
    double const loss = head_.token_loss(objective::nll_sum{}, token<std::span<compute const>>{});
    auto const hidden = model_.hidden();
    if (hidden.size() > d_hidden_.size()) d_hidden_ = model_.backend().allocate<stored>(hidden.size());
    view<stored, 2> const d_hidden(d_hidden_.data(), hidden.rows(), hidden.columns());
    head_.write(hidden, model_.slices().head, data.batch(), d_hidden, model_.gradient_slices().head);
    model_.backward(d_hidden);
    optimiser_.update(model_.parameters(), model_.gradient(), 1e-4);
    model_.zero_gradient();
    return loss;
  }

 private:
  transformer<cuda::backend, stored> model_;
  hidden_head<cuda::backend, stored> head_;
  optimiser<cuda::backend, stored> optimiser_;
  cuda::buffer<stored> d_hidden_;
};

/// Of one token, forward and backward: 6 for each weight of a product, and attention's 6 layers channels time, half of what
/// all pairs of positions would be.
double operations_of_a_token(transformer<cuda::backend, stored> const& model, std::int64_t time) {
  auto const& config = model.config();
  auto const& p      = model.slices();
  double weights     = static_cast<double>(p.head.size());
  for (auto const& parameter : named_parameters(config, p)) {
    bool const in_a_block =
        parameter.kind == parameter_kind::residual_weight || parameter.kind == parameter_kind::weight;
    if (in_a_block && parameter.values.data() != p.head.data())
      weights += static_cast<double>(parameter.values.size());
  }
  return 6 * weights + 6 * static_cast<double>(config.layers * config.channels * time);
}

void train(cuda::backend const& device, std::string const& name, transformer_config const& config,
           std::int64_t batch, std::int64_t time, double rate_of_products) {
  train_step step(device, config);
  token_sequences data(1, std::min<std::int64_t>(time, 8), config.vocab, 1);
  auto const got = step.read(data);
  double const error =
      relative_error({got.begin(), got.end()}, exact_log_probs(config, data.tokens, data.targets));

  double loss            = 0;
  call_times const times = time_calls(
      device, 20, [&](std::uint64_t k) { data = token_sequences(batch, time, config.vocab, 10 + k); },
      [&] { loss = step.run(data); });
  double const tokens = static_cast<double>(batch * time), seconds = 1e-3 * times.median_ms,
               rate = tokens * operations_of_a_token(step.model(), time) / seconds;
  print_result("train_step/" + name + "/" + std::to_string(batch) + "x" + std::to_string(time), "ours", times,
               error, largest_error,
               {{"tokens_per_s", tokens / seconds},
                {"tflop_per_s", 1e-12 * rate},
                {"product_tflop_per_s", 1e-12 * rate_of_products},
                {"share", rate / rate_of_products},
                {"loss", loss}});
}

void generate_tokens(cuda::backend const& device, std::string const& name, transformer_config const& config,
                     std::int64_t prompts, std::int64_t length, std::int64_t new_tokens) {
  auto const model = initialised<cuda::backend, stored>(device, config);
  token_sequences data(prompts, length, config.vocab, 1);
  generation_options options{.new_tokens = new_tokens};
  generation<compute> made;
  call_times const times = time_calls(
      device, 20,
      [&](std::uint64_t k) {
        options.seed = k;
        data         = token_sequences(prompts, length, config.vocab, k);
      },
      [&] { made = generate(device, config, model.slices(), data.tokens, data.offsets, options); });

  // What was returned for the first tokens of the first prompt.
  std::ptrdiff_t const checked = std::min<std::int64_t>(new_tokens, 8);
  std::vector<std::int32_t> all(data.tokens.begin(), data.tokens.begin() + length);
  all.insert(all.end(), made.tokens.begin(), made.tokens.begin() + checked);
  auto const exact   = exact_log_probs(config, {all.begin(), all.end() - 1}, {all.begin() + 1, all.end()});
  double const error = relative_error({made.log_probs.begin(), made.log_probs.begin() + checked},
                                      {exact.end() - checked, exact.end()});
  print_result("generate/" + name + "/" + std::to_string(prompts) + "x" + std::to_string(length) + "+" +
                   std::to_string(new_tokens),
               "ours", times, error, largest_error,
               {{"tokens_per_s", static_cast<double>(prompts * new_tokens) / (1e-3 * times.median_ms)}});
}

}  // namespace
}  // namespace poft::bench

int main() {
  using namespace poft;
  return bench::run_on_device(
      [](cuda::backend const& device) {
        double const rate = bench::multiplication_rate<bench::stored>(device);
        bench::train(device, "gpt_nano", gpt_nano(100, 10), 1000, 10, rate);
        bench::train(device, "gpt_nano", gpt_nano(100, 10), 100, 10, rate);
        bench::generate_tokens(device, "gpt_nano", gpt_nano(100, 10), 1000, 1, 10);
        bench::train(device, "gpt2", gpt2(), 8, 1024, rate);
        bench::generate_tokens(device, "gpt2", gpt2(), 16, 16, 64);
      },
      cuda::float_products::tf32);
}
