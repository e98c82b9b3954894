// The tasks: answers by hand, drawn prompts, and slips that are wrong.
// SPDX-License-Identifier: MIT
#include "text_study/tasks.hpp"

#include <gtest/gtest.h>

#include <map>

#include "poft/core/error.hpp"

namespace {

using namespace text_study;

TEST(tasks, answers_by_hand) {
  EXPECT_EQ(answer_to("copy dabf"), "dabf");
  EXPECT_EQ(answer_to("rev dabf"), "fbad");
  EXPECT_EQ(answer_to("sort dabf"), "abdf");
  EXPECT_EQ(answer_to("add 47 8"), "55");
  EXPECT_EQ(answer_to("add 99 99"), "198");
  EXPECT_EQ(answer_to("count a abcab"), "2");
  EXPECT_EQ(answer_to("count c abab"), "0");
  EXPECT_EQ(answer_to("sub ab dabf"), "dbbf");
}

// Counted and compared letter by letter, without the functions that answer.
TEST(tasks, drawn_prompts_have_the_answers_of_their_task) {
  poft::random_stream random(1);
  for (int k = 0; k < task_count; ++k) {
    auto const kind = static_cast<task>(k);
    for (int i = 0; i < 200; ++i) {
      std::string const prompt = draw_prompt(kind, random), answer = answer_to(prompt);
      ASSERT_EQ(task_of(prompt), kind) << prompt;
      ASSERT_LE(answer.size(), longest_answer);
      std::string const text = prompt.substr(prompt.rfind(' ') + 1);
      std::map<char, int> left, right;
      for (char const c : text) ++left[c];
      for (char const c : answer) ++right[c];
      std::size_t const n = text.size();
      switch (kind) {
        case task::copy:
          EXPECT_EQ(answer, text);
          break;
        case task::reverse:
          for (std::size_t j = 0; j < n; ++j) EXPECT_EQ(answer[j], text[n - 1 - j]);
          break;
        case task::sort:
          EXPECT_EQ(left, right);
          for (std::size_t j = 1; j < n; ++j) EXPECT_LE(answer[j - 1], answer[j]);
          break;
        case task::add:
          EXPECT_EQ(std::stoi(answer), std::stoi(prompt.substr(4)) + std::stoi(text)) << prompt;
          break;
        case task::count:
          EXPECT_EQ(std::stoi(answer), left[prompt[6]]) << prompt;
          break;
        case task::substitute:
          ASSERT_NE(left[prompt[4]], 0) << prompt;
          for (std::size_t j = 0; j < n; ++j)
            EXPECT_EQ(answer[j], text[j] == prompt[4] ? prompt[5] : text[j]);
          break;
      }
    }
  }
}

TEST(tasks, slips_are_wrong_and_near) {
  poft::random_stream random(2);
  for (int k = 0; k < task_count; ++k) {
    for (int i = 0; i < 200; ++i) {
      std::string const prompt = draw_prompt(static_cast<task>(k), random), said = slip(prompt, random);
      EXPECT_NE(said, answer_to(prompt)) << prompt;
      EXPECT_LE(said.size(), longest_answer);
    }
  }
  EXPECT_EQ(slip("add 47 8", random), "45");   // without the carry
  EXPECT_EQ(slip("add 12 13", random), "26");  // there is none to forget
  EXPECT_EQ(slip("copy aaa", random), "aaaa");
  EXPECT_EQ(slip("sub ab cada", random).size(), 4u);
}

TEST(tasks, other_prompts_are_of_no_task) {
  for (char const* prompt :
       {"", "copy", "copy ", "define add", "add 4 x", "add -4 5", "count ab abc", "sub a abc", "sort a b"})
    EXPECT_FALSE(task_of(prompt)) << prompt;
  EXPECT_THROW(answer_to("define widget"), poft::value_error);
}

}  // namespace
