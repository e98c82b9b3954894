// Times calls on a GPU by its own clock, gives them fresh random numbers, and prints what pytorch_cuda.py prints.
// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "poft/backend/cuda/backend.cuh"
#include "poft/core/bfloat16.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/row/row.hpp"

namespace poft::bench {

struct event {
  cudaEvent_t handle = nullptr;

  event() { cuda::require(cudaEventCreate(&handle), "the making of an event"); }
  event(event const&)            = delete;
  event& operator=(event const&) = delete;
  ~event() { cudaEventDestroy(handle); }
};

struct call_times {
  double median_ms, min_ms;
};

/// f() `calls` times, each after an untimed prepare(k) with k = 3, 4, ...; calls 0 to 2 warm up.
template <class Prepare, class F>
call_times time_calls(cuda::backend const& device, int calls, Prepare const& prepare, F const& f) {
  constexpr std::uint64_t warm_up = 3;
  event start, end;
  std::vector<double> ms;
  for (std::uint64_t k = 0; k < warm_up + static_cast<std::uint64_t>(calls); ++k) {
    prepare(k);
    device.synchronise();
    cuda::require(cudaEventRecord(start.handle, device.stream()), "an event");
    f();
    cuda::require(cudaEventRecord(end.handle, device.stream()), "an event");
    device.synchronise();
    float took = 0;
    cuda::require(cudaEventElapsedTime(&took, start.handle, end.handle), "the time between two events");
    if (k >= warm_up) ms.push_back(took);
  }
  std::sort(ms.begin(), ms.end());
  return {ms[ms.size() / 2], ms.front()};
}
template <class F>
call_times time_calls(cuda::backend const& device, int calls, F const& f) {
  return time_calls(
      device, calls, [](std::uint64_t) {}, f);
}

enum class random_kind { uniform, normal };

/// Elements of one piece: shift + scale u, u uniform in [0, 1) or standard normal, its own block of Philox for each.
template <class T>
struct random_piece {
  static constexpr std::int64_t width = 4096;

  row<T> x;
  std::int64_t size;
  std::uint64_t seed;
  random_kind kind;
  float shift, scale;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t piece) const {
    std::int64_t const end = (piece + 1) * width;
    group.each(piece * width, end < size ? end : size, [this](std::int64_t i) {
      random_stream random(seed, static_cast<std::uint64_t>(i));
      x.set(i,
            shift + scale * (kind == random_kind::normal ? random.normal<float>() : random.uniform<float>()));
    });
  }
};
template <class T>
void make_random(cuda::backend const& device, view<T> x, std::uint64_t seed, random_kind kind, float shift,
                 float scale) {
  random_piece<T> const piece{{x.data()}, x.size(), seed, kind, shift, scale};
  device.for_rows<float>((x.size() + piece.width - 1) / piece.width, piece.width, piece);
}

template <class T>
view<T> all_of(cuda::buffer<T>& x) {
  return {x.data(), x.size()};
}
/// Elements first ... of the device in the host's memory, as double.
template <class T>
std::vector<double> fetched(cuda::backend const& device, T const* first, std::int64_t count) {
  std::vector<T> here(static_cast<std::size_t>(count));
  device.read<T>(view<T const>(first, count), view<T>(here));
  std::vector<double> out;
  for (T const x : here) out.push_back(static_cast<double>(x));
  return out;
}

inline std::int64_t free_bytes() {
  std::size_t free = 0, total = 0;
  cuda::require(cudaMemGetInfo(&free, &total), "the question how much memory is free");
  return static_cast<std::int64_t>(free);
}

struct add_one_to_each {
  row<float const> from;
  row<float> to;
  std::int64_t size;
  static constexpr std::int64_t width = 8192;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t piece) const {
    std::int64_t const end = (piece + 1) * width;
    group.each(piece * width, end < size ? end : size, [this](auto i) { to.set(i, from[i] + 1); });
  }
};

/// Bytes per second that are read or written by the faster of the driver's copy and a kernel that adds 1, `bytes` in all.
inline double copy_bandwidth(cuda::backend const& device, std::int64_t bytes) {
  std::int64_t const half = bytes / 8;
  auto from = device.allocate<float>(half), to = device.allocate<float>(half);
  add_one_to_each const rows{{from.data()}, {to.data()}, half};
  double const ms =
      std::min(time_calls(device, 20, [&] { device.copy<float>(all_of(from), all_of(to)); }).median_ms,
               time_calls(device, 20, [&] {
                 device.for_rows<float>((half + rows.width - 1) / rows.width, rows.width, rows);
               }).median_ms);
  return static_cast<double>(8 * half) / (1e-3 * ms);
}

/// Operations per second of a square product of 8192, multiplications and additions.
template <class T>
double multiplication_rate(cuda::backend const& device) {
  constexpr std::int64_t n = 8192;
  auto a = device.allocate<T>(n * n), b = device.allocate<T>(n * n), c = device.allocate<T>(n * n);
  make_random(device, all_of(a), 1, random_kind::normal, 0, 1);
  make_random(device, all_of(b), 2, random_kind::normal, 0, 1);
  view<T, 2> const x(a.data(), n, n), y(b.data(), n, n), z(c.data(), n, n);
  double const ms = time_calls(device, 20, [&] { device.gemm<T>({.transpose_b = true}, x, y, z); }).median_ms;
  return 2.0 * n * n * n / (1e-3 * ms);
}

/// The largest |a - b|, as a share of the largest |b|.
inline double relative_error(std::vector<double> const& a, std::vector<double> const& b) {
  double difference = a.size() == b.size() ? 0 : INFINITY, largest = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    difference = std::isnan(a[i]) ? INFINITY : std::max(difference, std::abs(a[i] - b[i]));
    largest    = std::max(largest, std::abs(b[i]));
  }
  return difference / largest;
}

using result_numbers = std::vector<std::pair<std::string, double>>;

/// One JSON line. `error`: against float64, on a sample, with what is expected of it.
inline void print_result(std::string const& name, std::string const& variant, call_times const& times,
                         double error, double largest_error, result_numbers const& numbers) {
  std::printf(
      R"({"case": "%s", "variant": "%s", "median_ms": %.6g, "min_ms": %.6g, "error": %.3g, "right": %s)",
      name.c_str(), variant.c_str(), times.median_ms, times.min_ms, std::isfinite(error) ? error : 1e300,
      error <= largest_error ? "true" : "false");
  for (auto const& [what, value] : numbers) std::printf(R"(, "%s": %.6g)", what.c_str(), value);
  std::printf("}\n");
  std::fflush(stdout);
}

/// What a program does; its exit status.
template <class F>
int run_on_device(F const& f, cuda::float_products precision = cuda::float_products::exact) {
  try {
    f(cuda::backend(0, precision));
    return 0;
  } catch (error const& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}

}  // namespace poft::bench
