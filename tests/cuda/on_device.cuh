// What the tests of the CUDA backend share: arrays that travel, and a test that is left out where there is no device.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "poft/backend/cuda/backend.cuh"
#include "poft/core/random.hpp"
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
class travelling {
 public:
  std::vector<T> host;

  travelling(poft::cuda::backend const& device, std::vector<T> elements)
      : host(std::move(elements)), device_(device), there_(device.allocate<T>(std::ssize(host))) {
    if (!host.empty()) device_.copy<T>(poft::view<T const>(host), there());
  }
  poft::view<T> there() { return {there_.data(), std::ssize(host)}; }
  poft::view<T, 2> there(std::ptrdiff_t rows, std::ptrdiff_t columns) {
    return {there_.data(), rows, columns};
  }
  std::span<T> span() { return {there_.data(), host.size()}; }
  /// Brings back what the device has.
  std::vector<T> const& back() {
    if (!host.empty()) device_.read<T>(poft::view<T const>(there()), poft::view<T>(host));
    return host;
  }

 private:
  poft::cuda::backend const& device_;
  poft::cuda::buffer<T> there_;
};

template <class T>
std::vector<T> some_numbers(std::ptrdiff_t size, std::uint64_t seed, double scale = 1) {
  poft::random_stream random(seed);
  std::vector<T> out(static_cast<std::size_t>(size));
  for (T& x : out) x = static_cast<T>(static_cast<float>(scale * (2 * random.uniform<double>() - 1)));
  return out;
}

}  // namespace poft_test
