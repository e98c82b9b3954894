// Candidates of unlikelihood: a worked example, masks, what a head asks of them, golden sets, bad input.
// SPDX-License-Identifier: MIT
#include "poft/head/earlier_targets.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "preference/expect_error.hpp"
#if __has_include(<nlohmann/json.hpp>)
#include "support/golden.hpp"
#endif

namespace {

using tokens  = std::vector<std::int32_t>;
using offsets = std::vector<std::int64_t>;

TEST(earlier_targets, each_once_and_never_the_target) {
  // sequence 5 7 5 9 | 7 7 3: {}, {5}, {7} (5 is the target), {5, 7} | {}, {} (7 is the target), {7}
  tokens const targets{5, 7, 5, 9, 7, 7, 3};
  offsets const sequences{0, 4, 7};
  auto const candidates =
      poft::earlier_targets(poft::token_batch<std::int32_t>{.targets = targets, .offsets = sequences});
  EXPECT_EQ(candidates.targets, (tokens{5, 7, 5, 7, 7}));
  EXPECT_EQ(candidates.offsets, (offsets{0, 0, 1, 2, 4, 4, 4, 5}));
}

TEST(earlier_targets, a_masked_token_has_none_and_is_none) {
  // prompt 1 2, answer 2 4, a token without target, 5: {2} for 4 because the answer said it; {2, 4} for 5
  std::vector<std::int64_t> const targets{1, 2, 2, 4, -100, 5};
  std::vector<std::uint8_t> const mask{0, 0, 1, 1, 1, 1};
  offsets const sequences{0, 6};
  auto const candidates = poft::earlier_targets(poft::token_batch<std::int64_t>{targets, sequences, mask});
  EXPECT_EQ(candidates.targets, (std::vector<std::int64_t>{2, 2, 4}));
  EXPECT_EQ(candidates.offsets, (offsets{0, 0, 0, 0, 1, 1, 3}));
}

TEST(earlier_targets, no_sequences) {
  offsets const sequences{0};
  auto const candidates =
      poft::earlier_targets(poft::token_batch<std::int32_t>{.targets = {}, .offsets = sequences});
  EXPECT_TRUE(candidates.targets.empty());
  EXPECT_EQ(candidates.offsets, offsets{0});
}

TEST(earlier_targets, a_head_takes_them) {
  std::vector<std::int64_t> const targets{3, 1, 3, 3, 0, 1, 2};
  std::vector<std::uint8_t> const mask{1, 1, 0, 1, 1, 1, 1};
  offsets const sequences{0, 4, 4, 7};
  poft::token_batch<std::int64_t> const batch{targets, sequences, mask};
  auto const candidates = poft::earlier_targets(batch);
  EXPECT_EQ(candidates.targets.size(), 5u);
  EXPECT_NO_THROW(poft::require_valid("a head", candidates.spans(), batch, 4));
}

TEST(earlier_targets, bad_input_is_named) {
  tokens const targets{0, -1};
  offsets const falling{0, 2, 1}, two{0, 2};
  auto run = [&](offsets const& sequences) {
    return [&] {
      poft::earlier_targets(poft::token_batch<std::int32_t>{.targets = targets, .offsets = sequences});
    };
  };
  expect_error<poft::value_error>(run(falling), {"earlier_targets: offsets[2] is 1 after 2"});
  expect_error<poft::value_error>(run(two), {"earlier_targets: targets[1] is -1"});
}

#if __has_include(<nlohmann/json.hpp>)
TEST(earlier_targets, golden) {
  for (auto const& one : golden::cases("M_from_logits_extra", "from_logits_unlikelihood")) {
    auto const targets = one["inputs"]["targets"].get<tokens>();
    auto const shape   = one["shapes"]["logits"].get<std::vector<std::int64_t>>();
    auto const vocab   = static_cast<std::size_t>(shape[2]);
    std::vector<std::uint8_t> mask;
    for (auto const& m : one["inputs"]["mask"]) mask.push_back(golden::number(m) != 0);
    offsets sequences;
    for (std::int64_t b = 0; b <= shape[0]; ++b) sequences.push_back(b * shape[1]);
    auto const candidates = poft::earlier_targets(poft::token_batch<std::int32_t>{targets, sequences, mask});
    std::vector<double> marks(targets.size() * vocab);
    for (std::size_t t = 0; t < targets.size(); ++t) {
      for (auto k = candidates.offsets[t]; k < candidates.offsets[t + 1]; ++k)
        marks[t * vocab + static_cast<std::size_t>(candidates.targets[static_cast<std::size_t>(k)])] += 1;
    }
    EXPECT_EQ(marks, golden::numbers(one["outputs"]["candidates"])) << one["name"];
  }
}
#endif

}  // namespace
