// The trainer of models in bfloat16: masters, resuming, files.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "poft/backend/eigen/backend.hpp"
#include "train/in_bfloat16.hpp"

namespace {

using namespace poft_test;
using backend = poft::eigen::backend;

TEST(TrainerInBfloat16, GoesTheWayOfTheOracle) {
  for (bool const llama : {false, true}) expect_training_in_bfloat16(backend{}, llama);
}

TEST(TrainerInBfloat16, ResumesAndWritesFiles) {
  expect_resume_and_files<poft::bfloat16>(backend{},
                                          std::filesystem::path(testing::TempDir()) / "poft_bfloat16");
}

TEST(TrainerInBfloat16, StartsInFloat) { expect_a_start_in_float(backend{}); }

}  // namespace
