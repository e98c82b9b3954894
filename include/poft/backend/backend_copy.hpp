// Arrays of the host that a backend's rows look at, whether or not they share memory.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "poft/backend/concept.hpp"
#include "poft/core/view.hpp"

namespace poft {

/// Whether a backend's memory is the host's. One whose memory is not names with host() the backend that computes on the host
/// for it, and has read(from, to), a copy into the host's memory that waits.
template <class Backend>
inline constexpr bool works_in_host_memory = !requires(Backend const& backend) {
  backend.host();
};

/// The backend for what lies in the host's memory: itself, or the one it names.
template <class Backend>
decltype(auto) host_of(Backend const& backend) {
  if constexpr (works_in_host_memory<Backend>) {
    return (backend);
  } else {
    return backend.host();
  }
}

/// What a backend's rows have written, for the host to read: the elements themselves where memory is shared, else a copy.
template <class Backend, class T>
auto on_host(Backend const& backend, std::span<T const> elements) {
  if constexpr (works_in_host_memory<Backend>) {
    return elements;
  } else {
    std::vector<T> out(elements.size());
    if (!out.empty()) backend.template read<T>(view<T const>(elements), view<T>(out));
    return out;
  }
}

/// Room with the backend for the elements of a vector of the host; none is needed where memory is shared, and nothing moves.
template <class Backend, class T>
class backend_copy {
 public:
  /// The host's elements where row functors see them and may write to them; null for no elements.
  T* send(Backend const& backend, std::vector<T>& host) {
    if (host.empty()) return nullptr;
    if constexpr (works_in_host_memory<Backend>) {
      return host.data();
    } else {
      auto const size = static_cast<std::ptrdiff_t>(host.size());
      if (room_.size() < size) room_ = backend.template allocate<T>(size);
      backend.template copy<T>(view<T const>(host), view<T>(room_.data(), size));
      return room_.data();
    }
  }
  /// What row functors wrote after send(), back to the host.
  void fetch(Backend const& backend, std::vector<T>& host) {
    if constexpr (!works_in_host_memory<Backend>) {
      if (host.empty()) return;
      backend.template read<T>(view<T const>(room_.data(), static_cast<std::ptrdiff_t>(host.size())),
                               view<T>(host));
    }
  }

 private:
  buffer_of<Backend, T> room_;
};

}  // namespace poft
