// The processes of an MPI run, started by mpirun, as a communicator.
// SPDX-License-Identifier: MIT
#pragma once

// MPI's C functions alone, without the C++ ones that MPI 3 took out.
#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <span>
#include <string>

#include "poft/core/communicator.hpp"
#include "poft/core/error.hpp"

namespace poft {

/// MPI_COMM_WORLD. Starts MPI where nobody has, and then also ends it. Left by an exception, it ends the other processes,
/// too: they would wait for ever. Throws error with MPI's words where a call fails.
class mpi_communicator final : public communicator {
 public:
  using communicator::broadcast;
  using communicator::sum;

  mpi_communicator() : exceptions_(std::uncaught_exceptions()) {
    int started = 0;
    MPI_Initialized(&started);
    owner_ = !started;
    if (owner_) MPI_Init(nullptr, nullptr);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    require(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
    require(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
  }
  mpi_communicator(mpi_communicator const&)            = delete;
  mpi_communicator& operator=(mpi_communicator const&) = delete;
  ~mpi_communicator() override {
    if (size_ > 1 && std::uncaught_exceptions() > exceptions_) MPI_Abort(MPI_COMM_WORLD, 1);
    if (owner_) MPI_Finalize();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void sum(std::span<float> numbers) override { sum_all(numbers, MPI_FLOAT); }
  void sum(std::span<double> numbers) override { sum_all(numbers, MPI_DOUBLE); }
  void broadcast(std::span<std::byte> bytes) override {
    in_parts(bytes, [](std::byte* first, int count) {
      require(MPI_Bcast(first, count, MPI_BYTE, 0, MPI_COMM_WORLD), "MPI_Bcast");
    });
  }
  void barrier() override { require(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier"); }

 private:
  static void require(int result, char const* call) {
    if (result == MPI_SUCCESS) return;
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    MPI_Error_string(result, text, &length);
    throw error(message(call, ": ", std::string(text, static_cast<std::size_t>(length))));
  }

  /// MPI counts in int.
  template <class T, class F>
  static void in_parts(std::span<T> elements, F call) {
    constexpr std::size_t most = std::size_t{1} << 30;
    for (std::size_t first = 0; first < elements.size(); first += most) {
      call(elements.data() + first, static_cast<int>(std::min(most, elements.size() - first)));
    }
  }
  template <class T>
  static void sum_all(std::span<T> numbers, MPI_Datatype type) {
    in_parts(numbers, [=](T* first, int count) {
      require(MPI_Allreduce(MPI_IN_PLACE, first, count, type, MPI_SUM, MPI_COMM_WORLD), "MPI_Allreduce");
    });
  }

  int exceptions_;
  bool owner_ = false;
  int rank_ = 0, size_ = 1;
};

}  // namespace poft
