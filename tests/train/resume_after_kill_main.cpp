// A program that is killed at random moments, and started again each time, ends where an undisturbed one does, bit for bit.
// SPDX-License-Identifier: MIT
//
// Without arguments it starts itself with a folder, once in peace and then again and again, with SIGKILL after a random time,
// until 20 kills have hit, at least one of them while a checkpoint was being written. A step has three micro-batches, and
// there is a checkpoint after each.
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

#include "poft/backend/eigen/backend.hpp"
#include "poft/core/whole_file.hpp"
#include "poft/train/on_policy.hpp"
#include "poft/train/trainer.hpp"

extern char** environ;

namespace {

namespace fs = std::filesystem;
using namespace poft;
using clock_type = std::chrono::steady_clock;
using model      = transformer<eigen::backend, float>;

constexpr std::int64_t steps = 120;

/// Own samples every five steps, a running baseline, Adam, dropout, a schedule: all that has a state.
void train(fs::path const& folder) {
  transformer_config config = gpt(2, 2, 32, 50, 16);
  config.dropout            = 0.1;
  model policy({.threads = 1}, config);
  initialise(config, policy.slices(), 3);
  std::vector<std::vector<std::int32_t>> prompts;
  for (std::int32_t k = 0; k < 50; ++k) prompts.push_back({k, 1, 2});

  on_policy_settings sampling;
  sampling.prompts_per_round     = 30;
  sampling.samples_per_prompt    = 2;
  sampling.steps                 = 5;
  sampling.generation.new_tokens = 6;
  auto const reward = reward_of_each([](auto, auto response) { return response[0] < 10 ? 1.0 : 0.0; });
  auto const source =
      on_policy(policy, prompts, sampling, reward, [](dataset samples, std::vector<double>& state) {
        state.resize(2);
        auto advantage = samples.column("reward");
        for (double& one : advantage) {
          state[0] += 1;
          state[1] += (one - state[1]) / state[0];
          one -= state[1];
        }
        samples.set("advantage", advantage);
        return samples;
      });
  training_term term{make_objective("ppo_clip")};
  term.level = objective_level::token;
  training_settings settings;
  settings.steps            = steps;
  settings.batch            = 12;
  settings.micro_batch      = 4;
  settings.learning_rate    = 3e-3;
  settings.schedule         = cosine_schedule{.warmup = 5, .total = steps};
  settings.folder           = folder;
  settings.checkpoint_every = 1;
  settings.show_progress    = false;
  trainer<eigen::backend, float>(policy, {term}, settings).run(source);
}

pid_t start(std::string const& folder) {
  std::string program = fs::read_symlink("/proc/self/exe").string(), argument = folder;
  char* const arguments[] = {program.data(), argument.data(), nullptr};
  pid_t child             = 0;
  if (posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environ) != 0) {
    throw error("cannot start myself");
  }
  return child;
}
/// Whether it ended by itself.
bool wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) throw error("the training failed");
  return WIFEXITED(status);
}

bool has_part(fs::path const& folder) {
  for (auto const& file : fs::directory_iterator(folder)) {
    if (file.path().extension() == ".part") return true;
  }
  return false;
}

/// The last checkpoint but for the sizes of the metrics files, whose lines hold seconds.
std::string result_of(fs::path const& folder) {
  std::string out;
  checkpoint_reader reader(*checkpoint_folder(folder).newest());
  for (char const* const name : {"model.parameters", "optimiser.first_state", "optimiser.second_state"}) {
    std::vector<float> values;
    reader(name, values);
    out.append(reinterpret_cast<char const*>(values.data()), values.size() * sizeof(float));
  }
  std::vector<double> state;
  reader("source.state", state);
  out.append(reinterpret_cast<char const*>(state.data()), state.size() * sizeof(double));
  std::string const csv = read_whole(folder / "metrics.csv");
  return out + std::to_string(std::count(csv.begin(), csv.end(), '\n'));
}

int run() {
  fs::path const base = fs::temp_directory_path() / ("poft_resume_after_kill_" + std::to_string(getpid()));
  auto const peace = base / "peace", killed = base / "killed";
  fs::create_directories(killed);
  auto const begin = clock_type::now();
  wait_for(start(peace));
  double const seconds = std::chrono::duration<double>(clock_type::now() - begin).count();

  std::string const want = result_of(peace);
  random_stream random(static_cast<std::uint64_t>(clock_type::now().time_since_epoch().count()));
  int kills = 0, while_saving = 0, restarts = 0;
  for (int round = 0; kills < 20 || while_saving == 0; ++round) {
    auto const folder = killed / std::to_string(round);
    for (bool over = false; !over;) {
      pid_t const child = start(folder.string());
      // A whole run is cut about eight times; once it cannot come to a checkpoint any more, the next start has longer.
      std::this_thread::sleep_for(std::chrono::duration<double>(random.uniform<double>() * seconds / 4));
      kill(child, SIGKILL);
      over = wait_for(child);
      ++restarts;
      if (over) break;
      ++kills;
      while_saving += fs::exists(folder) && has_part(folder);
    }
    if (result_of(folder) != want) {
      std::fprintf(stderr, "after %d kills the run in %s is another one\n", kills, folder.c_str());
      return 1;
    }
    if (clock_type::now() - begin > std::chrono::seconds(50)) break;
  }
  std::printf(
      "%d kills, %d of them while saving, in %d starts: the same bits as without (%.1f s undisturbed)\n",
      kills, while_saving, restarts, seconds);
  fs::remove_all(base);
  return kills >= 20 && while_saving > 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count < 2) return run();
    train(arguments[1]);
    return 0;
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "resume_after_kill: %s\n", problem.what());
    return 1;
  }
}
