// The bandit study's program: the same bytes for any number of threads, verdicts from the files, and what it says to bad input.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "bandit_study/arms.hpp"
#include "bandit_study/claims.hpp"
#include "bandit_study/program.hpp"
#include "bandit_study/results.hpp"
#include "bandit_study/runner.hpp"
#include "bandit_study/tuning.hpp"
#include "study/claims.hpp"
#include "study/figures.hpp"
#include "study/journal.hpp"
#include "study/tuned.hpp"
#include "support/called_program.hpp"

namespace {

namespace fs = std::filesystem;
using namespace study;

/// A folder of its own, gone afterwards.
struct scratch {
  fs::path path;
  explicit scratch(char const* name)
      : path(fs::temp_directory_path() / (std::string("poft_study_") + name + std::to_string(getpid()))) {
    fs::remove_all(path);
  }
  ~scratch() { fs::remove_all(path); }
  std::string text(char const* file) const { return read_whole(path / file); }
  std::string in(char const* file) const { return (path / file).string(); }
};

support::called_program const call("bandit_study", study::program);

using poft::bandit::experiment_settings;

std::vector<std::string> small_experiment(fs::path const& out, char const* threads) {
  return {"--learner", "ipo,best_of_n,rwr", "--queries", "400",   "--seeds",
          "3",         "--threads",         threads,     "--out", out.string()};
}

TEST(study, same_bytes_for_any_number_of_threads) {
  scratch const one("one"), other("other");
  ASSERT_EQ(call(small_experiment(one.path, "1")).code, 0);
  EXPECT_GT(one.text("runs.csv").size(), 1000u);
  for (char const* threads : {"2", "3", "7"}) {
    ASSERT_EQ(call(small_experiment(other.path, threads)).code, 0);
    for (char const* file : {"runs.csv", "summary.csv", "arms.csv"})
      EXPECT_EQ(one.text(file), other.text(file)) << file << ", " << threads;
  }
}

// Where there is no GPU, or no CUDA was there to build with, it says so before it does anything.
TEST(study, on_a_gpu_or_with_a_sentence) {
  scratch const out("device");
  auto arguments = small_experiment(out.path, "1");
  arguments.insert(arguments.end(), {"--device", "cuda"});
  auto const result = call(arguments);
  if (result.code == 0) {
    EXPECT_GT(out.text("runs.csv").size(), 1000u);
    return;
  }
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.complained.find("cuda: "), std::string::npos) << result.complained;
  EXPECT_FALSE(fs::exists(out.path));
}

/// The program in a process of its own, which is killed after so many milliseconds unless it has ended: whether it had.
bool ends_within(int milliseconds, std::vector<std::string> const& arguments) {
  pid_t const child = fork();
  if (child == 0) {
    for (int const stream : {1, 2}) close(stream);
    std::vector<char const*> argv{"bandit_study"};
    for (std::string const& one : arguments) argv.push_back(one.c_str());
    _exit(program(static_cast<int>(argv.size()), argv.data()));
  }
  for (int waited = 0; waited < milliseconds; ++waited) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    usleep(1000);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return false;
}
std::ptrdiff_t lines_of(scratch const& at, char const* file) {
  if (!fs::exists(at.path / file)) return 0;
  std::string const text = at.text(file);
  return std::count(text.begin(), text.end(), '\n');
}

// Killed again and again it still comes to its end, no run that was finished is made again, and the files are those of a
// study that nobody disturbed.
TEST(study, goes_on_after_a_kill) {
  std::vector<std::string> const tokens{
      "--learner", "ipo,best_of_n,dpo", "--policy", "tokens",   "--queries", "200", "--seeds",
      "2",         "--batch",           "0",        "--passes", "2"};
  auto const into = [&](scratch const& at) {
    auto arguments = tokens;
    arguments.insert(arguments.end(), {"--out", at.path.string()});
    return arguments;
  };
  scratch const whole("whole"), killed("killed");
  ASSERT_EQ(call(into(whole)).code, 0);
  EXPECT_FALSE(fs::exists(whole.path / "runs.journal"));

  poft::random_stream random(1);
  std::ptrdiff_t finished = 0;
  int kills               = 0;
  for (int longest = 100; !ends_within(static_cast<int>(random.below(std::uint64_t(longest))), into(killed));
       ++kills) {
    ASSERT_GE(lines_of(killed, "runs.journal"), finished);
    if (lines_of(killed, "runs.journal") == finished)
      longest += 100;  // too short for one run on this machine
    finished = lines_of(killed, "runs.journal");
  }
  EXPECT_GT(kills, 0);
  for (char const* file : {"runs.csv", "summary.csv", "arms.csv"})
    EXPECT_EQ(whole.text(file), killed.text(file)) << file;
}

// A journal's lines stand for the settings they were made with; a line that was cut off stands for nothing.
TEST(study, a_journal_is_read_with_care) {
  scratch const at("journal");
  fs::create_directories(at.path);
  arm own{.id = "ipo", .studies = {"own"}, .settings = {.queries = 200}};
  run finished{&own, 3, "", {{.step = 1, .reward = 0.25, .chosen_log_ratio = std::nan("")}, {.step = 2}}};
  journal(at.path / "runs.journal").add(finished);
  run same{&own, 3}, other_seed{&own, 4};
  journal const again(at.path / "runs.journal");
  ASSERT_TRUE(again.find(same));
  EXPECT_FALSE(again.find(other_seed));
  ASSERT_EQ(same.history.size(), 2u);
  EXPECT_EQ(same.history[0].reward, 0.25);
  EXPECT_TRUE(std::isnan(same.history[0].chosen_log_ratio));
  EXPECT_EQ(same.history[1].step, 2);

  own.settings.learning_rate = 0.5;
  EXPECT_FALSE(journal(at.path / "runs.journal").find(other_seed = {&own, 3}));
  own.settings.learning_rate = experiment_settings{}.learning_rate;
  std::string const text     = at.text("runs.journal");
  write_whole(at.path / "runs.journal", text + text.substr(0, text.size() - 4));
  EXPECT_TRUE(journal(at.path / "runs.journal").find(same));
  EXPECT_EQ(at.text("runs.journal"), text);
  write_whole(at.path / "runs.journal", text.substr(0, text.size() - 4));
  EXPECT_FALSE(journal(at.path / "runs.journal").find(same));
}

TEST(study, verdicts_come_from_the_files_alone) {
  scratch const at("verdicts");
  fs::create_directories(at.path);
  write_whole(at.path / "tuned.json", R"({"schema": "poft-bandit-tuned/2", "arms": {}})");
  ASSERT_EQ(call({"--study", "b7", "--tuned", at.in("tuned.json"), "--out", at.path.string()}).code, 0);
  std::string const verdicts = at.text("verdicts.csv"), claims = at.text("claims.json");
  EXPECT_NE(verdicts.find("B7b"), std::string::npos);
  EXPECT_NE(at.text("report.html").find("<html"), std::string::npos);

  // Whoever turns both families around in the data turns the difference around.
  table data = table::read(at.path / "divergence.csv");
  for (auto& row : data.rows) {
    if (row[0] == "forward_kl.gaussian") row[0] = "x";
    if (row[0] == "reverse_kl.gaussian") row[0] = "forward_kl.gaussian";
    if (row[0] == "x") row[0] = "reverse_kl.gaussian";
  }
  ASSERT_EQ(call({"--verdicts", at.path.string()}).code, 0);
  EXPECT_EQ(at.text("verdicts.csv"), verdicts);
  write_whole(at.path / "divergence.csv", data.text());
  ASSERT_EQ(call({"--verdicts", at.path.string()}).code, 0);
  EXPECT_NE(at.text("verdicts.csv"), verdicts);
  EXPECT_EQ(at.text("claims.json"), claims);
  EXPECT_EQ(read_claims(at.path).size(), 2u);
}

TEST(study, every_claim_speaks_of_arms_that_run) {
  std::set<std::string> ids{"forward_kl.logits", "reverse_kl.logits", "forward_kl.gaussian",
                            "reverse_kl.gaussian"};
  for (bool const full : {true, false}) {
    auto const arms = grid(full);
    for (arm const& one : arms) {
      ids.insert(one.id);
      one.settings.check();
      EXPECT_TRUE(one.tuned_as.empty() || one.tuned_as != one.id) << one.id;
    }
    for (arm const& one : arms)
      EXPECT_TRUE(one.tuned_as.empty() || ids.contains(one.tuned_as)) << one.id << " " << one.tuned_as;
  }
  std::set<std::string> quick{"forward_kl.logits", "reverse_kl.logits", "forward_kl.gaussian",
                              "reverse_kl.gaussian"};
  for (arm const& one : grid(false)) quick.insert(one.id);
  for (claim const& one : claims()) {
    EXPECT_FALSE(one.contrasts.empty()) << one.name();
    for (contrast const& c : one.contrasts) {
      for (term const& t : c.terms) EXPECT_TRUE(quick.contains(t.arm)) << one.name() << " " << t.arm;
    }
  }
}

TEST(study, arms_of_a_contrast_have_the_same_budget) {
  std::map<std::string, poft::bandit::experiment_settings> settings;
  for (arm const& one : grid(false)) settings[one.id] = one.settings;
  for (claim const& one : claims()) {
    if (one.id == "B3" || one.id == "B7") continue;  // B3 contrasts budgets on purpose, one at a time
    for (contrast const& c : one.contrasts) {
      for (term const& t : c.terms) {
        auto const &a = settings[c.terms[0].arm], &b = settings[t.arm];
        EXPECT_EQ(a.queries, b.queries) << c.label;
        EXPECT_EQ(a.steps(), b.steps()) << c.label;
        EXPECT_EQ(a.pool, b.pool) << c.label;
        EXPECT_EQ(a.samples, b.samples) << c.label;
        EXPECT_EQ(a.minibatch, b.minibatch) << c.label;
        EXPECT_EQ(a.min_difference, b.min_difference) << c.label;
      }
    }
  }
}

TEST(study, shipped_settings_cover_the_grid) {
  auto const tuned = read_tuned("examples/bandit_study/tuned.json", tuned_schema);
  for (bool const full : {false, true}) {
    auto arms = grid(full);
    apply_tuned(arms, tuned, "examples/bandit_study/tuned.json");
  }
}

TEST(study, bad_input) {
  scratch const at("bad");
  fs::create_directories(at.path);
  auto const file = [&](char const* text) {
    write_whole(at.path / "p.csv", text);
    return at.in("p.csv");
  };
  std::string const out = at.in("out");
  call.expect_refused({"--study", "b9", "--out", out}, {"b9", "b1", "b7", "all"});
  call.expect_refused({"--learner", "sarsa", "--out", out}, {"sarsa", "best_of_n", "ppo"});
  call.expect_refused({"--reward", "70:10", "--out", out}, {"--reward", "--learner"});
  call.expect_refused({"--study", "b3", "--learner", "ipo", "--out", out}, {"--study", "without"});
  call.expect_refused({"--learner", "ipo", "--reward", "70-10", "--out", out}, {"70-10", "peak:width"});
  call.expect_refused({"--learner", "ipo", "--data", file("0.5,0.4\n"), "--out", out},
                      {"sum to 0.9", "expected 1"});
  call.expect_refused({"--learner", "ipo", "--data", file("1.5,-0.5"), "--out", out},
                      {"probability 1 is -0.5"});
  call.expect_refused({"--learner", "ipo", "--data", file("0.5,half"), "--out", out},
                      {"half", "expected a number"});
  call.expect_refused({"--learner", "ipo", "--data", at.in("missing.csv"), "--out", out}, {"missing.csv"});
  call.expect_refused({"--learner", "dpo", "--parameter", "-1", "--out", out}, {"dpo: beta is -1"});
  call.expect_refused({"--learner", "dpo", "--lr", "-1", "--out", out}, {"learning rate is -1"});
  call.expect_refused({"--learner", "ipo", "--policy", "uniform", "--out", out}, {"uniform", "tanh_cauchy"});
  call.expect_refused({"--learner", "ipo", "--reference", "truth", "--out", out}, {"truth", "fitted"});
  call.expect_refused({"--learner", "ipo", "--policy", "tokens", "--reward", "R4", "--out", out},
                      {"R4", "tokens"});
  call.expect_refused({"--learner", "ipo", "--queries", "0", "--out", out}, {"queries is 0"});
  call.expect_refused({"--policy", "gaussian", "--out", out}, {"gaussian has no study", "tokens"});
  call.expect_refused({"--seeds", "0", "--out", out}, {"seeds", "0"});
  call.expect_refused({"--seeds", "ten"}, {"ten"});
  call.expect_refused({"--colour"}, {"--colour"});
  call.expect_refused({"--verdicts", at.in("nowhere")}, {"claims.json"});
  EXPECT_FALSE(fs::exists(at.path / "out"));  // nothing half-written
  write_whole(at.path / "a_file", "");
  call.expect_refused({"--learner", "ipo", "--out", at.in("a_file/out")}, {"a_file/out", "writable"});
  call.expect_refused({"--study", "b7", "--tuned", at.in("a_file"), "--out", out}, {"a_file", "JSON"});
}

TEST(study, a_figure_is_a_script_that_holds_its_numbers) {
  std::string const script =
      gnuplot_script({"name", "a \"title\"", "x", "y", {{"line", {{1, 2, 1.5, 2.5}, {2, 3, 2.5, 3.5}}}}});
  EXPECT_NE(script.find("1 2 1.5 2.5\n2 3 2.5 3.5\nEOD"), std::string::npos);
  EXPECT_NE(script.find("a \\\"title\\\""), std::string::npos);
}

}  // namespace
