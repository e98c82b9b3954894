// A backend that looks whether work with an equal key launches the same again: what a graph would replay.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "backend/guarded.hpp"

namespace poft_test {

/// As guarded<Host>; replayed() throws std::logic_error where launches of equal keys differ in a byte, or where something else
/// than a launch is in it.
template <class Host>
struct recorded : guarded<Host> {
  using base = guarded<Host>;

  struct log {
    bool is_recording = false;
    std::string launches;
    std::map<std::vector<std::uint64_t>, std::string> of_key;
    int repeats = 0;
  };
  std::shared_ptr<log> at = std::make_shared<log>();

  template <class T>
  guarded_buffer<T> allocate(std::int64_t n) const {
    refuse("allocate");
    return base::template allocate<T>(n);
  }
  template <class T>
  void copy(std::type_identity_t<poft::view<T const>> from, poft::view<T> to) const {
    if (!guarded_pages::all().hold(from.data()) || !guarded_pages::all().hold(to.data())) refuse("copy");
    note(from.data(), to.data(), to.size());
    base::template copy<T>(from, to);
  }
  template <class T>
  void read(std::type_identity_t<poft::view<T const>> from, poft::view<T> to) const {
    refuse("read");
    base::template read<T>(from, to);
  }
  template <class T>
  void fill(poft::view<T> to, std::type_identity_t<T> value) const {
    note(to.data(), to.size(), value);
    base::fill(to, value);
  }
  template <class T>
  void gemm(poft::primitive::gemm_options const& o, std::type_identity_t<poft::view<T const, 2>> a,
            std::type_identity_t<poft::view<T const, 2>> b, poft::view<T, 2> c) const {
    note(o.transpose_a, o.transpose_b, o.alpha, o.beta, o.count, o.stride_a, o.stride_b, o.stride_c, a.data(),
         a.rows(), a.columns(), a.row_stride(), b.data(), b.rows(), b.columns(), b.row_stride(), c.data(),
         c.row_stride());
    base::template gemm<T>(o, a, b, c);
  }
  template <class T, class F>
  void for_rows(std::int64_t n, std::int64_t width, F const& f) const {
    F bytes = f;
    __builtin_clear_padding(&bytes);
    note(n, width, bytes);
    base::template for_rows<T>(n, width, f);
  }
  template <class T, class F>
  double sum(std::int64_t n, F const& f) const {
    refuse("sum");
    return base::template sum<T>(n, f);
  }

  template <class Key, class F>
  void replayed(Key const& key, F const& f) const {
    at->is_recording = true;
    at->launches.clear();
    f(*this);
    at->is_recording           = false;
    auto const [known, is_new] = at->of_key.try_emplace(key(), at->launches);
    if (is_new) return;
    ++at->repeats;
    if (known->second != at->launches) throw std::logic_error("replayed: an equal key, other launches");
  }

 private:
  template <class... Parts>
  void note(Parts const&... parts) const {
    if (!at->is_recording) return;
    (at->launches.append(reinterpret_cast<char const*>(&parts), sizeof parts), ...);
  }
  void refuse(char const* what) const {
    if (at->is_recording) throw std::logic_error(std::string("replayed: ") + what + " is no launch");
  }
};

}  // namespace poft_test
