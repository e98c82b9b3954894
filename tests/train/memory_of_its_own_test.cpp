// The trainer on a backend with memory of its own: steps, checkpoints, files, own samples, what is not finite.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "backend/guarded.hpp"
#include "poft/train/on_policy.hpp"
#include "train/as_one_by_one.hpp"

namespace {

using namespace poft_test;
using backend = guarded<poft::one_by_one>;

TEST(TrainerInMemoryOfItsOwn, IsTheOracle) {
  for (bool const llama : {false, true}) {
    expect_training_of_one_by_one<double>(backend{}, llama);
    expect_training_of_one_by_one<float>(backend{}, llama);
  }
}

TEST(TrainerInMemoryOfItsOwn, ResumesAndWritesFiles) {
  expect_resume_and_files<float>(backend{},
                                 std::filesystem::path(testing::TempDir()) / "poft_memory_of_its_own");
}

TEST(TrainerInMemoryOfItsOwn, SamplesOfThePolicyHaveItsLogProbs) {
  auto model = model_to_train<backend, double>({}, trained_config(true));
  std::vector<std::int32_t> const a{1}, b{2, 3};
  poft::dataset::tokens const prompts[] = {a, b};
  auto const samples = poft::sample_responses(model, std::span<poft::dataset::tokens const>(prompts), 3,
                                              {.new_tokens = 3, .seed = 4});
  auto const again   = poft::response_log_probs(model, samples);
  ASSERT_EQ(again.size(), 18u);
  for (std::size_t t = 0; t < again.size(); ++t)
    EXPECT_NEAR(samples.column("old_log_prob")[t], again[t], 1e-12);
}

// Finite losses whose gradient overflows float.
TEST(TrainerInMemoryOfItsOwn, StopsOnAGradientThatIsNotFinite) {
  auto model        = model_to_train<backend, float>({}, trained_config(false));
  auto const before = parameters_of(model);
  poft::dataset data;
  for (std::int32_t e = 0; e < 4; ++e) data.add(std::vector{e}, {std::vector{e + 1, 2}});
  data.set("example_weight", {1, 1, 1e41, 1});
  auto settings  = settings_to_train();
  settings.batch = 4;
  try {
    poft::trainer<backend, float>(model, {{poft::make_objective("nll")}}, settings).run(data);
    FAIL();
  } catch (poft::value_error const& problem) {
    EXPECT_TRUE(std::string(problem.what())
                    .starts_with("train: step 1: example 2: objective nll: the gradient of transformer."))
        << problem.what();
  }
  EXPECT_EQ(parameters_of(model), before);
}

}  // namespace
