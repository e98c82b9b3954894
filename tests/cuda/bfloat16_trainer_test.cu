// Training in bfloat16 on the device: masters, resuming, files.
// SPDX-License-Identifier: MIT
#include "cuda/on_device.cuh"
#include "train/in_bfloat16.hpp"

namespace {

using namespace poft_test;

class cuda_bfloat16_trainer : public on_device {};

TEST_F(cuda_bfloat16_trainer, goes_the_way_of_the_oracle) {
  for (bool const llama : {false, true}) expect_training_in_bfloat16(device(), llama);
}

TEST_F(cuda_bfloat16_trainer, resumes_and_writes_files) {
  expect_resume_and_files<poft::bfloat16>(
      device(), std::filesystem::path(testing::TempDir()) / "poft_cuda_bfloat16_trainer");
}

TEST_F(cuda_bfloat16_trainer, starts_in_float) { expect_a_start_in_float(device()); }

}  // namespace
