// Arrays of the host and their copies with a backend whose memory is its own.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/backend_copy.hpp"

namespace poft_test {

template <class Backend, class T>
class travelling_to {
 public:
  std::vector<T> host;

  travelling_to(Backend const& backend, std::vector<T> elements)
      : host(std::move(elements)), backend_(backend), there_(backend.template allocate<T>(std::ssize(host))) {
    if (!host.empty()) backend_.template copy<T>(poft::view<T const>(host), there());
  }
  poft::view<T> there() { return {there_.data(), std::ssize(host)}; }
  poft::view<T, 2> there(std::ptrdiff_t rows, std::ptrdiff_t columns) {
    return {there_.data(), rows, columns};
  }
  std::span<T> span() { return {there_.data(), host.size()}; }
  /// Brings back what the backend has.
  std::vector<T> const& back() {
    auto const now = poft::on_host(backend_, std::span<T const>(span()));
    host.assign(now.begin(), now.end());
    return host;
  }

 private:
  Backend backend_;
  poft::buffer_of<Backend, T> there_;
};

/// Uniform in (-scale, scale), numbers that float has.
template <class T>
std::vector<T> some_numbers(std::ptrdiff_t size, std::uint64_t seed, double scale = 1) {
  poft::random_stream random(seed);
  std::vector<T> out(static_cast<std::size_t>(size));
  for (T& x : out) x = static_cast<T>(static_cast<float>(scale * (2 * random.uniform<double>() - 1)));
  return out;
}

}  // namespace poft_test
