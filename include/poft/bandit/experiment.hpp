// One run of the bandit: a policy fitted to the data, then collections of samples and gradient steps on them.
// SPDX-License-Identifier: MIT
//
//   for (bandit::measurement const& now : bandit::run_experiment(eigen::backend{.threads = 1}, settings, seed)) {
//     now.step, now.reward, now.kl_policy_reference ...
//   }
//
// The run is Tajwar et al. 2024, arXiv:2404.14367, section 5: a budget of reward queries, spent in collections of `batch`
// prompts with `samples` responses each; every collection is passed over `passes` times in minibatches. One collection of
// the whole budget is offline learning, many small ones are on-policy learning; the budget and the number of gradient steps
// are the same.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "poft/bandit/environment.hpp"
#include "poft/bandit/fit.hpp"
#include "poft/bandit/learner.hpp"
#include "poft/bandit/measurement.hpp"
#include "poft/bandit/policy.hpp"
#include "poft/core/error.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/objective/inputs.hpp"
#include "poft/preference/selection.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/train/optimiser.hpp"
#include "poft/train/step.hpp"

namespace poft::bandit {

/// The paper's network for this policy, one for each seed: one logit per action or token, or location and log-scale.
template <class Policy, class Backend>
Policy make_policy(Backend const& backend, std::size_t actions, std::span<std::uint64_t const> seeds) {
  if constexpr (sequence_policy<Policy>) {
    return Policy(backend, static_cast<std::ptrdiff_t>(actions), seeds);
  } else {
    mlp_shape shape{.inputs = context_features, .outputs = static_cast<std::ptrdiff_t>(actions)};
    if constexpr (!exact_policy<Policy>) shape.outputs = 2, shape.after_norm = activation::tanh;
    return Policy(backend, shape, seeds);
  }
}
template <class Policy, class Backend>
Policy make_policy(Backend const& backend, std::size_t actions, std::uint64_t seed) {
  return make_policy<Policy>(backend, actions, std::span<std::uint64_t const>(&seed, 1));
}

/// pi_ref: the fitted policy, or the data's distribution itself (categorical policies only; the first samples come from it).
enum class reference_policy { fitted, data };

struct experiment_settings {
  learner method{};
  double learning_rate = 1e-3;

  peak_reward reward{70, 10};
  std::vector<double> data   = squashed_cauchy();  ///< probabilities of the actions
  reference_policy reference = reference_policy::fitted;

  int pool      = 200;    ///< prompts in all; collections draw from them
  int samples   = 10;     ///< responses per prompt, N
  int queries   = 10000;  ///< budget of rewards
  int batch     = 10;     ///< prompts per collection; 0: the whole budget at once (offline)
  int minibatch = 10;     ///< prompts per gradient step
  int passes    = 5;      ///< over each collection, T

  double min_difference =
      0;  ///< pairs closer in reward are dropped, and with them, for every learner, prompts without pairs

  int measurements = 50;   ///< of the run, evenly over its steps, beside the one at its start
  int held_out     = 100;  ///< contexts they are taken on
  int pair_prompts =
      50;  ///< at most so many prompts of the collection in use serve for the log-ratios of pairs

  int prompts_per_collection() const { return batch > 0 ? batch : queries / samples; }
  int collections() const { return queries / (samples * prompts_per_collection()); }
  int steps_per_collection() const {
    return passes * std::max(1, prompts_per_collection() / std::min(minibatch, prompts_per_collection()));
  }
  int steps() const { return collections() * steps_per_collection(); }

  void check() const {
    auto const at_least = [](char const* name, int value, int least) {
      if (value < least)
        throw value_error(message("bandit: ", name, " is ", value, ", expected at least ", least));
    };
    require_probabilities(data);
    at_least("pool", pool, 1);
    at_least("samples", samples, 2);
    at_least("batch", batch, 0);
    at_least("minibatch", minibatch, 1);
    at_least("passes", passes, 1);
    at_least("measurements", measurements, 1);
    at_least("held_out", held_out, 1);
    at_least("pair_prompts", pair_prompts, 1);
    at_least("queries", queries, samples * std::max(batch, 1));
    if (!(min_difference >= 0)) {
      throw value_error(message("bandit: min_difference is ", min_difference, ", expected >= 0"));
    }
    require_learning_rate("bandit", learning_rate);
    method.check();
  }
};

/// The samples in use: one row per prompt of the collection, those of the first seed, then the second one's ...
template <class Policy, class T>
struct collection {
  std::vector<typename Policy::context> contexts;     // [prompts, width]
  std::vector<typename Policy::action> actions;       // [prompts, samples]
  std::vector<T> rewards;                             // [prompts, samples]
  std::vector<T> reference_log_probs, old_log_probs;  // [prompts, samples, elements]
  std::vector<T> reference_rows;  // log pi_ref of all actions, where a learner asks for it
};

/// A run in progress, or one of each of several seeds, side by side in the same calls: networks are then products and rows of
/// all seeds at once, and everything else is done seed by seed, so that each run over single actions has the bits that it has
/// alone on the CPU; gradients of sequences, which alone are added piece by piece there, differ by rounding.
/// Everything random comes from the seed's own streams: equal seeds give equal runs, and different
/// learners with one seed see the same contexts, the same first policy and, while their policies agree, the same samples.
template <template <class, class> class Policy, class Backend, class T>
class experiment {
 public:
  using policy_type = Policy<Backend, T>;
  using action      = typename policy_type::action;
  using context     = typename policy_type::context;

  /// `fitted`: the parameters that a policy had after fit_to_data() with this seed; empty: it is fitted now.
  experiment(Backend backend, experiment_settings settings, std::uint64_t seed,
             std::span<T const> fitted = {})
      : experiment(std::move(backend), std::move(settings), std::vector{seed}, fitted) {}
  /// Several seeds go in step, so no prompt may drop out of one of them: without a least difference of pairs.
  experiment(Backend backend, experiment_settings settings, std::vector<std::uint64_t> seeds,
             std::span<T const> fitted = {})
      : backend_(std::move(backend)),
        settings_((check(settings, seeds), std::move(settings))),
        seeds_(std::move(seeds)),
        policy_(make_policy<policy_type>(backend_, settings_.data.size(), seeds_)),
        reference_(make_policy<policy_type>(backend_, settings_.data.size(), seeds_)),
        optimiser_(backend_, adamw{.weight_decay = 0}, policy_.parameters().size()),
        pool_(contexts_of_each(stream::contexts, settings_.pool)),
        held_out_(contexts_of_each(stream::held_out, settings_.held_out)),
        log_data_(log_of<T>(settings_.data)),
        usable_(seeds_.size()),
        next_(seeds_.size()) {
    if (fitted.empty()) {
      fit_to_data(backend_, policy_, settings_.data, seeds_);
    } else {
      require_lengths("experiment", policy_.parameters().size(), fitted.size(), fitted.size());
      backend_.template copy<T>(view<T const>(fitted), view<T>(policy_.parameters()));
    }
    backend_.template copy<T>(view<T const>(std::as_const(policy_).parameters()),
                              view<T>(reference_.parameters()));
    reference_.forward(contexts_of(held_out_));
    if constexpr (sequence_policy<policy_type>) {
      held_out_actions_.resize(held_out_.size());
      reference_.sample(streams_of(seeds_, stream::held_out, 1),
                        {held_out_actions_.data(), std::ssize(held_out_actions_), 1});
      log_probs_of(reference_, held_out_actions_, log_probs_);
    }
    if constexpr (exact_policy<policy_type>) {
      held_out_reference_ = rows_of(reference_);
      for (std::size_t a = 0; a < settings_.data.size(); ++a)
        reward_of_action_.push_back(settings_.reward(double(a)));
      reward_table_.assign(reward_of_action_.begin(), reward_of_action_.end());
    } else if (settings_.method.row_kl() != 0) {
      throw value_error(
          message("bandit: ", settings_.method.name(),
                  " takes the exact KL of every row, expected a policy over finitely many actions"));
    }
    if (settings_.reference == reference_policy::data) {
      if (!knows_data) {
        throw value_error(
            "bandit: reference is the data, expected the fitted policy: only categorical policies know the "
            "data's probabilities");
      }
      held_out_reference_ = log_data_;
    }
  }

  /// The whole run of each seed: a measurement at the start, and settings.measurements more, the last one at the end.
  std::vector<std::vector<measurement>> histories() {
    std::vector<std::vector<measurement>> out(seeds_.size());
    auto const add = [&] {
      auto const now = measure();
      for (std::size_t n = 0; n < now.size(); ++n) out[n].push_back(now[n]);
    };
    add();
    int const steps = settings_.steps();
    for (int round = 0; round < settings_.collections(); ++round) {
      collect(round);
      for (int k = 0; k < settings_.steps_per_collection(); ++k) {
        if (!usable_[0].empty()) descend(next_minibatch());
        ++step_;
        std::int64_t const due = std::int64_t{step_} * settings_.measurements / steps;
        if (due > std::int64_t{step_ - 1} * settings_.measurements / steps) add();
      }
    }
    return out;
  }
  /// Of the first seed.
  std::vector<measurement> history() { return histories().front(); }

  policy_type const& policy() const { return policy_; }
  /// Prompts that the pair filter left out so far.
  std::int64_t skipped_prompts() const { return skipped_; }

 private:
  static void check(experiment_settings const& settings, std::vector<std::uint64_t> const& seeds) {
    settings.check();
    if (seeds.empty()) throw value_error("bandit: no seeds, expected at least 1");
    if (seeds.size() > 1 && settings.min_difference > 0) {
      throw value_error(message("bandit: min_difference is ", settings.min_difference, " with ", seeds.size(),
                                " seeds side by side, expected 0"));
    }
  }
  std::vector<context> contexts_of_each(stream use, int prompts) const {
    std::vector<context> out;
    for (std::uint64_t const seed : seeds_) {
      auto const own = random_contexts(policy_, random_of(seed, use), prompts);
      out.insert(out.end(), own.begin(), own.end());
    }
    return out;
  }
  /// Prompts of all seeds' collections.
  std::ptrdiff_t prompts_in_use() const { return std::ssize(seeds_) * settings_.prompts_per_collection(); }

  /// Asks for the rewards of new samples of the policies as they are.
  void collect(int round) {
    std::ptrdiff_t const each = settings_.prompts_per_collection(), prompts = prompts_in_use(),
                         samples = settings_.samples, width = policy_.context_width();
    auto const number = static_cast<std::uint64_t>(round);
    now_.contexts.clear();
    std::vector<std::ptrdiff_t> order(static_cast<std::size_t>(settings_.pool));
    for (std::size_t n = 0; n < seeds_.size(); ++n) {
      random_stream random = random_of(seeds_[n], stream::prompts, number);
      auto const pool      = pool_.begin() + static_cast<std::ptrdiff_t>(n) * settings_.pool * width;
      for (std::ptrdiff_t k = 0; k < each; ++k) {  // without repetition as long as the pool lasts
        if (k % settings_.pool == 0) random.permutation(view<std::ptrdiff_t>(order));
        auto const drawn = pool + order[static_cast<std::size_t>(k % settings_.pool)] * width;
        now_.contexts.insert(now_.contexts.end(), drawn, drawn + width);
      }
    }
    std::size_t const size = static_cast<std::size_t>(prompts * samples);
    now_.rewards.resize(size);
    now_.actions.resize(size);
    view<action, 2> const actions(now_.actions.data(), prompts, samples);
    std::vector<random_stream> draws = streams_of(seeds_, stream::samples, number);

    policy_.forward(contexts_of(now_.contexts));
    reference_.forward(contexts_of(now_.contexts));
    bool const from_data = settings_.reference == reference_policy::data;
    bool are_drawn       = false;
    if constexpr (knows_data) {
      if (from_data && round == 0) {
        for (std::size_t i = 0; i < size; ++i) {
          now_.actions[i] = static_cast<action>(
              draws[i / (size / seeds_.size())].categorical(view<double const>(settings_.data)));
        }
        are_drawn = true;
      }
    }
    if (!are_drawn) policy_.sample(draws, actions);
    log_probs_of(policy_, now_.actions, now_.old_log_probs);
    log_probs_of(reference_, now_.actions, now_.reference_log_probs);
    if constexpr (exact_policy<policy_type>) {
      if (settings_.method.row_kl() != 0) now_.reference_rows = rows_of(reference_);
    }
    if constexpr (knows_data) {
      if (from_data) {
        for (std::size_t i = 0; i < size; ++i)
          now_.reference_log_probs[i] = log_data_[static_cast<std::size_t>(now_.actions[i])];
        for (std::size_t i = 0; i < now_.reference_rows.size(); ++i)
          now_.reference_rows[i] = log_data_[i % log_data_.size()];
        if (round == 0) now_.old_log_probs = now_.reference_log_probs;
      }
    }
    for (std::size_t i = 0; i < size; ++i) now_.rewards[i] = static_cast<T>(reward_of(now_.actions[i]));
    queries_ += each * samples;

    for (auto& rows : usable_) rows.clear();
    for (std::ptrdiff_t k = 0; k < prompts; ++k) {
      std::span<T const> const rewards(now_.rewards.data() + k * samples, static_cast<std::size_t>(samples));
      auto const [least, most] = std::minmax_element(rewards.begin(), rewards.end());
      *most - *least >= settings_.min_difference ? usable_[static_cast<std::size_t>(k / each)].push_back(k)
                                                 : void(++skipped_);
    }
    shuffles_ = streams_of(seeds_, stream::minibatches, number);
    next_.assign(seeds_.size(), 0);
  }

  /// The next rows of the collection, equally many of each seed; every pass has an order of its own.
  std::vector<std::ptrdiff_t> next_minibatch() {
    std::size_t const rows =
        static_cast<std::size_t>(std::min(settings_.minibatch, settings_.prompts_per_collection()));
    std::vector<std::ptrdiff_t> chosen;
    for (std::size_t n = 0; n < seeds_.size(); ++n) {
      auto& usable = usable_[n];
      for (std::size_t k = 0; k < std::min(rows, usable.size()); ++k) {
        if (next_[n] % usable.size() == 0) shuffles_[n].shuffle(view<std::ptrdiff_t>(usable));
        chosen.push_back(usable[next_[n]++ % usable.size()]);
      }
    }
    return chosen;
  }

  /// One gradient step on these rows of the collection.
  void descend(std::vector<std::ptrdiff_t> const& rows) {
    take_rows(rows);
    keep_used_samples();
    std::ptrdiff_t const prompts = static_cast<std::ptrdiff_t>(rows.size()),
                         samples = std::ssize(batch_.rewards) / prompts;
    policy_.forward(contexts_of(batch_.contexts));
    log_probs_of(policy_, batch_.actions, log_probs_);
    d_log_probs_.assign(log_probs_.size(), T(0));
    for (std::size_t n = 0; n < seeds_.size(); ++n) {
      auto const own    = [&](auto const& numbers) { return part_of(numbers, n); };
      double const loss = settings_.method.loss_and_gradient(
          host_of(backend_),
          learner_batch<T>{static_cast<std::size_t>(samples), settings_.min_difference, own(batch_.rewards),
                           own(log_probs_), own(batch_.reference_log_probs), own(batch_.old_log_probs),
                           elements},
          std::span<T>(d_log_probs_)
              .subspan(n * d_log_probs_.size() / seeds_.size(), d_log_probs_.size() / seeds_.size()));
      if (std::isnan(loss)) {
        throw value_error(message("bandit: the loss of ", settings_.method.name(), " is NaN in step ", step_,
                                  seeds_.size() > 1 ? message(" of seed ", seeds_[n]) : "",
                                  "; a lower learning rate than ", settings_.learning_rate, " may help"));
      }
    }
    policy_.zero_gradient();
    view<action const, 2> const actions(batch_.actions.data(), prompts, samples);
    view<T const, 2> const d(d_log_probs_.data(), prompts, samples * policy_type::elements);
    if constexpr (exact_policy<policy_type>) {
      policy_.backward(actions, d,
                       {settings_.method.row_kl(), table_of(batch_.reference_rows, reference_copy_)});
    } else {
      policy_.backward(actions, d);
    }
    optimiser_.update(policy_.parameters(), policy_.gradient(), settings_.learning_rate);
  }

  /// Of each seed.
  std::vector<measurement> measure() {
    std::vector<measurement> out(
        seeds_.size(), {.step = static_cast<double>(step_), .queries = static_cast<double>(queries_)});
    policy_.forward(contexts_of(held_out_));
    if constexpr (exact_policy<policy_type>) {
      measure_rows(out);
    } else {
      measure_by_samples(out);
    }
    measure_pairs(out);
    return out;
  }

  /// Exact expectations over the actions of every row. Those of sequences are sums over their tokens; the prefixes that the
  /// rows stand for are drawn, one sequence per context by the policy whose expectation it is.
  void measure_rows(std::vector<measurement>& out) {
    std::vector<double> of_row;
    auto const keep = [&](double measurement::*where, double share = 1) {
      for (std::size_t n = 0; n < seeds_.size(); ++n) {
        auto const rows = part_of(of_row, n);
        double sum      = 0;
        for (double const value : rows) sum += value;
        out[n].*where = sum / static_cast<double>(rows.size() / policy_type::elements) / share;
      }
    };
    view<T const, 2> reference = table_of(held_out_reference_, reference_copy_);
    if constexpr (sequence_policy<policy_type>) {
      std::vector<action> drawn(held_out_actions_.size());
      policy_.sample(streams_of(seeds_, stream::evaluation, static_cast<std::uint64_t>(step_)),
                     {drawn.data(), std::ssize(drawn), 1});
      log_probs_of(policy_, drawn, log_probs_);
      reference_.forward(contexts_of(held_out_));
      log_probs_of(reference_, drawn, log_probs_);
      reference = reference_.log_probs();
    }
    of_row.resize(static_cast<std::size_t>(policy_.rows()));
    policy_.expected(table_of(reward_table_, reward_copy_).row(0), of_row);
    keep(&measurement::reward, policy_type::elements);
    policy_.kl_to(reference, of_row), keep(&measurement::kl_policy_reference);
    policy_.entropy(of_row), keep(&measurement::entropy);
    if constexpr (sequence_policy<policy_type>) {
      log_probs_of(policy_, held_out_actions_, log_probs_);
      reference = table_of(held_out_reference_, reference_copy_);
    }
    policy_.kl_from(reference, of_row), keep(&measurement::kl_reference_policy);
  }

  /// Expectations under continuous policies: means over 10 samples per held-out context.
  void measure_by_samples(std::vector<measurement>& out) {
    std::ptrdiff_t const rows = std::ssize(seeds_) * settings_.held_out;
    std::vector<T> drawn(static_cast<std::size_t>(10 * rows)), of_policy(drawn), of_reference(drawn);
    std::size_t const each = drawn.size() / seeds_.size();
    double const share     = 1 / static_cast<double>(each);
    auto const draws       = streams_of(seeds_, stream::evaluation, static_cast<std::uint64_t>(step_));
    reference_.forward(contexts_of(held_out_));

    policy_.sample(draws, view<T, 2>(drawn.data(), rows, 10));
    log_probs_of(policy_, drawn, of_policy);
    log_probs_of(reference_, drawn, of_reference);
    for (std::size_t n = 0; n < seeds_.size(); ++n) {
      measurement& own = out[n];
      for (std::size_t i = n * each; i < (n + 1) * each; ++i) {
        own.reward += share * reward_of(drawn[i]);
        own.entropy -= share * of_policy[i];
        own.kl_policy_reference += share * (of_policy[i] - of_reference[i]);
      }
    }
    reference_.sample(draws, view<T, 2>(drawn.data(), rows, 10));
    log_probs_of(policy_, drawn, of_policy);
    log_probs_of(reference_, drawn, of_reference);
    for (std::size_t n = 0; n < seeds_.size(); ++n) {
      measurement& own = out[n];
      for (std::size_t i = n * each; i < (n + 1) * each; ++i)
        own.kl_reference_policy += share * (of_reference[i] - of_policy[i]);
    }
  }

  /// The log-ratios of the pairs in use; ties are no pairs here. NaN without any pair.
  void measure_pairs(std::vector<measurement>& out) {
    for (measurement& own : out)
      own.chosen_log_ratio = own.rejected_log_ratio = std::numeric_limits<double>::quiet_NaN();
    std::ptrdiff_t const samples = settings_.samples, each = settings_.prompts_per_collection();
    if (now_.rewards.empty()) return;
    std::vector<std::ptrdiff_t> rows;
    for (std::ptrdiff_t k = 0; k < prompts_in_use(); ++k) {
      if (k % each < settings_.pair_prompts) rows.push_back(k);
    }
    take_rows(rows);
    policy_.forward(contexts_of(batch_.contexts));
    log_probs_of(policy_, batch_.actions, log_probs_);
    double const least = std::max(settings_.min_difference, std::numeric_limits<double>::min());
    for (std::size_t n = 0; n < seeds_.size(); ++n) {
      auto const of_policy    = sums_of<T>(part_of(log_probs_, n), elements),
                 of_reference = sums_of<T>(part_of(batch_.reference_log_probs, n), elements);
      auto const pairs =
          preference::all_pairs(part_of(batch_.rewards, n), static_cast<std::size_t>(samples), least).pairs;
      if (pairs.empty()) continue;
      double const share      = 1 / static_cast<double>(pairs.size());
      out[n].chosen_log_ratio = out[n].rejected_log_ratio = 0;
      for (auto const& [chosen, rejected] : pairs) {
        preference_pair<double> const pair{of_policy[chosen], of_policy[rejected], of_reference[chosen],
                                           of_reference[rejected]};
        out[n].chosen_log_ratio += share * chosen_log_ratio(pair);
        out[n].rejected_log_ratio += share * rejected_log_ratio(pair);
      }
    }
  }

  /// Copies these rows of the collection into the batch.
  void take_rows(std::vector<std::ptrdiff_t> const& rows) {
    auto const take = [&](auto const& from, auto& to) {
      std::ptrdiff_t const width = std::ssize(from) / prompts_in_use();
      to.clear();
      for (std::ptrdiff_t const r : rows)
        to.insert(to.end(), from.begin() + r * width, from.begin() + (r + 1) * width);
    };
    take(now_.contexts, batch_.contexts);
    take(now_.actions, batch_.actions);
    take(now_.rewards, batch_.rewards);
    take(now_.reference_log_probs, batch_.reference_log_probs);
    take(now_.old_log_probs, batch_.old_log_probs);
    take(now_.reference_rows, batch_.reference_rows);
  }

  /// Leaves out of the batch what the learner does not look at.
  void keep_used_samples() {
    auto const used = settings_.method.used_samples(std::span<T const>(batch_.rewards),
                                                    static_cast<std::size_t>(settings_.samples));
    if (used.size() == batch_.rewards.size()) return;
    auto const keep = [&](auto& numbers, std::size_t width) {
      auto const all = std::exchange(numbers, {});
      for (std::size_t const at : used) {
        auto const first = all.begin() + static_cast<std::ptrdiff_t>(at * width);
        numbers.insert(numbers.end(), first, first + static_cast<std::ptrdiff_t>(width));
      }
    };
    keep(batch_.actions, 1);
    keep(batch_.rewards, 1);
    keep(batch_.reference_log_probs, elements);
    keep(batch_.old_log_probs, elements);
  }

  /// The log-probs of actions, row by row of the policy's last forward.
  static void log_probs_of(policy_type& policy, std::vector<action> const& actions, std::vector<T>& out) {
    std::ptrdiff_t const samples = std::ssize(actions) / policy.batch();
    out.resize(actions.size() * elements);
    policy.log_prob(view<action const, 2>(actions.data(), policy.batch(), samples),
                    view<T, 2>(out.data(), policy.batch(), samples * policy_type::elements));
  }

  double reward_of(action const& a) const {
    if constexpr (sequence_policy<policy_type>) {
      double sum = 0;
      for (int const token : a) sum += reward_of_action_[static_cast<std::size_t>(token)];
      return sum / policy_type::elements;
    } else if constexpr (exact_policy<policy_type>) {
      return reward_of_action_[static_cast<std::size_t>(a)];
    } else {
      return settings_.reward(static_cast<double>(clamp_action(a)));
    }
  }

  view<context const, 2> contexts_of(std::vector<context> const& numbers) const {
    std::ptrdiff_t const width = policy_.context_width();
    return {numbers.data(), std::ssize(numbers) / width, width};
  }
  /// Rows of numbers for all actions, where the policy sees them.
  view<T const, 2> table_of(std::vector<T>& rows, backend_copy<Backend, T>& copy) const {
    std::ptrdiff_t const actions = std::ssize(settings_.data);
    return {copy.send(backend_, rows), std::ssize(rows) / actions, actions};
  }
  std::vector<T> rows_of(policy_type const& policy) const {
    view<T const, 2> const rows = policy.log_probs();
    auto const here =
        on_host(backend_, std::span<T const>(rows.data(), static_cast<std::size_t>(rows.size())));
    return {here.begin(), here.end()};
  }

  /// The data's probabilities are those of one action.
  static constexpr bool knows_data      = exact_policy<policy_type> && !sequence_policy<policy_type>;
  static constexpr std::size_t elements = policy_type::elements;

  /// A seed's share of what all have equally many of.
  template <class U>
  std::span<U const> part_of(std::vector<U> const& all, std::size_t seed) const {
    std::size_t const each = all.size() / seeds_.size();
    return std::span<U const>(all).subspan(seed * each, each);
  }

  Backend backend_;
  experiment_settings settings_;
  std::vector<std::uint64_t> seeds_;
  policy_type policy_, reference_;
  optimiser<Backend, T> optimiser_;
  std::vector<context> pool_, held_out_;  // [seeds, pool, width], [seeds, held_out, width]
  std::vector<action> held_out_actions_;  // of sequences: drawn by pi_ref, one for each of held_out_
  std::vector<T> log_data_;               // [actions]
  std::vector<T> held_out_reference_;     // log pi_ref [rows of the held-out contexts or 1, actions]
  std::vector<double> reward_of_action_;
  std::vector<T> reward_table_;  // the same
  backend_copy<Backend, T> reference_copy_, reward_copy_;

  collection<policy_type, T> now_, batch_;  // the samples in use, and the rows of the step
  // [seeds]
  std::vector<std::vector<std::ptrdiff_t>> usable_;  // rows with at least one pair that passes the filter
  std::vector<std::size_t> next_;                    // of usable_
  std::vector<random_stream> shuffles_;
  std::vector<T> log_probs_, d_log_probs_;  // of the batch [prompts, samples, elements]

  int step_             = 0;
  std::int64_t queries_ = 0, skipped_ = 0;
};

/// A run of every seed, side by side where that can be: their histories.
template <template <class, class> class Policy, class T, class Backend>
std::vector<std::vector<measurement>> run_experiments(Backend const& backend,
                                                      experiment_settings const& settings,
                                                      std::span<std::uint64_t const> seeds) {
  // In the host's memory, a batch of sequences goes through its network alone, in pieces that fit a core's cache.
  if (settings.min_difference == 0 &&
      !(sequence_policy<Policy<Backend, T>> && works_in_host_memory<Backend>)) {
    return experiment<Policy, Backend, T>(backend, settings, std::vector(seeds.begin(), seeds.end()))
        .histories();
  }
  std::vector<std::vector<measurement>> out;
  for (std::uint64_t const seed : seeds)
    out.push_back(experiment<Policy, Backend, T>(backend, settings, seed).history());
  return out;
}

/// One run with a categorical policy: its history.
template <class Backend>
std::vector<measurement> run_experiment(Backend backend, experiment_settings const& settings,
                                        std::uint64_t seed) {
  return experiment<categorical_policy, Backend, float>(std::move(backend), settings, seed).history();
}

}  // namespace poft::bandit
