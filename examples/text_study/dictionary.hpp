// Dictionaries in the format of the dict protocol's servers: an index of words beside a file of definitions.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "study/files.hpp"

namespace text_study {

namespace fs = std::filesystem;

struct definition {
  std::string word;  ///< 3 to 10 small letters
  std::string body;  ///< as it stands in the file, its beginning
};

/// The definitions of plain words in NAME.index and NAME.dict (uncompressed). Throws format_error, naming file and line.
std::vector<definition> read_dictionary(fs::path const& folder, std::string const& name);

/// What a careful collector makes of a definition: no headword, no markup, one line of printable ASCII, whole words, at most
/// `longest` bytes. Nothing where too little is left.
std::optional<std::string> curated(definition const& from, std::size_t longest);

/// What a careless one makes of it: the first `longest` bytes behind the headword, with markup, cut anywhere.
std::string uncurated(definition const& from, std::size_t longest);

}  // namespace text_study
