// The processes of a run with a GPU each, as a communicator that sums in the GPUs' memory, by NCCL.
// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "poft/backend/cuda/backend.cuh"
#include "poft/backend/cuda/error.cuh"
#include "poft/core/communicator.hpp"
#include "poft/core/error.hpp"
#include "poft/core/view.hpp"

namespace poft::cuda {

/// Works in the stream of the backend that it is made with, which must be the model's or a copy of it. Numbers of the host go
/// through memory of the device: there is one way between the processes, and none is needed beside it.
///
/// Every call waits for its end, as the trainer would next: the host learns of an error of another process here, or that one
/// has not come after `patience`, since one that dies on the same machine may leave no sign. Either, or an exception that
/// leaves the communicator's scope, aborts it for all.
class nccl_communicator final : public communicator {
 public:
  using communicator::broadcast;
  using communicator::sum;
  using seconds = std::chrono::duration<double>;

  static constexpr seconds default_patience{600};

  /// Rank, size and NCCL's identifier by what the processes already have: an mpi_communicator.
  nccl_communicator(cuda::backend backend, communicator& processes, seconds patience = default_patience)
      : nccl_communicator(std::move(backend), processes.rank(), processes.size(), shared_by(processes),
                          patience) {}

  /// By the environment, as torchrun and its like give it: RANK, WORLD_SIZE, and NCCL's own NCCL_COMM_ID, host:port, where
  /// process 0 then listens. With neither of the first two there is one process.
  explicit nccl_communicator(cuda::backend backend, seconds patience = default_patience)
      : nccl_communicator(std::move(backend), number_of("RANK", 0), number_of("WORLD_SIZE", 1),
                          listening_where_said(), patience) {}

  nccl_communicator(nccl_communicator const&)            = delete;
  nccl_communicator& operator=(nccl_communicator const&) = delete;
  ~nccl_communicator() override {
    if (!processes_) return;
    if (std::uncaught_exceptions() > exceptions_) {
      give_up();
      return;
    }
    try {
      finish("ncclCommFinalize", ncclCommFinalize(processes_));
      ncclCommDestroy(processes_);
    } catch (cuda_error const&) {  // which has aborted it
    }
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  bool takes_backend_memory() const override { return true; }

  void sum(std::span<float> numbers) override { sum_all(numbers, ncclFloat); }
  void sum(std::span<double> numbers) override { sum_all(numbers, ncclDouble); }
  void broadcast(std::span<std::byte> bytes) override {
    on_device(bytes, [&](std::byte* data) {
      finish("ncclBroadcast",
             ncclBroadcast(data, data, bytes.size(), ncclChar, 0, checked(), backend_.stream()));
    });
  }
  void barrier() override { sum(1.0); }

 private:
  nccl_communicator(cuda::backend backend, int rank, int size, ncclUniqueId const& identifier,
                    seconds patience)
      : backend_(std::move(backend)),
        exceptions_(std::uncaught_exceptions()),
        rank_(rank),
        size_(size),
        patience_(patience) {
    if (rank < 0 || rank >= size) {
      throw value_error(
          message("nccl: rank is ", rank, " of ", size, " processes, expected 0 .. ", size - 1));
    }
    require(cudaSetDevice(backend_.device()), "the choice of the device");
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking     = 0;  // calls return at once, so that no wait is without end
    finish("ncclCommInitRankConfig", ncclCommInitRankConfig(&processes_, size, identifier, rank, &config));
  }

  static ncclUniqueId shared_by(communicator& processes) {
    ncclUniqueId out{};
    if (processes.rank() == 0) require_nccl(ncclGetUniqueId(&out), "ncclGetUniqueId", nullptr);
    processes.broadcast(std::span<char>(out.internal));
    return out;
  }
  static ncclUniqueId listening_where_said() {
    number_of("RANK", 0);  // what is wrong with it comes first, whichever argument is evaluated first
    if (number_of("WORLD_SIZE", 1) > 1 && !std::getenv("NCCL_COMM_ID")) {
      throw value_error(
          "nccl: NCCL_COMM_ID is not in the environment, expected host:port of process 0 beside RANK and "
          "WORLD_SIZE");
    }
    ncclUniqueId out{};
    require_nccl(ncclGetUniqueId(&out), "ncclGetUniqueId", nullptr);
    return out;
  }
  static int number_of(char const* name, int otherwise) {
    char const* const text = std::getenv(name);
    char const* const both[]{"RANK", "WORLD_SIZE"};
    if (!text && !std::getenv(both[0]) && !std::getenv(both[1])) return otherwise;
    int out                       = 0;
    std::string_view const digits = text ? text : "";
    auto const [end, problem]     = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (problem != std::errc{} || end != digits.data() + digits.size()) {
      throw value_error(message("nccl: ", name, " is \"", digits,
                                "\" in the environment, expected a number, or neither RANK nor WORLD_SIZE"));
    }
    return out;
  }

  template <class T>
  void sum_all(std::span<T> numbers, ncclDataType_t type) {
    on_device(numbers, [&](T* data) {
      finish("ncclAllReduce",
             ncclAllReduce(data, data, numbers.size(), type, ncclSum, checked(), backend_.stream()));
    });
  }

  /// f(elements) in the device's memory: where they are, or in a copy that goes back.
  template <class T, class F>
  void on_device(std::span<T> elements, F const& f) {
    if (elements.empty()) return;
    cudaPointerAttributes memory{};
    require(cudaPointerGetAttributes(&memory, elements.data()), "the question whose memory it is");
    if (memory.type == cudaMemoryTypeDevice || memory.type == cudaMemoryTypeManaged) {
      return f(elements.data());
    }
    auto room = backend_.allocate<T>(static_cast<std::int64_t>(elements.size()));
    view<T> const there(room.data(), room.size());
    backend_.copy<T>(view<T const>(elements), there);
    f(room.data());
    backend_.read<T>(there, view<T>(elements));
  }

  ncclComm_t checked() const {
    if (!processes_) throw cuda_error("cuda: nccl: an earlier error has ended the communicator");
    return processes_;
  }

  /// Waits until the processes have begun what was called for, and the stream has done it.
  void finish(char const* call, ncclResult_t result,
              std::source_location place = std::source_location::current()) {
    auto const start = std::chrono::steady_clock::now();
    try {
      for (;; std::this_thread::yield()) {
        if (result != ncclInProgress) {
          require_nccl(result, call, processes_, place);
          cudaError_t const work = cudaStreamQuery(backend_.stream());
          if (work == cudaSuccess) return;
          if (work != cudaErrorNotReady) require(work, message("the work before or in ", call), place);
          cudaGetLastError();  // not ready is no error
        }
        require_nccl(ncclCommGetAsyncError(processes_, &result), "ncclCommGetAsyncError", processes_, place);
        if (seconds const waited = std::chrono::steady_clock::now() - start; waited > patience_) {
          throw cuda_error(message("cuda: ", call, " at ", place.file_name(), ":", place.line(), ": process ",
                                   rank_, " of ", size_, " has waited ", waited.count(),
                                   " s for the others"));
        }
      }
    } catch (...) {
      give_up();
      throw;
    }
  }
  static void require_nccl(ncclResult_t result, char const* call, ncclComm_t processes,
                           std::source_location place = std::source_location::current()) {
    if (result == ncclSuccess || result == ncclInProgress) return;
    throw cuda_error(message("cuda: ", call, " failed at ", place.file_name(), ":", place.line(), ": ",
                             ncclGetErrorString(result), ", ", ncclGetLastError(processes)));
  }

  void give_up() noexcept {
    if (processes_) ncclCommAbort(std::exchange(processes_, nullptr));
  }

  cuda::backend backend_;
  int exceptions_, rank_, size_;
  seconds patience_;
  ncclComm_t processes_ = nullptr;
};

}  // namespace poft::cuda
