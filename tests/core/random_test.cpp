// Random numbers: Philox against its published values, each draw by hand, frequencies by chi-square.
// SPDX-License-Identifier: MIT
//
// The seeds of the statistical tests are fixed, so they pass always or never; each bound is the 99.9 %
// quantile of the chi-square distribution (mpmath, 40 digits).
#include "poft/core/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "support/golden.hpp"
#include "poft/core/bfloat16.hpp"

namespace poft {
namespace {

static_assert(std::uniform_random_bit_generator<random_stream>);
static_assert(std::is_trivially_copyable_v<random_stream>);
static_assert(philox({{0, 0, 0, 0}}, {{0, 0}}).word[0] == 0x6627e8d5,
              "the first of Random123's known answers");

template <int Rounds>
std::vector<std::uint32_t> all_blocks(std::vector<std::uint32_t> const& counters,
                                      std::vector<std::uint32_t> const& keys) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < counters.size() / 4; ++i) {
    auto const* c    = &counters[4 * i];
    auto const block = philox<Rounds>({{c[0], c[1], c[2], c[3]}}, {{keys[2 * i], keys[2 * i + 1]}});
    out.insert(out.end(), block.word, block.word + 4);
  }
  return out;
}

TEST(Random, PhiloxBlocksAreThePublishedOnes) {
  for (auto const& one : golden::cases("K_philox", "philox4x32")) {
    int const rounds                          = one["hyper"]["rounds"];
    std::vector<std::uint32_t> const counters = one["inputs"]["ctr"], keys = one["inputs"]["key"];
    std::vector<std::uint32_t> const want = one["outputs"]["out"];
    ASSERT_TRUE(rounds == 7 || rounds == 10) << one["name"];
    EXPECT_EQ(rounds == 7 ? all_blocks<7>(counters, keys) : all_blocks<10>(counters, keys), want)
        << one["name"];
  }
}

TEST(Random, AStreamIsTheStandardsEngine) {
  for (auto const& one : golden::cases("K_philox", "std_philox4x32")) {
    std::vector<std::uint32_t> const seeds = one["inputs"]["seed"], first16 = one["outputs"]["first16"];
    std::vector<std::uint32_t> const value_10000 = one["outputs"]["value_10000"];
    for (std::size_t s = 0; s < seeds.size(); ++s) {
      random_stream words(seeds[s]);
      for (std::size_t i = 0; i < 16; ++i) EXPECT_EQ(words(), first16[16 * s + i]) << seeds[s] << ' ' << i;
      words.discard(9999 - 16);
      EXPECT_EQ(words(), value_10000[s]);
      EXPECT_EQ(words.position(), 10000u);
    }
  }
}

TEST(Random, AnyPositionIsReachedDirectly) {
  for (std::uint64_t start : {0u, 1u, 2u, 3u, 4u, 5u, 1000003u}) {
    random_stream walked(5, 9), jumped(5, 9, start);
    walked.discard(start);
    EXPECT_EQ(walked, jumped);
    for (int i = 0; i < 9; ++i) EXPECT_EQ(walked(), jumped()) << start;
  }
  random_stream one_by_one(5, 9);
  for (int i = 0; i < 6; ++i) one_by_one();
  EXPECT_EQ(one_by_one(), random_stream(5, 9, 6)());
}

TEST(Random, SeedStreamAndPositionReachTheWordsOfCounterAndKey) {
  std::uint64_t const seed = 0x1111111122222222, stream = 0x3333333344444444, position = 0x0555555566666664;
  auto const want =
      philox({{0x59999999, 0x01555555, 0x44444444, 0x33333333}}, {{0x22222222, 0x11111111}});  // position / 4
  random_stream words(seed, stream, position);
  for (std::uint32_t word : want.word) EXPECT_EQ(words(), word);
}

// The first words of seed 42 (golden K): 2632642643, 2012563771, 314527917, 1463989207, 4242219303,
// 1404726525.
TEST(Random, UniformByHand) {
  EXPECT_EQ(random_stream(42).uniform<float>(), 10283760 / 16777216.0f);  // 2632642643 / 256 = 10283760.3
  EXPECT_EQ(random_stream(42).uniform_positive<float>(), 10283761 / 16777216.0f);  // one more
  // (2632642643 2^32 + 2012563771) / 2^11 = 5521051785035433.5
  EXPECT_EQ(random_stream(42).uniform<double>(), 5521051785035433 / 9007199254740992.0);
  EXPECT_EQ(random_stream(42).uniform_positive<double>(), 5521051785035434 / 9007199254740992.0);
}

// v = (10283760 + 1) / 2^24, u = 2012563771 / 256 / 2^24 (float) and with 53 bits (double); mpmath with 40
// digits.
TEST(Random, NormalAndCauchyByHand) {
  auto const narrow = random_stream(42).normal_pair<float>();
  EXPECT_NEAR(narrow.first, -0.97018970819193198, 4e-7);
  EXPECT_NEAR(narrow.second, 0.19401902682207063, 4e-7);
  EXPECT_NEAR(random_stream(42).cauchy<float>(), 0.37056167754409166, 2e-7);

  auto const wide = random_stream(42).normal_pair<double>();
  EXPECT_NEAR(wide.first, 0.88649750590144109, 1e-15);
  EXPECT_NEAR(wide.second, 0.43935606943792653, 1e-15);
  EXPECT_NEAR(random_stream(42).cauchy<double>(), 0.37056174698161343, 1e-15);

  random_stream stream(42);
  EXPECT_EQ(stream.normal<double>(), wide.first);
  EXPECT_EQ(stream.position(), 4u);
}

TEST(Random, BelowRefusesTheRemainderByHand) {
  // n = 3 2^62: 2^64 mod n = 2^62. The first pair, 11307114055752567099, lies in [2^62, n); the second,
  // 1350887118657991639, is below 2^62 and refused; the third is 18220193170249641213, minus n =
  // 4385135114967477501.
  std::uint64_t const n = std::uint64_t{3} << 62;
  random_stream stream(42);
  EXPECT_EQ(stream.below(n), 11307114055752567099u);
  EXPECT_EQ(stream.position(), 2u);
  EXPECT_EQ(stream.below(n), 4385135114967477501u);
  EXPECT_EQ(stream.position(), 6u);
  EXPECT_EQ(random_stream(42).below(6), 3u);  // 11307114055752567099 = 6 k + 3
  EXPECT_EQ(random_stream(42).below(1), 0u);
}

TEST(Random, CategoricalByHand) {
  // Weights 1, 0, 2, 0, 5, 0: sums 1, 1, 3, 3, 8, 8. The first sum above 8 u.
  std::vector<double> const weights{1, 0, 2, 0, 5, 0};
  view<double const> const w(weights);
  EXPECT_EQ(categorical(w, 0.0), 0);
  EXPECT_EQ(categorical(w, std::nextafter(0.125, 0.0)), 0);
  EXPECT_EQ(categorical(w, 0.125), 2) << "a sum that equals 8 u is not above it";
  EXPECT_EQ(categorical(w, 0.374), 2);
  EXPECT_EQ(categorical(w, 0.375), 4);
  EXPECT_EQ(categorical(w, std::nextafter(1.0, 0.0)), 4);

  // Smallest subnormal: 8 u rounds to the total, and still an item of positive weight is drawn.
  std::vector<double> const tiny{0, std::numeric_limits<double>::denorm_min(), 0};
  EXPECT_EQ(categorical(view<double const>(tiny), 0.9), 1);
}

TEST(Random, CategoricalFromLogitsByHand) {
  // exp(z - 0) = 1/4, 0, 1, 3/4: sums 1/4, 1/4, 5/4, 2. The first above 2 u. Adding 1e4 to all changes
  // nothing.
  float const minus_infinity = -std::numeric_limits<float>::infinity();
  for (float shift : {0.0f, 1e4f}) {
    std::vector<float> logits{std::log(0.25f), minus_infinity, 0, std::log(0.75f)};
    for (float& z : logits) z += shift;
    view<float const> const z(logits);
    EXPECT_EQ(categorical_from_logits(z, 0.12), 0);
    EXPECT_EQ(categorical_from_logits(z, 0.13), 2);
    EXPECT_EQ(categorical_from_logits(z, 0.62), 2);
    EXPECT_EQ(categorical_from_logits(z, 0.63), 3);
    EXPECT_EQ(categorical_from_logits(z, 0.999999), 3);
  }
  std::array const stored{bfloat16(-1.0f), bfloat16(100.0f)};
  EXPECT_EQ(categorical_from_logits(view<bfloat16 const>(stored), 1e-9), 1);
}

TEST(Random, CategoricalDrawsNothingFromNonsense) {
  double const infinity = std::numeric_limits<double>::infinity(),
               nan      = std::numeric_limits<double>::quiet_NaN();
  double const largest  = std::numeric_limits<double>::max();
  using list            = std::vector<double>;
  for (list const& weights :
       {list{}, list{0, 0}, list{1, -1e-9}, list{1, nan}, list{infinity, 1}, list{largest, largest}}) {
    EXPECT_EQ(categorical(view<double const>(weights), 0.5), -1) << testing::PrintToString(weights);
  }
  for (list const& logits :
       {list{}, list{-infinity, -infinity}, list{1, nan}, list{nan, 1}, list{infinity, 1}}) {
    EXPECT_EQ(categorical_from_logits(view<double const>(logits), 0.5), -1) << testing::PrintToString(logits);
  }
}

TEST(Random, ShuffleByHand) {
  // below(3), then below(2): 11307114055752567099 mod 3 = 0, 1350887118657991639 mod 2 = 1 (nothing is
  // refused: 2^64 mod 3 = 1). a b c: the last changes with item 0, c b a; then b with itself.
  std::vector<char> items{'a', 'b', 'c'};
  random_stream(42).shuffle(view<char>(items));
  EXPECT_EQ(items, (std::vector{'c', 'b', 'a'}));

  std::vector<int> order(3);
  random_stream(42).permutation(view<int>(order));
  EXPECT_EQ(order, (std::vector{2, 1, 0}));
  random_stream(42).permutation(view<int>());
}

// sum (count - expected)^2 / expected
double chi_square(std::vector<double> const& counts, std::vector<double> const& probabilities) {
  double draws = 0, sum = 0;
  for (double count : counts) draws += count;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    double const expected = draws * probabilities[i];
    sum += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  return sum;
}
double chi_square(std::vector<double> const& counts) {
  return chi_square(counts, std::vector<double>(counts.size(), 1.0 / static_cast<double>(counts.size())));
}

template <class T>
class RandomFrequencies : public testing::Test {};
using floats = testing::Types<float, double>;
TYPED_TEST_SUITE(RandomFrequencies, floats, );

TYPED_TEST(RandomFrequencies, Uniform) {
  random_stream stream(1, 2);
  std::vector<double> first(256), low_digits(256), pairs(64), positive(256);
  TypeParam previous = stream.uniform<TypeParam>();
  for (int i = 0; i < 200000; ++i) {
    TypeParam const u = stream.uniform<TypeParam>();
    ASSERT_TRUE(0 <= u && u < 1);
    ++first[static_cast<std::size_t>(u * 256)];
    TypeParam const scaled = u * TypeParam(65536);  // the digits from the 17th on
    ++low_digits[static_cast<std::size_t>((scaled - std::floor(scaled)) * 256)];
    ++pairs[static_cast<std::size_t>(previous * 8) * 8 + static_cast<std::size_t>(u * 8)];
    previous          = u;
    TypeParam const v = stream.uniform_positive<TypeParam>();
    ASSERT_TRUE(0 < v && v <= 1);
    ++positive[static_cast<std::size_t>(std::ceil(v * 256)) - 1];
  }
  EXPECT_LT(chi_square(first), 330.52);  // 255 degrees of freedom
  EXPECT_LT(chi_square(low_digits), 330.52);
  EXPECT_LT(chi_square(positive), 330.52);
  EXPECT_LT(chi_square(pairs), 103.44);  // 63
}

TYPED_TEST(RandomFrequencies, Normal) {
  // The quantiles i / 16 of the standard normal distribution for i = 9 ... 15; the others by symmetry.
  std::array const upper{0.1573106846101707,  0.31863936396437516, 0.4887764111146695, 0.67448975019608174,
                         0.88714655901887606, 1.1503493803760082,  1.5341205443525463};
  auto const bin = [&](double x) {
    auto const above = std::upper_bound(upper.begin(), upper.end(), std::abs(x)) - upper.begin();
    return static_cast<std::size_t>(x < 0 ? 7 - above : 8 + above);
  };
  random_stream stream(3);
  std::vector<double> first(16), second(16), joint(256);
  for (int i = 0; i < 200000; ++i) {
    auto const pair = stream.normal_pair<TypeParam>();
    ++first[bin(pair.first)];
    ++second[bin(pair.second)];
    ++joint[16 * bin(pair.first) + bin(pair.second)];
  }
  EXPECT_LT(chi_square(first), 37.70);  // 15 degrees of freedom
  EXPECT_LT(chi_square(second), 37.70);
  EXPECT_LT(chi_square(joint), 330.52) << "the two of a pair are independent";
}

TYPED_TEST(RandomFrequencies, Cauchy) {
  random_stream stream(4);
  std::vector<double> counts(16);
  for (int i = 0; i < 200000; ++i) {  // its distribution function is 1/2 + atan(x) / pi
    double const u = 0.5 + std::atan(static_cast<double>(stream.cauchy<TypeParam>())) / 3.141592653589793;
    ++counts[std::min<std::size_t>(15, static_cast<std::size_t>(u * 16))];
  }
  EXPECT_LT(chi_square(counts), 37.70);
}

TEST(RandomFrequencies, Below) {
  random_stream stream(5);
  std::vector<double> counts(12), thirds(3);
  std::uint64_t const large = std::uint64_t{3}
                              << 62;  // a plain remainder would draw the first third twice as often
  for (int i = 0; i < 120000; ++i) {
    ++counts[stream.below(12)];
    ++thirds[stream.below(large) >> 62];
  }
  EXPECT_LT(chi_square(counts), 31.26);  // 11 degrees of freedom
  EXPECT_LT(chi_square(thirds), 13.82);  // 2
}

TEST(RandomFrequencies, Categorical) {
  std::vector<double> const weights{1, 0, 3, 0.5, 0, 2, 1.5};
  std::vector<float> logits;
  for (double w : weights) logits.push_back(static_cast<float>(std::log(w)) - 50);  // log(0) = -inf
  random_stream stream(6);
  std::vector<double> counts(7), counts_from_logits(7);
  for (int i = 0; i < 80000; ++i) {
    ++counts[static_cast<std::size_t>(stream.categorical(view(weights)))];
    ++counts_from_logits[static_cast<std::size_t>(stream.categorical_from_logits(view(logits)))];
  }
  for (auto* drawn : {&counts, &counts_from_logits}) {
    EXPECT_EQ((*drawn)[1] + (*drawn)[4], 0);
    std::vector<double> const possible{(*drawn)[0], (*drawn)[2], (*drawn)[3], (*drawn)[5], (*drawn)[6]};
    EXPECT_LT(chi_square(possible, {0.125, 0.375, 0.0625, 0.25, 0.1875}), 18.47);  // 4 degrees of freedom
  }
}

TEST(RandomFrequencies, Permutation) {
  std::vector<double> counts(256);
  for (std::uint64_t trial = 0; trial < 48000; ++trial) {
    std::array<int, 4> order;
    random_stream(7, trial).permutation(
        view<int>(order));  // a stream each: streams must be independent as well
    ++counts[static_cast<std::size_t>(order[0] + 4 * order[1] + 16 * order[2] + 64 * order[3])];
    std::sort(order.begin(), order.end());
    ASSERT_EQ(order, (std::array{0, 1, 2, 3}));
  }
  std::erase(counts, 0.0);
  ASSERT_EQ(counts.size(), 24u);
  EXPECT_LT(chi_square(counts), 49.73);  // 23 degrees of freedom
}

}  // namespace
}  // namespace poft
