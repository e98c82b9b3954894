// The expectation that a call throws a given error whose sentence contains all given parts.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

template <class Error, class Call>
void expect_error(Call call, std::initializer_list<char const*> parts) {
  try {
    call();
    ADD_FAILURE() << "nothing was thrown, expected: " << *parts.begin();
  } catch (Error const& error) {
    for (char const* part : parts)
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
          << "\"" << part << "\" is not in \"" << error.what() << "\"";
  }
}
