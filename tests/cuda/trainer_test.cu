// Training on the device: the oracle's parameters after some steps, resuming, files, processes, own samples.
// SPDX-License-Identifier: MIT
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "cuda/on_device.cuh"
#include "poft/core/communicator.hpp"
#include "poft/train/on_policy.hpp"
#include "train/as_one_by_one.hpp"
#include "train/in_bfloat16.hpp"

namespace {

using namespace poft_test;

class cuda_trainer : public on_device {};

std::filesystem::path scratch(char const* name) { return std::filesystem::path(testing::TempDir()) / name; }

TEST_F(cuda_trainer, is_the_oracle) {
  for (bool const llama : {false, true}) {
    expect_training_of_one_by_one<double>(device(), llama);
    expect_training_of_one_by_one<float>(device().replaying(), llama);
  }
}

TEST_F(cuda_trainer, resumes_and_writes_files) {
  expect_resume_and_files<float>(device(), scratch("poft_cuda_trainer"));
}

TEST_F(cuda_trainer, goes_the_way_of_the_oracle_in_bfloat16) {
  for (bool const llama : {false, true}) expect_training_in_bfloat16(device(), llama);
}

TEST_F(cuda_trainer, resumes_and_writes_files_in_bfloat16) {
  expect_resume_and_files<poft::bfloat16>(device(), scratch("poft_cuda_bfloat16_trainer"));
}

TEST_F(cuda_trainer, starts_in_float) { expect_a_start_in_float(device()); }

/// Process 0 of two, the other of which does what this one does, in the device's memory.
class with_a_twin final : public poft::communicator {
 public:
  using communicator::broadcast;
  using communicator::sum;

  explicit with_a_twin(poft::cuda::backend const& device) : device_(device) {}

  int on_the_device = 0;

  int rank() const override { return 0; }
  int size() const override { return 2; }
  bool takes_backend_memory() const override { return true; }
  void sum(std::span<float> numbers) override { twice(numbers); }
  void sum(std::span<double> numbers) override { twice(numbers); }
  void broadcast(std::span<std::byte> bytes) override { on_the_device += is_there(bytes.data()); }
  void barrier() override {}

 private:
  static bool is_there(void const* data) {
    cudaPointerAttributes found{};
    poft::cuda::require(cudaPointerGetAttributes(&found, data), "the search for an address");
    return found.type == cudaMemoryTypeDevice;
  }
  template <class T>
  void twice(std::span<T> numbers) {
    auto const doubled = [](std::span<T> here) {
      for (T& number : here) number *= 2;
    };
    if (!is_there(numbers.data())) return doubled(numbers);
    ++on_the_device;
    poft::change_on_host(device_, numbers, doubled);
  }

  poft::cuda::backend device_;
};

TEST_F(cuda_trainer, processes_exchange_there) {
  auto const config = trained_config(false);
  auto data         = pairs_to_train(3);
  std::vector<std::int64_t> const examples{0, 1, 2, 0, 1, 2};
  std::vector<std::vector<double>> parameters;
  with_a_twin processes(device());
  for (poft::communicator* const given : std::vector<poft::communicator*>{nullptr, &processes}) {
    auto model = model_to_train<poft::cuda::backend, double>(device(), config);
    data.set("reference_log_prob", poft::response_log_probs(model, data));
    poft::trainer<poft::cuda::backend, double> trainer(model, {{poft::make_objective("dpo")}},
                                                       settings_to_train(), given);
    for (int step = 0; step < 3; ++step) trainer.step(data, examples);
    parameters.push_back(parameters_of(model));
  }
  EXPECT_EQ(processes.on_the_device, 4);  // the parameters once, each step's gradient
  for (std::size_t k = 0; k < parameters[0].size(); ++k)
    ASSERT_NEAR(parameters[1][k], parameters[0][k], 1e-12) << "parameter " << k;
}

TEST_F(cuda_trainer, samples_of_the_policy_have_its_log_probs) {
  auto model = model_to_train<poft::cuda::backend, double>(device(), trained_config(true));
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
TEST_F(cuda_trainer, stops_on_a_gradient_that_is_not_finite) {
  auto model        = model_to_train<poft::cuda::backend, float>(device(), trained_config(false));
  auto const before = parameters_of(model);
  poft::dataset data;
  for (std::int32_t e = 0; e < 4; ++e) data.add(std::vector{e}, {std::vector{e + 1, 2}});
  data.set("example_weight", {1, 1, 1e41, 1});
  auto settings  = settings_to_train();
  settings.batch = 4;
  try {
    poft::trainer<poft::cuda::backend, float>(model, {{poft::make_objective("nll")}}, settings).run(data);
    FAIL();
  } catch (poft::value_error const& problem) {
    EXPECT_TRUE(std::string(problem.what())
                    .starts_with("train: step 1: example 2: objective nll: the gradient of transformer."))
        << problem.what();
  }
  EXPECT_EQ(parameters_of(model), before);
}

}  // namespace
