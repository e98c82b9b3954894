// The corpus: what is made up, what is read, and what is refused.
// SPDX-License-Identifier: MIT
#include "length_study/corpus.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace {

using namespace length_study;

// The stated distribution: letters log-normal of median 10 and sigma 0.5, so that half have at most 10 (rounded: P(z < ln(10.5/10)
// / 0.5) = 0.539), and those that are too long are hardly missed.
TEST(corpus, lengths_are_log_normal) {
  auto const corpus  = draw_corpus(20000, 1);
  double at_most_ten = 0, squares = 0, mean = 0;
  for (sample const& one : corpus) {
    auto const count = static_cast<double>(one.response.size() - 1);
    at_most_ten += count <= 10;
    mean += std::log(count) / 20000;
    squares += std::log(count) * std::log(count) / 20000;
  }
  EXPECT_NEAR(at_most_ten / 20000, 0.544, 0.015);  // 0.539 over the 0.991 that are not too long
  EXPECT_NEAR(mean, std::log(10.0), 0.03);
  EXPECT_NEAR(std::sqrt(squares - mean * mean), 0.5, 0.03);
  // The mode of a log-normal is exp(mu - sigma^2) = 7.8 letters, and the end token.
  EXPECT_NEAR(static_cast<double>(most_common_length(corpus)), 8.8, 1.3);
}

TEST(corpus, samples_end_and_repeat_their_prompt) {
  auto const corpus = draw_corpus(2000, 2);
  double repeated = 0, all = 0;
  for (sample const& one : corpus) {
    ASSERT_EQ(one.prompt.size(), prompt_letters + 1);
    ASSERT_EQ(one.response.back(), end_token);
    ASSERT_GE(one.response.size(), 2u);
    ASSERT_LE(std::ssize(one.response), longest_response);
    for (std::size_t i = 0; i + 1 < one.response.size(); ++i) {
      ASSERT_NE(one.response[i], end_token);
      repeated += one.response[i] == one.prompt[i % prompt_letters];
      all += 1;
    }
  }
  EXPECT_NEAR(repeated / all, 0.9 + 0.1 / letters, 0.01);
  EXPECT_EQ(fingerprint_of(corpus), fingerprint_of(draw_corpus(2000, 2)));
  EXPECT_NE(fingerprint_of(corpus), fingerprint_of(draw_corpus(2000, 3)));
}

TEST(corpus, most_common_length_is_of_the_smoothed_histogram) {
  std::vector<sample> corpus;
  auto const add = [&](std::size_t length, int times) {
    for (int k = 0; k < times; ++k) corpus.push_back({{2, 1}, tokens(length, 0)});
  };
  add(3, 5), add(4, 4), add(5, 4), add(20, 6);  // 20 stands alone: 12 against 5 + 8 + 4 around 4
  EXPECT_EQ(most_common_length(corpus), 4);
}

TEST(corpus, prompts_are_held_out) {
  auto const pools = split_prompts(draw_corpus(5000, 1), 200, 100);
  EXPECT_EQ(pools.training.size(), 200u);
  EXPECT_EQ(pools.held_out.size(), 100u);
  for (tokens const& one : pools.held_out)
    EXPECT_EQ(std::count(pools.training.begin(), pools.training.end(), one), 0);
  std::vector<sample> const few{{{2, 1}, {3, 0}}, {{3, 1}, {3, 0}}, {{4, 1}, {3, 0}}};
  EXPECT_EQ(split_prompts(few, 200, 100).training.size(), 1u);
  EXPECT_EQ(split_prompts(few, 200, 100).held_out.size(), 2u);
  support::expect_error<poft::value_error>(
      [&] {
        split_prompts({few[0], few[0]}, 200, 100);
      },
      {"corpus", "1 different prompts", "at least 2"});
}

TEST(corpus, files) {
  support::scratch_folder const at("length_corpus");
  auto const read = [&](std::string const& text) {
    study::write_whole(at / "corpus.txt", text);
    return read_corpus(at / "corpus.txt");
  };
  auto const two = read("abc\tabca.\nh\tg.\n");
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].prompt, (tokens{2, 3, 4, 1}));
  EXPECT_EQ(two[0].response, (tokens{2, 3, 4, 2, 0}));
  auto const refused = [&](std::string const& text, std::initializer_list<char const*> parts) {
    support::expect_error<poft::format_error>([&] { read(text); }, parts);
  };
  refused("abc\tabca.\nabc\tabca\n", {"corpus.txt:2", "abca", "no end token"});
  refused("abc\t\n", {"corpus.txt:1", "no end token"});
  refused("abc\tabca.\nabc\t.\n", {"corpus.txt:2", "empty"});
  refused("abc abca.\n", {"corpus.txt:1", "tab"});
  refused("abc\tabz.\n", {"corpus.txt:1", "'z'", "abcdefgh"});
  refused("abc\ta.b.\n", {"corpus.txt:1", "'.'"});
  refused("\tab.\n", {"corpus.txt:1", "prompt"});
  refused("abcdefgh\tab.\n", {"corpus.txt:1", "prompt"});
  refused("abc\t" + std::string(32, 'a') + ".\n", {"corpus.txt:1", "32 letters"});
  refused("", {"corpus.txt", "no samples"});
  support::expect_error<poft::io_error>([&] { read_corpus(at / "nowhere.txt"); }, {"nowhere.txt"});
}

}  // namespace
