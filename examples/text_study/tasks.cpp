// Drawing prompts, and answering them.
// SPDX-License-Identifier: MIT
#include "tasks.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "poft/core/error.hpp"

namespace text_study {
namespace {

constexpr std::string_view verbs[] = {"copy", "rev", "sort", "add", "count", "sub"};

std::string letters(std::size_t shortest, std::size_t longest, std::uint64_t alphabet,
                    poft::random_stream& random) {
  std::string out(shortest + random.below(longest - shortest + 1), 'a');
  for (char& one : out) one = static_cast<char>('a' + random.below(alphabet));
  return out;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t const end = std::min(text.find(' ', begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

std::optional<int> number_of(std::string_view text) {
  int number                = 0;
  auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number < 0) return {};
  return number;
}

}  // namespace

std::string draw_prompt(task kind, poft::random_stream& random) {
  std::string const verb(verbs[static_cast<int>(kind)]);
  switch (kind) {
    case task::copy:
    case task::reverse:
    case task::sort:
      return verb + " " + letters(3, 5, 8, random);
    case task::add: {
      std::string const first = std::to_string(random.below(40));
      return verb + " " + first + " " + std::to_string(random.below(40));
    }
    case task::count: {
      std::string const what = letters(1, 1, 3, random);
      return verb + " " + what + " " + letters(4, 8, 3, random);
    }
    case task::substitute: {
      std::string const text = letters(3, 5, 8, random);
      char const old         = text[random.below(text.size())];
      char const other = static_cast<char>('a' + (old - 'a' + 1 + static_cast<int>(random.below(7))) % 8);
      return verb + " " + old + other + " " + text;
    }
  }
  return {};
}

std::optional<task> task_of(std::string_view prompt) {
  auto const words = words_of(prompt);
  auto const found = std::find(std::begin(verbs), std::end(verbs), words[0]);
  if (found == std::end(verbs)) return {};
  auto const kind      = static_cast<task>(found - std::begin(verbs));
  std::size_t const of = kind < task::add ? 2 : 3;
  bool fits            = words.size() == of && !words.back().empty();
  if (kind == task::add) fits = fits && number_of(words[1]) && number_of(words[2]);
  if (kind == task::count) fits = fits && words[1].size() == 1;
  if (kind == task::substitute) fits = fits && words[1].size() == 2;
  return fits ? std::optional(kind) : std::nullopt;
}

std::string answer_to(std::string_view prompt) {
  auto const kind = task_of(prompt);
  if (!kind) throw poft::value_error(poft::message("answer_to: \"", prompt, "\" is of no task"));
  auto const words = words_of(prompt);
  std::string text(words.back());
  switch (*kind) {
    case task::copy:
      break;
    case task::reverse:
      std::reverse(text.begin(), text.end());
      break;
    case task::sort:
      std::sort(text.begin(), text.end());
      break;
    case task::add:
      return std::to_string(*number_of(words[1]) + *number_of(words[2]));
    case task::count:
      return std::to_string(std::count(text.begin(), text.end(), words[1][0]));
    case task::substitute:
      std::replace(text.begin(), text.end(), words[1][0], words[1][1]);
      break;
  }
  return text;
}

std::string slip(std::string_view prompt, poft::random_stream& random) {
  std::string text = answer_to(prompt);
  auto const words = words_of(prompt);
  auto const kind  = *task_of(prompt);
  if (kind == task::add) {
    int const a = *number_of(words[1]), b = *number_of(words[2]);
    int no_carry = 0;
    for (int digit = 1; digit <= 100; digit *= 10) no_carry += (a / digit + b / digit) % 10 * digit;
    return std::to_string(no_carry != a + b ? no_carry : a + b + 1);
  }
  if (kind == task::count) {
    int const right = *number_of(text);
    return std::to_string(right == 0 || random.below(2) == 0 ? right + 1 : right - 1);
  }
  if (kind == task::substitute) {
    std::string const original(words[2]);
    std::vector<std::size_t> replaced;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (original[i] != text[i]) replaced.push_back(i);
    }
    if (!replaced.empty()) {
      std::size_t const missed = replaced[random.below(replaced.size())];
      text[missed]             = original[missed];
      return text;
    }
  }
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] != text[i + 1]) places.push_back(i);
  }
  if (places.empty()) return text + text.back();
  std::size_t const at = places[random.below(places.size())];
  std::swap(text[at], text[at + 1]);
  return text;
}

}  // namespace text_study
