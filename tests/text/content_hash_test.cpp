// FNV-1a against its published values, and sets of hashes.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <set>

#include "poft/text/content_hash.hpp"

namespace poft {
namespace {

// The offset basis; and the length in eight bytes before the text, by a program that gives Noll's published values for "a"
// (af63dc4c8601ec8c) and "foobar" (85944171f73967e8) without length.
TEST(ContentHash, IsFnv1a) {
  EXPECT_EQ(hash_text(content_hash().value()), "cbf29ce484222325");
  EXPECT_EQ(hash_text(content_hash().add("foobar").value()), "b277229a2d9d19f2");
}

TEST(ContentHash, TellsBordersApart) {
  EXPECT_NE(content_hash().add("ab").add("c").value(), content_hash().add("a").add("bc").value());
  EXPECT_NE(content_hash().add("").value(), content_hash().value());
}

TEST(HashSet, KnowsWhatItHolds) {
  hash_set set;
  std::set<std::uint64_t> expected;
  std::uint64_t hash = 1;
  for (int k = 0; k < 20000; ++k) {
    hash = k % 3 ? hash * 6364136223846793005u + 1442695040888963407u : hash % 1000;
    EXPECT_EQ(set.insert(hash), expected.insert(hash).second);
  }
  EXPECT_EQ(set.size(), expected.size());
}

}  // namespace
}  // namespace poft
