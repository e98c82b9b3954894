// join_studies: one page over the results of several studies, every claim of both papers with its row.
// SPDX-License-Identifier: MIT
#include "study/joined.hpp"
#include "study/options.hpp"

int main(int argc, char** argv) {
  std::string out = "joined_results";
  std::vector<std::string> folders;
  CLI::App app{"One page over the results of several studies: every claim of both papers has its row."};
  app.add_option("--out", out, "folder for report.html")->capture_default_str();
  app.add_option("folders", folders, "results folders of bandit_study, length_study, poft_study")->required();
  return study::run_program(app, "join_studies", argc, argv, [&] {
    std::vector<study::finished_study> studies;
    for (std::string const& folder : folders)
      studies.push_back({study::fs::path(folder).filename().string(), folder});
    study::write_joined(out, studies);
    std::printf("%s\n", (study::fs::path(out) / "report.html").string().c_str());
  });
}
