// Training on the device: the oracle's parameters after some steps, resuming, files.
// SPDX-License-Identifier: MIT
#include <filesystem>

#include "cuda/on_device.cuh"
#include "train/as_one_by_one.hpp"
#include "train/in_bfloat16.hpp"

namespace {

using namespace poft_test;

class cuda_trainer : public on_device {};

std::filesystem::path scratch(char const* name) { return std::filesystem::path(testing::TempDir()) / name; }

TEST_F(cuda_trainer, is_the_oracle) {
  for (bool const llama : {false, true}) expect_training_of_one_by_one<float>(device(), llama);
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

}  // namespace
