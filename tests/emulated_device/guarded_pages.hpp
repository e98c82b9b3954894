// Memory that the host cannot touch, as pages that nobody may.
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
#include <type_traits>

namespace emulated {

/// All memory of the device: to look at it while nobody has it open is a segmentation fault. One host thread.
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

/// Whether a word of what a kernel is given can be an address of the program that is not the device's, nor among `others`
/// (sizes by address). No number that kernels are given is so large. Needs a compiler that knows which bytes are padding, in
/// which anything may stand.
template <class F>
bool points_at_the_host([[maybe_unused]] F argument,
                        [[maybe_unused]] std::map<void const*, std::size_t> const& others) {
  static_assert(std::is_trivially_copyable_v<F>, "a kernel is given its arguments' bytes");
#if __has_builtin(__builtin_clear_padding)
  if constexpr (sizeof(F) >= sizeof(void*)) {
    __builtin_clear_padding(&argument);
    for (std::size_t at = 0; at + sizeof(void*) <= sizeof argument; at += alignof(void*)) {
      void const* word;
      std::memcpy(&word, reinterpret_cast<std::byte const*>(&argument) + at, sizeof word);
      auto const number     = reinterpret_cast<std::uintptr_t>(word);
      bool const is_address = number >= std::uintptr_t{1} << 40 && number < std::uintptr_t{1} << 47;
      if (!is_address || guarded_pages::all().hold(word)) continue;
      auto const after = others.upper_bound(word);
      if (after == others.begin()) return true;
      auto const& [first, bytes] = *std::prev(after);
      if (number > reinterpret_cast<std::uintptr_t>(first) + bytes) return true;
    }
  }
#endif
  return false;
}

}  // namespace emulated
