// A program that is a function, called as from a command line.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

struct outcome_of_program {
  int code;
  std::string said, complained;  ///< on stdout, on stderr
};

class called_program {
 public:
  called_program(std::string name, std::function<int(int, char const* const*)> run)
      : name_(std::move(name)), run_(std::move(run)) {}

  outcome_of_program operator()(std::vector<std::string> const& arguments) const {
    std::vector<char const*> argv{name_.c_str()};
    for (std::string const& one : arguments) argv.push_back(one.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    int const code   = run_(static_cast<int>(argv.size()), argv.data());
    std::string said = testing::internal::GetCapturedStdout();
    return {code, std::move(said), testing::internal::GetCapturedStderr()};
  }
  outcome_of_program expect_works(std::vector<std::string> const& arguments) const {
    outcome_of_program result = (*this)(arguments);
    EXPECT_EQ(result.code, 0) << result.complained;
    return result;
  }
  /// Exit code 2, and words that hold all the parts.
  outcome_of_program expect_refused(std::vector<std::string> const& arguments,
                                    std::initializer_list<std::string_view> parts) const {
    outcome_of_program result = (*this)(arguments);
    EXPECT_EQ(result.code, 2) << result.said;
    for (std::string_view const part : parts) {
      EXPECT_NE(result.complained.find(part), std::string::npos)
          << part << " is not in: " << result.complained;
    }
    return result;
  }

 private:
  std::string name_;
  std::function<int(int, char const* const*)> run_;
};

}  // namespace support
