// Collecting, training and measuring.
// SPDX-License-Identifier: MIT
#include "runner.hpp"

#include <algorithm>
#include <numeric>

#include "poft/train/on_policy.hpp"
#include "poft/train/progress.hpp"
#include "results.hpp"
#include "trainer_on_cpu.hpp"

namespace length_study {
namespace {

/// Purposes of a seed's random numbers, beside those of the preferences.
enum purpose : std::uint64_t {
  offline_purpose = 100,
  collect_purpose,
  measure_purpose,
  order_purpose = 1 << 16
};

double mean_of(std::vector<double> const& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Tokens that go through a network, about, in sequences.
double cost_of(arm const& one, scale const& of) {
  return of.queries * (3.0 * one.passes + 1) + 3.0 * of.measurements * (of.measured + of.pairs) +
         3.0 * of.measured_last;
}

}  // namespace

world::world(scale const& of_, std::vector<sample> corpus_, fs::path const& folder)
    : of(of_),
      corpus(std::move(corpus_)),
      prompts(split_prompts(corpus, static_cast<std::size_t>(of.training_prompts),
                            static_cast<std::size_t>(of.held_out_prompts))),
      most_common(most_common_length(corpus)) {
  study::require_writable(folder / "models");
  reference = train_reference(
      corpus, of.reference, folder / "models" / ("reference-" + std::to_string(study::fingerprint(text()))));
}

std::string world::text() const { return of.text() + " " + std::to_string(fingerprint_of(corpus)); }

task make_task(preference over, std::uint64_t seed, world const& in, fs::path const& folder) {
  std::string const name = preference_names[static_cast<int>(over)];
  proxy judge            = train_proxy(
                 *in.reference, in.prompts.training, over, in.target(over), in.of.judge, seed,
                 folder / "models" /
                     (name + "-" + std::to_string(seed) + "-" + std::to_string(study::fingerprint(in.text()))));
  auto const reference = clone(*in.reference);
  auto offline         = draw_responses(
              *in.reference,
              cycled(in.prompts.training, static_cast<std::size_t>(in.of.queries / in.of.samples_per_prompt)),
              in.of.samples_per_prompt, over, in.target(over), poft::derived_seed(seed, offline_purpose));
  offline.set("reward", judge(offline));
  auto const pairs = pairs_of(offline, in.of.samples_per_prompt, *reference);
  std::vector<std::int64_t> first(
      static_cast<std::size_t>(std::min<std::int64_t>(in.of.pairs, pairs.examples())));
  std::iota(first.begin(), first.end(), std::int64_t{0});
  return {std::move(judge), std::move(offline), pairs.chosen(first)};
}

measurement measure(network const& policy, network& reference, proxy& judge, poft::dataset const& watched,
                    double target, world const& in, int responses, std::uint64_t seed) {
  auto const prompts = cycled(in.prompts.held_out, static_cast<std::size_t>(responses));
  auto const samples = poft::sample_responses(policy, std::span<poft::dataset::tokens const>(prompts), 1,
                                              sampling_options(poft::derived_seed(seed, measure_purpose)));
  measurement out;
  double const share = 1 / static_cast<double>(responses);
  for (double const one : samples.column("old_log_prob")) out.kl += share * one;
  for (double const one : poft::response_log_probs(reference, samples)) out.kl -= share * one;
  out.proxy          = mean_of(judge(samples));
  auto const lengths = lengths_of(samples);
  for (std::size_t k = 0; k < lengths.size(); ++k) {
    out.length += share * lengths[k];
    out.gold += share * gold_reward(lengths[k], target);
    out.ended += share * (samples.response(static_cast<std::int64_t>(k)).back() == end_token);
    measurement::histogram::for_each_index([&]<int K>() {
      if (lengths[k] > 4 * K && lengths[k] <= 4 * (K + 1)) measurement::histogram::get<K>(out) += share;
    });
  }
  if (watched.examples() == 0) return out;
  auto own           = clone(policy);
  auto const of_pair = poft::response_log_probs(*own, watched);
  for (std::int64_t r = 0; r < watched.responses(); ++r) {
    double const ratio = watched.value(of_pair, r / 2, r) - watched.value("reference_log_prob", r / 2, r);
    (r % 2 == 0 ? out.chosen_log_ratio : out.rejected_log_ratio) +=
        ratio / static_cast<double>(watched.examples());
  }
  return out;
}

std::vector<measurement> train(arm const& one, std::uint64_t seed, world const& in, task const& given) {
  scale const& of   = in.of;
  auto const policy = clone(*in.reference), reference = clone(*in.reference);
  proxy judge          = given.judge.clone();
  std::int64_t const n = of.samples_per_prompt, steps = std::int64_t{of.queries} / of.minibatch * one.passes,
                     steps_of_collection = std::int64_t{one.collection} / of.minibatch * one.passes;
  auto const prepared                    = [&](poft::dataset samples, std::vector<double>& state) {
    return prepare(one.by, one.parameter, std::move(samples), n, {policy.get(), reference.get()}, state);
  };
  poft::data_source source{
      [&](std::int64_t, std::vector<double>& state) { return prepared(given.offline, state); },
      steps_of_collection};
  if (!one.offline) {
    source = poft::on_policy(
        *policy, in.prompts.training,
        {.prompts_per_round  = one.collection / n,
         .samples_per_prompt = n,
         .steps              = steps_of_collection,
         .generation         = sampling_options(poft::derived_seed(seed, collect_purpose))},
        [&](poft::dataset const& samples) { return judge(samples); }, prepared);
  }
  poft::training_settings settings{.batch         = examples_of(one.by, of.minibatch, n),
                                   .learning_rate = one.learning_rate};
  settings.clip = {.max_norm = 1};
  poft::trainer<backend, float> training(*policy, terms_of(one.by, one.parameter), settings);

  std::vector<measurement> history;
  double queries = 0, skipped = 0;
  auto const record = [&](std::int64_t step) {
    history.push_back(measure(*policy, *reference, judge, given.watched, in.target(one.over), in,
                              step == steps ? of.measured_last : of.measured, seed));
    history.back().step    = static_cast<double>(step);
    history.back().queries = queries;
    history.back().skipped = skipped;
  };
  record(0);
  std::vector<double> state;
  for (std::int64_t step = 0, round = 0; step < steps; ++round) {
    poft::dataset const data = source.collect(round, state);
    queries += one.collection;
    std::optional<poft::data_order> order;
    if (data.examples() > 0)
      order.emplace(data.examples(),
                    poft::derived_seed(seed, order_purpose + static_cast<std::uint64_t>(round)));
    for (std::int64_t k = 0; k < steps_of_collection; ++k) {
      if (order) {
        training.step(data, order->take(k * settings.batch, settings.batch));
      } else {
        ++skipped;
      }
      ++step;
      if (step * of.measurements / steps > (step - 1) * of.measurements / steps) record(step);
    }
  }
  return history;
}

outcome run_all(std::string const& title, std::vector<arm> const& arms, study::seed_range seeds,
                world const& in, int threads, fs::path const& folder, study::journal& finished) {
  outcome out;
  for (arm const& one : arms) {
    for (int k = 0; k < seeds.count; ++k) {
      run& added = out.runs.emplace_back();
      added.of = &one, added.seed = seeds.first + static_cast<std::uint64_t>(k), added.common = in.text();
      out.tasks[{one.over, added.seed}];
    }
  }
  std::vector<std::pair<preference, std::uint64_t>> keys;
  for (auto const& [key, unmade] : out.tasks) keys.push_back(key);
  poft::progress judging(title + ", reward models", static_cast<double>(keys.size()), 0,
                         poft::without_terminal::tenths);
  study::in_parallel(threads, keys.size(), [&](std::size_t k) {
    out.tasks.at(keys[k]) = make_task(keys[k].first, keys[k].second, in, folder);
    judging.add(1);
  });

  study::run_queue<run> queue(
      out.runs, [&](arm const& one) { return cost_of(one, in.of); },
      [&](run& one) { return finished.find(one); });
  queue.begin(title);
  queue.make(queue.left(), threads, &finished, [&](run& one) {
    one.history = train(*one.of, one.seed, in, out.tasks.at({one.of->over, one.seed}));
  });
  return out;
}

}  // namespace length_study
