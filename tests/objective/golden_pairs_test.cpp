// Golden values of the objectives on pairs and on labelled responses: loss and gradient of every case.
// SPDX-License-Identifier: MIT
#include <cmath>
#include <functional>

#include "objective/support/golden_rows.hpp"
#include "poft/objective/pairs_with_reference.hpp"
#include "poft/objective/pairs_without_reference.hpp"
#include "poft/objective/rrhf.hpp"
#include "poft/objective/unpaired.hpp"
#include "poft/preference/example_weight.hpp"
#include "poft/preference/kl_baseline.hpp"
#include "poft/preference/sorted_pairing.hpp"

namespace {
using namespace poft;
using namespace poft::objective;
using golden::hyper;
using nlohmann::json;

golden::sources const pair_of_sums = {
    {"chosen", "lw"}, {"rejected", "ll"}, {"reference_chosen", "rw"}, {"reference_rejected", "rl"}};

golden::sources with(golden::sources from, golden::sources const& more) {
  from.insert(more.begin(), more.end());
  return from;
}

/// Every case of one name, in whichever of the files has it.
template <class F>
void for_each_case(char const* name, F f) {
  std::size_t found = 0;
  for (char const* family : {"B_pairwise_ref", "C_pairwise_noref", "D_unpaired", "L_extra"}) {
    std::ifstream file(POFT_GOLDEN_DIR "/" + std::string(family) + ".json");
    ASSERT_TRUE(file) << family;
    json const all = json::parse(file);
    for (auto const& one : all.at("cases")) {
      if (one.at("objective") != name) continue;
      f(one);
      ++found;
    }
  }
  EXPECT_GT(found, 0u) << name << " has no golden case";
}

/// Token counts come from the case where it has them; 1 where the paper's form, or the case, has none.
golden::sources tokens_of(json const& one) {
  bool const has_chosen = one["inputs"].contains("Tw"), has_rejected = one["inputs"].contains("Tl");
  return {{"chosen_tokens", has_chosen ? golden::source("Tw") : golden::source(1.0)},
          {"rejected_tokens", has_rejected ? golden::source("Tl") : golden::source(1.0)}};
}

template <class Make>
void expect_pairs(char const* name, Make make) {
  for_each_case(name, [&](json const& one) {
    golden::expect_rows(one, make(one), with(pair_of_sums, tokens_of(one)));
  });
}
template <class Make>
void expect_reference_free(char const* name, Make make) {
  for_each_case(name, [&](json const& one) {
    golden::expect_rows(one, make(one), with({{"chosen", "lw"}, {"rejected", "ll"}}, tokens_of(one)));
  });
}

double beta(json const& one) { return hyper(one, "beta"); }
double eps(json const& one) { return hyper(one, "eps"); }

TEST(golden_pairs, losses_of_the_margin) {
  expect_pairs("dpo", [](json const& one) { return dpo{beta(one)}; });
  expect_pairs("cdpo", [](json const& one) { return cdpo{beta(one), eps(one)}; });
  expect_pairs("robust_dpo", [](json const& one) { return robust_dpo{beta(one), eps(one)}; });
  expect_pairs("ipo", [](json const& one) { return ipo{hyper(one, "tau")}; });
  expect_pairs("ipo_bandit", [](json const& one) { return ipo_bandit{beta(one)}; });
  expect_pairs("hinge", [](json const& one) { return hinge{beta(one)}; });
  expect_pairs("exo_pair", [](json const& one) { return exo_pair{beta(one), eps(one)}; });
  expect_pairs("discopop", [](json const& one) { return discopop{beta(one), hyper(one, "tau")}; });
}

TEST(golden_pairs, losses_of_both_log_ratios) {
  expect_pairs("nca_pair", [](json const& one) { return nca_pair{beta(one)}; });
  expect_pairs("bco_pair", [](json const& one) { return bco_pair{beta(one)}; });
  expect_pairs("bco_pair_shifted", [](json const& one) { return bco_pair{beta(one), hyper(one, "delta")}; });
  expect_pairs("sppo_hard", [](json const& one) { return sppo_hard{beta(one)}; });
  expect_pairs("apo_zero", [](json const& one) { return apo_zero{beta(one)}; });
  expect_pairs("apo_down", [](json const& one) { return apo_down{beta(one)}; });
  expect_pairs("dpop", [](json const& one) { return dpop{beta(one), hyper(one, "lambda")}; });
  for_each_case("sppo_soft", [](json const& one) {
    golden::expect_rows(one, sppo_soft{beta(one)}, with(pair_of_sums, {{"win_probability", "p"}}));
  });
}

TEST(golden_pairs, per_token) {
  expect_pairs("dpo_norm", [](json const& one) { return dpo_norm{beta(one)}; });
  expect_pairs("ipo_norm", [](json const& one) { return ipo_norm{hyper(one, "tau")}; });
  expect_pairs("hinge_norm", [](json const& one) { return hinge_norm{beta(one)}; });
  expect_pairs("dpo_nll", [](json const& one) { return dpo_nll{beta(one), hyper(one, "alpha")}; });
  expect_pairs("weighted_sum", [](json const& one) {
    return weighted_sum<dpo, chosen_nll>{{beta(one)}, {}, hyper(one, "w_dpo"), hyper(one, "w_nll")};
  });
}

TEST(golden_pairs, f_divergences) {
  expect_pairs("fdpo_forward_kl", [](json const& one) { return fdpo<forward_kl>{{beta(one)}, {}}; });
  expect_pairs("fdpo_js", [](json const& one) { return fdpo<js>{{beta(one)}, {}}; });
  expect_pairs("fdpo_alpha", [](json const& one) {
    return fdpo<alpha_divergence>{{beta(one)}, {hyper(one, "alpha")}};
  });
  expect_pairs("fipo_forward_kl", [](json const& one) {
    return f_divergence<ipo, forward_kl>{{hyper(one, "tau")}, {}};
  });
  expect_pairs("fipo_js", [](json const& one) { return f_divergence<ipo, js>{{hyper(one, "tau")}, {}}; });
  expect_pairs("fipo_alpha", [](json const& one) {
    return f_divergence<ipo, alpha_divergence>{{hyper(one, "tau")}, {hyper(one, "alpha")}};
  });
  expect_pairs("fhinge_forward_kl", [](json const& one) {
    return f_divergence<hinge, forward_kl>{{beta(one)}, {}};
  });
  expect_pairs("fhinge_js", [](json const& one) { return f_divergence<hinge, js>{{beta(one)}, {}}; });
  expect_pairs("fhinge_alpha", [](json const& one) {
    return f_divergence<hinge, alpha_divergence>{{beta(one)}, {hyper(one, "alpha")}};
  });
}

TEST(golden_pairs, reverse_kl_and_alpha_1_are_the_plain_loss) {
  expect_pairs("dpo", [](json const& one) { return fdpo<reverse_kl>{{beta(one)}, {}}; });
  expect_pairs("dpo", [](json const& one) { return fdpo<alpha_divergence>{{beta(one)}, {1.0}}; });
  expect_pairs("fdpo_forward_kl", [](json const& one) { return fdpo<alpha_divergence>{{beta(one)}, {0.0}}; });
}

/// The case with its pairs gathered by order statistics: members of `own` follow the first permutation, the others the
/// second; gradients are gathered with their inputs.
json sorted_case(json one, preference::sorted_pairing const& pairing, std::string const& own) {
  for (char const* name : {"lw", "ll", "rw", "rl"}) {
    bool const first  = own.find(name) != std::string::npos;
    auto const& order = first ? pairing.one : pairing.other;
    auto gather       = [&](json& values) {
      json const before = values;
      for (std::size_t k = 0; k < order.size(); ++k) values[k] = before[order[k]];
    };
    gather(one["inputs"][name]);
    if (one["grad"].contains(name)) gather(one["grad"][name]);
    if (one.contains("kinks") && !one["kinks"].is_null() && one["kinks"].contains(name)) {
      json moved = json::array();
      for (std::size_t k = 0; k < order.size(); ++k) {
        for (auto const& kink : one["kinks"][name]) {
          if (kink.get<std::size_t>() == order[k]) moved.push_back(k);
        }
      }
      one["kinks"][name] = moved;
    }
  }
  return one;
}

TEST(golden_pairs, optimal_transport) {
  using golden::numbers;
  auto gathered = [](json const& one, auto pair, char const* own) {
    json const& in = one["inputs"];
    return sorted_case(one, pair(numbers(in["lw"]), numbers(in["ll"]), numbers(in["rw"]), numbers(in["rl"])),
                       own);
  };
  for_each_case("aot", [&](json const& one) {
    auto const sorted = gathered(
        one, [](auto const&... a) { return preference::pair_margins(a...); }, "lw ll");
    golden::expect_rows(sorted, aot{beta(one), eps(one)}, pair_of_sums);
  });
  for_each_case("aot_unpaired", [&](json const& one) {
    auto const sorted = gathered(
        one, [](auto const&... a) { return preference::pair_log_ratios(a...); }, "lw rw");
    golden::expect_rows(sorted, aot_unpaired{beta(one), eps(one)}, pair_of_sums);
  });
}

TEST(golden_pairs, without_reference) {
  auto nll = [](json const& one) { return hyper(one, "nll_coef"); };
  expect_reference_free("cpo", [&](json const& one) { return cpo{beta(one), eps(one), nll(one)}; });
  expect_reference_free("cpo_nll_sum", [&](json const& one) { return cpo{beta(one), eps(one), nll(one)}; });
  expect_reference_free("cpo_hinge", [&](json const& one) { return cpo_hinge{beta(one), nll(one)}; });
  expect_reference_free("cpo_ipo", [&](json const& one) { return cpo_ipo{beta(one), nll(one)}; });
  expect_reference_free("simpo", [&](json const& one) {
    return simpo{beta(one), hyper(one, "gamma"), eps(one)};
  });
  expect_reference_free("cpo_simpo", [&](json const& one) {
    return cpo_simpo{beta(one), hyper(one, "gamma"), nll(one)};
  });
  expect_reference_free("alphapo", [&](json const& one) {
    return alphapo{beta(one), hyper(one, "gamma"), hyper(one, "alpha")};
  });
  for_each_case("orpo", [&](json const& one) {
    golden::expect_rows(
        one, orpo{hyper(one, "lambda"), nll(one)},
        {{"chosen", "mw"}, {"rejected", "ml"}, {"chosen_tokens", 1.0}, {"rejected_tokens", 1.0}});
  });
  for_each_case("slic", [&](json const& one) {
    golden::expect_rows(one, slic{hyper(one, "delta"), hyper(one, "lambda")},
                        {{"chosen", "lw"}, {"rejected", "ll"}, {"target", "lt"}});
  });
}

TEST(golden_pairs, rrhf) {
  for_each_case("rrhf", [](json const& one) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    auto const log_prob = golden::numbers(one["inputs"]["p"]), reward = golden::numbers(one["inputs"]["R"]);
    auto const lists = one["shapes"]["p"][0].get<std::size_t>(),
               items = one["shapes"]["p"][1].get<std::size_t>();
    std::vector<double> const tokens(items, 1.0);
    std::vector<double> loss, gradient(log_prob.size());
    for (std::size_t k = 0; k < lists; ++k) {
      auto const n = static_cast<std::ptrdiff_t>(items);
      loss.push_back(objective::rrhf{hyper(one, "nll_coef")}(
          rewarded_list_with_tokens<double>{
              {log_prob.data() + k * items, n}, {tokens.data(), n}, {reward.data() + k * items, n}},
          view<double>{gradient.data() + k * items, n}));
    }
    for (double& d : gradient) d /= static_cast<double>(lists);
    golden::expect_close(loss, golden::numbers(one["outputs"]["loss"]), "loss");
    golden::expect_close(gradient, golden::numbers(one["grad"]["p"]), "d p", golden::kinks_of(one, "p"));
  });
}

TEST(golden_pairs, labelled_responses) {
  golden::sources const labelled = {{"log_prob", "l"}, {"reference_log_prob", "r"}, {"desirable", "label"}};
  for_each_case("kto", [&](json const& one) {
    golden::expect_rows(one, kto{beta(one), hyper(one, "w_d"), hyper(one, "w_u")},
                        with(labelled, {{"baseline", hyper(one, "z")}}));
  });
  for_each_case("kto_mismatched", [&](json const& one) {
    auto mismatched      = golden::numbers(one["inputs"]["l_kl"]);
    auto const reference = golden::numbers(one["inputs"]["r_kl"]);
    for (std::size_t i = 0; i < mismatched.size(); ++i) mismatched[i] -= reference[i];
    golden::expect_rows(one, kto{beta(one), hyper(one, "w_d"), hyper(one, "w_u")},
                        with(labelled, {{"baseline", preference::mismatched_baseline(mismatched)}}));
  });
  for_each_case("bco", [&](json const& one) {
    golden::expect_rows(one, bco{beta(one)}, with(labelled, {{"baseline", hyper(one, "delta")}}));
  });
  for_each_case("apo_zero_unpaired", [&](json const& one) {
    golden::expect_rows(one, apo_zero_unpaired{beta(one), hyper(one, "w_d"), hyper(one, "w_u")}, labelled);
  });
}

TEST(golden_pairs, kto_with_the_other_half_as_baseline) {
  for_each_case("kto_pair", [](json const& one) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    auto column   = [&](char const* name) { return golden::numbers(one["inputs"][name]); };
    auto const lw = column("lw"), ll = column("ll"), rw = column("rw"), rl = column("rl");
    auto const baseline =
        preference::other_half_baseline(preference::differences("kto_pair", "lw", lw, "rw", rw),
                                        preference::differences("kto_pair", "ll", ll, "rl", rl));
    std::vector<double> loss(2 * lw.size()), d_chosen(lw.size()), d_rejected(lw.size());
    kto const objective{.beta = beta(one)};
    for (std::size_t i = 0; i < lw.size(); ++i) {
      labelled_sequence_with_baseline<double> const good{lw[i], rw[i], 1, baseline.desirable},
          bad{ll[i], rl[i], 0, baseline.undesirable};
      auto const of_good = value_and_gradient(objective, good), of_bad = value_and_gradient(objective, bad);
      loss[i]             = of_good.value;
      loss[lw.size() + i] = of_bad.value;
      d_chosen[i]         = of_good.gradient.log_prob / static_cast<double>(loss.size());
      d_rejected[i]       = of_bad.gradient.log_prob / static_cast<double>(loss.size());
    }
    golden::expect_close(loss, golden::numbers(one["outputs"]["loss"]), "loss");
    golden::expect_close(d_chosen, golden::numbers(one["grad"]["lw"]), "d lw");
    golden::expect_close(d_rejected, golden::numbers(one["grad"]["ll"]), "d ll");
  });
}

/// Row i of an array [pairs, longest], its first tokens[i] elements.
std::vector<double> tokens_of_row(json const& one, char const* name, char const* lengths, std::size_t i) {
  auto const all    = golden::numbers(one["inputs"][name]);
  auto const width  = one["shapes"][name][1].get<std::size_t>();
  auto const length = static_cast<std::size_t>(golden::number(one["inputs"][lengths][i]));
  auto const first  = all.begin() + static_cast<std::ptrdiff_t>(i * width);
  return {first, first + static_cast<std::ptrdiff_t>(length)};
}

TEST(golden_pairs, dpo_on_shortened_sums) {
  for_each_case("ld_dpo", [](json const& one) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    std::vector<double> loss;
    std::size_t const pairs = one["inputs"]["Tw"].size();
    for (std::size_t i = 0; i < pairs; ++i) {
      auto sums = [&](char const* chosen, char const* rejected) {
        return preference::length_desensitised_sums(
            tokens_of_row(one, chosen, "Tw", i), tokens_of_row(one, rejected, "Tl", i), hyper(one, "alpha"));
      };
      auto const policy = sums("lpw", "lpl"), reference = sums("rpw", "rpl");
      loss.push_back(dpo{beta(one)}(
          preference_pair<double>{policy.chosen, policy.rejected, reference.chosen, reference.rejected}));
    }
    golden::expect_close(loss, golden::numbers(one["outputs"]["loss"]), "loss");
  });
}

TEST(golden_pairs, dpo_with_wpo_weights) {
  for_each_case("wpo", [](json const& one) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    std::vector<double> loss;
    std::size_t const pairs = one["inputs"]["Tw"].size();
    auto total              = [](std::vector<double> const& terms) {
      double sum = 0;
      for (double term : terms) sum += term;
      return sum;
    };
    for (std::size_t i = 0; i < pairs; ++i) {
      auto const lpw = tokens_of_row(one, "lpw", "Tw", i), lpl = tokens_of_row(one, "lpl", "Tl", i);
      double const weight = preference::wpo_pair_weight(
          preference::wpo_weight(lpw, tokens_of_row(one, "nw", "Tw", i)),
          preference::wpo_weight(lpl, tokens_of_row(one, "nl", "Tl", i)), hyper(one, "w_max"));
      preference_pair<double> const pair{total(lpw), total(lpl), total(tokens_of_row(one, "rpw", "Tw", i)),
                                         total(tokens_of_row(one, "rpl", "Tl", i))};
      loss.push_back(weight * dpo{beta(one)}(pair));
    }
    golden::expect_close(loss, golden::numbers(one["outputs"]["loss"]), "loss");
  });
}
}  // namespace
