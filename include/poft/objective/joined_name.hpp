// Names of composed objectives, put together while compiling: "ppo_clip" and "k3" give "ppo_clip_k3".
// SPDX-License-Identifier: MIT
#pragma once

namespace poft {

/// joined_name<A, B>::text is A::name, an underscore, B::name.
template <class A, class B>
struct joined_name {
  static constexpr int length(char const* text) {
    int n = 0;
    while (text[n] != '\0') ++n;
    return n;
  }
  struct buffer {
    char text[length(A::name) + 1 + length(B::name) + 1]{};
    constexpr buffer() {
      int n = 0;
      for (char const* c = A::name; *c != '\0'; ++c) text[n++] = *c;
      text[n++] = '_';
      for (char const* c = B::name; *c != '\0'; ++c) text[n++] = *c;
    }
  };
  static constexpr buffer storage{};
  static constexpr char const* text = storage.text;
};

}  // namespace poft
