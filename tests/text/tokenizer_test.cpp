// The byte tokenizer: every byte is its own id, special tokens come after them.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "poft/text/tokenizer.hpp"
#include "support/expect_error.hpp"

namespace poft {
namespace {

TEST(ByteTokenizer, BytesAreIds) {
  byte_tokenizer const bytes;
  std::vector<std::int32_t> ids{7};
  bytes.encode("a\xff<|end|>", ids);
  EXPECT_EQ(ids, (std::vector<std::int32_t>{7, 'a', 255, '<', '|', 'e', 'n', 'd', '|', '>'}));
  EXPECT_EQ(bytes.decode(ids), "\aa\xff<|end|>");
  EXPECT_EQ(bytes.vocab(), 260);
}

TEST(ByteTokenizer, SpecialTokens) {
  byte_tokenizer const bytes({"<s>", "</s>"});
  EXPECT_EQ(bytes.special("<s>"), 256);
  EXPECT_EQ(bytes.special("</s>"), 257);
  EXPECT_EQ(bytes.special("<|end|>"), std::nullopt);
  EXPECT_EQ(bytes.decode(std::vector<std::int32_t>{256, 'x', 257}), "x");
  support::expect_error<value_error>(
      [&] {
        bytes.decode(std::vector<std::int32_t>{'x', 258});
      },
      {"ids[1] is 258", "0 .. 257"});
  support::expect_error<value_error>([&] { bytes.decode(std::vector<std::int32_t>{-1}); }, {"ids[0] is -1"});
}

}  // namespace
}  // namespace poft
