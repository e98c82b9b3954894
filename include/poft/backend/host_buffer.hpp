// Memory of the backends that run on the CPU: a buffer that owns its elements, aligned to cache lines.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace poft {

/// [size], zeros at first; moved, never copied.
template <class T>
class host_buffer {
 public:
  static_assert(std::is_trivially_copyable_v<T>, "a buffer holds plain numbers");

  host_buffer() = default;
  explicit host_buffer(std::ptrdiff_t size) : size_(size) {
    if (size <= 0) return;
    data_ = static_cast<T*>(::operator new(static_cast<std::size_t>(size) * sizeof(T), line));
    for (std::ptrdiff_t i = 0; i < size; ++i) ::new (static_cast<void*>(data_ + i)) T{};
  }
  host_buffer(host_buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  host_buffer& operator=(host_buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~host_buffer() { ::operator delete(data_, line); }

  T* data() { return data_; }
  T const* data() const { return data_; }
  std::ptrdiff_t size() const { return size_; }

 private:
  static constexpr std::align_val_t line{64};

  T* data_             = nullptr;
  std::ptrdiff_t size_ = 0;
};

}  // namespace poft
