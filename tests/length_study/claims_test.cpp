// The claims on lengths: what they speak of, and the scale they need.
// SPDX-License-Identifier: MIT
#include "length_study/claims.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "length_study/arms.hpp"
#include "length_study/tiny.hpp"
#include "study/claims.hpp"
#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace {

using namespace length_study;

TEST(claims, speak_of_arms_that_run_in_their_study) {
  for (bool const full : {false, true}) {
    scale const of = full ? full_scale() : quick_scale();
    std::map<std::string, arm> arms;
    for (arm const& one : grid(of, full)) EXPECT_TRUE(arms.emplace(one.id, one).second) << one.id;
    for (auto const& [id, one] : arms) {
      EXPECT_TRUE(arms.contains(one.settings_of())) << id;
      EXPECT_TRUE(one.parameter_of.empty() || arms.contains(one.parameter_of)) << id;
      EXPECT_EQ(of.queries % one.collection, 0) << id;
      EXPECT_EQ(one.collection % of.minibatch, 0) << id;
    }
    for (study::claim const& one : claims(of)) {
      EXPECT_FALSE(one.contrasts.empty()) << one.name();
      EXPECT_EQ(one.least_seeds, 5);
      std::string study = one.id;
      study[0]          = study[0] == 'S' ? 's' : 'f';
      for (study::contrast const& c : one.contrasts) {
        for (study::term const& t : c.terms) {
          ASSERT_TRUE(arms.contains(t.arm)) << one.name() << " " << t.arm;
          auto const& in = arms[t.arm].studies;
          EXPECT_TRUE(std::find(in.begin(), in.end(), study) != in.end()) << one.name() << " " << t.arm;
        }
      }
    }
  }
}

// Rule 1 of fairness: the arms of a contrast have the same budget and, but where T is compared, the same gradient steps.
TEST(claims, arms_of_a_contrast_have_equal_steps) {
  std::map<std::string, arm> arms;
  for (arm const& one : grid(quick_scale(), false)) arms[one.id] = one;
  for (study::claim const& one : claims(quick_scale())) {
    if (one.part.starts_with("e") || one.part.starts_with("f") || one.id == "F2") continue;
    for (study::contrast const& c : one.contrasts) {
      for (study::term const& t : c.terms)
        EXPECT_TRUE(arms[t.arm].passes == common_passes || arms[t.arm].by == learner::reinforce) << t.arm;
    }
  }
}

// tuned.json is made on the quick grid; the full one needs no more.
TEST(claims, full_takes_the_settings_of_quick) {
  std::set<std::string> tuned;
  for (arm const& one : grid(quick_scale(), false)) {
    EXPECT_TRUE(one.tuned_as.empty());
    tuned.insert(one.id);
  }
  std::map<std::string, std::string> taken;
  for (arm const& one : grid(full_scale(), true)) {
    EXPECT_TRUE(tuned.contains(one.settings_of())) << one.id << " " << one.settings_of();
    taken[one.id] = one.settings_of();
  }
  EXPECT_EQ(taken.at("ppo.skew.batch8192"), "ppo.skew.batch2048");
  EXPECT_EQ(taken.at("rwr.mode.batch32"), "rwr.min.batch32");
  EXPECT_EQ(taken.at("ppo.mode.passes8"), "ppo.min.passes8");
  EXPECT_EQ(taken.at("dpo.mode.offline"), "dpo.mode.offline");
}

TEST(claims, gains_are_set_against_the_mode) {
  for (study::claim const& one : claims(quick_scale())) {
    if (one.part != "g") continue;
    for (study::contrast const& c : one.contrasts) {
      ASSERT_EQ(c.terms.size(), 4u);
      EXPECT_EQ(c.terms[0].factor, -c.terms[2].factor);
      EXPECT_NE(c.terms[2].arm.find(".mode."), std::string::npos);
      EXPECT_EQ(c.terms[0].arm.substr(0, 3), c.terms[2].arm.substr(0, 3));
    }
  }
}

TEST(claims, their_file_says_all_of_them) {
  support::scratch_folder const at("length_claims");
  auto const stated = claims(quick_scale());
  study::write_claims(at.path, claims_source, stated);
  auto const read = study::read_claims(at.path);
  ASSERT_EQ(read.size(), stated.size());
  std::set<std::string> ids;
  for (std::size_t k = 0; k < read.size(); ++k) {
    EXPECT_EQ(read[k].name(), stated[k].name());
    EXPECT_EQ(read[k].direction, stated[k].direction);
    ids.insert(read[k].id);
  }
  EXPECT_EQ(ids, (std::set<std::string>{"F2", "S1", "S2", "S3"}));
}

TEST(scales, a_budget_must_hold_whole_batches) {
  scale of = quick_scale();
  of.check();
  of.queries = 16;
  support::expect_error<poft::value_error>([&] { of.check(); }, {"queries", "16", "one batch of 32"});
  of.queries = 200;
  support::expect_error<poft::value_error>([&] { of.check(); }, {"queries", "200", "128"});
  EXPECT_EQ(collections(quick_scale()), (std::vector<int>{32, 128, 512, 2048}));
  of.queries = 640;
  EXPECT_EQ(collections(of), (std::vector<int>{32, 128, 640}));  // 512 is no part of 640
}

}  // namespace
