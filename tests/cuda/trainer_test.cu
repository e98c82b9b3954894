// Training on the device: the oracle's parameters after some steps, resuming, files.
// SPDX-License-Identifier: MIT
#include "cuda/on_device.cuh"
#include "train/as_one_by_one.hpp"

namespace {

using namespace poft_test;

class cuda_trainer : public on_device {};

TEST_F(cuda_trainer, is_the_oracle) {
  for (bool const llama : {false, true}) {
    expect_training_of_one_by_one<float>(device(), llama);
    expect_training_of_one_by_one<double>(device(), llama);
  }
}

TEST_F(cuda_trainer, resumes_and_writes_files) {
  expect_resume_and_files<float>(device(), std::filesystem::path(testing::TempDir()) / "poft_cuda_trainer");
}

}  // namespace
