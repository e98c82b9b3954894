// Matrix products of the shapes that training has, as a share of what the cores multiply when they do nothing else.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "../support/multiply_speed.hpp"
#include "../support/timed_calls.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/core/random.hpp"

namespace poft::bench {
namespace {

/// What a linear layer y [rows, outputs] = x [rows, inputs] W^T makes of a matrix product.
enum class pass { forward, d_x, d_weight };

void product(benchmark::State& state, pass of) {
  std::int64_t const rows = state.range(0), inputs = state.range(1), outputs = state.range(2);
  int const threads = static_cast<int>(state.range(3));
  auto const random = [](std::int64_t r, std::int64_t c, std::uint64_t seed) {
    std::vector<float> out(static_cast<std::size_t>(r * c));
    random_stream stream(seed);
    for (float& x : out) x = stream.uniform<float>() - 0.5f;
    return out;
  };
  auto x = random(rows, inputs, 1), weight = random(outputs, inputs, 2), y = random(rows, outputs, 3);
  view<float, 2> const x_view(x.data(), rows, inputs), w_view(weight.data(), outputs, inputs),
      y_view(y.data(), rows, outputs);
  eigen::backend const backend{.threads = threads};
  double const operations = 2.0 * static_cast<double>(rows * inputs * outputs);
  auto const calls        = static_cast<int>(1 + 2e7 / operations);  // a call is long enough for the clock
  double const seconds    = time_calls(
         state, [] {},
         [&] {
        for (int call = 0; call < calls; ++call) {
          if (of == pass::forward) backend.gemm({.transpose_b = true}, x_view, w_view, y_view);
          if (of == pass::d_x) backend.gemm({}, y_view, w_view, x_view);
          if (of == pass::d_weight) backend.gemm({.transpose_a = true, .beta = 1}, y_view, x_view, w_view);
        }
      },
         calls);
  state.counters["gigaflop_per_s"] = 1e-9 * operations / seconds;
  state.counters["share_of_peak"]  = operations / seconds / speed_of_multiplication(threads);
}

void add(std::string const& layer, std::int64_t rows, std::int64_t inputs, std::int64_t outputs) {
  struct {
    char const* name;
    pass of;
  } const passes[] = {{"forward", pass::forward}, {"d_x", pass::d_x}, {"d_weight", pass::d_weight}};
  for (auto const& one : passes) {
    auto* const added =
        benchmark::RegisterBenchmark(("gemm/" + layer + "/" + one.name).c_str(), product, one.of);
    added->ArgNames({"rows", "inputs", "outputs", "threads"})->UseManualTime()->Unit(benchmark::kMicrosecond);
    for (int const threads : {1, 2}) added->Args({rows, inputs, outputs, threads});
  }
}

// The same list is in competitors/pytorch_gemm.py.
[[maybe_unused]] bool const added = [] {
  add("lm_head", 512, 768, 50257);
  for (std::int64_t const rows : {320, 10000}) {
    add("gpt_nano_qkv", rows, 48, 144);
    add("gpt_nano_mlp_in", rows, 48, 192);
    add("gpt_nano_mlp_out", rows, 192, 48);
  }
  add("gpt_nano_head", 10000, 48, 100);
  add("gpt_mini_qkv", 2048, 192, 576);
  add("gpt_mini_mlp_in", 2048, 192, 768);
  add("gpt2_qkv", 256, 768, 2304);
  add("gpt2_mlp_in", 256, 768, 3072);
  add("gpt2_mlp_out", 256, 3072, 768);
  add("bandit_first", 100, 50, 256);
  add("bandit_hidden", 100, 256, 256);
  add("square", 1024, 1024, 1024);
  return true;
}();

}  // namespace
}  // namespace poft::bench
