// Which tokenizer a folder has.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "poft/core/whole_file.hpp"
#include "poft/text/open_tokenizer_io.hpp"
#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace poft {
namespace {

using support::expect_error;

TEST(OpenTokenizer, TakesTokenizerJson) {
  support::scratch_folder const folder("open_tokenizer");
  write_whole(folder / "tokenizer.json", byte_pair_vocabulary_text(byte_pairs_of(byte_tokenizer())));
  for (auto const& path : {folder.path, folder / "tokenizer.json"}) {
    auto const tokens = open_tokenizer(path);
    EXPECT_EQ(tokens->vocab(), 260);
    EXPECT_EQ(tokens->special("<|user|>"), 257);
  }
}

TEST(OpenTokenizer, SaysWhatIsMissing) {
  support::scratch_folder const folder("open_tokenizer");
  expect_error<io_error>([&] { open_tokenizer(folder.path); },
                         {"has no tokenizer", "tokenizer.json or tokenizer.model"});
  expect_error<io_error>([&] { open_tokenizer(folder / "none"); }, {"cannot open", "none"});
  write_whole(folder / "tokenizer.model", "no model");
  expect_error<format_error>([&] { open_tokenizer(folder.path); }, {"tokenizer.model", "SentencePiece"});
  expect_error<format_error>([&] { open_tokenizer(folder / "tokenizer.model"); },
                             {"tokenizer.model", "SentencePiece"});
}

}  // namespace
}  // namespace poft
