// The emulated device: that neither side can touch the other's memory, that work is late, and that it notices what only goes
// wrong where threads run at the same time; what programs say when a device goes wrong.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "backend/travelling.hpp"
#include "poft/backend/concept.hpp"
#include "poft/backend/cuda/backend.cuh"
#include "poft/primitive/backend_copy.hpp"
#include "support/refusal.hpp"
#include "train/as_one_by_one.hpp"

namespace {

using poft::cuda::backend;
using poft_test::travelling_to;

// An array of the host is no argument where rows cannot see it.
static_assert(!poft::works_in_host_memory<backend> && poft::works_in_host_memory<poft::one_by_one>);
static_assert(std::convertible_to<std::vector<std::int32_t>, poft::indices<poft::one_by_one, std::int32_t>>);
static_assert(!std::convertible_to<std::vector<std::int32_t>, poft::indices<backend, std::int32_t>>);

struct double_each {
  poft::row<float const> x;
  poft::row<float> y;
  bool unused = false;  // padding after it holds whatever was there

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    group.once([&] { y.set(r, 2 * x[r]); });
  }
};

TEST(emulated_device, the_host_cannot_touch_its_memory) {
  backend const device;
  auto room = device.allocate<float>(3);
  EXPECT_DEATH(static_cast<void>(*static_cast<float volatile*>(room.data())), "");
  EXPECT_DEATH(*static_cast<float volatile*>(room.data()) = 1, "");
}

TEST(emulated_device, kernels_are_not_given_the_hosts_memory) {
  backend const device;
  std::vector<float> host(4);
  travelling_to<backend, float> there(device, {1, 2, 3, 4});
  device.for_rows<float>(4, 1, double_each{{there.there().data()}, {there.there().data()}});
  EXPECT_EQ(there.back(), (std::vector<float>{2, 4, 6, 8}));
#if __has_builtin(__builtin_clear_padding)
  EXPECT_DEATH(device.for_rows<float>(1, 1, double_each{{host.data()}, {there.there().data()}}),
               "memory of the host");
  EXPECT_DEATH(device.for_rows<float>(1, 1, double_each{{there.there().data()}, {&host[1]}}),
               "memory of the host");
  EXPECT_DEATH(device.fill(poft::view<float>(host), 1.0f), "memory of the host");
#endif
  EXPECT_DEATH(device.gemm({}, there.there(2, 2), there.there(2, 2), poft::view<float, 2>(host.data(), 2, 2)),
               "memory of the host");
}

TEST(emulated_device, what_is_changed_on_the_host_goes_back) {
  backend const device;
  travelling_to<backend, float> x(device, {1, 2, 3});
  poft::change_on_host(device, x.span(), [](std::span<float> here) { here[1] = 7; });
  EXPECT_EQ(x.back(), (std::vector<float>{1, 7, 3}));
}

TEST(emulated_device, works_when_the_host_waits) {
  bool done           = false;
  cudaStream_t stream = nullptr;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  emulated::enqueue(stream, [&] { done = true; });
  EXPECT_FALSE(done);
  cudaStreamSynchronize(stream);
  EXPECT_TRUE(done);
  cudaStreamDestroy(stream);
}

/// The threads' numbers, where each reads its neighbour's: told and read with or without a wait between.
void exchange_neighbours(bool waits, std::vector<int>& read) {
  std::vector<int> told(64, -1);
  emulated::threads_of_a_block::running().run(64, [&] {
    told[threadIdx.x] = static_cast<int>(threadIdx.x);
    if (waits) __syncthreads();
    read[threadIdx.x] = told[(threadIdx.x + 1) % 64] + told[(threadIdx.x + 63) % 64];
    if (waits) __syncthreads();
  });
}

TEST(emulated_device, a_wait_that_is_missing_shows) {
  std::vector<int> right(64), wrong(64), turned(64);
  exchange_neighbours(true, right);
  for (int t = 1; t < 63; ++t) EXPECT_EQ(right[static_cast<std::size_t>(t)], 2 * t);
  exchange_neighbours(true, turned);
  EXPECT_EQ(turned, right);
  exchange_neighbours(false, wrong);
  EXPECT_NE(wrong, right);
  exchange_neighbours(false, turned);
  EXPECT_NE(turned, wrong) << "the order is turned round from block to block";
}

TEST(emulated_device, threads_that_never_come_end_the_program) {
  auto const all_but_one = [] {
    emulated::threads_of_a_block::running().run(64, [] {
      if (threadIdx.x != 3) __syncthreads();
    });
  };
  EXPECT_DEATH(all_but_one(), "never come");
}

TEST(emulated_device, lanes_exchange_words) {
  std::vector<unsigned> from_other(64), from_third(64);
  emulated::threads_of_a_block::running().run(64, [&] {
    from_other[threadIdx.x] = __shfl_xor_sync(0xffffffffu, threadIdx.x, 5);
    from_third[threadIdx.x] = __shfl_sync(0xffffffffu, threadIdx.x, 3);
  });
  for (unsigned t = 0; t < 64; ++t) {
    EXPECT_EQ(from_other[t], t ^ 5u);
    EXPECT_EQ(from_third[t], t / 32 * 32 + 3);
  }
}

/// Everything is right again when it goes.
struct going_wrong {
  explicit going_wrong(emulated::faults const& what) { emulated::wrong = what; }
  ~going_wrong() { emulated::wrong = {}; }
};

std::string refusal_of_a_backend(emulated::faults const& what) {
  going_wrong const now(what);
  return support::refusal([] { backend const device; });
}

TEST(emulated_device, what_is_missing_is_said_in_words) {
  EXPECT_EQ(refusal_of_a_backend({.of_devices = cudaErrorNoDevice}),
            "cuda: there is no device, expected at least one that the driver shows (nvidia-smi -L)");
  EXPECT_EQ(refusal_of_a_backend({.of_devices = cudaErrorInsufficientDriver, .driver = 12020}),
            "cuda: the driver supports CUDA 12.2, expected at least 13.0, with which this program was built");
  EXPECT_EQ(refusal_of_a_backend({.of_devices = cudaErrorInsufficientDriver, .driver = 0}),
            "cuda: there is no NVIDIA driver, expected one and a device");
  EXPECT_EQ(support::refusal([] { backend const device(3); }), "cuda: device 3, expected 0 .. 0");
}

TEST(emulated_device, a_device_without_the_kernels_code_is_named_with_the_kernel) {
  backend const device;
  auto room = device.allocate<float>(3);
  going_wrong const now({.of_launch = cudaErrorNoKernelImageForDevice});
  auto const text = support::refusal([&] { device.fill<float>({room.data(), 3}, 1); });
  EXPECT_NE(text.find("launch of fill failed"), text.npos) << text;
  EXPECT_NE(text.find("cudaErrorNoKernelImageForDevice"), text.npos) << text;
}

// A kernel fails somewhere in a run: its step says so, the checkpoint before it is whole, and a program that starts again from
// it ends with the parameters of one that nothing happened to.
TEST(emulated_device, a_failing_kernel_ends_its_step_and_harms_no_checkpoint) {
  using namespace poft_test;
  auto const folder = std::filesystem::path(testing::TempDir()) / "poft_failing_kernel";
  auto const train  = [&](char const* name) {
    auto settings             = settings_to_train();
    settings.folder           = folder / name;
    settings.checkpoint_every = 1;
    return trained_parameters<float>(backend{}, trained_config(false), {{poft::make_objective("dpo")}},
                                     settings);
  };
  std::filesystem::remove_all(folder);
  constexpr int many = 1 << 20;
  int waits          = many;
  auto const want    = [&] {
    going_wrong const now({.waits_left = many});
    auto out = train("whole");
    waits -= emulated::wrong.waits_left;
    return out;
  }();
  for (int const last : {waits / 2, waits * 5 / 6}) {
    SCOPED_TRACE(last);
    std::filesystem::remove_all(folder / "cut");
    {
      going_wrong const now({.waits_left = last});
      auto const text = support::refusal([&] { train("cut"); });
      EXPECT_NE(text.find("cudaErrorIllegalAddress"), text.npos) << text;
    }
    EXPECT_FALSE(std::filesystem::is_empty(folder / "cut"));
    EXPECT_EQ(train("cut"), want);
  }
}

}  // namespace
