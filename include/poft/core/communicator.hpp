// How the processes of a data-parallel run exchange numbers; one process needs nothing for it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

namespace poft {

/// All processes call the same functions in the same order, with spans of equal length. After each of them, every process
/// holds the same bits.
class communicator {
 public:
  virtual ~communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Whether spans may also lie in the memory of the backend that computes, where the host cannot read it. What is done to
  /// them is then done in the order of the backend's own work.
  virtual bool takes_backend_memory() const { return false; }
  /// Every element becomes the sum of those of all processes.
  virtual void sum(std::span<float> numbers)  = 0;
  virtual void sum(std::span<double> numbers) = 0;
  /// Every process gets what process 0 holds.
  virtual void broadcast(std::span<std::byte> bytes) = 0;
  virtual void barrier()                             = 0;

  template <class T>
  void broadcast(std::span<T> numbers) {
    broadcast(std::as_writable_bytes(numbers));
  }
  double sum(double number) {
    sum(std::span(&number, 1));
    return number;
  }
};

/// The only process there is.
class one_process final : public communicator {
 public:
  using communicator::broadcast;
  using communicator::sum;

  int rank() const override { return 0; }
  int size() const override { return 1; }
  void sum(std::span<float>) override {}
  void sum(std::span<double>) override {}
  void broadcast(std::span<std::byte>) override {}
  void barrier() override {}
};

}  // namespace poft
