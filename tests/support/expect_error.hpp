// Expects an exception of exactly one type whose message holds some parts.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace support {

template <class Error, class F>
void expect_error(F&& f, std::initializer_list<char const*> parts) {
  try {
    f();
    ADD_FAILURE() << "nothing was thrown, expected: " << *parts.begin();
  } catch (Error const& problem) {
    std::string const said = problem.what();
    for (char const* part : parts) {
      EXPECT_NE(said.find(part), std::string::npos) << part << " is not in: " << said;
    }
  }
}

}  // namespace support
