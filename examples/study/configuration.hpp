// A results folder belongs to one configuration: another one is refused, and nothing of it overwritten.
// SPDX-License-Identifier: MIT
#pragma once

#include "files.hpp"

namespace study {

/// `lines`: everything that decides what the folder will hold, as "name: value". Written to configuration.txt where the folder
/// has no results yet; value_error, naming the first difference, where it has those of another configuration.
inline void require_configuration(fs::path const& folder, std::vector<std::string> const& lines) {
  fs::path const file = folder / "configuration.txt";
  std::string text;
  for (std::string const& line : lines) text += line + "\n";
  auto const refuse = [&](std::string const& found, std::string const& expected) {
    throw poft::value_error(poft::message("out: \"", folder.string(),
                                          "\" holds results of another configuration, ", found, ", expected ",
                                          expected, "; take another folder"));
  };
  if (!fs::exists(file)) {
    for (char const* results : {"claims.json", "arms.csv", "runs.csv", "runs.journal"}) {
      if (fs::exists(folder / results)) refuse(results, "configuration.txt beside it");
    }
    require_writable(folder);
    write_whole(file, text);
    return;
  }
  std::string const held = read_whole(file);
  if (held == text) return;
  std::size_t begin = 0;
  for (std::string const& line : lines) {
    std::size_t const end   = std::min(held.find('\n', begin), held.size());
    std::string const found = held.substr(std::min(begin, held.size()), end - std::min(begin, held.size()));
    if (found != line) refuse("\"" + found + "\"", "\"" + line + "\"");
    begin = end + 1;
  }
  refuse("more lines", "those of " + lines.front());
}

}  // namespace study
