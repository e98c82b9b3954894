// Reading and writing the study's files.
// SPDX-License-Identifier: MIT
#include "results.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace study {
namespace {

using json = nlohmann::ordered_json;
using poft::bandit::measurement;
using poft::bandit::run_summary;

template <class Struct, class Columns = typename Struct::columns>
void append_names(std::vector<std::string>& to) {
  Columns::for_each_index([&]<int K>() { to.emplace_back(Columns::template at<K>::name); });
}
template <class Struct, class Columns = typename Struct::columns>
void append_numbers(std::vector<std::string>& to, Struct const& from) {
  Columns::for_each_index([&]<int K>() { to.push_back(number_text(Columns::template get<K>(from))); });
}

/// The JSON in a file, with its errors in our own words.
json parse(fs::path const& file) {
  try {
    return json::parse(read_whole(file));
  } catch (json::exception const& problem) {
    throw poft::format_error(
        poft::message(file.string(), ": not the JSON that was expected: ", problem.what()));
  }
}

constexpr char const* claims_schema = "poft-claims/2";
constexpr char const* tuned_schema  = "poft-bandit-tuned/2";

}  // namespace

void write_claims(fs::path const& folder, std::vector<claim> const& stated) {
  json out{{"schema", claims_schema},
           {"source", "Tajwar et al. 2024, arXiv:2404.14367, bandits"},
           {"verdict_rule",
            "contrasts paired by seed, Student t intervals at 95 %, at least least_seeds of them; holds: "
            "every lower "
            "bound > 0 and mean >= "
            "smallest effect; does not hold: some upper bound < smallest effect; else undecided. direction "
            "within: holds where "
            "every interval lies inside +- smallest effect, does not hold where some interval lies outside"},
           {"claims", json::array()}};
  for (claim const& one : stated) {
    json contrasts = json::array();
    for (contrast const& c : one.contrasts) {
      json terms = json::array();
      for (term const& t : c.terms) terms.push_back({{"factor", t.factor}, {"arm", t.arm}});
      contrasts.push_back({{"label", c.label}, {"terms", terms}});
    }
    out["claims"].push_back(
        {{"id", one.id},
         {"part", one.part},
         {"policy", name_of(one.policy)},
         {"least_seeds", one.least_seeds},
         {"text", one.text},
         {"metric", one.metric},
         {"unit", one.unit},
         {"budget", one.budget},
         {"tried", one.tried},
         {"direction", one.direction == poft::bandit::direction::greater ? "greater" : "within"},
         {"smallest_effect", one.smallest_effect},
         {"decides", one.decides},
         {"contrasts", contrasts}});
  }
  write_whole(folder / "claims.json", out.dump(1) + "\n");
}

std::vector<claim> read_claims(fs::path const& folder) {
  fs::path const file = folder / "claims.json";
  json const in       = parse(file);
  std::vector<claim> out;
  try {
    for (json const& one : in.at("claims")) {
      claim c{.id     = one.at("id"),
              .part   = one.at("part"),
              .text   = one.at("text"),
              .metric = one.at("metric"),
              .unit   = one.at("unit"),
              .budget = one.at("budget")};
      c.direction       = one.at("direction") == "within" ? poft::bandit::direction::within
                                                          : poft::bandit::direction::greater;
      c.policy          = policy_of(one.at("policy"));
      c.least_seeds     = one.at("least_seeds");
      c.tried           = one.at("tried");
      c.smallest_effect = one.at("smallest_effect");
      c.decides         = one.at("decides");
      for (json const& from : one.at("contrasts")) {
        contrast& to = c.contrasts.emplace_back();
        to.label     = from.at("label");
        for (json const& t : from.at("terms")) to.terms.push_back({t.at("factor"), t.at("arm")});
      }
      out.push_back(std::move(c));
    }
  } catch (json::exception const& problem) {
    throw poft::format_error(poft::message(file.string(), ": not a list of claims: ", problem.what()));
  }
  return out;
}

std::vector<std::string> arm_row(arm const& one) {
  auto const& s = one.settings;
  std::string studies;
  for (std::string const& name : one.studies) studies += (studies.empty() ? "" : " ") + name;
  return {one.id,
          studies,
          name_of(one.policy),
          s.method.name(),
          s.method.parameter_name(),
          number_text(s.method.parameter()),
          number_text(s.learning_rate),
          number_text(s.reward.peak),
          number_text(s.reward.width),
          s.reference == poft::bandit::reference_policy::fitted ? "fitted" : "data",
          std::to_string(s.pool),
          std::to_string(s.samples),
          std::to_string(s.queries),
          std::to_string(s.prompts_per_collection()),
          std::to_string(s.minibatch),
          std::to_string(s.passes),
          std::to_string(s.steps()),
          number_text(s.min_difference),
          one.tuned_for};
}

void write_arms(fs::path const& folder, std::vector<arm> const& arms) {
  table out{{"arm", "studies", "policy", "learner", "parameter", "parameter_value", "learning_rate",
             "reward_peak", "reward_width", "reference", "pool", "samples", "queries", "batch", "minibatch",
             "passes", "steps", "min_difference", "tuned_for"},
            {}};
  for (arm const& one : arms) out.rows.push_back(arm_row(one));
  write_whole(folder / "arms.csv", out.text());
}

void write_runs(fs::path const& folder, std::vector<run> const& runs) {
  table out{{"arm", "seed"}, {}};
  append_names<measurement>(out.columns);
  for (run const& one : runs) {
    for (measurement const& now : one.history) {
      auto& row = out.rows.emplace_back(std::vector{one.of->id, std::to_string(one.seed)});
      append_numbers(row, now);
    }
  }
  write_whole(folder / "runs.csv", out.text());
}

void write_divergences(fs::path const& folder, std::vector<divergence_run> const& runs) {
  table out{{"arm", "seed", "step", "target_mass", "peaks"}, {}};
  table shapes{{"arm", "seed", "bin", "first", "last", "target"}, {}};
  for (divergence_run const& one : runs) {
    for (divergence_point const& now : one.history) {
      out.rows.push_back({one.arm, std::to_string(one.seed), number_text(now.step),
                          number_text(now.target_mass), number_text(now.peaks)});
    }
    for (std::size_t bin = 0; bin < one.target.size(); ++bin) {
      shapes.rows.push_back({one.arm, std::to_string(one.seed), std::to_string(bin),
                             number_text(one.first[bin]), number_text(one.last[bin]),
                             number_text(one.target[bin])});
    }
  }
  write_whole(folder / "divergence.csv", out.text());
  write_whole(folder / "divergence_shapes.csv", shapes.text());
}

histories read_runs(fs::path const& folder) {
  std::string const place = (folder / "runs.csv").string();
  table const runs        = table::read(folder / "runs.csv");
  std::size_t const name = runs.column("arm", place), seed = runs.column("seed", place);
  std::vector<std::size_t> at;
  measurement::columns::for_each_index(
      [&]<int K>() { at.push_back(runs.column(measurement::columns::at<K>::name, place)); });
  histories out;
  for (auto const& row : runs.rows) {
    measurement& now = out[row[name]][static_cast<long>(text_number(row[seed], place))].emplace_back();
    measurement::columns::for_each_index([&]<int K>() {
      measurement::columns::get<K>(now) = text_number(row[at[static_cast<std::size_t>(K)]], place);
    });
  }
  return out;
}

run_metrics read_metrics(fs::path const& folder) {
  run_metrics out;
  if (fs::exists(folder / "runs.csv")) {
    std::string const place = (folder / "arms.csv").string();
    table const arms        = table::read(folder / "arms.csv");
    std::size_t const id = arms.column("arm", place), queries = arms.column("queries", place);
    std::map<std::string, double> budget;
    for (auto const& row : arms.rows) budget[row[id]] = text_number(row[queries], place);
    for (auto const& [arm, seeds] : read_runs(folder)) {
      auto const known = budget.find(arm);
      if (known == budget.end())
        throw poft::format_error(poft::message(place, ": no arm \"", arm, "\", which runs.csv has"));
      for (auto const& [seed, history] : seeds) {
        run_summary const summary = poft::bandit::summarise(history, known->second);
        run_summary::columns::for_each_index([&]<int K>() {
          out[arm][seed][run_summary::columns::at<K>::name] = run_summary::columns::get<K>(summary);
        });
      }
    }
  }
  if (fs::exists(folder / "divergence.csv")) {
    std::string const place = (folder / "divergence.csv").string();
    table const runs        = table::read(folder / "divergence.csv");
    std::size_t const name = runs.column("arm", place), seed = runs.column("seed", place),
                      mass = runs.column("target_mass", place), peaks = runs.column("peaks", place);
    std::map<std::pair<std::string, long>, std::vector<double>> masses;
    for (auto const& row : runs.rows) {
      long const number = static_cast<long>(text_number(row[seed], place));
      masses[{row[name], number}].push_back(text_number(row[mass], place));
      out[row[name]][number]["peaks"] = text_number(row[peaks], place);  // the last row stays
    }
    for (auto const& [key, values] : masses) {
      double sum = 0;
      for (double const value : values) sum += value;
      out[key.first][key.second]["target_mass"] = sum / static_cast<double>(values.size());
    }
  }
  return out;
}

void write_summaries(fs::path const& folder, run_metrics const& metrics) {
  table runs{{"arm", "seed"}, {}}, divergences{{"arm", "seed", "target_mass", "peaks"}, {}};
  append_names<run_summary>(runs.columns);
  for (auto const& [arm, seeds] : metrics) {
    for (auto const& [seed, values] : seeds) {
      table& to = values.contains("peaks") ? divergences : runs;
      auto& row = to.rows.emplace_back(std::vector{arm, std::to_string(seed)});
      for (std::size_t k = 2; k < to.columns.size(); ++k)
        row.push_back(number_text(values.at(to.columns[k])));
    }
  }
  if (!runs.rows.empty()) write_whole(folder / "summary.csv", runs.text());
  if (!divergences.rows.empty()) write_whole(folder / "divergence_summary.csv", divergences.text());
}

std::vector<judged_claim> judge_all(std::vector<claim> const& stated, run_metrics const& metrics) {
  std::vector<judged_claim> out;
  for (claim const& one : stated) {
    judged_claim judged = judge(one, metrics);
    bool const any      = std::any_of(judged.contrasts.begin(), judged.contrasts.end(),
                                      [](auto const& c) { return c.seeds > 0; });
    if (any) out.push_back(std::move(judged));
  }
  return out;
}

void write_verdicts(fs::path const& folder, std::vector<judged_claim> const& judged) {
  table out{{"claim", "decides", "contrast", "metric", "direction", "smallest_effect", "seeds", "mean",
             "lower", "upper", "verdict", "claim_verdict"},
            {}};
  json summary{{"schema", "poft-verdicts/1"}, {"claims", json::object()}, {"parts", json::object()}};
  for (auto const& [id, result] : overall(judged)) summary["claims"][id] = text(result);
  for (judged_claim const& one : judged) {
    summary["parts"][one.what.name()] = text(one.result);
    for (judged_contrast const& c : one.contrasts) {
      std::string label = c.what.label;
      std::replace(label.begin(), label.end(), ',', ';');
      out.rows.push_back({one.what.name(), one.what.decides ? "yes" : "no", label, one.what.metric,
                          one.what.direction == poft::bandit::direction::greater ? "greater" : "within",
                          number_text(one.what.smallest_effect), std::to_string(c.seeds),
                          number_text(c.difference.mean), number_text(c.difference.lower),
                          number_text(c.difference.upper), text(c.result), text(one.result)});
    }
  }
  write_whole(folder / "verdicts.csv", out.text());
  write_whole(folder / "verdicts.json", summary.dump(1) + "\n");
}

std::map<std::string, tuned_arm> read_tuned(fs::path const& file) {
  json const in = parse(file);
  std::map<std::string, tuned_arm> out;
  try {
    if (in.at("schema") != tuned_schema) {
      throw poft::format_error(
          poft::message(file.string(), ": schema is ", in.at("schema").dump(), ", expected ", tuned_schema));
    }
    for (auto const& [id, settings] : in.at("arms").items()) {
      out[id] = {settings.at("learning_rate"), settings.at("parameter"), settings.at("seeds")};
    }
  } catch (json::exception const& problem) {
    throw poft::format_error(poft::message(file.string(), ": not tuned settings: ", problem.what()));
  }
  return out;
}

void write_tuned(fs::path const& file, std::map<std::string, tuned_arm> const& tuned) {
  json out{{"schema", tuned_schema},
           {"made_by", "bandit_study --tune"},
           {"first_seed", first_tuning_seed},
           {"arms", json::object()}};
  for (auto const& [id, settings] : tuned) {
    out["arms"][id] = {{"learning_rate", settings.learning_rate},
                       {"parameter", settings.parameter},
                       {"seeds", settings.seeds}};
  }
  write_whole(file, out.dump(1) + "\n");
}

}  // namespace study
