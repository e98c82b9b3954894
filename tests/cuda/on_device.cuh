// What the tests of the CUDA backend share: arrays that travel, and a test that is left out where there is no device.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backend/travelling.hpp"
#include "poft/backend/cuda/backend.cuh"
#include "poft/core/view.hpp"

namespace poft_test {

/// Skips its tests, saying why, where no device can be had.
class on_device : public testing::Test {
 protected:
  void SetUp() override {
    try {
      device_.emplace();
    } catch (poft::cuda_error const& problem) {
      GTEST_SKIP() << problem.what();
    }
  }
  poft::cuda::backend const& device() const { return *device_; }

 private:
  std::optional<poft::cuda::backend> device_;
};

/// A vector of the host and its copy on the device.
template <class T>
using travelling = travelling_to<poft::cuda::backend, T>;

}  // namespace poft_test
