// Models of the study: scores in each model's own tokens, answers, held-out prompts, training that goes on.
// SPDX-License-Identifier: MIT
#include "text_study/models.hpp"

#include <gtest/gtest.h>

#include <set>

#include "poft/text/learn_byte_pairs.hpp"
#include "poft/train/score.hpp"
#include "support/scratch_folder.hpp"
#include "text_study/made_up_dictionary.hpp"

namespace {

using namespace text_study;

model_plan tiny(std::string const& name, family kind, int merges) {
  return {.name     = name,
          .kind     = kind,
          .layers   = 1,
          .channels = 32,
          .merges   = merges,
          .data     = {.name = name},
          .samples  = 200,
          .steps    = 30};
}

std::vector<double> log_probs_by_hand(language_model& model, std::vector<sample> const& samples) {
  // Token by token from the sums that the library gives for every token.
  auto const data     = encoded(*model.tokens, samples);
  auto const of_token = poft::response_log_probs(*model.net, data);
  std::vector<double> sums(samples.size());
  for (std::size_t k = 0; k < samples.size(); ++k) {
    for (auto t = data.token_offset(static_cast<std::int64_t>(k));
         t < data.token_offset(static_cast<std::int64_t>(k) + 1); ++t)
      sums[k] += of_token[static_cast<std::size_t>(t)];
  }
  return sums;
}

std::size_t own_tokens(language_model const& model, std::string const& response) {
  std::vector<std::int32_t> ids;
  model.tokens->encode(response, ids);
  return ids.size() + 1;  // <|end|>
}

// Eq. 5 of arXiv:2412.12865: T_j is the number of tokens of model j. With the target's (bytes) the scores would differ.
TEST(models, scores_are_per_token_of_each_models_own_tokenizer) {
  support::scratch_folder const at("text_models_scores");
  std::vector<language_model> aligned;
  aligned.push_back(train_model(tiny("bytes", family::gpt, 0), {}, at.path));
  aligned.push_back(train_model(tiny("pairs", family::llama, 80), {}, at.path));
  auto const samples = draw_samples({.name = "test", .definitions = 0}, pool::target, 40, {}, 1);
  auto const scores  = preference_scores(aligned, samples);
  auto const first = log_probs_by_hand(aligned[0], samples), second = log_probs_by_hand(aligned[1], samples);
  int differ = 0;
  for (std::size_t k = 0; k < samples.size(); ++k) {
    auto const bytes = static_cast<double>(samples[k].response.size() + 1),
               pairs = static_cast<double>(own_tokens(aligned[1], samples[k].response));
    EXPECT_NEAR(scores[k], (first[k] / bytes + second[k] / pairs) / 2, 1e-9);
    EXPECT_LE(pairs, bytes);
    double const with_bytes = (first[k] / bytes + second[k] / bytes) / 2;
    EXPECT_EQ(std::abs(scores[k] - with_bytes) > 1e-3, pairs < bytes);
    differ += pairs < bytes;
  }
  EXPECT_GT(differ, 5);
}

TEST(models, a_prompt_ends_where_the_answer_begins_and_the_end_is_part_of_it) {
  poft::byte_tokenizer const tokens;
  EXPECT_EQ(prompt_tokens(tokens, "ab"), (std::vector<std::int32_t>{257, 'a', 'b', 258}));
  EXPECT_EQ(response_tokens(tokens, "c"), (std::vector<std::int32_t>{'c', 256}));
  sample const one{"ab", "c"};
  auto const alone = encoded_alone(tokens, std::span(&one, 1));
  EXPECT_EQ(alone.prompt(0).size(), 1u);
  EXPECT_EQ(alone.response(0).size(), 2u);
  EXPECT_FALSE((answer{"55", false} == std::string("55")));
  EXPECT_TRUE((answer{"55", true} == std::string("55")));
}

TEST(models, held_out_prompts) {
  support::scratch_folder const at("text_models_held_out");
  write_made_up_dictionary(at.path, "foldoc");
  held_out_set const set(60, 30, library(at.path), 3);
  EXPECT_EQ(set.test.size(), 60u);
  EXPECT_EQ(set.validation.size(), 30u);
  EXPECT_EQ(set.definitions.size(), 15u);
  std::map<task, int> found;
  std::set<std::string> all(set.validation.begin(), set.validation.end());
  for (std::string const& prompt : set.test) {
    EXPECT_EQ(pool_of(prompt), pool::held_out);
    EXPECT_TRUE(all.insert(prompt).second) << prompt;
    ++found[*task_of(prompt)];
  }
  for (int k = 0; k < task_count; ++k) EXPECT_EQ(found[static_cast<task>(k)], 10);
}

// The same numbers, prompt by prompt.
TEST(models, accuracy_is_that_of_generated_answers) {
  support::scratch_folder const at("text_models_accuracy");
  auto model = train_model(tiny("measured", family::gpt, 0), {}, at.path);
  held_out_set const set(60, 30, {}, 1);
  measurement const now = measure(model, set);
  std::map<task, double> right;
  for (std::string const& prompt : set.test) {
    std::vector<std::string> const one{prompt};
    right[*task_of(prompt)] += answers(model, one, longest_answer)[0] == answer_to(prompt);
  }
  EXPECT_NEAR(now.count, right[task::count] / 10, 1e-12);
  EXPECT_NEAR(now.add, right[task::add] / 10, 1e-12);
  double sum = 0;
  for (auto const& [kind, count] : right) sum += count / 60;
  EXPECT_NEAR(now.accuracy, sum, 1e-12);
  EXPECT_TRUE(std::isnan(now.definition_nats));
  EXPECT_GT(now.nats, 0);
  EXPECT_LT(now.nats, 6);  // below a uniform distribution over 260 tokens, log 260 = 5.6, or about it
}

TEST(models, a_trained_model_is_taken_from_its_folder) {
  support::scratch_folder const at("text_models_again");
  auto const plan  = tiny("again", family::llama, 0);
  auto const first = train_model(plan, {}, at.path);
  auto const files = at.files();
  auto const again = train_model(plan, {}, at.path);
  EXPECT_EQ(at.files(), files);
  EXPECT_TRUE(
      std::ranges::equal(std::as_const(*first.net).parameters(), std::as_const(*again.net).parameters()));
  auto other         = plan;
  other.steps        = 20;
  auto const shorter = train_model(other, {}, at.path);
  EXPECT_GT(at.files(), files);
  EXPECT_FALSE(
      std::ranges::equal(std::as_const(*first.net).parameters(), std::as_const(*shorter.net).parameters()));
  auto const copy = first.clone();
  copy.net->parameters()[0] += 1;
  EXPECT_NE(copy.net->parameters()[0], std::as_const(*first.net).parameters()[0]);
}

}  // namespace
