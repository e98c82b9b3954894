// JSONL read line by line: where the message says that something is wrong, and what is passed over.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "poft/text/json_lines_io.hpp"
#include "support/expect_error.hpp"

namespace poft {
namespace {

using support::expect_error;

json_lines_reader json_reader_of(std::string text, json_lines_reader::bad_line_handler handler = {}) {
  return json_lines_reader(line_reader(std::make_unique<std::istringstream>(std::move(text)), "data.jsonl"),
                           std::move(handler));
}
void expect_refused(std::string const& line, std::initializer_list<char const*> parts) {
  auto reader = json_reader_of("{}\n" + line);
  EXPECT_TRUE(reader.next([](json_line&&) {}));
  expect_error<format_error>([&] { reader.next([](json_line&&) {}); }, parts);
}

TEST(JsonLines, ObjectsAndBlankLines) {
  auto reader = json_reader_of("{\"a\": 1}\n\n  \t\r\n{\"a\": 2}\r\n {\"a\": 3}");
  std::vector<int> values;
  std::vector<std::uint64_t> numbers;
  while (reader.next([&](json_line&& line) {
    values.push_back(line.value["a"]);
    numbers.push_back(line.number);
  })) {
  }
  EXPECT_EQ(values, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{1, 4, 5}));
}

TEST(JsonLines, WhatIsNoJsonNamesFileLineAndColumn) {
  expect_refused(R"({"a": 1)", {"data.jsonl: line 2, column 8: expected JSON", "end of input", "'}'"});
  expect_refused(R"({"a": "text)", {"line 2, column 12", "missing closing quote"});
  expect_refused(R"({"a" 1})", {"line 2, column 6", "':'"});
  expect_refused(R"({"a": 1} {"b": 2})", {"line 2, column 10"});
  expect_refused("{\"a\": \"caf\xe9\"}", {"line 2, column 12", "ill-formed UTF-8"});
  expect_refused("{\"a\": \"\xc0\xaf\"}", {"line 2, column 8", "ill-formed UTF-8"});
  expect_refused("{\"a\": \"\xed\xa0\x80\"}", {"line 2, column 9", "ill-formed UTF-8"});
  expect_refused(R"({"a": "\ud800"})", {"line 2", "surrogate"});
  expect_refused(std::string("{\"a\": \"\0\"}", 10), {"line 2, column 8", "control character"});
  expect_refused(R"({"a": 1, "a": 2})", {"line 2, column 12", "\"a\" stands twice"});
  expect_refused(R"({"a": 1e999})", {"line 2, column 12", "fit into a double"});
  expect_refused(std::string(100, '['), {"line 2, column 33", "nested deeper"});
  expect_refused("[1]", {"line 2, column 1: expected a JSON object"});
  expect_refused("text", {"line 2, column 2: expected JSON"});
}

TEST(JsonLines, WrongFieldsNameTheirColumn) {
  json_line line = parse_json_line(
      "data.jsonl", {R"({"id": 7, "n":{"b": [1, "b"], "id": 3}, "b" :  "x\"y", "c": null})", 5, false});
  auto const said = [&](char const* name) {
    return std::string(line.unexpected(name, "", "a number").what());
  };
  EXPECT_EQ(said("id"), "data.jsonl: line 5, column 8: id is 7, expected a number");
  EXPECT_EQ(said("b"), "data.jsonl: line 5, column 48: b is \"x\\\"y\", expected a number");
  EXPECT_EQ(said("c"), "data.jsonl: line 5, column 61: c is null, expected a number");
  EXPECT_EQ(said("z"), "data.jsonl: line 5, column 1: z is absent, expected a number");
  EXPECT_EQ(std::string(line.unexpected("n", "[2]", "a text").what()),
            "data.jsonl: line 5, column 15: n[2] in {\"b\":[1,\"b\"],\"id\":3}, expected a text");
}

TEST(JsonLines, BadLinesMayBePassedOver) {
  std::vector<std::string> told;
  auto reader = json_reader_of("{\"a\": 1}\n{\"a\": \nx\n{\"a\": 2}\n{\"a\": 3}\n{\"a\":",
                               [&](format_error const& problem) { told.push_back(problem.what()); });
  std::vector<int> values;
  auto const read = [&](json_line&& line) {
    if (line.value["a"] == 2) throw line.unexpected("a", "", "1 or 3");
    values.push_back(line.value["a"]);
  };
  while (reader.next(read)) {
  }
  EXPECT_EQ(values, (std::vector<int>{1, 3}));
  EXPECT_EQ(reader.bad_lines(), 4u);
  ASSERT_EQ(told.size(), 4u);
  EXPECT_NE(told[0].find("line 2, column 7"), std::string::npos) << told[0];
  EXPECT_NE(told[2].find("line 4, column 7: a is 2"), std::string::npos) << told[2];
  EXPECT_NE(told[3].find("line 6"), std::string::npos);
}

TEST(JsonLines, AfterAnErrorTheNextLineFollows) {
  auto reader = json_reader_of("x\n{\"a\": 1}\n");
  expect_error<format_error>([&] { reader.next([](json_line&&) {}); }, {"line 1"});
  EXPECT_TRUE(reader.next([](json_line&& line) { EXPECT_EQ(line.value["a"], 1); }));
  EXPECT_FALSE(reader.next([](json_line&&) {}));
}

TEST(JsonLines, EndlessLinesAreBadOnes) {
  auto reader =
      json_reader_of("{\"a\": \"" + std::string(line_reader::longest_line, 'x') + "\"}\n{\"a\": 1}\n");
  expect_error<format_error>([&] { reader.next([](json_line&&) {}); },
                             {"line 1", "longer than 67108864 bytes"});
  EXPECT_TRUE(reader.next([](json_line&&) {}));
}

}  // namespace
}  // namespace poft
