// A backend whose memory the host cannot touch, and whose rows must not touch the host's: what only a GPU would show, without
// one.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "poft/backend/one_by_one.hpp"
#include "poft/core/bfloat16.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/gemm.hpp"

namespace poft_test {

/// The addresses of all guarded buffers: to look at them while nobody has them open is a segmentation fault. One host thread.
class guarded_pages {
 public:
  static guarded_pages& all() {
    static guarded_pages pages;
    return pages;
  }

  /// While one of these lives.
  class open {
   public:
    open() { all().protect(++all().open_ == 1, PROT_READ | PROT_WRITE); }
    open(open const&)            = delete;
    open& operator=(open const&) = delete;
    ~open() { all().protect(--all().open_ == 0, PROT_NONE); }
  };

  bool hold(void const* address) const {
    auto const at    = reinterpret_cast<std::uintptr_t>(address),
               start = reinterpret_cast<std::uintptr_t>(base_);
    return at >= start && at <= start + reserved;
  }

  /// Whole pages, zeros.
  std::byte* take(std::size_t bytes) {
    bytes = whole_pages(bytes);
    for (auto free = free_.begin(); free != free_.end(); ++free) {
      auto const [first, size] = *free;
      if (size < bytes) continue;
      free_.erase(free);
      if (size > bytes) free_[first + bytes] = size - bytes;
      return cleared(first, bytes);
    }
    if (bytes > reserved - used_) throw std::bad_alloc();
    used_ += bytes;
    return cleared(used_ - bytes, bytes);
  }
  void give_back(std::byte* data, std::size_t bytes) {
    auto const first = static_cast<std::size_t>(data - base_);
    auto here        = free_.emplace(first, whole_pages(bytes)).first;
    if (auto const next = std::next(here); next != free_.end() && next->first == first + here->second) {
      here->second += next->second;
      free_.erase(next);
    }
    if (here == free_.begin()) return;
    auto const before = std::prev(here);
    if (before->first + before->second != first) return;
    before->second += here->second;
    free_.erase(here);
  }

 private:
  static constexpr std::size_t reserved = std::size_t{1} << 32;  // of addresses, not of memory

  guarded_pages() {
    void* const found =
        mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<std::byte*>(found);
  }

  static std::size_t whole_pages(std::size_t bytes) {
    auto const page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (bytes + page - 1) / page * page;
  }
  void protect(bool changes, int how) const {
    if (changes && used_ > 0 && mprotect(base_, used_, how) != 0) throw std::bad_alloc();
  }
  std::byte* cleared(std::size_t first, std::size_t bytes) {
    open const all_of_them;
    std::memset(base_ + first, 0, bytes);
    return base_ + first;
  }

  std::byte* base_  = nullptr;
  std::size_t used_ = 0;
  int open_         = 0;
  std::map<std::size_t, std::size_t> free_;  // sizes by start
};

template <class T>
class guarded_buffer {
 public:
  static_assert(std::is_trivially_copyable_v<T>, "a buffer holds plain numbers");

  guarded_buffer() = default;
  explicit guarded_buffer(std::ptrdiff_t size) : size_(size) {
    if (size > 0) data_ = reinterpret_cast<T*>(guarded_pages::all().take(bytes()));
  }
  guarded_buffer(guarded_buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  guarded_buffer& operator=(guarded_buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~guarded_buffer() {
    if (data_) guarded_pages::all().give_back(reinterpret_cast<std::byte*>(data_), bytes());
  }

  T* data() { return data_; }
  T const* data() const { return data_; }
  std::ptrdiff_t size() const { return size_; }

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(T); }

  T* data_             = nullptr;
  std::ptrdiff_t size_ = 0;
};

/// Computes as the backend Host of the host does. Throws std::logic_error where it is given the host's memory to work on:
/// views, and pointers in the structs that are its row functors.
template <class Host>
struct guarded {
  poft::one_by_one host() const { return {}; }

  template <class T>
  guarded_buffer<T> allocate(std::int64_t n) const {
    return guarded_buffer<T>(n);
  }

  template <class T>
  void copy(std::type_identity_t<poft::view<T const>> from, poft::view<T> to) const {
    guarded_pages::open const memory;
    Host{}.template copy<T>(from, to);
  }
  template <class T>
  void read(std::type_identity_t<poft::view<T const>> from, poft::view<T> to) const {
    copy<T>(from, to);
  }
  template <class T>
  void fill(poft::view<T> to, std::type_identity_t<T> value) const {
    require_view("fill", to.data(), to.size());
    guarded_pages::open const memory;
    Host{}.fill(to, value);
  }

  template <class T>
  void gemm(poft::primitive::gemm_options const& options, std::type_identity_t<poft::view<T const, 2>> a,
            std::type_identity_t<poft::view<T const, 2>> b, poft::view<T, 2> c) const {
    require_view("gemm", a.data(), a.size());
    require_view("gemm", b.data(), b.size());
    require_view("gemm", c.data(), c.size());
    guarded_pages::open const memory;
    Host{}.template gemm<T>(options, a, b, c);
  }
  void gemm(poft::primitive::gemm_options const& options, poft::view<poft::bfloat16 const, 2> a,
            poft::view<poft::bfloat16 const, 2> b, poft::view<float, 2> c) const {
    require_view("gemm", a.data(), a.size());
    require_view("gemm", b.data(), b.size());
    require_view("gemm", c.data(), c.size());
    guarded_pages::open const memory;
    Host{}.gemm(options, a, b, c);
  }

  template <class T, class F>
  void for_rows(std::int64_t n, std::int64_t width, F const& f) const {
    require_pointers("for_rows", f);
    guarded_pages::open const memory;
    Host{}.template for_rows<T>(n, width, f);
  }
  template <class T, class F>
  double sum(std::int64_t n, F const& f) const {
    require_pointers("sum", f);
    guarded_pages::open const memory;
    return Host{}.template sum<T>(n, f);
  }

 private:
  static void require(bool holds, char const* operation) {
    if (!holds) throw std::logic_error(std::string(operation) + ": it is given memory of the host");
  }
  static void require_view(char const* operation, void const* data, std::ptrdiff_t size) {
    require(size == 0 || guarded_pages::all().hold(data), operation);
  }
  /// Words that can be addresses of a program are taken for pointers: no number that a functor holds is so large. Needs a
  /// compiler that knows which bytes are padding, in which anything may stand.
  template <class F>
  static void require_pointers([[maybe_unused]] char const* operation, [[maybe_unused]] F f) {
    static_assert(std::is_trivially_copyable_v<F>, "a device's rows are given the functor's bytes");
#if __has_builtin(__builtin_clear_padding)
    __builtin_clear_padding(&f);
    for (std::size_t at = 0; at + sizeof(void*) <= sizeof f; at += alignof(void*)) {
      void const* word;
      std::memcpy(&word, reinterpret_cast<std::byte const*>(&f) + at, sizeof word);
      auto const number     = reinterpret_cast<std::uintptr_t>(word);
      bool const is_address = number >= std::uintptr_t{1} << 40 && number < std::uintptr_t{1} << 47;
      require(!is_address || guarded_pages::all().hold(word), operation);
    }
#endif
  }
};

}  // namespace poft_test
