// Chat templates as JSON: read, written and refused.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>

#include "poft/text/chat_template_io.hpp"
#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace poft {
namespace {

using support::expect_error;

char const example[] = R"({"begin": {"special": "<s>"},
  "roles": {"user": {"prefix": "User: ", "suffix": "\n"},
            "assistant": {"prefix": ["Assistant", ":"], "suffix": [{"special": "</s>"}, "\n"]}}})";

TEST(ChatTemplateIo, ReadsTextsAndSpecialTokens) {
  chat_template const form = parse_chat_template(example, "file");
  EXPECT_EQ(form.begin, (std::vector<template_part>{{"<s>", true}}));
  EXPECT_EQ(form.roles.at("user").prefix, (std::vector<template_part>{{"User: ", false}}));
  EXPECT_EQ(form.roles.at("assistant").prefix, (std::vector<template_part>{{"Assistant"}, {":"}}));
  EXPECT_EQ(form.roles.at("assistant").suffix, (std::vector<template_part>{{"</s>", true}, {"\n"}}));
  EXPECT_EQ(form.roles.size(), 2u);
  EXPECT_EQ(parse_chat_template(chat_template_text(form), "text"), form);
  byte_tokenizer const bytes;
  EXPECT_EQ(parse_chat_template(chat_template_text(default_chat_template(bytes)), "text"),
            default_chat_template(bytes));
}

TEST(ChatTemplateIo, RefusesWhatItDoesNotKnow) {
  auto const expect_refused = [](char const* text, std::initializer_list<char const*> parts) {
    expect_error<format_error>([&] { parse_chat_template(text, "file"); }, parts);
  };
  expect_refused("{", {"file: byte 2"});
  expect_refused("[]", {"file: []", "a JSON object"});
  expect_refused("{}", {"file: roles is absent", "\"assistant\""});
  expect_refused(R"({"roles": {"user": {}}})", {"roles is", "\"assistant\""});
  expect_refused(R"({"roles": {"assistant": {}}, "end": "x"})", {"\"end\"", "\"begin\" or \"roles\""});
  expect_refused(R"({"roles": {"assistant": {"prefx": "x"}}})",
                 {"roles: \"assistant\"", "\"prefx\"", "\"suffix\""});
  expect_refused(R"({"roles": {"assistant": {"suffix": 3}}})", {"suffix is 3", "{\"special\": NAME}"});
  expect_refused(R"({"roles": {"assistant": {"suffix": [{"special": 3}]}}})",
                 {"suffix is [{\"special\":3}]"});
  expect_refused(R"({"roles": {"assistant": "x"}})", {"\"assistant\": \"x\"", "a JSON object"});
}

TEST(ChatTemplateIo, FilesAreNamed) {
  support::scratch_folder const folder("chat_template");
  write_whole(folder / "chat.json", example);
  EXPECT_EQ(load_chat_template(folder / "chat.json"), parse_chat_template(example, "file"));
  expect_error<io_error>([&] { load_chat_template(folder / "none.json"); }, {"none.json"});
}

}  // namespace
}  // namespace poft
