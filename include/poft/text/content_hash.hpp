// A number that tells contents apart: FNV-1a of 64 bits.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace poft {

class content_hash {
 public:
  /// Texts count with their length: {"ab", "c"} is not {"a", "bc"}.
  content_hash& add(std::string_view text) {
    add(text.size());
    for (char const c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * prime;
    return *this;
  }
  content_hash& add(std::uint64_t number) {
    for (int k = 0; k < 8; ++k, number >>= 8) value_ = (value_ ^ (number & 0xff)) * prime;
    return *this;
  }
  std::uint64_t value() const { return value_; }

 private:
  static constexpr std::uint64_t prime = 0x100000001b3;
  std::uint64_t value_                 = 0xcbf29ce484222325;
};

/// 16 hexadecimal digits: JSON's numbers are too short for 64 bits in many readers.
inline std::string hash_text(std::uint64_t hash) {
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4) out.push_back("0123456789abcdef"[hash >> shift & 15]);
  return out;
}

/// A set of hashes in at most 32 bytes each, usually 16: what it costs to find ids that stand twice.
class hash_set {
 public:
  /// False where it is in the set already.
  bool insert(std::uint64_t hash) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    return put(hash == empty ? 1 : hash);
  }
  std::size_t size() const { return count_; }

 private:
  static constexpr std::uint64_t empty = 0;

  bool put(std::uint64_t hash) {
    std::size_t const mask = slots_.size() - 1;
    for (std::size_t k = (hash * 0x9e3779b97f4a7c15) >> 20 & mask;; k = (k + 1) & mask) {
      if (slots_[k] == hash) return false;
      if (slots_[k] == empty) {
        slots_[k] = hash;
        ++count_;
        return true;
      }
    }
  }
  void grow() {
    std::vector<std::uint64_t> old =
        std::exchange(slots_, std::vector<std::uint64_t>(slots_.empty() ? 64 : 2 * slots_.size()));
    count_ = 0;
    for (std::uint64_t const hash : old) {
      if (hash != empty) put(hash);
    }
  }

  std::vector<std::uint64_t> slots_;  // at most half full
  std::size_t count_ = 0;
};

}  // namespace poft
