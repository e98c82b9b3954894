// dataset: layout, columns per example, response and token, what it refuses, and the way through a checkpoint.
// SPDX-License-Identifier: MIT
#include "poft/train/dataset.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/refusal.hpp"
#include "train/two_pairs.hpp"

namespace poft {
namespace {

using poft_test::two_pairs;
using support::refusal;
using tokens = std::vector<std::int32_t>;

TEST(Dataset, LayoutOfPairs) {
  dataset const pairs = two_pairs();
  EXPECT_EQ(pairs.examples(), 2);
  EXPECT_EQ(pairs.responses(), 4);
  EXPECT_EQ(pairs.response_tokens(), 7);
  EXPECT_EQ(pairs.first_response(1), 2);
  EXPECT_EQ(pairs.responses_of(1), 2);
  EXPECT_EQ(pairs.token_offset(2), 3);
  auto const prompt = pairs.prompt(0), response = pairs.response(2);
  EXPECT_EQ(tokens(prompt.begin(), prompt.end()), (tokens{1, 2}));
  EXPECT_EQ(tokens(response.begin(), response.end()), (tokens{7, 8, 9}));
}

// A conversation: of 3 4 5 6 the tokens 3 and 6 are the assistant's.
TEST(Dataset, TokensThatDoNotCount) {
  using bits = std::vector<std::uint8_t>;
  dataset some, all;
  tokens const talk{3, 4, 5, 6}, plain{7, 8};
  bits const mask{1, 0, 0, 1}, both{1, 1};
  for (dataset* const one : {&some, &all}) one->add(tokens{1}, {plain});
  some.add(tokens{2}, std::vector<dataset::tokens>{talk}, std::vector<dataset::mask>{mask});
  all.add(tokens{2}, std::vector<dataset::tokens>{talk});
  some.add(tokens{1}, std::vector<dataset::tokens>{plain}, std::vector<dataset::mask>{both});
  EXPECT_EQ(some.response_tokens(), 2 + 2 + 2);
  EXPECT_EQ(some.counted_tokens(1), 2);
  EXPECT_EQ(some.token_offset(2), 4);
  EXPECT_EQ(some.response(1).size(), 4u);
  auto const counts = [&](std::int64_t r) { return bits(some.counts(r).begin(), some.counts(r).end()); };
  EXPECT_EQ(counts(0), both) << "what was added without a mask counts";
  EXPECT_EQ(counts(1), mask);
  EXPECT_EQ(counts(2), both);
  EXPECT_EQ(all.counted_tokens(1), 4);
  EXPECT_TRUE(all.counts(1).empty());
  bits const none{0, 0}, too_short{1};
  auto const add = [&](bits const& one) {
    some.add(tokens{1}, std::vector<dataset::tokens>{plain}, std::vector<dataset::mask>{one});
  };
  EXPECT_EQ(refusal([&] { add(none); }),
            "dataset: example 3: no token of response 0 counts, expected at least one");
  EXPECT_EQ(refusal([&] { add(too_short); }),
            "dataset: example 3: the mask of response 0 has 1 elements, expected 2");
  EXPECT_EQ(some.examples(), 3) << "nothing is half added";
}

TEST(Dataset, ColumnsPerExampleResponseAndToken) {
  dataset pairs = two_pairs();
  pairs.set("win_probability", {0.75, 1});
  pairs.set("reference_log_prob", {-1, -2, -3, -4});
  pairs.set("old_log_prob", {1, 2, 3, 4, 5, 6, 7});
  EXPECT_EQ(pairs.value("win_probability", 1, 3), 1);
  EXPECT_EQ(pairs.value("reference_log_prob", 1, 3), -4);
  EXPECT_EQ(pairs.value("old_log_prob", 1, 2), 4 + 5 + 6);
  EXPECT_TRUE(pairs.is_per_token("old_log_prob"));
  EXPECT_FALSE(pairs.is_per_token("win_probability"));
  EXPECT_FALSE(pairs.is_per_token("reward"));
  EXPECT_EQ(pairs.column_names(), "old_log_prob, reference_log_prob, win_probability");
  pairs.set("win_probability", {0.5, 0.5});
  EXPECT_EQ(pairs.column("win_probability")[0], 0.5);
}

TEST(Dataset, ListsOfAnyLength) {
  dataset lists{std::vector<std::string>{}};
  lists.add(tokens{1}, {tokens{2}, tokens{3}, tokens{4}});
  lists.add(tokens{1}, {tokens{5}});
  EXPECT_EQ(lists.responses_of(0), 3);
  EXPECT_EQ(lists.responses_of(1), 1);
}

TEST(Dataset, FingerprintSeesTokensAndLayout) {
  dataset const pairs = two_pairs();
  EXPECT_EQ(pairs.fingerprint(), two_pairs().fingerprint());
  dataset other({"chosen", "rejected"}), split({"chosen", "rejected"}), named({"good", "bad"});
  other.add(tokens{1, 2}, {tokens{3}, tokens{4, 6}});
  other.add(tokens{6}, {tokens{7, 8, 9}, tokens{1}});
  split.add(tokens{1, 2}, {tokens{3}, tokens{4, 5}});
  split.add(tokens{6}, {tokens{7, 8}, tokens{9, 1}});
  named.add(tokens{1, 2}, {tokens{3}, tokens{4, 5}});
  named.add(tokens{6}, {tokens{7, 8, 9}, tokens{1}});
  for (auto const* one : {&other, &split, &named}) EXPECT_NE(one->fingerprint(), pairs.fingerprint());
}

TEST(Dataset, ChosenExamplesTakeTheirColumnsAndMasks) {
  dataset data({"chosen", "rejected"});
  std::vector<std::uint8_t> const all{1}, second{0, 1}, both{1, 1}, ends{1, 0, 1};
  data.add(tokens{1, 2}, std::vector<dataset::tokens>{tokens{3}, tokens{4, 5}},
           std::vector<dataset::mask>{all, second});
  data.add(tokens{6}, std::vector<dataset::tokens>{tokens{7, 8, 9}, tokens{1, 2}},
           std::vector<dataset::mask>{ends, both});
  data.set("margin", {0.5, 0.25});
  data.set("reward", {1, 2, 3, 4});
  data.set("old_log_prob", {-1, -2, -3, -4, -5, -6});
  dataset const last = data.chosen(std::vector<std::int64_t>{1, 0, 1});
  EXPECT_EQ(last.examples(), 3);
  EXPECT_EQ(last.column("margin"), (std::vector<double>{0.25, 0.5, 0.25}));
  EXPECT_EQ(last.column("reward"), (std::vector<double>{3, 4, 1, 2, 3, 4}));
  EXPECT_EQ(last.column("old_log_prob"), (std::vector<double>{-3, -4, -5, -6, -1, -2, -3, -4, -5, -6}));
  EXPECT_EQ(last.counted_tokens(0), 2);
  EXPECT_EQ(last.counts(3)[0], 0);
  EXPECT_EQ(last.response(4).size(), 3u);
  EXPECT_EQ(data.chosen(std::vector<std::int64_t>{0, 1}).fingerprint(), data.fingerprint());
  EXPECT_EQ(data.chosen({}).examples(), 0);
}

// What a writer stores and a reader gives back, in memory.
struct stored_state {
  std::map<std::string, std::string> texts;
  std::map<std::string, std::vector<double>> arrays;
  bool reading = false;

  void operator()(std::string const& name, std::string& text) {
    reading ? text = texts.at(name) : texts[name] = text;
  }
  template <class T>
  void operator()(std::string const& name, std::vector<T>& array) {
    if (reading) {
      array.assign(arrays.at(name).begin(), arrays.at(name).end());
    } else {
      arrays[name].assign(array.begin(), array.end());
    }
  }
};

TEST(Dataset, ThroughACheckpoint) {
  dataset pairs = two_pairs();
  pairs.set("reward", {1, 2, 3, 4});
  pairs.set("margin", {0.5, 0.25});
  stored_state state;
  pairs.visit("data.", state);
  state.reading = true;
  dataset back;
  back.visit("data.", state);
  EXPECT_EQ(back.fingerprint(), pairs.fingerprint());
  EXPECT_EQ(back.members(), pairs.members());
  EXPECT_EQ(back.column_names(), "margin, reward");
  EXPECT_EQ(back.column("reward"), pairs.column("reward"));
  EXPECT_EQ(back.token_offset(4), 7);
}

TEST(Dataset, RefusesWithASentence) {
  dataset pairs = two_pairs();
  EXPECT_EQ(refusal([&] { pairs.add(tokens{1}, {tokens{2}}); }),
            "dataset: example 2 has 1 responses, expected 2");
  EXPECT_EQ(
      refusal([&] {
        pairs.add(tokens{}, {tokens{2}, tokens{3}});
      }),
      "dataset: example 2 has an empty prompt, expected at least one token, which may be a start token");
  EXPECT_EQ(refusal([&] {
              pairs.add(tokens{1}, {tokens{2}, tokens{}});
            }),
            "dataset: example 2: response 1 is empty, expected at least one token");
  EXPECT_EQ(pairs.examples(), 2) << "nothing is half added";
  EXPECT_EQ(refusal([&] {
              pairs.set("reward", {1, 2, 3});
            }),
            "dataset: column 'reward' has 3 numbers, expected one per example (2), response (4) or response "
            "token (7)");
  pairs.set("reward", {1, 2, 3, 4});
  EXPECT_EQ(refusal([&] { pairs.column("rewards"); }),
            "dataset: there is no column 'rewards'; it has reward");
  EXPECT_EQ(refusal([&] {
              pairs.add(tokens{1}, {tokens{2}, tokens{3}});
            }),
            "dataset: example 2 comes after a column was set, expected all examples first");
  dataset lists{std::vector<std::string>{}};
  EXPECT_EQ(refusal([&] { lists.add(tokens{1}, {}); }),
            "dataset: example 0 has 0 responses, expected at least 1");
}

}  // namespace
}  // namespace poft
