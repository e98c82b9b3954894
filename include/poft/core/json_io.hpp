// JSON texts read strictly: no name twice, no bottomless nesting, and every field with the type and range that is expected.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "poft/core/error.hpp"

namespace poft {

/// Text of unknown origin in quotes, for messages: control characters are escaped, what is long is cut.
inline std::string in_quotes(std::string_view text) {
  auto const replace = nlohmann::json::error_handler_t::replace;
  bool const is_long = text.size() > 200;
  return nlohmann::json(text.substr(0, 200)).dump(-1, ' ', true, replace) + (is_long ? "..." : "");
}

namespace detail {

/// Bytes of a text for nlohmann's parser, whose callback does not say where it is: `*read` does.
struct counted_byte {
  using iterator_category = std::forward_iterator_tag;
  using value_type        = char;
  using difference_type   = std::ptrdiff_t;
  using pointer           = char const*;
  using reference         = char const&;

  char const* at;
  char const** read;
  reference operator*() const { return *at; }
  counted_byte& operator++() {
    *read = ++at;
    return *this;
  }
  friend bool operator==(counted_byte a, counted_byte b) { return a.at == b.at; }
  friend bool operator!=(counted_byte a, counted_byte b) { return a.at != b.at; }
};

}  // namespace detail

/// The value that the text holds; otherwise throws refuse(byte, what): the last byte read, from 1 on, and what is wrong.
template <std::invocable<std::size_t, std::string const&> Refuse>
nlohmann::json parse_json(std::string_view text, Refuse const& refuse) {
  using json = nlohmann::json;
  // nlohmann keeps the last of two fields of one name; and a text of brackets alone grows to many times its size.
  constexpr int deepest  = 32;
  char const* read       = text.data();
  auto const refuse_here = [&](std::string const& what) {
    return refuse(static_cast<std::size_t>(read - text.data()), what);
  };
  std::vector<std::set<std::string>> names;  // of the objects that are open
  auto const check = [&](int depth, json::parse_event_t event, json& value) {
    bool const begins =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (begins && depth >= deepest)
      throw refuse_here(message("JSON nested deeper than ", deepest, " levels"));
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key) {
      auto const& name = value.get_ref<std::string const&>();
      if (!names.back().insert(name).second) {
        throw refuse_here(message("the name ", in_quotes(name), " stands twice in one JSON object"));
      }
    }
    return true;
  };
  try {
    return json::parse(detail::counted_byte{text.data(), &read},
                       detail::counted_byte{text.data() + text.size(), &read}, check);
  } catch (json::parse_error const& problem) {
    // "[json.exception.parse_error.101] parse error at line 1, column 8: what is wrong"
    std::string_view what = problem.what();
    what.remove_prefix(std::min(what.find(": ") + 2, what.size()));
    throw refuse(problem.byte, message("expected JSON; ", in_quotes(what)));
  } catch (json::exception const&) {
    throw refuse_here("expected JSON with numbers that fit into a double");
  }
}
/// The same with a format_error; `place` opens its message.
inline nlohmann::json parse_json(std::string_view text, std::string const& place) {
  return parse_json(text, [&](std::size_t byte, std::string const& what) {
    return format_error(message(place, ": byte ", byte, ": ", what));
  });
}

/// The fields of a JSON object by name. One that is null counts as absent; one that is absent takes its default, or is an
/// error where there is none. All errors are format_error and name the place, the field, its value and what was expected.
class json_fields {
 public:
  json_fields(nlohmann::json const& object, std::string place) : object_(&object), place_(std::move(place)) {
    if (!object.is_object()) {
      throw format_error(message(place_, ": ", shortened(object), ", expected a JSON object"));
    }
  }

  json_fields(nlohmann::json&&, std::string) = delete;  // the object must outlive its fields

  std::string const& place() const { return place_; }
  bool has(char const* name) const {
    auto const field = object_->find(name);
    return field != object_->end() && !field->is_null();
  }

  std::ptrdiff_t integer(char const* name, std::ptrdiff_t least, std::ptrdiff_t most,
                         std::optional<std::ptrdiff_t> absent = {}) const {
    return get(name, absent, message("an integer in ", least, " .. ", most), [&](auto const& field) {
      auto const within = [&](auto value) {
        bool const fits = std::cmp_less_equal(least, value) && std::cmp_less_equal(value, most);
        return fits ? std::optional(static_cast<std::ptrdiff_t>(value)) : std::nullopt;
      };
      if (field.is_number_unsigned()) return within(field.template get<std::uint64_t>());
      if (field.is_number_integer()) return within(field.template get<std::int64_t>());
      return std::optional<std::ptrdiff_t>();
    });
  }
  double number(char const* name, std::optional<double> absent = {}) const {
    return get(name, absent, "a finite number", [](auto const& field) {
      return field.is_number() && std::isfinite(field.template get<double>())
                 ? std::optional(field.template get<double>())
                 : std::nullopt;
    });
  }
  bool flag(char const* name, std::optional<bool> absent = {}) const {
    return get(name, absent, "true or false", [](auto const& field) {
      return field.is_boolean() ? std::optional(field.template get<bool>()) : std::nullopt;
    });
  }
  std::string text(char const* name, std::optional<std::string> absent = {}) const {
    return get(name, std::move(absent), "a text", [](auto const& field) {
      return field.is_string() ? std::optional(field.template get<std::string>()) : std::nullopt;
    });
  }
  /// An object within this one, or nothing.
  std::optional<json_fields> fields(char const* name) const {
    if (!has(name)) return std::nullopt;
    return json_fields((*object_)[name], message(place_, ": ", name));
  }

  /// The error of a field whose value has the right type and is wrong.
  format_error unexpected(char const* name, std::string_view expected) const {
    return format_error(message(place_, ": ", name, " is ",
                                has(name) ? shortened((*object_)[name]) : std::string("absent"),
                                ", expected ", expected));
  }

 private:
  static std::string shortened(nlohmann::json const& value) {
    std::string const text = value.dump(-1, ' ', true);
    return text.size() <= 80 ? text : text.substr(0, 77) + "...";
  }

  template <class T, class Read>
  T get(char const* name, std::optional<T> absent, std::string_view expected, Read read) const {
    if (!has(name)) {
      if (absent) return *std::move(absent);
      throw unexpected(name, expected);
    }
    std::optional<T> value = read((*object_)[name]);
    if (!value) throw unexpected(name, expected);
    return *std::move(value);
  }

  nlohmann::json const* object_;
  std::string place_;
};

}  // namespace poft
