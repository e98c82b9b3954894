// The program: a tiny study from end to end, verdicts from the files, and what it says to bad input.
// SPDX-License-Identifier: MIT
#include "length_study/claims.hpp"
#include "length_study/program.hpp"
#include "study/json.hpp"

#include <gtest/gtest.h>

#include "length_study/results.hpp"
#include "length_study/tiny.hpp"
#include "length_study/tuning.hpp"
#include "study/tuned.hpp"
#include "support/called_program.hpp"
#include "support/scratch_folder.hpp"

namespace {

using namespace length_study;
using study::read_whole;
using study::write_whole;

support::called_program const call("length_study", [](int argc, char const* const* argv) {
  scale const of = tiny_scale();
  return program(argc, argv, &of);
});

/// Settings for every arm.
void write_settings(fs::path const& file) {
  study::tuned_arms tuned;
  for (arm const& one : grid(tiny_scale(), true)) tuned[one.id] = {1e-3, kind_of(one.by).grid[0], 1};
  study::write_tuned(file, tuned_schema, "length_study", tuned);
}

struct small_study {
  support::scratch_folder at;
  explicit small_study(std::string const& name) : at("length_study_" + name) {
    write_settings(at / "tuned.json");
  }
  std::vector<std::string> arguments(std::string const& which, std::string const& out,
                                     std::string const& threads) const {
    return {"--study", which,   "--seeds",           "2",       "--threads",
            threads,   "--out", (at / out).string(), "--tuned", (at / "tuned.json").string()};
  }
  std::string text(std::string const& file) const { return read_whole(at / file); }
};

TEST(length_study, same_bytes_for_any_number_of_threads_and_after_a_kill) {
  small_study const of("threads");
  call.expect_works(of.arguments("s2", "one", "1"));
  call.expect_works(of.arguments("s2", "two", "2"));
  auto const expect_equal = [&](std::string const& other) {
    for (char const* file :
         {"runs.csv", "summary.csv", "proxies.csv", "lengths.csv", "arms.csv", "verdicts.csv", "claims.json"})
      EXPECT_EQ(of.text(std::string("one/") + file), of.text(other + "/" + file)) << file;
  };
  expect_equal("two");
  EXPECT_FALSE(fs::exists(of.at / "one/runs.journal"));
  EXPECT_NE(of.text("one/report.html").find("Near the mode"), std::string::npos);
  EXPECT_EQ(read_metrics(of.at / "one").at("ppo.mode.on_policy").size(), 2u);

  // As a kill leaves it: models, and a journal whose last line is cut off. What it holds is believed, so that a number that
  // was changed there comes back.
  std::vector<arm> arms = grid(tiny_scale(), false);
  apply_tuned(arms, study::read_tuned(of.at / "tuned.json", tuned_schema), of.at / "tuned.json");
  run done;
  for (arm const& one : arms) {
    if (one.id == "ppo.mode.on_policy") done.of = &one;
  }
  done.seed      = 1;
  done.history   = study::read_runs<measurement>(of.at / "one").at("ppo.mode.on_policy").at(1);
  auto const cut = [&](std::string const& other) {
    fs::create_directories(of.at / other);
    fs::copy(of.at / "one/models", of.at / other / "models", fs::copy_options::recursive);
    fs::copy(of.at / "one/configuration.txt", of.at / other / "configuration.txt");
    done.common = world(tiny_scale(), draw_corpus(tiny_scale().corpus, shared_seed), of.at / other).text();
    study::journal(of.at / other / "runs.journal").add(done);
    std::string const line = of.text(other + "/runs.journal");
    write_whole(of.at / other / "runs.journal", line + line.substr(0, line.size() / 2));
    call.expect_works(of.arguments("s2", other, "2"));
  };
  cut("killed");
  expect_equal("killed");
  done.history[0].gold = 0.125;
  cut("changed");
  EXPECT_EQ(study::read_runs<measurement>(of.at / "changed").at("ppo.mode.on_policy").at(1)[0].gold, 0.125);
}

TEST(length_study, a_folder_of_another_configuration_is_left_alone) {
  small_study const of("folder");
  fs::create_directories(of.at / "out");
  auto arguments = of.arguments("f2", "out", "2");
  arguments[3]   = "1";
  call.expect_works(arguments);
  std::map<std::string, std::string> before;
  for (auto const& entry : fs::recursive_directory_iterator(of.at / "out")) {
    if (entry.is_regular_file()) before[entry.path().string()] = read_whole(entry.path());
  }
  call.expect_refused(of.arguments("f2", "out", "2"), {"another configuration", "seeds: 1", "seeds: 2"});
  arguments[1] = "s1";
  call.expect_refused(arguments, {"another configuration", "study: f2"});
  arguments[1] = "f2";
  arguments.insert(arguments.end(), {"--queries", "128"});
  call.expect_refused(arguments, {"another configuration", "scale"});
  for (auto const& [file, text] : before) EXPECT_EQ(read_whole(file), text) << file;
  std::size_t files = 0;
  for (auto const& entry : fs::recursive_directory_iterator(of.at / "out")) files += entry.is_regular_file();
  EXPECT_EQ(files, before.size());

  fs::create_directories(of.at / "foreign");
  write_whole(of.at / "foreign/runs.csv", "arm,seed\n");
  call.expect_refused(of.arguments("f2", "foreign", "2"), {"another configuration", "runs.csv"});
  EXPECT_EQ(of.text("foreign/runs.csv"), "arm,seed\n");
}

TEST(length_study, verdicts_come_from_the_files_alone) {
  support::scratch_folder const at("length_verdicts");
  study::write_claims(at.path, claims_source, claims(tiny_scale()));
  std::vector<run> runs;
  std::vector<arm> arms = grid(tiny_scale(), false);
  write_arms(at.path, arms);
  auto const is_contrastive = [](arm const& one) { return one.by == learner::dpo || one.by == learner::ipo; };
  for (arm const& one : arms) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      run& made = runs.emplace_back();
      made.of = &one, made.seed = seed;
      // Offline, contrastive learners end at 0.7 and others at 0.5, but near the mode all at 0.8; seeds differ a little.
      double const end = (one.over == preference::mode ? 0.8
                          : is_contrastive(one)        ? 0.7
                                                       : 0.5) +
                         0.001 * double(seed);
      double const up = is_contrastive(one) ? -2 : 1;
      made.history    = {{.step = 0, .gold = 0.2},
                         {.step               = 16,
                          .queries            = 256,
                          .gold               = end,
                          .kl                 = 3,
                          .chosen_log_ratio   = 1,
                          .rejected_log_ratio = up}};
    }
  }
  study::write_runs(at.path, runs);
  auto const verdict = [&](std::string const& name) {
    EXPECT_EQ(call({"--verdicts", at.path.string()}).code, 0);
    return study::parse(at / "verdicts.json").at("parts").at(name).get<std::string>();
  };
  EXPECT_EQ(verdict("S1b"), "holds");
  EXPECT_EQ(verdict("S2b"), "holds");          // within the smallest effect
  EXPECT_EQ(verdict("S1a"), "does not hold");  // all collections are alike
  EXPECT_EQ(verdict("S3b"), "holds");
  EXPECT_EQ(verdict("F2a"), "holds");
  EXPECT_EQ(verdict("F2c"), "holds");
  EXPECT_EQ(verdict("F2d"), "holds");
  for (run& one : runs) {
    if (one.of->id == "ipo.min.offline") one.history[1].gold = 0.4;
    if (one.of->id == "ipo.mode.offline") one.history[1].gold = 0.4;
  }
  study::write_runs(at.path, runs);
  EXPECT_EQ(verdict("S1b"), "does not hold");
  EXPECT_EQ(verdict("S2b"), "does not hold");
  std::string const page = read_whole(at / "report.html");
  EXPECT_NE(page.find("not attempted"), std::string::npos);  // F1
  for (char const* fetching : {"<link", "<script", " src="})
    EXPECT_EQ(page.find(fetching), std::string::npos) << fetching;
}

TEST(length_study, tuning_tries_the_grid_and_is_kept) {
  small_study const of("tuning");
  auto arguments = of.arguments("f2", "out", "2");
  arguments[3]   = "1";
  arguments.push_back("--tune");
  call.expect_works(arguments);
  auto const tuned = study::read_tuned(of.at / "tuned.json", tuned_schema);
  EXPECT_EQ(tuned.at("dpo.min.offline").seeds, 1);
  EXPECT_TRUE(tuned.contains("ppo.skew.passes8"));  // of other studies: kept
}

TEST(length_study, bad_input) {
  small_study const of("bad");
  std::string const out = (of.at / "out").string(), tuned = (of.at / "tuned.json").string();
  auto const with = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--out", out, "--tuned", tuned});
    return more;
  };
  call.expect_refused(with({"--study", "s4"}), {"s4", "s1", "f2"});
  call.expect_refused(with({"--seeds", "0"}), {"seeds", "0"});
  call.expect_refused(with({"--threads", "-1"}), {"threads", "-1"});
  call.expect_refused(with({"--quick", "--full"}), {"quick", "full"});
  call.expect_refused(with({"--queries", "16"}), {"queries", "16", "one batch"});
  call.expect_refused(with({"--corpus", (of.at / "nowhere").string()}), {"nowhere"});
  write_whole(of.at / "unended.txt", "abc\tabca\n");
  call.expect_refused(with({"--corpus", (of.at / "unended.txt").string()}),
                      {"unended.txt:1", "no end token"});
  write_whole(of.at / "empty.txt", "abc\t.\n");
  call.expect_refused(with({"--corpus", (of.at / "empty.txt").string()}), {"empty.txt:1", "empty"});
  call.expect_refused({"--verdicts", (of.at / "nowhere").string()}, {"claims.json"});
  write_whole(of.at / "other.json", R"({"schema": "poft-text-tuned/1", "arms": {}})");
  call.expect_refused({"--tuned", (of.at / "other.json").string(), "--out", out}, {"other.json", "schema"});
  write_whole(of.at / "none.json", R"({"schema": "poft-length-tuned/1", "arms": {}})");
  call.expect_refused({"--tuned", (of.at / "none.json").string(), "--out", out}, {"none.json", "--tune"});
  EXPECT_FALSE(fs::exists(of.at / "out"));  // nothing half-written
  call.expect_refused({"--tuned", tuned, "--out", (of.at / "tuned.json/out").string()}, {"writable"});
}

}  // namespace
