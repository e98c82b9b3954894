// Level 1, every objective: loss and gradient of a batch, in bytes per second and as a share of a copy's.
// SPDX-License-Identifier: MIT
#include "poft/batch/evaluate.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../support/memory_speed.hpp"
#include "../support/timed_calls.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/batch/evaluate_lists.hpp"
#include "poft/core/random.hpp"
#include "poft/objective/list.hpp"
#include "poft/objective/lists.hpp"
#include "poft/objective/pairs_with_reference.hpp"
#include "poft/objective/pairs_without_reference.hpp"
#include "poft/objective/policy_gradient.hpp"
#include "poft/objective/reward_models.hpp"
#include "poft/objective/reward_weighted.hpp"
#include "poft/objective/supervised.hpp"
#include "poft/objective/unpaired.hpp"

namespace poft::bench {
namespace {

/// Numbers as a live input has them: summed log-probs, or scores.
std::vector<float> live_numbers(std::string_view name, std::int64_t n, random_stream& random) {
  bool const is_score = name == "value" || name.ends_with("_reward");
  std::vector<float> out(static_cast<std::size_t>(n));
  for (float& x : out) x = is_score ? 4 * random.uniform<float>() - 2 : -50 * random.uniform<float>() - 1;
  return out;
}

/// The same for a frozen one; what is compared with a live one (a reference, an old policy) lies within 1 of it.
std::vector<float> frozen_numbers(std::string_view name, std::vector<float> const& live,
                                  random_stream& random) {
  bool const is_compared = name.starts_with("reference_") || name.starts_with("old_");
  bool const is_count    = name.ends_with("tokens");
  bool const is_label    = name == "desirable" || name == "clean";
  bool const is_positive =
      name == "win_probability" || name == "weight" || name == "baseline" || name == "margin";
  std::vector<float> out;
  for (float const beside : live) {
    float const u = random.uniform<float>();
    out.push_back(is_compared   ? beside + 2 * u - 1
                  : is_count    ? static_cast<float>(10 + static_cast<int>(90 * u))
                  : is_label    ? static_cast<float>(u < 0.5f)
                  : is_positive ? u
                                : 4 * u - 2);  // advantage, target ...
  }
  return out;
}

/// What every run reports: its bytes per second beside those of a copy of as many bytes.
void count(benchmark::State& state, double loss, double seconds, std::int64_t examples, int bytes_each) {
  double const bytes     = static_cast<double>(examples * bytes_each);
  auto const& speed      = speed_of_memory(examples * bytes_each, static_cast<int>(state.range(1)));
  state.counters["loss"] = loss;
  state.counters["bytes_per_example"]     = bytes_each;
  state.counters["gigabytes_per_s"]       = 1e-9 * bytes / seconds;
  state.counters["copy_gigabytes_per_s"]  = 1e-9 * bytes / speed.copy;
  state.counters["scale_gigabytes_per_s"] = 1e-9 * bytes / speed.scale;
  state.counters["share_of_copy"]         = speed.copy / seconds;
}

template <class Objective>
void evaluate(benchmark::State& state) {
  using numbers               = inputs_of<Objective, std::vector<float>>;
  using inputs                = inputs_of<Objective, std::span<float const>>;
  using gradient              = inputs_of<Objective, std::span<float>>;
  std::int64_t const examples = state.range(0);
  int const threads           = static_cast<int>(state.range(1));

  random_stream random(1);
  numbers given, written;
  inputs in;
  gradient out;
  inputs::live::for_each_index([&]<int K>() {
    auto& x = numbers::live::template get<K>(given);
    auto& d = numbers::live::template get<K>(written);
    x       = live_numbers(inputs::live::template at<K>::name, examples, random);
    d.resize(x.size());
    inputs::live::template get<K>(in)    = x;
    gradient::live::template get<K>(out) = d;
  });
  inputs::frozen::for_each_index([&]<int K>() {
    // Frozen members follow the order of the live ones: reference_chosen is beside chosen, reference_rejected beside rejected.
    constexpr int beside = K < inputs::live::count ? K : 0;
    auto& x              = numbers::frozen::template get<K>(given);
    x = frozen_numbers(inputs::frozen::template at<K>::name, numbers::live::template get<beside>(given),
                       random);
    inputs::frozen::template get<K>(in) = x;
  });

  Objective const objective{};
  eigen::backend const backend{.threads = threads};
  double loss = 0;
  double const seconds =
      time_calls(state, [&] { loss = batch_loss_and_gradient(backend, objective, in, out); });

  count(state, loss, seconds, examples, 4 * (2 * inputs::live::count + inputs::frozen::count));
}

/// Lists of four responses; an example is a response.
template <class Objective>
void evaluate_lists(benchmark::State& state) {
  using lists                  = inputs_of<Objective, float>;
  constexpr std::int64_t items = 4;
  std::int64_t const responses = state.range(0);
  int const threads            = static_cast<int>(state.range(1));

  random_stream random(1);
  std::vector<float> const score = live_numbers(lists::live::template at<0>::name, responses, random);
  std::vector<float> gradient(score.size()), given[lists::frozen::count];
  std::vector<std::int32_t> ranking;
  lists in;
  lists::live::template get<0>(in) = score;
  lists::frozen::for_each_index([&]<int K>() {
    auto& member = lists::frozen::template get<K>(in);
    if constexpr (std::is_assignable_v<decltype(member), view<float const>>) {
      given[K] = frozen_numbers(lists::frozen::template at<K>::name, score, random);
      if (std::is_same_v<lists, sorted_list<float>>) {
        for (auto list = given[K].begin(); list < given[K].end(); list += items)
          std::sort(list, list + items, std::greater<>());
      }
      member = given[K];
    } else {
      ranking.resize(score.size());
      for (std::int64_t first = 0; first < responses; first += items)
        random.permutation(view<std::int32_t>(ranking).subview(first, items));
      member = ranking;
    }
  });

  Objective const objective{};
  eigen::backend const backend{.threads = threads};
  double loss          = 0;
  double const seconds = time_calls(
      state, [&] { loss = batch_loss_and_gradient(backend, objective, in, {.items = items}, gradient); });
  count(state, loss, seconds, responses, 4 * (2 + lists::frozen::count));
}

template <class Objective>
void add(std::string const& family, std::vector<std::int64_t> const& sizes) {
  auto run = [](benchmark::State& state) {
    if constexpr (list_objective<Objective>) {
      evaluate_lists<Objective>(state);
    } else {
      evaluate<Objective>(state);
    }
  };
  benchmark::RegisterBenchmark(("level_1/" + family + "/" + Objective::name).c_str(), run)
      ->ArgsProduct({sizes, {1, 2}})
      ->ArgNames({"examples", "threads"})
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

template <class List>
void add_all(std::string const& family) {
  List::for_each([&]<class Objective>() {
    bool const is_headline =
        std::string_view(Objective::name) == "dpo" || std::string_view(Objective::name) == "poft";
    is_headline ? add<Objective>(family, {1'000'000, 10'000'000}) : add<Objective>(family, {1'000'000});
  });
}

[[maybe_unused]] bool const added = [] {
  add_all<objective::pairs_with_reference_objectives>("pairs_with_reference");
  add_all<objective::pairs_without_reference_objectives>("pairs_without_reference");
  add_all<objective::unpaired_objectives>("unpaired");
  add_all<objective::supervised_objectives>("supervised");
  add_all<objective::reward_model_objectives>("reward_models");
  add_all<objective::reward_weighted_objectives>("reward_weighted");
  add_all<objective::policy_gradient_objectives>("policy_gradient");
  add_all<objective::list_objectives>("lists");
  return true;
}();

}  // namespace
}  // namespace poft::bench
