// Chat templates in files: a small JSON of prefixes and suffixes by role.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/core/whole_file.hpp"
#include "poft/text/chat_template.hpp"

namespace poft {

namespace detail {

/// A text, {"special": NAME}, or a list of these; absent: nothing.
inline std::vector<template_part> template_parts(nlohmann::json const& object, json_fields const& in,
                                                 char const* name) {
  std::vector<template_part> out;
  if (!in.has(name)) return out;
  auto const add = [&](nlohmann::json const& one) {
    if (one.is_string()) {
      out.push_back({one.get<std::string>(), false});
    } else if (one.is_object() && one.size() == 1 && one.contains("special") && one["special"].is_string()) {
      out.push_back({one["special"].get<std::string>(), true});
    } else {
      throw in.unexpected(name, "a text, {\"special\": NAME}, or a list of these");
    }
  };
  auto const& parts = object[name];
  if (parts.is_array()) {
    for (auto const& one : parts) add(one);
  } else {
    add(parts);
  }
  return out;
}

inline void expect_names(nlohmann::json const& object, json_fields const& in,
                         std::initializer_list<std::string_view> known) {
  for (auto const& field : object.items()) {
    if (std::ranges::find(known, field.key()) != known.end()) continue;
    std::string names;
    for (std::string_view const one : known) names += (names.empty() ? "" : " or ") + in_quotes(one);
    throw format_error(
        message(in.place(), ": there is a field ", in_quotes(field.key()), ", expected ", names));
  }
}

}  // namespace detail

///   {"begin": {"special": "<s>"},
///    "roles": {"user": {"prefix": "User: ", "suffix": "\n"},
///              "assistant": {"prefix": ["Assistant:"], "suffix": [{"special": "</s>"}, "\n"]}}}
/// `place` opens the messages. Throws format_error.
inline chat_template parse_chat_template(std::string_view text, std::string const& place) {
  auto const json = parse_json(text, place);
  json_fields const in(json, place);
  detail::expect_names(json, in, {"begin", "roles"});
  auto const roles = in.fields("roles");
  if (!roles || !roles->has(chat_template::assistant)) {
    throw in.unexpected("roles", "an object with a field \"assistant\"");
  }
  chat_template out;
  out.begin = detail::template_parts(json, in, "begin");
  for (auto const& [name, around] : json["roles"].items()) {
    json_fields const fields(around, message(roles->place(), ": ", in_quotes(name)));
    detail::expect_names(around, fields, {"prefix", "suffix"});
    out.roles[name] = {detail::template_parts(around, fields, "prefix"),
                       detail::template_parts(around, fields, "suffix")};
  }
  return out;
}

inline chat_template load_chat_template(std::filesystem::path const& file) {
  return parse_chat_template(read_whole(file), message("chat template: \"", file.string(), "\""));
}

/// What parse_chat_template reads.
inline std::string chat_template_text(chat_template const& form) {
  using json       = nlohmann::ordered_json;
  auto const parts = [](std::vector<template_part> const& from) {
    json out = json::array();
    for (auto const& [text, special] : from) out.push_back(special ? json{{"special", text}} : json(text));
    return out;
  };
  json roles = json::object();
  for (auto const& [name, around] : form.roles) {
    roles[name] = {{"prefix", parts(around.prefix)}, {"suffix", parts(around.suffix)}};
  }
  return json{{"begin", parts(form.begin)}, {"roles", roles}}.dump(1) + "\n";
}

}  // namespace poft
