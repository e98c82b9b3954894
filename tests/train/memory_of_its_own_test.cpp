// The trainer on a backend with memory of its own: steps, checkpoints, files, own samples, what is not finite.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "backend/guarded.hpp"
#include "poft/core/communicator.hpp"
#include "poft/train/on_policy.hpp"
#include "train/as_one_by_one.hpp"

namespace {

using namespace poft_test;
using guarded_host = guarded<poft::one_by_one>;

TEST(TrainerInMemoryOfItsOwn, IsTheOracle) {
  for (bool const llama : {false, true}) {
    expect_training_of_one_by_one<double>(guarded_host{}, llama);
    expect_training_of_one_by_one<float>(guarded_host{}, llama);
  }
}

TEST(TrainerInMemoryOfItsOwn, ResumesAndWritesFiles) {
  expect_resume_and_files<float>(guarded_host{},
                                 std::filesystem::path(testing::TempDir()) / "poft_memory_of_its_own");
}

/// Process 0 of two, the other of which does what this one does, in the backend's memory.
class with_a_twin final : public poft::communicator {
 public:
  using communicator::broadcast;
  using communicator::sum;

  int in_backend_memory = 0;

  int rank() const override { return 0; }
  int size() const override { return 2; }
  bool takes_backend_memory() const override { return true; }
  void sum(std::span<float> numbers) override { twice(numbers); }
  void sum(std::span<double> numbers) override { twice(numbers); }
  void broadcast(std::span<std::byte> bytes) override { in_backend_memory += is_there(bytes.data()); }
  void barrier() override {}

 private:
  static bool is_there(void const* data) { return guarded_pages::all().hold(data); }
  template <class T>
  void twice(std::span<T> numbers) {
    guarded_pages::open const memory;
    in_backend_memory += is_there(numbers.data());
    for (T& number : numbers) number *= 2;
  }
};

TEST(TrainerInMemoryOfItsOwn, ProcessesExchangeThere) {
  auto const config = trained_config(false);
  auto data         = pairs_to_train(3);
  std::vector<std::int64_t> const examples{0, 1, 2, 0, 1, 2};
  std::vector<std::vector<double>> parameters;
  with_a_twin processes;
  for (poft::communicator* const given : std::vector<poft::communicator*>{nullptr, &processes}) {
    auto model = model_to_train<guarded_host, double>({}, config);
    data.set("reference_log_prob", poft::response_log_probs(model, data));
    poft::trainer<guarded_host, double> trainer(model, {{poft::make_objective("dpo")}}, settings_to_train(),
                                           given);
    for (int step = 0; step < 3; ++step) trainer.step(data, examples);
    parameters.push_back(parameters_of(model));
  }
  EXPECT_EQ(processes.in_backend_memory, 4);  // the parameters once, each step's gradient
  for (std::size_t k = 0; k < parameters[0].size(); ++k)
    ASSERT_NEAR(parameters[1][k], parameters[0][k], 1e-12) << "parameter " << k;
}

TEST(TrainerInMemoryOfItsOwn, SamplesOfThePolicyHaveItsLogProbs) {
  auto model = model_to_train<guarded_host, double>({}, trained_config(true));
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
  auto model        = model_to_train<guarded_host, float>({}, trained_config(false));
  auto const before = parameters_of(model);
  poft::dataset data;
  for (std::int32_t e = 0; e < 4; ++e) data.add(std::vector{e}, {std::vector{e + 1, 2}});
  data.set("example_weight", {1, 1, 1e41, 1});
  auto settings  = settings_to_train();
  settings.batch = 4;
  try {
    poft::trainer<guarded_host, float>(model, {{poft::make_objective("nll")}}, settings).run(data);
    FAIL();
  } catch (poft::value_error const& problem) {
    EXPECT_TRUE(std::string(problem.what())
                    .starts_with("train: step 1: example 2: objective nll: the gradient of transformer."))
        << problem.what();
  }
  EXPECT_EQ(parameters_of(model), before);
}

}  // namespace
