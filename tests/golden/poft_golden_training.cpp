// Optimisers, clipping, schedules, random numbers.
// SPDX-License-Identifier: MIT
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "golden/poft_golden_case.hpp"
#include "poft/core/random.hpp"
#include "poft/train/adamw.hpp"
#include "poft/train/clip.hpp"
#include "poft/train/schedule.hpp"
#include "poft/train/sgd.hpp"

namespace poft::golden {
namespace {

/// Parameters after each of the steps whose gradients are listed.
template <class Optimiser, class State>
void expect_steps(golden_case& c, Optimiser const& optimiser, State state) {
  auto parameters      = c.input("p0");
  auto const gradients = c.input("grads");
  std::size_t const n  = parameters.size();
  double const rate    = c.hyper("lr");
  std::vector<double> after;
  for (std::size_t first = 0; first < gradients.size(); first += n) {
    optimiser.update(state, std::span<double>(parameters), std::span(gradients).subspan(first, n), rate);
    after.insert(after.end(), parameters.begin(), parameters.end());
  }
  c.expect("params", after);
}

void check_adamw(golden_case& c) {
  expect_steps(c,
               adamw{.beta1        = c.hyper("beta1"),
                     .beta2        = c.hyper("beta2"),
                     .eps          = c.hyper("eps"),
                     .weight_decay = c.hyper("weight_decay")},
               adamw_state<double>(c.input("p0").size()));
}

void check_sgd(golden_case& c) {
  expect_steps(c,
               sgd{.momentum     = c.hyper("momentum"),
                   .weight_decay = c.hyper("weight_decay"),
                   .nesterov     = c.flag("nesterov")},
               sgd_state<double>(c.input("p0").size()));
}

/// Outputs are called coef_epsE and NAME_epsE for each E that is added to the norm.
void check_clip(golden_case& c) {
  double const max_norm = c.hyper("max_norm");
  auto const names      = c.input_names();
  std::vector<std::vector<double>> gradients;
  for (auto const& name : names) gradients.push_back(c.input(name));
  c.expect("norm", global_norm(gradients));
  for (auto const& output : c.output_names()) {
    if (!output.starts_with("coef_eps")) continue;
    std::string const digits = output.substr(std::string("coef_eps").size());
    double eps               = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), eps).ec != std::errc()) continue;
    auto clipped      = gradients;
    auto const result = clip_global_norm{.max_norm = max_norm, .eps = eps}(clipped);
    c.expect(output, result.factor);
    c.expect("norm", result.norm);
    for (std::size_t k = 0; k < names.size(); ++k) c.expect(names[k] + "_eps" + digits, clipped[k]);
  }
}

template <class Schedule>
void expect_schedule(golden_case& c, Schedule const& schedule) {
  std::vector<double> factors;
  for (auto const step : c.integers<std::int64_t>("step")) factors.push_back(schedule(step));
  c.expect("factor", factors);
}
std::int64_t steps(golden_case& c, char const* name) { return static_cast<std::int64_t>(c.hyper(name)); }

void check_linear(golden_case& c) {
  expect_schedule(c, linear_schedule{.warmup = steps(c, "warmup"), .total = steps(c, "total")});
}
/// Files hold Hugging Face's schedule, which rises again past its end.
void check_cosine(golden_case& c) {
  expect_schedule(c, cosine_schedule{.warmup = steps(c, "warmup"),
                                     .total  = steps(c, "total"),
                                     .cycles = c.hyper("cycles"),
                                     .end    = past_end::go_on});
}

using block_function = philox_block (*)(philox_block, philox_key);

template <int... Rounds>
constexpr auto philox_table(std::integer_sequence<int, Rounds...>) {
  return std::array<block_function, sizeof...(Rounds)>{philox<Rounds>...};
}

void check_philox(golden_case& c) {
  constexpr auto by_rounds = philox_table(std::make_integer_sequence<int, 33>());
  auto const function      = by_rounds.at(static_cast<std::size_t>(c.hyper("rounds")));
  auto const counters = c.integers<std::uint32_t>("ctr"), keys = c.integers<std::uint32_t>("key");
  std::vector<std::uint32_t> words;
  for (std::size_t i = 0; 4 * i < counters.size(); ++i) {
    philox_block const counter{
        {counters[4 * i], counters[4 * i + 1], counters[4 * i + 2], counters[4 * i + 3]}};
    auto const block = function(counter, {{keys.at(2 * i), keys.at(2 * i + 1)}});
    words.insert(words.end(), block.word, block.word + 4);
  }
  c.expect_integers("out", words);
}

/// The output first16 is [seeds, 16], value_10000 the ten-thousandth number of each.
void check_std_philox(golden_case& c) {
  std::vector<std::uint32_t> first, late;
  for (auto const seed : c.integers<std::uint64_t>("seed")) {
    random_stream stream(seed);
    for (int k = 0; k < 16; ++k) first.push_back(stream());
    stream = random_stream(seed);
    stream.discard(9999);
    late.push_back(stream());
  }
  c.expect_integers("first16", first);
  c.expect_integers("value_10000", late);
}

}  // namespace

void add_training(checks& all) {
  all["adamw"]            = check_adamw;
  all["sgd"]              = check_sgd;
  all["clip_global_norm"] = check_clip;
  all["linear_schedule"]  = check_linear;
  all["cosine_schedule"]  = check_cosine;
  all["philox4x32"]       = check_philox;
  all["std_philox4x32"]   = check_std_philox;
}

}  // namespace poft::golden
