// What an error says, whole.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "poft/core/error.hpp"

namespace support {

/// The text of the poft::error that f() throws, "no error" where it throws none.
std::string refusal(auto&& f) {
  try {
    f();
  } catch (poft::error const& problem) {
    return problem.what();
  }
  return "no error";
}

}  // namespace support
