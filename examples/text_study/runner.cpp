// Data, training and measuring.
// SPDX-License-Identifier: MIT
#include "runner.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "poft/preference/selection.hpp"
#include "poft/scalar/functions.hpp"
#include "poft/train/progress.hpp"
#include "results.hpp"
#include "trainer_on_cpu.hpp"

namespace text_study {
namespace {

namespace preference = poft::preference;

/// Purposes of random numbers, beside those of the corpus.
enum stream : std::uint64_t { rating_stream = 1, permutation_stream = 2 };

double mean_of(std::vector<double> const& values) {
  double sum = 0;
  for (double const one : values) sum += one;
  return sum / static_cast<double>(values.size());
}

/// tau of every sample: PoFT's coefficient over beta, for the model as it is now.
std::vector<double> coefficients(language_model& model, std::vector<sample> const& samples,
                                 std::vector<double> const& score, double beta) {
  auto out = mean_log_probs(model, encoded(*model.tokens, samples));
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = poft::sigmoid(-beta * (out[k] - score[k]));
  return out;
}

std::vector<std::size_t> kept_samples(arm const& one, scored_data const& data, language_model& model) {
  switch (one.keep) {
    case selection::preference:
      return preference::keep_top_fraction(data.score, one.share);
    case selection::external:
      return preference::keep_top_fraction(data.rating, one.share);
    case selection::difficulty:
      return preference::keep_by_difficulty(
          preference::instruction_following_difficulty(
              mean_log_probs(model, encoded(*model.tokens, data.samples)),
              mean_log_probs(model, encoded_alone(*model.tokens, data.samples))),
          one.share);
    case selection::effective:
      return preference::keep_top_fraction(
          data.score, effective_share(coefficients(model, data.samples, data.score, one.beta)));
    case selection::clean:
    case selection::all:
      break;
  }
  std::vector<std::size_t> kept;
  for (std::size_t k = 0; k < data.samples.size(); ++k) {
    if (one.keep == selection::all || data.samples[k].clean) kept.push_back(k);
  }
  return kept;
}

template <class T>
std::vector<T> at(std::vector<T> const& from, std::vector<std::size_t> const& places) {
  std::vector<T> out;
  for (std::size_t const k : places) out.push_back(from[k]);
  return out;
}

/// The right answer against a wrong one that a writer gave, prompt by prompt another writer: the same pairs for every start.
poft::dataset pairs_of(std::vector<language_model> const& writers, int count, std::uint64_t seed) {
  recipe const tasks{.name = "pairs", .definitions = 0};
  auto const samples = draw_samples(tasks, pool::target, count, {}, seed);
  std::vector<std::string> wrong(samples.size());
  std::vector<bool> found(samples.size());
  for (std::uint64_t attempt = 0; attempt < 4; ++attempt) {
    for (std::size_t w = 0; w < writers.size(); ++w) {
      std::vector<std::string> prompts;
      std::vector<std::size_t> places;
      for (std::size_t k = w; k < samples.size(); k += writers.size()) {
        if (found[k]) continue;
        prompts.push_back(samples[k].prompt);
        places.push_back(k);
      }
      if (prompts.empty()) continue;
      auto const said = answers(writers[w], prompts, longest_answer, 1, seed * 8 + attempt);
      for (std::size_t i = 0; i < places.size(); ++i) {
        if (!said[i].ended || said[i].text == samples[places[i]].response) continue;
        wrong[places[i]] = said[i].text;
        found[places[i]] = true;
      }
    }
  }
  poft::tokenizer const& tokens = *writers[0].tokens;
  poft::dataset pairs({"chosen", "rejected"});
  for (std::size_t k = 0; k < samples.size(); ++k) {
    if (!found[k]) continue;
    pairs.add(prompt_tokens(tokens, samples[k].prompt),
              {response_tokens(tokens, samples[k].response), response_tokens(tokens, wrong[k])});
  }
  return pairs;
}

/// Trains the model and measures it after the epochs that are measured: every round of the data is an epoch.
std::vector<measurement> train(language_model& model, poft::dataset const& data,
                               poft::training_term const& term, double learning_rate, int epochs,
                               std::uint64_t seed, scale const& of, held_out_set const& held_out) {
  poft::training_settings settings{.batch = of.batch, .learning_rate = learning_rate};
  std::int64_t const of_epoch = data.examples() / of.batch;
  if (of_epoch < 1) {
    throw poft::value_error(
        poft::message("train: ", data.examples(), " samples, expected at least a batch of ", of.batch));
  }
  settings.steps         = of_epoch * epochs;
  settings.schedule      = poft::cosine_schedule{.warmup = settings.steps / 10, .total = settings.steps};
  settings.clip          = {.max_norm = 1};
  settings.seed          = seed;
  settings.show_progress = false;
  poft::trainer<backend, float> training(*model.net, {term}, settings);
  std::vector<measurement> history;
  auto const record = [&](std::int64_t epoch) {
    if (!of.is_measured(static_cast<int>(epoch)) && epoch < epochs) return;
    history.push_back(measure(model, held_out));
    history.back().epoch = static_cast<double>(epoch);
    history.back().step  = static_cast<double>(training.steps());
  };
  training.run(poft::data_source{[&](std::int64_t round, std::vector<double>&) {
                                   if (round > 0) record(round);
                                   return data;
                                 },
                                 of_epoch});
  record(epochs);
  return history;
}

fs::path parameters_file(fs::path const& folder, run const& of) {
  return folder / "models" / (std::to_string(study::fingerprint(journal_key(of))) + ".parameters");
}
bool has_parameters(fs::path const& file, language_model const& like) {
  std::error_code missing;
  auto const size = fs::file_size(file, missing);
  return !missing && size == like.net->parameters().size_bytes();
}
language_model with_parameters(fs::path const& file, language_model const& like) {
  language_model out     = like.clone();
  std::string const text = study::read_whole(file);
  if (text.size() != out.net->parameters().size_bytes())
    throw poft::format_error(poft::message(file.string(), ": ", text.size(), " bytes, expected ",
                                           out.net->parameters().size_bytes()));
  std::memcpy(out.net->parameters().data(), text.data(), text.size());
  return out;
}

/// Samples that go through a network, about.
double cost_of(arm const& one, scale const& of) {
  if (one.by == method::dpo) return 2.0 * of.pairs * of.pair_epochs;
  return of.samples * of.epochs * (one.keep == selection::all ? 1 : one.share);
}

}  // namespace

world::world(scale const& of_, library const& books_, fs::path const& folder, int threads)
    : of(of_), books(books_) {
  auto plans                      = target_plans(of);
  std::size_t const first_aligned = plans.size();
  for (auto& one : aligned_plans(of)) plans.push_back(std::move(one));
  text_        = of.text() + books.fingerprint();
  double steps = 0;
  for (model_plan const& one : plans) {
    steps += one.steps;
    text_ += one.text();
  }
  study::require_writable(folder / "models");
  poft::progress bar("models", steps, 0, poft::without_terminal::tenths);
  std::vector<language_model> trained(plans.size());
  study::in_parallel(threads, plans.size(), [&](std::size_t k) {
    // The aligned models take longer: they begin.
    std::size_t const p = plans.size() - 1 - k;
    trained[p]          = train_model(plans[p], books, folder / "models");
    bar.add(plans[p].steps);
  });
  for (std::size_t k = 0; k < trained.size(); ++k)
    (k < first_aligned ? targets : aligned).push_back(std::move(trained[k]));
}

std::string world::text() const { return text_; }

double auroc(std::vector<sample> const& samples, std::vector<double> const& scores) {
  std::vector<std::size_t> order(samples.size());
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double wins = 0, spoilt = 0, clean = 0;
  for (std::size_t first = 0, last; first < order.size(); first = last) {
    double of_clean = 0, of_spoilt = 0;
    for (last = first; last < order.size() && scores[order[last]] == scores[order[first]]; ++last)
      (samples[order[last]].clean ? of_clean : of_spoilt) += 1;
    wins += of_clean * (spoilt + of_spoilt / 2);
    clean += of_clean;
    spoilt += of_spoilt;
  }
  return clean > 0 && spoilt > 0 ? wins / (clean * spoilt) : std::nan("");
}

std::pair<poft::dataset, poft::training_term> supervised(arm const& one, std::uint64_t seed,
                                                         scored_data const& data, language_model& model) {
  auto const kept = kept_samples(one, data, model);
  auto samples    = at(data.samples, kept);
  auto score      = at(data.score, kept);
  if (one.distilled_from >= 0) {
    auto const& said = data.answered_by.at(one.distilled_from);
    for (std::size_t k = 0; k < kept.size(); ++k) samples[k].response = said[kept[k]];
  }
  if (one.judged_by == scores::permuted) {
    poft::random_stream random(seed, permutation_stream);
    random.shuffle(poft::view<double>(score));
  }
  poft::dataset out = encoded(*model.tokens, samples);
  if (one.judged_by == scores::constant) {
    double const constant = one.beta * mean_of(coefficients(model, samples, score, one.beta));
    out.set("example_weight", std::vector<double>(samples.size(), constant));
  }
  if (one.by == method::sft || one.judged_by == scores::constant)
    return {std::move(out), poft::training_term{poft::make_objective("nll")}};
  out.set("aligned_score", score);
  std::vector<double> clean;
  for (sample const& s : samples) clean.push_back(s.clean);
  out.set("clean", clean);
  return {std::move(out), poft::training_term{poft::make_objective(method_names[static_cast<int>(one.by)],
                                                                   {{"beta", one.beta}})}};
}

double effective_share(std::vector<double> const& weights) {
  double sum = 0, squares = 0;
  for (double const w : weights) {
    sum += w;
    squares += w * w;
  }
  return sum * sum / (static_cast<double>(weights.size()) * squares);
}

scored_data score_data(std::string const& name, std::uint64_t seed, world const& in,
                       std::vector<int> const& distilled_by) {
  std::vector<language_model> aligned;
  for (language_model const& one : in.aligned) aligned.push_back(one.clone());
  scored_data out;
  out.samples = draw_samples(recipe_of(name), pool::target, in.of.samples, in.books, seed);
  out.score   = preference_scores(aligned, out.samples);
  poft::random_stream random(seed, rating_stream);
  for (sample const& one : out.samples) out.rating.push_back(one.clean + random.normal<double>());
  std::vector<std::string> prompts;
  for (sample const& one : out.samples) prompts.push_back(one.prompt);
  for (int const j : distilled_by) {
    for (answer& one : answers(aligned[static_cast<std::size_t>(j)], prompts, longest_definition))
      out.answered_by[j].push_back(std::move(one.text));
  }
  double const mean = mean_of(out.score);
  for (std::size_t k = 0; k < out.score.size(); ++k) {
    out.score_spread += (out.score[k] - mean) * (out.score[k] - mean);
    out.noise += !out.samples[k].clean;
  }
  out.score_spread = std::sqrt(out.score_spread / static_cast<double>(out.score.size()));
  out.noise /= static_cast<double>(out.score.size());
  out.auroc = auroc(out.samples, out.score);
  return out;
}

outcome run_all(std::string const& title, std::vector<arm> const& arms, study::seed_range seeds,
                world const& in, int threads, fs::path const& folder, study::journal& finished) {
  outcome out;
  std::map<std::string, arm const*> by_id;
  std::set<std::string> starts;
  for (arm const& one : arms) {
    by_id[one.id] = &one;
    if (!one.starts_from.empty()) starts.insert(one.starts_from);
    for (int k = 0; k < seeds.count; ++k) {
      run& added = out.runs.emplace_back();
      added.of = &one, added.seed = seeds.first + static_cast<std::uint64_t>(k), added.common = in.text();
    }
  }
  auto const start_of = [&](std::string const& id, std::uint64_t seed) {
    run start;
    start.of = by_id.at(id), start.seed = seed, start.common = in.text();
    return parameters_file(folder, start);
  };

  study::run_queue<run> queue(
      out.runs, [&](arm const& one) { return cost_of(one, in.of); },
      [&](run& one) {
        auto const& target = in.targets[static_cast<std::size_t>(one.of->target)];
        bool const kept =
            !starts.contains(one.of->id) || has_parameters(parameters_file(folder, one), target);
        return kept && finished.find(one);
      });
  std::map<std::pair<std::string, std::uint64_t>, std::set<int>> wanted_data;
  for (run const& one : out.runs) {
    auto& distilled = wanted_data[{one.of->data, one.seed}];
    if (one.of->distilled_from >= 0 && one.history.empty()) distilled.insert(one.of->distilled_from);
  }
  std::vector<std::pair<std::string, std::uint64_t>> data_keys;
  for (auto const& [key, distilled] : wanted_data) {
    data_keys.push_back(key);
    out.data[key];
  }
  poft::progress scoring(title + ", data", static_cast<double>(data_keys.size()), 0,
                         poft::without_terminal::tenths);
  study::in_parallel(threads, data_keys.size(), [&](std::size_t k) {
    auto const& [name, seed] = data_keys[k];
    auto const& by           = wanted_data[data_keys[k]];
    out.data[data_keys[k]]   = score_data(name, seed, in, {by.begin(), by.end()});
    scoring.add(1);
  });

  queue.begin(title);
  for (bool const starts_from_others : {false, true}) {  // those that others start from come first
    std::vector<run*> wave;
    for (run* const one : queue.left()) {
      if (!one->of->starts_from.empty() == starts_from_others) wave.push_back(one);
    }
    queue.make(wave, threads, &finished, [&](run& one) {
      arm const& of           = *one.of;
      auto const& target      = in.targets[static_cast<std::size_t>(of.target)];
      scored_data const& data = out.data.at({of.data, one.seed});
      held_out_set const held_out(in.of.test_prompts, in.of.validation_prompts, in.books, one.seed);
      if (of.by == method::dpo) {
        std::set<std::string> writers_of;
        for (arm const& other : arms) {
          if (other.by == method::dpo && other.data == of.data && other.target == of.target)
            writers_of.insert(other.starts_from);
        }
        std::vector<language_model> writers;
        for (std::string const& id : writers_of)
          writers.push_back(with_parameters(start_of(id, one.seed), target));
        auto pairs           = pairs_of(writers, in.of.pairs, one.seed);
        language_model model = with_parameters(start_of(of.starts_from, one.seed), target);
        pairs.set("reference_log_prob", poft::response_log_probs(*model.net, pairs));
        one.history = train(model, pairs, {poft::make_objective("dpo", {{"beta", of.beta}})},
                            of.learning_rate, in.of.pair_epochs, one.seed, in.of, held_out);
      } else {
        language_model model    = target.clone();
        auto const [seen, term] = supervised(of, one.seed, data, model);
        one.history = train(model, seen, term, of.learning_rate, in.of.epochs, one.seed, in.of, held_out);
        if (starts.contains(of.id)) {
          auto const parameters = std::as_const(*model.net).parameters();
          study::write_whole(parameters_file(folder, one),
                             {reinterpret_cast<char const*>(parameters.data()), parameters.size_bytes()});
        }
      }
    });
  }
  return out;
}

}  // namespace text_study
