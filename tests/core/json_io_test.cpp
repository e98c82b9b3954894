// JSON read strictly: names that stand twice, bottomless nesting, and fields of the wrong type or range.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>

#include "poft/core/json_io.hpp"
#include "support/expect_error.hpp"

namespace poft {
namespace {

using support::expect_error;

void expect_refused(std::string const& text, std::initializer_list<char const*> parts) {
  expect_error<format_error>([&] { parse_json(text, "file"); }, parts);
}

TEST(Json, ANameMayStandOncePerObject) {
  EXPECT_EQ(parse_json(R"({"a": {"b": 1}, "b": [{"a": 2}, {"a": 3}]})", "file")["b"][1]["a"], 3);
  expect_refused(R"({"a": 1, "b": 2, "a": 3})", {"file: byte 20: ", "\"a\" stands twice"});
  expect_refused(R"({"x": [{"a": 1, "\u0061": 3}]})", {"\"a\" stands twice"});
}

TEST(Json, WhatIsNoJsonNamesItsByte) {
  expect_refused("", {"file: byte 1: expected JSON"});
  expect_refused(R"({"a": 1)", {"byte 8: expected JSON", "unexpected end of input", "expected '}'"});
  expect_refused(R"({"a": 1} x)", {"byte 10"});
  expect_refused("{\"a\": \"\xff\"}", {"byte 8", "ill-formed UTF-8", "\\ufffd"});
  expect_refused(R"({"a": NaN})", {"byte 7"});
  expect_refused(R"({"a": 1e999})", {"fit into a double"});
}

TEST(Json, NestingEnds) {
  EXPECT_NO_THROW(parse_json(std::string(30, '[') + std::string(30, ']'), "file"));
  expect_refused(std::string(1'000'000, '['), {"nested deeper than 32"});
  std::string objects;
  for (int i = 0; i < 100; ++i) objects += "{\"a\":";
  expect_refused(objects, {"nested deeper than 32"});
}

TEST(JsonFields, GivesValuesAndDefaults) {
  auto const json =
      parse_json(R"({"n": 3, "m": -3, "x": 0.5, "b": true, "t": "word", "o": {"k": 1}, "z": null})", "file");
  json_fields const in(json, "file");
  EXPECT_EQ(in.integer("n", 1, 3), 3);
  EXPECT_EQ(in.integer("m", -3, 3), -3);
  EXPECT_EQ(in.number("x"), 0.5);
  EXPECT_EQ(in.number("n"), 3);
  EXPECT_TRUE(in.flag("b"));
  EXPECT_EQ(in.text("t"), "word");
  EXPECT_EQ(in.fields("o")->integer("k", 0, 9), 1);
  EXPECT_FALSE(in.has("z"));
  EXPECT_FALSE(in.fields("z"));
  for (char const* absent : {"z", "nothing"}) {
    EXPECT_EQ(in.integer(absent, 1, 3, 7), 7);
    EXPECT_EQ(in.number(absent, 7.5), 7.5);
    EXPECT_TRUE(in.flag(absent, true));
    EXPECT_EQ(in.text(absent, "else"), "else");
    expect_error<format_error>([&] { in.integer(absent, 1, 3); }, {"file: ", absent, "is absent", "1 .. 3"});
  }
}

TEST(JsonFields, RefusesWrongTypesAndRanges) {
  auto const json = parse_json(
      R"({"n": 4, "m": -1, "h": 18446744073709551615, "e": 1e30, "x": 0.5, "b": true, "t": "3", "a": [1]})",
      "file");
  json_fields const in(json, "file");
  for (char const* name : {"n", "m", "h", "e", "x", "b", "t", "a"}) {
    expect_error<format_error>([&] { in.integer(name, 1, 3); },
                               {"file: ", name, json[name].dump().c_str(), "expected an integer in 1 .. 3"});
  }
  expect_error<format_error>([&] { in.integer("h", -5, 3); }, {"18446744073709551615"});
  expect_error<format_error>([&] { in.number("t"); }, {"t is \"3\"", "a finite number"});
  expect_error<format_error>([&] { in.flag("n"); }, {"n is 4", "true or false"});
  expect_error<format_error>([&] { in.text("n"); }, {"n is 4", "a text"});
  expect_error<format_error>([&] { in.fields("n"); }, {"file: n: 4", "a JSON object"});
  auto const list = parse_json("[1]", "file");
  expect_error<format_error>([&] { json_fields(list, "file"); }, {"file: [1]", "a JSON object"});
}

TEST(InQuotes, EscapesAndCuts) {
  EXPECT_EQ(in_quotes("a\"b\n\x01"), R"("a\"b\n\u0001")");
  EXPECT_EQ(in_quotes(std::string(300, 'x')), '"' + std::string(200, 'x') + "\"...");
}

}  // namespace
}  // namespace poft
