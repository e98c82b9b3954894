// Data sets: who may see what, how much is spoilt, dictionaries, and the tokenizer that merges pairs.
// SPDX-License-Identifier: MIT
#include "text_study/corpus.hpp"

#include <gtest/gtest.h>

#include "study/journal.hpp"
#include "support/scratch_folder.hpp"
#include "text_study/dictionary.hpp"
#include "text_study/made_up_dictionary.hpp"

namespace {

using namespace text_study;

std::set<std::string> prompts_of(std::vector<sample> const& samples) {
  std::set<std::string> out;
  for (sample const& one : samples) out.insert(one.prompt);
  return out;
}

TEST(corpus, nobody_sees_the_prompts_of_another_pool) {
  support::scratch_folder const at("poft_text_corpus");
  write_made_up_dictionary(at.path, "foldoc");
  library const books(at.path);
  std::map<pool, std::set<std::string>> seen;
  for (pool const from : {pool::base, pool::aligned, pool::target, pool::held_out}) {
    for (std::uint64_t const seed : {1, 2, 3}) {
      for (std::string const name : {"curated", "poor", "pairing40"})
        seen[from].merge(prompts_of(draw_samples(recipe_of(name), from, 300, books, seed)));
    }
    EXPECT_GT(seen[from].size(), 1000u);
  }
  for (auto const& [a, of_a] : seen) {
    for (auto const& [b, of_b] : seen) {
      for (std::string const& prompt : of_b) EXPECT_EQ(of_a.contains(prompt), a == b) << prompt;
    }
  }
}

TEST(corpus, equal_seeds_give_equal_samples) {
  auto const text = [](std::uint64_t seed) {
    std::string out;
    for (sample const& one : draw_samples(recipe_of("mixed"), pool::target, 100, {}, seed))
      out += one.prompt + ":" + one.response + (one.clean ? "\n" : "*\n");
    return out;
  };
  EXPECT_EQ(text(1), text(1));
  EXPECT_NE(text(1), text(2));
}

std::size_t distance(std::string const& a, std::string const& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0]             = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t const replaced = corner + (a[i - 1] != b[j - 1]);
      corner                     = row[j];
      row[j]                     = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

TEST(corpus, shares_of_noise) {
  recipe const plain{.name = "test", .definitions = 0};
  auto const clean = draw_samples(plain, pool::target, 500, {}, 1);
  std::multiset<std::string> right;
  for (sample const& one : clean) {
    EXPECT_TRUE(one.clean);
    EXPECT_EQ(one.response, answer_to(one.prompt));
    right.insert(one.response);
  }
  for (double const share : {0.0, 0.2, 0.4}) {
    poft::random_stream random(3);
    auto paired = clean, changed = clean;
    pair_at_random(paired, share, random);
    change_characters(changed, share, random);
    int spoilt = 0, edited = 0;
    for (std::size_t k = 0; k < clean.size(); ++k) {
      EXPECT_EQ(paired[k].clean, paired[k].response == clean[k].response);
      EXPECT_TRUE(right.contains(paired[k].response));
      EXPECT_EQ(changed[k].clean, changed[k].response == clean[k].response);
      EXPECT_LE(distance(changed[k].response, clean[k].response), 3u);
      EXPECT_FALSE(changed[k].response.empty());
      spoilt += !paired[k].clean;
      edited += !changed[k].clean;
    }
    EXPECT_EQ(spoilt, 500 * share);
    EXPECT_EQ(edited, 500 * share);
  }
  // Several kinds do not meet in one sample.
  recipe const all{.name = "test", .definitions = 0, .pairing = 0.2, .characters = 0.3, .slips = 0.1};
  int spoilt = 0;
  for (sample const& one : draw_samples(all, pool::target, 500, {}, 1)) {
    spoilt += !one.clean;
    EXPECT_EQ(one.clean, one.response == answer_to(one.prompt));
  }
  EXPECT_EQ(spoilt, 300);
}

TEST(corpus, mixes) {
  support::scratch_folder const at("poft_text_mixes");
  write_made_up_dictionary(at.path, "foldoc");
  library const books(at.path);
  recipe one{.name = "test", .definitions = 0.3};
  one.mix         = {1, 0, 0, 0, 0, 3};
  int definitions = 0, copies = 0, substitutions = 0;
  for (sample const& s : draw_samples(one, pool::target, 1000, books, 1)) {
    definitions += s.prompt.starts_with("define ");
    copies += s.prompt.starts_with("copy ");
    substitutions += s.prompt.starts_with("sub ");
  }
  EXPECT_EQ(definitions, 300);
  EXPECT_EQ(copies + substitutions, 700);
  EXPECT_NEAR(copies, 175, 40);  // 3.5 standard deviations
  EXPECT_THROW(recipe_of("perfect"), poft::value_error);
}

TEST(dictionary, words_and_their_definitions) {
  support::scratch_folder const at("poft_text_dictionary");
  // A place and a length are digits in base 64, the highest first: B is 1, BA 64.
  std::string const first  = "widget\n\n   <graphics> A small [1] {thing}.  More of it.\n",
                    second = "gadget is\nit\n";
  study::write_whole(at.path / "x.dict", first + second);
  std::string const length = {
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[first.size()]};
  study::write_whole(at.path / "x.index", "00-database-info\tA\tB\nTwo words\tA\tB\ngadget\t" + length +
                                              "\tN\twritten Gadget\nwidget\tA\t" + length + "\n");
  auto const words = read_dictionary(at.path, "x");
  ASSERT_EQ(words.size(), 2u);
  EXPECT_EQ(words[0].word, "gadget");
  EXPECT_EQ(words[0].body, second);
  EXPECT_EQ(words[1].body, first);
  EXPECT_EQ(curated(words[1], 24), "A small thing");
  EXPECT_EQ(curated(words[1], 8), "A small");
  EXPECT_EQ(uncurated(words[1], 24), "<graphics> A small [1] {");

  for (auto const& [index, said] : {std::pair{"widget\tA\n", "x.index:1"},
                                    {"00-database\nwidget\tA\t!\n", "x.index:2"},
                                    {"widget\tB\tzzz\n", "behind the end"}}) {
    study::write_whole(at.path / "x.index", index);
    try {
      read_dictionary(at.path, "x");
      ADD_FAILURE() << index;
    } catch (poft::format_error const& problem) {
      EXPECT_NE(std::string(problem.what()).find(said), std::string::npos) << problem.what();
    }
  }
  EXPECT_THROW(read_dictionary(at.path, "y"), poft::io_error);
  EXPECT_TRUE(library(at.path / "nowhere").empty());
}

}  // namespace
