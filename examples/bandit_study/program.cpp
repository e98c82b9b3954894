// The options of bandit_study, and what each of them does.
// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>

#include "arms.hpp"
#include "claims.hpp"
#include "divergence.hpp"
#include "on_cuda.hpp"
#include "report.hpp"
#include "results.hpp"
#include "runner.hpp"
#include "study/figures.hpp"
#include "study/finish.hpp"
#include "study/journal.hpp"
#include "study/options.hpp"
#include "study/parallel.hpp"
#include "tuning.hpp"

namespace {

namespace fs = std::filesystem;
using namespace study;

struct options : study_options {
  std::vector<std::string> learners;
  std::string reward, data, policy, reference = "fitted", device = "cpu";
  double learning_rate = 1e-3, parameter = std::numeric_limits<double>::quiet_NaN(), min_difference = 0;
  int batch = 10, passes = 5, minibatch = 10, samples = 10, pool = 200, steps = 0;
  std::optional<int> queries;
};

std::vector<double> read_probabilities(fs::path const& file) {
  std::string text = read_whole(file);
  std::vector<double> out;
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return c == ',' || c == ';' || c == '\n' || c == '\r' || c == '\t'; }, ' ');
  for (std::size_t at = text.find_first_not_of(' '); at != text.npos;) {
    std::size_t const end = std::min(text.find(' ', at), text.size());
    out.push_back(text_number(std::string_view(text).substr(at, end - at), "data: " + file.string()));
    at = text.find_first_not_of(' ', end);
  }
  poft::bandit::require_probabilities(out);
  return out;
}

device device_of(options const& o) { return o.device == "cuda" ? device::cuda : device::cpu; }

/// Whether a study has this policy: both of its own, unless one is asked for.
bool is_asked_for(policy_kind policy, options const& o) {
  return o.policy.empty() || policy == policy_of(o.policy);
}

/// The arms of one study, or all.
std::vector<arm> arms_of(options const& o) {
  std::vector<arm> arms = grid(o.full);
  std::erase_if(arms,
                [&](arm const& one) { return !o.includes_any(one.studies) || !is_asked_for(one.policy, o); });
  return arms;
}

/// As many as asked for, or as many as verdicts need.
std::function<seed_range(arm const&)> reported_seeds(options const& o) {
  return [&o](arm const& one) {
    return seed_range{1, o.seeds > 0 ? o.seeds : world_of(one.policy).least_seeds};
  };
}

void judge_and_report(fs::path const& folder) {
  study::finish(folder, read_metrics(folder), write_summaries, write_report);
}

void run_study(options const& o) {
  fs::path const folder  = o.out;
  std::vector<arm> arms  = arms_of(o);
  bool const divergences = o.includes("b7") && o.policy != "tokens";
  fs::path const tuned   = tuned_file(o, __FILE__);
  apply_tuned(arms, read_tuned(tuned, tuned_schema), tuned);

  require_writable(folder);
  std::vector<claim> stated = claims();
  std::erase_if(stated, [&](claim const& one) {
    bool const in_study = o.study == "all" || one.id.substr(1) == o.study.substr(1);
    return !in_study || !(o.policy.empty() || one.variant == variant_of(policy_of(o.policy)));
  });
  write_claims(folder, "Tajwar et al. 2024, arXiv:2404.14367, bandits", stated);  // before anything runs
  journal finished(folder / "runs.journal");
  if (!arms.empty()) {
    write_arms(folder, arms);
    write_runs(folder, run_all("bandits", arms, reported_seeds(o), usable_threads(o.threads), &finished,
                               device_of(o)));
  }
  if (divergences) {
    int const count = o.seeds > 0 ? o.seeds : one_step().least_seeds;
    write_divergences(folder, run_divergences(count, poft::bandit::squashed_cauchy()));
  }

  judge_and_report(folder);
  finished.remove();
}

/// The reward by name or as peak:width; a named one must be over the policy's kind of actions.
poft::bandit::peak_reward reward_of(std::string const& text, policy_kind policy) {
  using poft::bandit::action_kind;
  action_kind const actions = actions_of(policy);
  std::string names;
  for (auto const& known : poft::bandit::named_rewards) {
    if (known.over == actions) names += std::string(names.empty() ? "" : " ") + known.name;
    if (text == known.name && known.over != actions) {
      throw poft::value_error(poft::message("reward: ", text, " is not over the actions of the policy ",
                                            name_of(policy), ", expected peak:width, or another name"));
    }
  }
  return poft::bandit::parse_reward(text.empty() ? names.substr(0, 2) : text);
}

void run_own(options const& o) {
  std::vector<arm> arms;
  policy_kind const policy = o.policy.empty() ? policy_kind::categorical : policy_of(o.policy);
  world const& common      = world_of(policy);
  poft::bandit::experiment_settings settings{.queries      = o.queries.value_or(common.queries),
                                             .measurements = common.measurements,
                                             .held_out     = common.held_out,
                                             .pair_prompts = common.pair_prompts};
  settings.learning_rate = o.learning_rate;
  settings.reward        = reward_of(o.reward, policy);
  if (!o.data.empty()) settings.data = read_probabilities(o.data);
  settings.reference =
      o.reference == "data" ? poft::bandit::reference_policy::data : poft::bandit::reference_policy::fitted;
  settings.pool = o.pool, settings.samples = o.samples, settings.batch = o.batch,
  settings.minibatch = o.minibatch;
  settings.passes = o.passes, settings.min_difference = o.min_difference;
  for (std::string const& name : o.learners) {
    settings.method = poft::bandit::learner(name, o.parameter);
    settings.check();
    arms.push_back({.id = name, .studies = {"own"}, .settings = settings, .policy = policy});
    // So many gradient steps: more or fewer collections; offline, more or fewer passes.
    if (o.steps > 0) {
      auto& s           = arms.back().settings;
      int const by_pass = s.steps_per_collection() / s.passes;
      if (s.batch == 0) {
        s.passes = std::max(1, o.steps / by_pass);
      } else {
        s.queries = std::max(1, o.steps / s.steps_per_collection()) * s.batch * s.samples;
      }
    }
  }
  require_writable(o.out);
  write_arms(o.out, arms);
  journal finished(fs::path(o.out) / "runs.journal");
  write_runs(o.out,
             run_all("bandits", arms, reported_seeds(o), usable_threads(o.threads), &finished, device_of(o)));
  run_metrics const metrics = read_metrics(o.out);
  write_summaries(o.out, metrics);
  if (!have_gnuplot()) std::printf("gnuplot was not found: no figures; the CSV files are complete.\n");
  write_report(o.out, {});
  finished.remove();
  for (auto const& [arm, of_seed] : metrics) {
    double final = 0, best = 0, kl = 0, n = double(of_seed.size());
    for (auto const& [seed, values] : of_seed)
      final += values.at("final") / n, best += values.at("best") / n, kl += values.at("final_kl") / n;
    std::printf("%-26s final reward %.4f, best %.4f, KL %.3f\n", arm.c_str(), final, best, kl);
  }
  std::printf("%s\n", (fs::path(o.out) / "report.html").string().c_str());
}

}  // namespace

int study::program(int argc, char const* const* argv) {
  options o;
  CLI::App app{
      "The bandit study of arXiv:2404.14367 (claims B1-B7), and bandit experiments of your own.\n"
      "Without options: the whole study, quick grid, 10 seeds (sequences of tokens: 5). A study that was "
      "killed goes on "
      "where it was when it is started again."};
  add_options(app, o,
              {.out       = "bandit_study_results",
               .studies   = "b1 ... b7",
               .out_holds = "CSV, figures and report.html",
               .seeds     = "default 10, for sequences 5, which verdicts need; tuning: 2 and 1 others",
               .full = "the paper's grid: more batch sizes, inner steps, prompts, rewards and learners"});
  app.add_option(
      "--policy", o.policy,
      "of a study: categorical (one step) or tokens, both if not said; of your own experiment: also "
      "gaussian, cauchy, tanh_gaussian, tanh_cauchy");
  app.add_option("--device", o.device,
                 "where policies are trained: cpu, or cuda, all seeds of an arm at once")
      ->capture_default_str();
  std::string const own = "An experiment of your own (with --learner)";
  std::string names;
  for (auto const& one : poft::bandit::learners) names += std::string(names.empty() ? "" : ", ") + one.name;
  app.add_option("--learner", o.learners, "one or more of " + names)->group(own)->delimiter(',');
  app.add_option("--reward", o.reward,
                 "peak:width, such as 70:10, or R4 R5 R8 R9, with tokens R6 R7, with continuous policies R1 "
                 "R2 R3; the first "
                 "of them is the default")
      ->group(own);
  app.add_option("--data", o.data, "CSV file of probabilities that sum to 1: pi_data, one per action")
      ->group(own);
  app.add_option("--reference", o.reference,
                 "pi_ref: fitted (the policy fitted to pi_data) or data (pi_data itself)")
      ->group(own)
      ->capture_default_str();
  app.add_option("--lr", o.learning_rate, "learning rate of Adam")->group(own)->capture_default_str();
  app.add_option("--parameter", o.parameter,
                 "the learner's own: DPO's beta, IPO's target, RWR's temperature ...")
      ->group(own);
  app.add_option("--steps", o.steps, "gradient steps; 0: as many as the rewards allow")
      ->group(own)
      ->capture_default_str();
  app.add_option("--queries", o.queries, "budget of rewards (default 10000, with tokens 2000)")->group(own);
  app.add_option("--batch", o.batch, "prompts per collection; 0: all at once (offline)")
      ->group(own)
      ->capture_default_str();
  app.add_option("--passes", o.passes, "inner steps T over each collection")
      ->group(own)
      ->capture_default_str();
  app.add_option("--minibatch", o.minibatch, "prompts per gradient step")->group(own)->capture_default_str();
  app.add_option("--samples", o.samples, "responses per prompt, N")->group(own)->capture_default_str();
  app.add_option("--pool", o.pool, "prompts")->group(own)->capture_default_str();
  app.add_option("--min-difference", o.min_difference, "drop pairs closer in reward")
      ->group(own)
      ->capture_default_str();

  std::string about = "Learners, and what --parameter is for them:";
  for (auto const& one : poft::bandit::learners) {
    about += std::string("\n  ") + one.name + std::string(26 - std::string(one.name).size(), ' ') + one.what;
    if (*one.parameter)
      about += std::string(" (") + one.parameter + ", default " + number_text(one.grid[0]) + ")";
  }
  app.footer(about);

  return run_program(app, "bandit_study", argc, argv, [&] {
    // What would be ignored is refused.
    for (CLI::Option const* option : app.get_options()) {
      if (option->count() > 0 && option->get_group() == own && o.learners.empty())
        throw poft::value_error(poft::message(
            option->get_name(), ": given without --learner, expected with it: the study has its own"));
    }
    for (char const* of_study : study_options::own) {
      if (app.count(of_study) > 0 && !o.learners.empty())
        throw poft::value_error(
            poft::message(of_study, ": given with --learner, expected without it: it is of the study"));
    }
    check(app, o, {std::begin(study_names), std::end(study_names)});
    require_one_of("reference", o.reference, {"fitted", "data"});
    require_one_of("device", o.device, {"cpu", "cuda"});
    if (o.device == "cuda") require_cuda();
    if (!o.policy.empty()) {
      policy_kind const policy = policy_of(o.policy);
      if (o.learners.empty() && policy != policy_kind::categorical && policy != policy_kind::tokens)
        throw poft::value_error(poft::message("policy: ", o.policy,
                                              " has no study, expected categorical or tokens, or "
                                              "--learner for an experiment of your own"));
    }
    if (o.steps < 0) throw poft::value_error(poft::message("steps: ", o.steps, ", expected at least 0"));
    if (!o.verdicts.empty()) {
      judge_and_report(o.verdicts);
    } else if (o.tune) {
      tune(arms_of(o), o.seeds, usable_threads(o.threads), tuned_file(o, __FILE__));
    } else if (o.learners.empty()) {
      run_study(o);
    } else {
      run_own(o);
    }
  });
}
