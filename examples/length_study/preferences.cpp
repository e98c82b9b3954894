// Pairs, and what is learned from them.
// SPDX-License-Identifier: MIT
#include "preferences.hpp"

#include <algorithm>
#include <cmath>

#include "poft/preference/advantage.hpp"
#include "poft/train/on_policy.hpp"
#include "trainer_on_cpu.hpp"

namespace length_study {
namespace {

/// Purposes of a seed's random numbers.
enum judge_purpose : std::uint64_t { pair_purpose = 1, held_out_purpose, scale_purpose, skew_purpose };

constexpr std::int64_t skew_from     = 4;  // samples of which one is taken
constexpr double skew_per_token      = 1.0 / 6;
constexpr std::size_t scaled_samples = 512;

/// `kept` of every `group` consecutive samples, by the largest of log weight + Gumbel noise: weighted, without repetition.
std::vector<std::int64_t> skewed_choice(std::vector<double> const& lengths, std::int64_t group,
                                        std::int64_t kept, std::uint64_t seed) {
  std::vector<std::int64_t> out;
  for (std::int64_t first = 0; first < std::ssize(lengths); first += group) {
    poft::random_stream random(seed, static_cast<std::uint64_t>(first));
    std::vector<std::pair<double, std::int64_t>> order;
    for (std::int64_t k = first; k < first + group; ++k) {
      double const gumbel = -std::log(-std::log(1 - random.uniform<double>() * (1 - 1e-12) - 5e-13));
      order.emplace_back(lengths[static_cast<std::size_t>(k)] * skew_per_token + gumbel, k);
    }
    std::sort(order.rbegin(), order.rend());
    for (std::int64_t k = 0; k < kept; ++k) out.push_back(order[static_cast<std::size_t>(k)].second);
  }
  return out;
}

}  // namespace

double gold_reward(double length, double target) {
  double const off = (length - target) / 5;
  return std::exp(-off * off);
}

double target_length(preference of, std::int64_t most_common) {
  return of == preference::mode ? static_cast<double>(most_common) : 1;
}

poft::dataset draw_responses(network const& policy, std::vector<poft::dataset::tokens> const& prompts,
                             std::int64_t samples_per_prompt, preference of, double target,
                             std::uint64_t seed) {
  std::int64_t const drawn = samples_per_prompt * (of == preference::skew ? skew_from : 1);
  auto samples = poft::sample_responses(policy, std::span<poft::dataset::tokens const>(prompts), drawn,
                                        sampling_options(seed));
  if (of == preference::skew) {
    samples = samples.chosen(skewed_choice(lengths_of(samples), drawn, samples_per_prompt,
                                           poft::derived_seed(seed, skew_purpose)));
  }
  std::vector<double> gold;
  for (double const length : lengths_of(samples)) gold.push_back(gold_reward(length, target));
  samples.set("gold", gold);
  return samples;
}

poft::dataset gold_pairs(poft::dataset samples) {
  samples.set("reward", samples.column("gold"));
  return poft::as_pairs(samples, 2, 1e-12);
}

std::vector<double> proxy::operator()(poft::dataset const& samples) {
  auto out = poft::response_rewards(*net, samples);
  for (double& one : out) one = (one - mean) / deviation;
  return out;
}

proxy proxy::clone() const { return {length_study::clone(*net), mean, deviation, accuracy}; }

void require_better_than_chance(double accuracy, preference of, std::uint64_t seed) {
  if (accuracy > 0.5) return;
  throw poft::value_error(poft::message(
      "reward model of ", preference_names[static_cast<int>(of)], ", seed ", seed, ": right on ", accuracy,
      " of the held-out pairs, expected more than chance, 0.5; the study stops"));
}

proxy train_proxy(network const& reference, std::vector<tokens> const& prompts, preference of, double target,
                  reward_training const& how, std::uint64_t seed, fs::path const& folder) {
  auto const pairs_of = [&](int count, std::uint64_t purpose) {
    return gold_pairs(draw_responses(reference, cycled(prompts, static_cast<std::size_t>(count)), 2, of,
                                     target, poft::derived_seed(seed, purpose)));
  };
  proxy out{clone(reference)};
  poft::training_settings settings{
      .steps = how.steps, .batch = how.batch, .learning_rate = how.learning_rate};
  settings.schedule      = poft::cosine_schedule{.warmup = how.steps / 10, .total = how.steps};
  settings.clip          = {.max_norm = 1};
  settings.seed          = seed;
  settings.folder        = folder;
  settings.show_progress = false;
  poft::trainer<backend, float> training(*out.net, {{poft::make_objective("bt_reward")}}, settings);
  training.run(pairs_of(how.prompts, pair_purpose));
  out.accuracy = training.evaluate(pairs_of(how.held_out_prompts, held_out_purpose)).accuracy;
  require_better_than_chance(out.accuracy, of, seed);
  auto const usual = poft::sample_responses(
      reference, std::span<poft::dataset::tokens const>(cycled(prompts, scaled_samples)), 1,
      sampling_options(poft::derived_seed(seed, scale_purpose)));
  auto const rewards = poft::response_rewards(*out.net, usual);
  auto const of_all  = poft::preference::moments(std::span<double const>(rewards), 1);
  out.mean           = of_all.mean;
  out.deviation      = of_all.deviation;
  return out;
}

}  // namespace length_study
