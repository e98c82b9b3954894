// Arrays of the host that a backend's rows look at, and the other way round, whether or not they share memory.
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "poft/core/view.hpp"
#include "poft/row/row.hpp"

namespace poft {

/// Whether a backend's memory is the host's. One whose memory is not names with host() the backend that computes on the host
/// for it, and has read(from, to), a copy into the host's memory that waits.
template <class Backend>
inline constexpr bool works_in_host_memory = !requires(Backend const& backend) {
  backend.host();
};

/// What allocate<T> returns.
template <class Backend, class T>
using buffer_of = decltype(std::declval<Backend const&>().template allocate<T>(1));

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

/// f(elements) for an f of the host, which may change them; where memory is not shared, it is given a copy that goes back.
template <class Backend, class T, class F>
void change_on_host(Backend const& backend, std::span<T> elements, F const& f) {
  if constexpr (works_in_host_memory<Backend>) {
    f(elements);
  } else {
    std::vector<T> copy = on_host(backend, std::span<T const>(elements));
    f(std::span<T>(copy));
    if (!copy.empty()) backend.template copy<T>(view<T const>(copy), view<T>(elements));
  }
}

/// f(elements) for rows that write what the host then finds in `out`.
template <class Backend, class T, class F>
void write_for_host(Backend const& backend, view<T> out, F const& f) {
  if constexpr (works_in_host_memory<Backend>) {
    f(out.data());
  } else {
    if (out.empty()) return;
    auto room = backend.template allocate<T>(out.size());
    f(room.data());
    backend.template read<T>(view<T const>(room.data(), out.size()), out);
  }
}

/// Whole numbers that the host checks and rows look up: the host's array, and the same numbers where rows see them. Any array
/// of the host will do where memory is shared; where it is not, backend_copy::send_indices() makes them.
template <class Backend, class Index>
class indices {
 public:
  indices() = default;
  indices(view<Index const> host, Index const* there) : host_(host), there_{there} {}
  template <class Range>
    requires(works_in_host_memory<Backend>&& std::convertible_to<Range const&, view<Index const>>)
  indices(Range const& host) : host_(host), there_{host_.data()} {}

  view<Index const> host() const { return host_; }
  row<Index const> there() const { return there_; }

  /// Some of the host's elements, and the same ones where rows see them.
  indices part(view<Index const> of_host) const {
    return {of_host, there_.data + (of_host.data() - host_.data())};
  }

 private:
  view<Index const> host_;
  row<Index const> there_{};
};

/// Room with the backend for elements of the host; none is needed where memory is shared, and nothing moves.
template <class Backend, class T>
class backend_copy {
 public:
  /// The host's elements where row functors see them and may write to them; null for no elements.
  T* send(Backend const& backend, std::vector<T>& host) {
    if constexpr (works_in_host_memory<Backend>) {
      return host.empty() ? nullptr : host.data();
    } else {
      return sent(backend, host);
    }
  }
  /// Elements that row functors only look at.
  indices<Backend, T> send_indices(Backend const& backend, view<T const> host) {
    if constexpr (works_in_host_memory<Backend>) {
      return host;
    } else {
      return {host, sent(backend, host)};
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
  T* sent(Backend const& backend, view<T const> host) {
    if (host.empty()) return nullptr;
    if (room_.size() < host.size()) room_ = backend.template allocate<T>(host.size());
    backend.template copy<T>(host, view<T>(room_.data(), host.size()));
    return room_.data();
  }

  buffer_of<Backend, T> room_;
};

}  // namespace poft
