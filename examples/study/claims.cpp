// Judging claims, and their files.
// SPDX-License-Identifier: MIT
#include "claims.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "json.hpp"
#include "poft/core/random.hpp"

namespace study {
namespace {

using poft::bandit::direction;
using poft::bandit::mean_interval;
using poft::bandit::verdict;

constexpr char const* claims_schema = "poft-claims/3";

constexpr char const* direction_names[] = {"greater", "within"};
constexpr char const* statistic_names[] = {"mean", "rank_correlation"};

json written(std::vector<term> const& terms) {
  json out = json::array();
  for (term const& t : terms) {
    out.push_back({{"factor", t.factor}, {"arm", t.arm}});
    if (!t.metric.empty()) out.back()["metric"] = t.metric;
  }
  return out;
}
std::vector<term> terms_of(json const& in) {
  std::vector<term> out;
  for (json const& t : in) out.push_back({t.at("factor"), t.at("arm"), t.value("metric", std::string())});
  return out;
}

/// seed -> sum of the terms, where all of them have a number.
std::map<long, double> of_seeds(std::vector<term> const& terms, std::string const& metric,
                                run_metrics const& metrics) {
  std::map<long, double> sum;
  std::map<long, std::size_t> found;
  for (term const& part : terms) {
    auto const runs = metrics.find(part.arm);
    if (runs == metrics.end()) continue;
    for (auto const& [seed, values] : runs->second) {
      auto const value = values.find(part.metric.empty() ? metric : part.metric);
      if (value == values.end() || std::isnan(value->second)) continue;
      sum[seed] += part.factor * value->second;
      ++found[seed];
    }
  }
  std::erase_if(sum, [&](auto const& one) { return found[one.first] != terms.size(); });
  return sum;
}

/// Ranks from 0 on; equal numbers share the mean of theirs.
std::vector<double> ranks(std::vector<double> const& values) {
  std::vector<double> out;
  for (double const one : values) {
    double below = 0, equal = 0;
    for (double const other : values) {
      below += other < one;
      equal += other == one;
    }
    out.push_back(below + (equal - 1) / 2);
  }
  return out;
}

/// Spearman's; 0 where one side is constant.
double rank_correlation(std::vector<double> const& x, std::vector<double> const& y) {
  auto const a = ranks(x), b = ranks(y);
  double const middle = (static_cast<double>(x.size()) - 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    ab += (a[k] - middle) * (b[k] - middle);
    aa += (a[k] - middle) * (a[k] - middle);
    bb += (b[k] - middle) * (b[k] - middle);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

/// Over the contrasts of the claim; the bootstrap draws seeds 2000 times.
judged_contrast correlation(claim const& what, run_metrics const& metrics) {
  std::vector<std::map<long, double>> y, x;
  for (contrast const& one : what.contrasts) {
    y.push_back(of_seeds(one.terms, what.metric, metrics));
    x.push_back(of_seeds(one.against, what.metric, metrics));
  }
  std::vector<long> seeds;
  if (!y.empty()) {
    for (auto const& [seed, value] : y[0]) {
      bool const everywhere =
          std::all_of(y.begin(), y.end(), [&](auto const& c) { return c.contains(seed); }) &&
          std::all_of(x.begin(), x.end(), [&](auto const& c) { return c.contains(seed); });
      if (everywhere) seeds.push_back(seed);
    }
  }
  auto const over = [&](std::vector<long> const& drawn) {
    std::vector<double> means_x, means_y;
    for (std::size_t c = 0; c < y.size(); ++c) {
      double sum_x = 0, sum_y = 0;
      for (long const seed : drawn) sum_x += x[c].at(seed), sum_y += y[c].at(seed);
      means_x.push_back(sum_x);
      means_y.push_back(sum_y);
    }
    return rank_correlation(means_x, means_y);
  };
  judged_contrast out{
      {poft::message("rank correlation over ", y.size(), " points"), {}, {}}, seeds.size(), {}, {}};
  if (seeds.empty()) return out;
  std::vector<double> drawn;
  poft::random_stream random(1);
  std::vector<long> sample(seeds.size());
  for (int k = 0; k < 2000; ++k) {
    for (long& seed : sample) seed = seeds[static_cast<std::size_t>(random.below(seeds.size()))];
    drawn.push_back(over(sample));
  }
  std::sort(drawn.begin(), drawn.end());
  out.difference = {over(seeds), drawn[49], drawn[1949]};
  return out;
}

/// The verdicts that follow from intervals and numbers of seeds.
void decide(judged_claim& of) {
  claim const& what = of.what;
  std::vector<verdict> parts;
  for (judged_contrast& one : of.contrasts) {
    one.result = static_cast<int>(one.seeds) >= what.least_seeds
                     ? poft::bandit::judge(one.difference, what.direction, what.smallest_effect)
                     : verdict::undecided;
    parts.push_back(one.result);
  }
  of.result = poft::bandit::all_of(parts);
}

}  // namespace

void write_claims(fs::path const& folder, std::string const& source, std::vector<claim> const& stated) {
  json out{{"schema", claims_schema},
           {"source", source},
           {"verdict_rule",
            "contrasts paired by seed, Student t intervals at 95 %, at least least_seeds of them; holds: "
            "every lower bound > 0 and mean >= smallest effect; does not hold: some upper bound < smallest "
            "effect; else undecided. direction within: holds where every interval lies inside +- smallest "
            "effect, does not hold where some interval lies outside. statistic rank_correlation: Spearman's "
            "correlation of the contrasts' means over seeds with the means of what they are set against, "
            "percentile bootstrap over seeds at 95 %"},
           {"claims", json::array()}};
  for (claim const& one : stated) {
    json contrasts = json::array();
    for (contrast const& c : one.contrasts) {
      contrasts.push_back({{"label", c.label}, {"terms", written(c.terms)}});
      if (!c.against.empty()) contrasts.back()["against"] = written(c.against);
    }
    out["claims"].push_back({{"id", one.id},
                             {"part", one.part},
                             {"variant", one.variant},
                             {"least_seeds", one.least_seeds},
                             {"text", one.text},
                             {"metric", one.metric},
                             {"unit", one.unit},
                             {"budget", one.budget},
                             {"tried", one.tried},
                             {"statistic", statistic_names[static_cast<int>(one.judged)]},
                             {"direction", direction_names[one.direction == direction::within]},
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
    if (in.at("schema") != claims_schema) {
      throw poft::format_error(
          poft::message(file.string(), ": schema is ", in.at("schema").dump(), ", expected ", claims_schema));
    }
    for (json const& one : in.at("claims")) {
      claim c{.id      = one.at("id"),
              .part    = one.at("part"),
              .variant = one.at("variant"),
              .text    = one.at("text"),
              .metric  = one.at("metric"),
              .unit    = one.at("unit"),
              .budget  = one.at("budget"),
              .tried   = one.at("tried")};
      c.judged          = one.at("statistic") == "mean" ? statistic::mean : statistic::rank_correlation;
      c.direction       = one.at("direction") == "within" ? direction::within : direction::greater;
      c.least_seeds     = one.at("least_seeds");
      c.smallest_effect = one.at("smallest_effect");
      c.decides         = one.at("decides");
      for (json const& from : one.at("contrasts")) {
        c.contrasts.push_back(
            {from.at("label"), terms_of(from.at("terms")), terms_of(from.value("against", json::array()))});
      }
      out.push_back(std::move(c));
    }
  } catch (json::exception const& problem) {
    throw poft::format_error(poft::message(file.string(), ": not a list of claims: ", problem.what()));
  }
  return out;
}

judged_claim judge(claim const& what, run_metrics const& metrics) {
  judged_claim out{what, {}, {}};
  if (what.judged == statistic::rank_correlation) {
    out.contrasts.push_back(correlation(what, metrics));
  } else {
    for (contrast const& one : what.contrasts) {
      std::vector<double> paired;
      for (auto const& [seed, value] : of_seeds(one.terms, what.metric, metrics)) paired.push_back(value);
      out.contrasts.push_back({one, paired.size(), {}, {}});
      if (!paired.empty()) out.contrasts.back().difference = poft::bandit::student_t_interval(paired);
    }
  }
  decide(out);
  return out;
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

std::map<std::string, verdict> overall(std::vector<judged_claim> const& judged) {
  std::map<std::string, std::vector<verdict>> parts;
  for (judged_claim const& one : judged) {
    if (one.what.decides) parts[one.what.whole()].push_back(one.result);
  }
  std::map<std::string, verdict> out;
  for (auto const& [id, verdicts] : parts) out[id] = poft::bandit::all_of(verdicts);
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
                          direction_names[one.what.direction == direction::within],
                          number_text(one.what.smallest_effect), std::to_string(c.seeds),
                          number_text(c.difference.mean), number_text(c.difference.lower),
                          number_text(c.difference.upper), text(c.result), text(one.result)});
    }
  }
  write_whole(folder / "verdicts.csv", out.text());
  write_whole(folder / "verdicts.json", summary.dump(1) + "\n");
}

std::vector<judged_claim> read_judged(fs::path const& folder) {
  fs::path const file     = folder / "verdicts.csv";
  std::string const place = file.string();
  table const from        = table::read(file);
  auto const at           = [&](char const* name) { return from.column(name, place); };
  std::vector<judged_claim> out;
  for (claim& what : read_claims(folder)) {
    judged_claim one{std::move(what), {}, {}};
    for (auto const& row : from.rows) {
      if (row[at("claim")] != one.what.name()) continue;
      auto const number = [&](char const* name) { return text_number(row[at(name)], place); };
      one.contrasts.push_back({{row[at("contrast")], {}, {}},
                               static_cast<std::size_t>(number("seeds")),
                               {number("mean"), number("lower"), number("upper")},
                               {}});
    }
    if (one.contrasts.empty()) continue;
    decide(one);
    out.push_back(std::move(one));
  }
  return out;
}

void print_verdicts(std::vector<judged_claim> const& judged) {
  for (judged_claim const& one : judged) {
    std::printf("%-4s %-14s %s\n", one.what.name().c_str(), text(one.result), one.what.text.c_str());
  }
}

}  // namespace study
