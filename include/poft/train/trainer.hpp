// The trainer: any objectives on any backend, data-parallel, resumable bit for bit.
// SPDX-License-Identifier: MIT
//
// A step takes examples and goes, micro-batch by micro-batch, through
//
//   forward      tokens -> log-probs (entropies, values, rewards) of the responses     train/response_pass.hpp
//   objectives   these and the dataset's columns -> loss and derivatives               train/terms.hpp
//   backward     derivatives -> gradient, accumulated
//
// then sums the gradient over the processes, clips it and updates the parameters. Means are over the whole step, so that
// neither micro-batches nor processes change the gradient but by rounding. Compiled once per backend and number type: the
// objectives come by name.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "poft/core/communicator.hpp"
#include "poft/core/error.hpp"
#include "poft/core/random.hpp"
#include "poft/model/transformer.hpp"
#include "poft/train/batch.hpp"
#include "poft/train/batch_metrics.hpp"
#include "poft/train/checkpoint_io.hpp"
#include "poft/train/clip.hpp"
#include "poft/train/dataset.hpp"
#include "poft/train/decay_ranges.hpp"
#include "poft/train/metrics.hpp"
#include "poft/train/optimiser.hpp"
#include "poft/train/progress.hpp"
#include "poft/train/response_pass.hpp"
#include "poft/train/schedule.hpp"
#include "poft/train/terms.hpp"

namespace poft {

struct training_settings {
  std::int64_t steps       = 0;  // of the optimiser
  std::int64_t batch       = 8;  // examples of a step, over all processes
  std::int64_t micro_batch = 0;  // examples that go through the model together; 0: all that a process has
  optimiser_rule optimiser = adamw{};
  double learning_rate     = 1e-3;
  std::variant<constant_schedule, linear_schedule, cosine_schedule> schedule = constant_schedule{};
  clip_global_norm clip      = {.max_norm = std::numeric_limits<double>::infinity()};
  double entropy_coefficient = 0;  // adds -coefficient times the mean entropy of the response tokens
  bool entropy_metric        = false;
  std::int64_t logits_bytes =
      1 << 26;  // that may be kept between the passes of a micro-batch; beyond, they are made twice
  std::uint64_t seed = 0;  // of the order of the data and of dropout

  std::filesystem::path folder  = {};  // of metrics and checkpoints; empty: neither
  std::int64_t checkpoint_every = 0;   // steps; 0: only at the end
  std::int64_t evaluation_every = 0;   // steps; 0: only at the end, where there is data for it
  int keep_checkpoints          = 2;
  bool show_progress            = true;
};

/// Where the data of a run comes from: collect(round, state) for `steps` steps each, a single round where that is 0. State
/// that it keeps between rounds and the round's data are part of a checkpoint: a resume does not collect again.
struct data_source {
  std::function<dataset(std::int64_t round, std::vector<double>& state)> collect;
  std::int64_t steps = 0;
};

/// The parameters of a model of bfloat16 are trained as float masters, of which the model holds what they round to; its gradient,
/// which processes sum, is float, too.
template <class Backend, class T>
class trainer {
  using C = compute_t<T>;

 public:
  /// The model is trained in place, from process 0's parameters. `processes`: null for one.
  trainer(transformer<Backend, T>& model, std::vector<training_term> terms, training_settings settings,
          communicator* processes = nullptr)
      : model_(model),
        terms_(std::move(terms)),
        settings_(std::move(settings)),
        processes_(processes ? *processes : alone_),
        pass_(model, settings_.logits_bytes),
        optimiser_(model.backend(), settings_.optimiser, model.parameters().size(),
                   decay_ranges(model.config(), model.slices())),
        states_(terms_.size()) {
    auto const require = [](bool holds, char const* name, auto value, char const* expected) {
      if (!holds) throw value_error(message("train: ", name, " is ", value, ", expected ", expected));
    };
    require(!terms_.empty(), "the number of objectives", terms_.size(), "at least 1");
    require(settings_.steps >= 0, "steps", settings_.steps, ">= 0");
    require(settings_.batch >= processes_.size(), "batch", settings_.batch,
            "at least one example per process");
    require(settings_.micro_batch >= 0, "micro_batch", settings_.micro_batch, ">= 0");
    settings_.clip.check();
    wanted_ = {.log_probs = false};
    for (auto const& term : terms_) {
      (reads_scalar_head(term) ? wanted_.scalars : wanted_.log_probs) = true;
      coupled_ = coupled_ || coupling_of(term.objective);
    }
    wanted_.entropies = settings_.entropy_metric || settings_.entropy_coefficient != 0;
    if (wanted_.scalars && !model.config().scalar_head) {
      throw value_error("train: the model has no scalar head");
    }
    if (wanted_.log_probs && model.config().head == head_kind::none) {
      throw value_error("train: the model has no head for tokens");
    }
    last_ = wanted_.scalars ? last_token::kept : last_token::left_out;
    exchange(model_.parameters(), [&](auto parameters) { processes_.broadcast(parameters); });
  }

  /// Trains up to settings.steps, from the newest checkpoint of the folder where there is one.
  void run(dataset const& data, dataset const* held_out = nullptr) { run(&data, nullptr, held_out); }
  void run(data_source const& source, dataset const* held_out = nullptr) { run(nullptr, &source, held_out); }

  /// One update on the given examples, those of all processes. Throws value_error, naming step, example and objective, where
  /// loss or gradient is not finite, and then has changed no parameter.
  step_metrics step(dataset const& data, std::span<std::int64_t const> examples) {
    auto const start = std::chrono::steady_clock::now();
    std::span<C const> const gradient(model_.gradient());
    step_metrics out;
    clip_global_norm::result clipped;
    try {
      model_.zero_gradient();
      out     = add_gradient(data, examples);
      clipped = settings_.clip.of_norm(norm_of(gradient, data, examples));
    } catch (value_error const& problem) {
      throw value_error(message("train: step ", steps() + 1, ": ", problem.what()));
    }
    out.gradient_norm = clipped.norm;
    out.learning_rate =
        settings_.learning_rate *
        std::visit([&](auto const& schedule) { return schedule(steps()); }, settings_.schedule);
    optimiser_.update(model_.parameters(), gradient, out.learning_rate, clipped.factor);
    out.step = static_cast<double>(steps());
    out.tokens_per_second =
        rows_ / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return out;
  }

  /// Adds the gradient of the mean loss over all processes' examples to the model's. Each process takes its part of them.
  step_metrics add_gradient(dataset const& data, std::span<std::int64_t const> examples) {
    step_metrics const out = pass_over(data, examples, true);
    exchange(model_.gradient(), [&](auto gradient) { processes_.sum(gradient); });
    return out;
  }

  /// The same numbers without a gradient, over all examples.
  step_metrics evaluate(dataset const& data) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(data.examples()));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    auto const states      = states_;
    step_metrics const out = pass_over(data, all, false);
    states_                = states;
    return out;
  }

  /// Taken so far.
  std::int64_t steps() const { return optimiser_.steps(); }

  /// The parameters as they are trained, in the backend's memory: the model's, or their masters where it stores bfloat16.
  std::span<C const> masters() { return optimiser_.masters(model_.parameters()); }
  /// f(std::span<C>) of these for an f of the host, which may change them, in every process alike: initialise(),
  /// load_parameters() of a file in float. The model gets what they round to.
  template <class F>
  void change_masters(F const& f) {
    optimiser_.change_masters(model_.parameters(), f);
  }

 private:
  using examples_view = std::span<std::int64_t const>;

  static bool reads_scalar_head(training_term const& term) {
    std::string_view const live = term.objective.live()[0];
    return live == "value" || live.ends_with("_reward") ||
           (live == "score" && term.score == list_score::reward);
  }

  /// Where there are others: f(numbers) by the communicator, in the backend's memory if it takes that, else in the host's.
  template <class U, class F>
  void exchange(std::span<U> numbers, F const& f) {
    if (processes_.size() == 1) return;
    if (processes_.takes_backend_memory()) {
      f(numbers);
    } else {
      change_on_host(model_.backend(), numbers, f);
    }
  }

  // ---- a step's forward and backward passes

  step_metrics pass_over(dataset const& data, examples_view examples, bool with_gradient) {
    auto const mine  = part_of(examples, processes_.rank(), processes_.size());
    auto const start = static_cast<std::size_t>(mine.data() - examples.data());
    auto const most =
        static_cast<std::size_t>(settings_.micro_batch ? settings_.micro_batch : settings_.batch);
    counts_.clear();
    for (auto const& term : terms_) counts_.push_back(count_of(term, data, examples));
    tokens_ = count_of({terms_[0].objective, 1, objective_level::token}, data, examples);

    batch_metrics metrics(data, wanted_.log_probs ? terms_[0].objective.parameter("beta", 1) : 1,
                          !wanted_.log_probs);
    auto const each_part = [&](auto const& f) {
      for (std::size_t k = 0; k < mine.size(); k += most)
        f(k, mine.subspan(k, std::min(most, mine.size() - k)));
    };
    if (coupled_ && (mine.size() > most || processes_.size() > 1)) {
      // The examples decide together: all go forward first, and every part once more before it goes backward.
      batch_statistics all(data, examples, wanted_.entropies, wanted_.scalars);
      auto const place = [&](std::size_t k) { return static_cast<std::size_t>(all.first[start + k]); };
      each_part([&](std::size_t k, examples_view part) {
        forward(data, part, all, place(k), with_gradient);
        metrics.add_rows(micro_batch_.rows());
      });
      for (auto* numbers : {&all.log_prob, &all.entropy, &all.value, &all.reward}) {
        processes_.sum(std::span<double>(*numbers));
      }
      double const loss = evaluate_terms(data, all);
      metrics.add_loss(processes_.rank() == 0 ? loss : 0);
      metrics.add(all, start, start + mine.size());
      each_part([&](std::size_t k, examples_view part) {
        if (!with_gradient) return;
        if (mine.size() > most) forward(data, part, all, place(k), true);
        pass_.backward(micro_batch_, all, place(k));
      });
    } else {
      each_part([&](std::size_t, examples_view part) {
        batch_statistics one(data, part, wanted_.entropies, wanted_.scalars);
        forward(data, part, one, 0, with_gradient);
        metrics.add_rows(micro_batch_.rows());
        metrics.add_loss(evaluate_terms(data, one));
        metrics.add(one, 0, part.size());
        if (with_gradient) pass_.backward(micro_batch_, one, 0);
      });
    }
    processes_.sum(metrics.sums());
    rows_ = metrics.rows();
    return metrics.means(wanted_.entropies);
  }

  void forward(dataset const& data, examples_view part, batch_statistics& out, std::size_t first,
               bool training) {
    micro_batch_.assign(data, part, last_);
    std::optional<std::uint64_t> masks;
    if (training && model_.config().dropout > 0) {
      masks = derived_seed(derived_seed(settings_.seed, dropout_seed + static_cast<std::uint64_t>(steps())),
                           static_cast<std::uint64_t>(part[0]));
    }
    try {
      training ? pass_.forward(micro_batch_, wanted_, masks, out, first)
               : pass_.infer(micro_batch_, wanted_, out, first);
    } catch (value_error const& problem) {
      if (part.size() == 1) throw value_error(message("example ", part[0], ": ", problem.what()));
      for (std::size_t k = 0; k < part.size(); ++k) {  // which of them it is
        batch_statistics one(data, part.subspan(k, 1), wanted_.entropies, wanted_.scalars);
        forward(data, part.subspan(k, 1), one, 0, training);
      }
      throw;
    }
  }

  /// The loss of what the batch holds; its derivatives go into the batch.
  double evaluate_terms(dataset const& data, batch_statistics& batch) {
    double loss = 0;
    for (std::size_t k = 0; k < terms_.size(); ++k) {
      loss += evaluate_term(terms_[k], data, counts_[k], states_[k], batch);
    }
    if (settings_.entropy_coefficient != 0) {
      batch.d_entropy = -settings_.entropy_coefficient / tokens_;
      for (double const entropy : batch.entropy) loss += batch.d_entropy * entropy;
    }
    return loss;
  }

  /// Of the gradient of all processes. Throws where it is not finite, naming a parameter and, of one process, an example.
  double norm_of(std::span<C const> gradient, dataset const& data, examples_view examples) {
    try {
      return global_norm(model_.backend(), gradient);
    } catch (value_error const&) {
      auto const is_finite = [](auto const& numbers) {
        return std::all_of(numbers.data(), numbers.data() + numbers.size(),
                           [](C one) { return std::isfinite(one); });
      };
      std::string text = message("objective ", objectives(), ": the gradient of ");
      auto const here  = on_host(model_.backend(), gradient);
      for (auto const& one :
           named_parameters(model_.config(), transformer_slices<C const>(model_.config(), here.data()))) {
        if (is_finite(one.values)) continue;
        text += one.name + " is not finite";
        break;
      }
      for (std::size_t k = 0; k < examples.size() && processes_.size() == 1 && !coupled_; ++k) {
        model_.zero_gradient();
        pass_over(data, examples.subspan(k, 1), true);
        if (!is_finite(on_host(model_.backend(), gradient)))
          throw value_error(message("example ", examples[k], ": ", text));
      }
      throw value_error(text);
    }
  }

  std::string objectives() const {
    std::string names;
    for (auto const& term : terms_) names.append(names.empty() ? "" : ", ").append(term.objective.name());
    return names;
  }

  // ---- a run

  void run(dataset const* given, data_source const* source, dataset const* held_out) {
    bool const is_first = processes_.rank() == 0, writes = !settings_.folder.empty();
    is_collected_ = source != nullptr;
    data_name_    = given ? message(given->fingerprint()) : "collected";
    std::optional<checkpoint_folder> folder;
    metrics_position position;
    if (writes) {
      folder.emplace(settings_.folder, settings_.keep_checkpoints);
      if (auto const newest = folder->newest()) {
        checkpoint_reader reader(*newest);
        visit(reader, position);
      }
    }
    processes_.barrier();  // before the first one writes
    std::optional<metrics_log> log;
    if (writes && is_first) {
      folder->remove_parts();
      log.emplace(settings_.folder, position);
    }
    if (held_out) require_fits(*held_out, model_.config(), last_);
    std::optional<progress> bar;
    if (settings_.show_progress && is_first) {
      bar.emplace("train", static_cast<double>(settings_.steps), static_cast<double>(steps()));
    }

    std::optional<data_order> order;
    while (steps() < settings_.steps) {
      if (std::int64_t const wanted = source && source->steps > 0 ? steps() / source->steps : 0;
          wanted != round_) {
        if (source) collected_ = source->collect(wanted, source_state_);
        round_  = wanted;
        visits_ = 0;
        order.reset();
      }
      dataset const& data = source ? collected_ : *given;
      if (!order) {
        require_fits(data, model_.config(), last_);
        order.emplace(data.examples(),
                      derived_seed(settings_.seed, order_seed + static_cast<std::uint64_t>(round_)));
      }
      step_metrics now = step(data, order->take(visits_, settings_.batch));
      visits_ += settings_.batch;
      examples_ += settings_.batch;
      now.examples       = static_cast<double>(examples_);
      bool const is_last = steps() == settings_.steps;
      auto const is_due  = [&](std::int64_t every) { return is_last || (every > 0 && steps() % every == 0); };
      if (held_out && is_due(settings_.evaluation_every)) {
        step_metrics const judged = evaluate(*held_out);
        now.evaluation_loss       = judged.loss;
        now.evaluation_margin     = judged.margin;
        now.evaluation_accuracy   = judged.accuracy;
      }
      if (log) log->append(now);
      if (bar) {
        bar->add(1, message("loss ", static_cast<float>(now.loss), ", ", std::llround(now.tokens_per_second),
                            " tokens/s"));
      }
      if (writes && is_first && is_due(settings_.checkpoint_every)) {
        position = log->sync();
        checkpoint_writer writer;
        visit(writer, position);
        folder->save(steps(), writer);
      }
    }
  }

  /// All that a run needs to go on bit for bit.
  template <class State>
  void visit(State& state, metrics_position& position) {
    auto const same = [&](char const* what, std::string const& expected) {
      std::string found = expected;
      state(std::string("run.") + what, found);
      if (found != expected) {
        throw format_error(message("checkpoint: it is of another run, whose ", what, " are ", found,
                                   ", expected ", expected));
      }
    };
    same("objectives", objectives());
    same("data", data_name_);
    visit_same_config(model_.config(), state);
    state("model.parameters", model_.backend(), model_.parameters());
    optimiser_.visit(state);
    for (std::size_t k = 0; k < states_.size(); ++k) state(message("objective.", k), states_[k]);
    state("run.round", round_);
    state("run.visits", visits_);
    state("run.examples", examples_);
    position.visit(state);
    if (!is_collected_) return;
    state("source.state", source_state_);
    collected_.visit("source.", state);
  }

  // Purposes of random numbers; round and step numbers are added.
  static constexpr std::uint64_t order_seed = 0, dropout_seed = std::uint64_t{1} << 62;

  transformer<Backend, T>& model_;
  std::vector<training_term> terms_;
  training_settings settings_;
  one_process alone_;
  communicator& processes_;
  response_pass<Backend, T> pass_;
  optimiser<Backend, T> optimiser_;

  wanted_outputs wanted_;
  last_token last_;
  bool coupled_ = false;

  std::vector<std::vector<double>> states_;  // of the terms' couplings
  std::vector<double> counts_;               // [terms], of the step
  double tokens_ = 0, rows_ = 0;             // of the step: response tokens, and rows through the model
  micro_batch micro_batch_;                  // that last went forward

  std::int64_t round_ = -1, visits_ = 0, examples_ = 0;
  bool is_collected_ = false;
  std::string data_name_;             // a fingerprint, where the data was given
  dataset collected_;                 // of the round
  std::vector<double> source_state_;  // of whoever collects
};

}  // namespace poft
