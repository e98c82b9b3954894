// score and train that are killed at random moments, and started again each time, leave what undisturbed ones do, bit for bit.
// SPDX-License-Identifier: MIT
//
// Without arguments it starts itself as the program, in peace and then again and again with SIGKILL after a random time.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/program.hpp"
#include "poft/core/random.hpp"
#include "poft/core/whole_file.hpp"
#include "tiny_model.hpp"

extern char** environ;

namespace {

namespace fs     = std::filesystem;
using clock_type = std::chrono::steady_clock;
using words      = std::vector<std::string>;

pid_t start(words arguments) {
  arguments.insert(arguments.begin(), fs::read_symlink("/proc/self/exe").string());
  std::vector<char*> argv;
  for (auto& one : arguments) argv.push_back(one.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  if (posix_spawn(&child, argv[0], &quiet, nullptr, argv.data(), environ) != 0)
    throw poft::error("cannot start myself");
  posix_spawn_file_actions_destroy(&quiet);
  return child;
}
/// Whether it ended by itself.
bool wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) throw poft::error("the program failed");
  return WIFEXITED(status);
}

/// Kills of the command until it comes to its end; once with what an earlier start left.
int run_killed(words const& arguments, double seconds, poft::random_stream& random) {
  for (int kills = 0;; ++kills) {
    pid_t const child = start(arguments);
    // A whole run is cut a few times; every start can come further than the one before.
    std::this_thread::sleep_for(std::chrono::duration<double>(random.uniform<double>() * seconds / 2));
    kill(child, SIGKILL);
    if (wait_for(child)) return kills;
  }
}

/// Whether command(folder) leaves the same file in both ways, after 10 kills or more.
bool survives(fs::path const& base, char const* name, auto const& command, char const* result) {
  auto const begin = clock_type::now();
  wait_for(start(command(base / (std::string(name) + "_peace"))));
  double const seconds   = std::chrono::duration<double>(clock_type::now() - begin).count();
  std::string const want = poft::read_whole(base / (std::string(name) + "_peace") / result);
  poft::random_stream random(static_cast<std::uint64_t>(begin.time_since_epoch().count()));
  int kills = 0, rounds = 0;
  for (; kills < 10; ++rounds) {
    fs::path const folder = base / (std::string(name) + std::to_string(rounds));
    kills += run_killed(command(folder), seconds, random);
    if (poft::read_whole(folder / result) != want) {
      std::fprintf(stderr, "%s: after %d kills %s is another one\n", name, kills, (folder / result).c_str());
      return false;
    }
  }
  std::printf("%s: %d kills in %d runs, the same bytes as without (%.1f s undisturbed)\n", name, kills,
              rounds, seconds);
  return true;
}

int run() {
  fs::path const base = fs::temp_directory_path() / ("poft_pipeline_after_kill_" + std::to_string(getpid()));
  tiny::save(base / "m", {.layers = 2});
  std::string text;
  for (int k = 0; k < 3000; ++k) {
    std::string const number = std::to_string(k * 7919 % 10007);
    text += R"({"id":"n)" + std::to_string(k) + R"(","prompt":"say )" + number + R"(","chosen":")" + number +
            R"(","rejected":")" + number + "0\"}\n";
    if (k % 100 == 50) text += "no sample\n";
  }
  poft::write_whole(base / "data.jsonl", text);
  auto const score = [&](fs::path const& folder) {
    fs::create_directories(folder);
    return words{"score",
                 "--model",
                 (base / "m").string(),
                 "--data",
                 (base / "data.jsonl").string(),
                 "--skip-bad-lines",
                 "--out",
                 (folder / "scores.jsonl").string(),
                 "--threads",
                 "1"};
  };
  auto const train = [&](fs::path const& folder) {
    return words{"train",
                 "--model",
                 (base / "m").string(),
                 "--data",
                 (base / "data.jsonl").string(),
                 "--skip-bad-lines",
                 "--objective",
                 "dpo=beta:0.5",
                 "--steps",
                 "150",
                 "--batch",
                 "8",
                 "--chunk",
                 "200",
                 "--checkpoint-every",
                 "5",
                 "--out",
                 folder.string(),
                 "--threads",
                 "1"};
  };
  bool const ok =
      survives(base, "score", score, "scores.jsonl") && survives(base, "train", train, "model.safetensors");
  fs::remove_all(base);
  return ok ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return count < 2 ? run() : pipeline::program(count, arguments);
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "pipeline_after_kill: %s\n", problem.what());
    return 1;
  }
}
