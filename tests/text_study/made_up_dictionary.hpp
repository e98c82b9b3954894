// A dictionary for tests: two thousand words that nobody uses, in the format of Debian's.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "study/files.hpp"

inline void write_made_up_dictionary(std::filesystem::path const& folder, std::string const& name) {
  auto const digits = [](std::size_t number) {
    constexpr char const* known = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    do out.insert(out.begin(), known[number % 64]);
    while ((number /= 64) > 0);
    return out;
  };
  std::string index, text;
  for (int k = 0; k < 2000; ++k) {
    std::string word = "w";
    for (int rest = k, digit = 0; digit < 4; ++digit, rest /= 8) word += static_cast<char>('a' + rest % 8);
    std::string const body = word + "\n\n   <kind> thing of " + word.substr(2) + " and {more}. And so on.\n";
    index += word + "\t" + digits(text.size()) + "\t" + digits(body.size()) + "\n";
    text += body;
  }
  study::write_whole(folder / (name + ".index"), index);
  study::write_whole(folder / (name + ".dict"), text);
}
