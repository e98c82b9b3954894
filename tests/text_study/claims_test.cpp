// Claims and how they are judged: contrasts, correlations, their file, and what they speak of.
// SPDX-License-Identifier: MIT
#include "text_study/claims.hpp"

#include <gtest/gtest.h>

#include <set>

#include "study/claims.hpp"
#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"
#include "text_study/arms.hpp"

namespace {

using namespace text_study;
using poft::bandit::verdict;
using study::judge;
using study::run_metrics;

/// Five seeds around a value, by 0.001.
void add(run_metrics& to, std::string const& arm, std::string const& metric, double value) {
  for (long seed = 1; seed <= 5; ++seed) to[arm][seed][metric] = value + 0.001 * double(seed - 3);
}

TEST(claims, a_contrast_may_look_at_another_metric) {
  run_metrics metrics;
  add(metrics, "a", "final", 0.5);
  add(metrics, "b", "final", 0.3);
  add(metrics, "b", "best", 0.495);
  study::claim one{.id = "X", .metric = "final", .smallest_effect = 0.02, .least_seeds = 5};
  one.contrasts = {study::difference("last", "a", "b")};
  EXPECT_EQ(judge(one, metrics).result, verdict::holds);
  EXPECT_NEAR(judge(one, metrics).contrasts[0].difference.mean, 0.2, 1e-12);
  one.contrasts = {{"best", {{1, "a"}, {-1, "b", "best"}}}};
  EXPECT_EQ(judge(one, metrics).result, verdict::does_not_hold);  // 0.005, below the smallest effect
  one.least_seeds = 6;
  EXPECT_EQ(judge(one, metrics).result, verdict::undecided);
  one.contrasts = {study::difference("nobody", "a", "c")};
  EXPECT_EQ(judge(one, metrics).contrasts[0].seeds, 0u);
}

study::claim correlation() {
  study::claim one{.id              = "X",
                   .metric          = "gain",
                   .judged          = study::statistic::rank_correlation,
                   .smallest_effect = 0.3,
                   .least_seeds     = 5};
  for (char const* name : {"d1", "d2", "d3", "d4", "d5"})
    one.contrasts.push_back({name, {{1, name}}, {{1, name, "spread"}}});
  return one;
}

// Spearman's correlation of (1, 2, 3, 4, 5) with (2, 1, 4, 3, 5): 1 - 6 (1 + 1 + 1 + 1) / (5 * 24) = 0.8.
TEST(claims, rank_correlation) {
  double const spread[] = {1, 2, 3, 4, 5}, gain[] = {0.2, 0.1, 0.4, 0.3, 0.5};
  run_metrics metrics;
  for (int k = 0; k < 5; ++k) {
    std::string const name = "d" + std::to_string(k + 1);
    add(metrics, name, "spread", spread[k]);
    add(metrics, name, "gain", gain[k]);
  }
  auto judged = judge(correlation(), metrics);
  ASSERT_EQ(judged.contrasts.size(), 1u);
  EXPECT_NEAR(judged.contrasts[0].difference.mean, 0.8, 1e-12);
  EXPECT_NEAR(judged.contrasts[0].difference.lower, 0.8, 1e-12);  // no draw of seeds changes an order
  EXPECT_EQ(judged.contrasts[0].seeds, 5u);
  EXPECT_EQ(judged.result, verdict::holds);
  for (auto& [arm, seeds] : metrics) {
    for (auto& [seed, values] : seeds) values["spread"] *= -1;
  }
  EXPECT_EQ(judge(correlation(), metrics).result, verdict::does_not_hold);
  for (auto& [arm, seeds] : metrics) {
    for (auto& [seed, values] : seeds) values["spread"] = 1;  // all alike: no correlation
  }
  EXPECT_EQ(judge(correlation(), metrics).contrasts[0].difference.mean, 0);
  // Gains that seeds disagree on give a wide interval.
  for (long seed = 1; seed <= 5; ++seed) {
    for (int k = 0; k < 5; ++k) {
      auto& values     = metrics["d" + std::to_string(k + 1)][seed];
      values["spread"] = k;
      values["gain"]   = seed % 2 == 0 ? k : -0.8 * k;
    }
  }
  auto const wide = judge(correlation(), metrics).contrasts[0].difference;
  EXPECT_LT(wide.lower, -0.9);
  EXPECT_GT(wide.upper, 0.9);
}

TEST(claims, their_file_says_all_of_them) {
  support::scratch_folder const at("text_claims");
  auto const stated = claims(false);
  study::write_claims(at.path, claims_source, stated);
  auto const read = study::read_claims(at.path);
  ASSERT_EQ(read.size(), stated.size());
  for (std::size_t k = 0; k < read.size(); ++k) {
    EXPECT_EQ(read[k].name(), stated[k].name());
    EXPECT_EQ(read[k].judged, stated[k].judged);
    EXPECT_EQ(read[k].direction, stated[k].direction);
    EXPECT_EQ(read[k].smallest_effect, stated[k].smallest_effect);
    EXPECT_EQ(read[k].least_seeds, stated[k].least_seeds);
    EXPECT_EQ(read[k].decides, stated[k].decides);
    ASSERT_EQ(read[k].contrasts.size(), stated[k].contrasts.size());
    for (std::size_t c = 0; c < read[k].contrasts.size(); ++c) {
      auto const &a = read[k].contrasts[c], &b = stated[k].contrasts[c];
      ASSERT_EQ(a.terms.size(), b.terms.size());
      EXPECT_EQ(a.against.size(), b.against.size());
      EXPECT_EQ(a.terms.back().metric, b.terms.back().metric);
      EXPECT_EQ(a.terms.back().arm, b.terms.back().arm);
    }
  }
  study::write_whole(at / "claims.json", R"({"schema": "poft-claims/1"})");
  support::expect_error<poft::format_error>([&] { study::read_claims(at.path); },
                                            {"claims.json", "poft-claims/1"});
  study::write_whole(at / "claims.json", "{");
  support::expect_error<poft::format_error>([&] { study::read_claims(at.path); }, {"claims.json", "JSON"});
}

TEST(claims, speak_of_arms_that_run) {
  for (bool const full : {false, true}) {
    std::set<std::string> ids;
    auto const arms = grid(full);
    for (arm const& one : arms) EXPECT_TRUE(ids.insert(one.id).second) << one.id;
    for (arm const& one : arms) {
      EXPECT_TRUE(ids.contains(one.settings_of())) << one.id;
      EXPECT_TRUE(one.starts_from.empty() || ids.contains(one.starts_from)) << one.id;
      EXPECT_TRUE(one.beta_of.empty() || ids.contains(one.beta_of)) << one.id;
      recipe_of(one.data);
    }
    for (std::string const data : data_names) ids.insert("data." + data);
    for (std::string const target : target_names) ids.insert("gradient." + target);
    for (study::claim const& one : claims(full)) {
      EXPECT_FALSE(one.contrasts.empty()) << one.name();
      EXPECT_EQ(one.least_seeds, 5);
      for (study::contrast const& c : one.contrasts) {
        for (study::term const& t : c.terms) EXPECT_TRUE(ids.contains(t.arm)) << one.name() << " " << t.arm;
        for (study::term const& t : c.against) EXPECT_TRUE(ids.contains(t.arm)) << one.name() << " " << t.arm;
      }
    }
  }
}

// A study of one claim has all arms that its contrasts need, and an arm brings the one it starts from.
TEST(claims, every_study_is_complete) {
  for (bool const full : {false, true}) {
    std::map<std::string, std::vector<std::string>> studies;
    for (arm const& one : grid(full)) studies[one.id] = one.studies;
    auto const in = [&](std::string const& id, std::string const& name) {
      return std::find(studies[id].begin(), studies[id].end(), name) != studies[id].end();
    };
    for (study::claim const& one : claims(full)) {
      std::string const name = one.id == "C" ? "controls" : "p" + one.id.substr(1);
      for (study::contrast const& c : one.contrasts) {
        for (study::term const& t : c.terms)
          EXPECT_TRUE(t.arm.starts_with("gradient.") || in(t.arm, name)) << one.name() << " " << t.arm;
      }
    }
    for (arm const& one : grid(full)) {
      for (std::string const& name : one.studies)
        EXPECT_TRUE(one.starts_from.empty() || in(one.starts_from, name)) << one.id;
    }
  }
}

// SFT and PoFT of a contrast share data, target and filter; both are tuned, or take settings of arms that are tuned alike.
TEST(claims, methods_are_tuned_alike) {
  std::map<std::string, arm> arms;
  for (arm const& one : grid(true)) arms[one.id] = one;
  for (auto const& [id, sft] : arms) {
    if (sft.by != method::sft || !arms.contains("poft" + id.substr(3))) continue;
    arm const& other = arms["poft" + id.substr(3)];
    EXPECT_EQ(sft.data, other.data);
    EXPECT_EQ(sft.target, other.target);
    EXPECT_EQ(sft.keep, other.keep);
    EXPECT_EQ(sft.share, other.share);
    EXPECT_EQ(sft.settings_of().substr(3), other.settings_of().substr(4)) << id;
  }
  EXPECT_EQ(learning_rates(method::sft), learning_rates(method::poft));
}

}  // namespace
