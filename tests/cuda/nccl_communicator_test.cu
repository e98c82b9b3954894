// The communicator of GPUs as one process, in the host's memory and in the device's; what it says of a wrong environment.
// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "core/what_a_communicator_does.hpp"
#include "cuda/on_device.cuh"
#include "poft/backend/cuda/nccl_communicator.cuh"

namespace {

using namespace poft_test;
using poft::cuda::nccl_communicator;
using strings = std::vector<std::string>;

class cuda_nccl_communicator : public on_device {};

struct in_device_memory {
  poft::cuda::backend device;

  template <class T, class F>
  void operator()(std::vector<T>& elements, F const& f) const {
    travelling<T> there(device, std::exchange(elements, {}));
    f(there.span());
    elements = there.back();
  }
};

TEST_F(cuda_nccl_communicator, keeps_its_promises_in_both_memories) {
  nccl_communicator by_environment(device());
  EXPECT_EQ(by_environment.size(), 1);
  EXPECT_EQ(broken_promises(by_environment, in_host_memory{}), strings{});
  EXPECT_EQ(broken_promises(by_environment, in_device_memory{device()}), strings{});

  poft::one_process alone;
  nccl_communicator by_another(device(), alone);
  EXPECT_TRUE(by_another.takes_backend_memory());
  EXPECT_EQ(broken_promises(by_another, in_device_memory{device()}), strings{});
}

TEST_F(cuda_nccl_communicator, is_aborted_by_an_exception) {
  EXPECT_THROW(
      {
        nccl_communicator processes(device());
        throw poft::value_error("of a step");
      },
      poft::value_error);
  EXPECT_EQ(nccl_communicator(device()).communicator::sum(2.0), 2.0);
}

TEST_F(cuda_nccl_communicator, names_what_is_wrong_in_the_environment) {
  auto const said = [&](strings const& variables) {
    for (std::size_t k = 0; k < variables.size(); k += 2) {
      setenv(variables[k].c_str(), variables[k + 1].c_str(), 1);
    }
    std::string out;
    try {
      nccl_communicator const processes(device());
    } catch (poft::value_error const& problem) {
      out = problem.what();
    }
    for (std::size_t k = 0; k < variables.size(); k += 2) unsetenv(variables[k].c_str());
    return out;
  };
  EXPECT_EQ(said({"RANK", "two", "WORLD_SIZE", "4"}),
            "nccl: RANK is \"two\" in the environment, expected a number, or neither RANK nor WORLD_SIZE");
  EXPECT_EQ(said({"RANK", "0"}),
            "nccl: WORLD_SIZE is \"\" in the environment, expected a number, or neither RANK nor WORLD_SIZE");
  EXPECT_EQ(said({"RANK", "4", "WORLD_SIZE", "4", "NCCL_COMM_ID", "localhost:29555"}),
            "nccl: rank is 4 of 4 processes, expected 0 .. 3");
  EXPECT_EQ(said({"RANK", "0", "WORLD_SIZE", "2"}),
            "nccl: NCCL_COMM_ID is not in the environment, expected host:port of process 0 beside RANK and "
            "WORLD_SIZE");
}

}  // namespace
