// poft_golden FOLDER: every case of every golden file of a folder, checked against the library in double.
// SPDX-License-Identifier: MIT
//
// Prints one line per file and one per miss; exits 1 on any miss, on an objective, hyperparameter, input or
// output that it does not know, on a file that it cannot read, and on a folder without golden files.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>

#include "golden/poft_golden_case.hpp"
#include "poft/core/error.hpp"

namespace {

using namespace poft;
using namespace poft::golden;

checks known_checks() {
  checks all;
  for (auto const add :
       {add_supervised, add_pairs_with_reference, add_f_divergences, add_pairs_without_reference,
        add_unpaired, add_reward_models, add_lists, add_reward_weighted, add_policy_gradient,
        add_policy_tokens, add_tokens, add_advantages, add_strengths, add_divergences, add_from_logits,
        add_tokens_from_logits, add_training, add_models})
    add(all);
  return all;
}

void check_case(checks const& known, nlohmann::json const& file_case, std::filesystem::path const& folder,
                verdict& result) {
  golden_case one(file_case, folder, result);
  auto const check = known.find(one.objective());
  if (check == known.end()) return one.miss("objective '" + one.objective() + "' is unknown to poft_golden");
  try {
    check->second(one);
    one.finish();
  } catch (std::exception const& problem) {
    one.miss(problem.what());
  }
}

/// Whether all of the file's cases agree.
bool check_file(checks const& known, std::filesystem::path const& path) {
  std::string const file = path.filename().string();
  verdict result;
  try {
    std::ifstream stream(path);
    if (!stream) throw io_error("cannot be opened");
    auto const all = nlohmann::json::parse(stream);
    if (all.at("schema") != "poft-golden/1")
      throw format_error(message("schema is ", all.at("schema").dump(), ", expected \"poft-golden/1\""));
    for (auto const& file_case : all.at("cases")) {
      ++result.cases;
      check_case(known, file_case, path.parent_path(), result);
    }
    if (result.cases == 0) throw format_error("has no cases");
    if (auto const stated = all.at("n_cases").get<int>(); stated != result.cases)
      throw format_error(message("has ", result.cases, " cases, states ", stated));
  } catch (std::exception const& problem) {
    result.misses.push_back(problem.what());
  }
  std::printf("%-28s %4d cases, largest error %.3g tolerances%s\n", file.c_str(), result.cases, result.worst,
              result.misses.empty() ? "" : ", FAILED");
  for (auto const& miss : result.misses) std::printf("%s: %s\n", file.c_str(), miss.c_str());
  return result.misses.empty();
}

int check_folder(std::filesystem::path const& folder) {
  std::vector<std::filesystem::path> files;
  for (auto const& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  if (files.empty()) throw io_error(message(folder.string(), " has no golden file (*.json)"));
  std::sort(files.begin(), files.end());
  auto const known = known_checks();
  bool agree       = true;
  for (auto const& file : files) agree = check_file(known, file) && agree;
  return agree ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: poft_golden FOLDER\n");
    return 1;
  }
  try {
    return check_folder(arguments[1]);
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "poft_golden: %s\n", problem.what());
    return 1;
  }
}
