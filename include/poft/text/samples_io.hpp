// Samples of fine-tuning in JSONL, in the forms that people have: prompt and response, pairs, conversations, token ids.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/text/chat_template.hpp"
#include "poft/text/content_hash.hpp"
#include "poft/text/json_lines_io.hpp"
#include "poft/text/line_reader.hpp"

namespace poft {

/// A prompt, and one response or two: the chosen and the rejected one.
struct sample {
  using conversation = std::vector<chat_message>;
  using token_ids    = std::vector<std::int32_t>;

  std::string id;                                      // an integer's digits; "#12" where line 12 gives none
  conversation prompt;                                 // a plain prompt is one message of the user
  std::vector<conversation> responses;                 // each begins and ends with the assistant
  token_ids prompt_ids;                                // where the file has ids; text may be there, too
  std::vector<token_ids> response_ids;                 // as many as responses where both are there
  std::map<std::string, double, std::less<>> numbers;  // those asked for that the line has
  std::uint64_t content = 0;  // hash of prompt and responses, of ids where there is no text
  std::string line;           // as it stands in the file
  std::uint64_t line_number = 0;
};

struct sample_options {
  std::vector<std::string> numbers = {"logp", "score"};  // columns that are read; null counts as absent
  bool needs_id                    = false;              // a line without id is a bad line
  bool needs_response              = true;               // or it may be a bare prompt
  bool unique_ids                  = true;  // a line with an earlier one's id is a bad line (64-bit hashes)
};

namespace detail {

/// Reads the fields of one line.
class sample_parser {
 public:
  sample_parser(json_line const& in, sample_options const& options) : in_(in), options_(options) {}

  sample operator()() const {
    sample out;
    out.line        = in_.text;
    out.line_number = in_.number;
    out.id          = id();
    texts(out);
    tokens(out);
    bool const is_bare = out.responses.empty() && out.response_ids.empty();
    if (is_bare && (options_.needs_response || (out.prompt.empty() && out.prompt_ids.empty()))) {
      throw in_.unexpected("response", "", "a response, chosen and rejected, messages, or their ids");
    }
    if (!out.responses.empty() && !out.response_ids.empty() &&
        out.responses.size() != out.response_ids.size()) {
      throw in_.unexpected("response_ids", "", "ids of the same responses as the texts");
    }
    for (auto const& name : options_.numbers) {
      if (!has(name.c_str())) continue;
      auto const& value = in_.value[name];
      if (!value.is_number() || !std::isfinite(value.get<double>())) {
        throw in_.unexpected(name.c_str(), "", "a finite number");
      }
      out.numbers.emplace(name, value.get<double>());
    }
    out.content = hash(out);
    return out;
  }

 private:
  using json = nlohmann::json;

  bool has(char const* name) const {
    auto const found = in_.value.find(name);
    return found != in_.value.end() && !found->is_null();
  }

  std::string id() const {
    if (!has("id")) {
      if (options_.needs_id) throw in_.unexpected("id", "", "a text or an integer");
      return message("#", in_.number);
    }
    auto const& value = in_.value["id"];
    if (value.is_number_integer()) return value.dump();
    if (!value.is_string() || value.get_ref<std::string const&>().empty()) {
      throw in_.unexpected("id", "", "a text that is not empty, or an integer");
    }
    return value.get<std::string>();
  }

  /// A text is one message of `role`.
  sample::conversation messages(char const* name, char const* role) const {
    auto const& value = in_.value[name];
    if (value.is_string()) return {{role, value.get<std::string>()}};
    if (!value.is_array() || value.empty()) throw in_.unexpected(name, "", "a text or a list of messages");
    sample::conversation out;
    for (std::size_t k = 0; k < value.size(); ++k) {
      auto const part = [&](char const* field) -> std::string const& {
        auto const found = value[k].is_object() ? value[k].find(field) : value[k].end();
        if (!value[k].is_object() || found == value[k].end() || !found->is_string()) {
          throw in_.unexpected(name, message("[", k, "]"), "{\"role\": TEXT, \"content\": TEXT}");
        }
        return found->get_ref<std::string const&>();
      };
      out.push_back({part("role"), part("content")});
    }
    return out;
  }

  void check_response(char const* name, sample::conversation const& response) const {
    if (response.empty() || response.front().role != chat_template::assistant ||
        response.back().role != chat_template::assistant) {
      throw in_.unexpected(
          name, "", "messages from one of the assistant to one of the assistant, after those of the prompt");
    }
    for (auto const& one : response) {
      if (one.role == chat_template::assistant && one.content.empty()) {
        throw in_.unexpected(name, "", "a response that is not empty");
      }
    }
  }

  /// Of the forms that a line may have at once, pairs come first and messages last: files of pairs have all.
  void texts(sample& out) const {
    if (has("chosen") || has("rejected")) {
      pair(out);
    } else if (has("response")) {
      if (!has("prompt")) throw in_.unexpected("prompt", "", "a text or a list of messages");
      out.prompt    = messages("prompt", "user");
      out.responses.push_back(messages("response", chat_template::assistant));
      check_response("response", out.responses[0]);
    } else if (has("messages")) {
      if (in_.value["messages"].is_string()) throw in_.unexpected("messages", "", "a list of messages");
      auto all         = messages("messages", "");
      auto const first = std::ranges::find(all, chat_template::assistant, &chat_message::role);
      if (first == all.begin())
        throw in_.unexpected("messages", "", "a message before the assistant's first");
      if (first == all.end() && !options_.needs_response) {
        out.prompt = std::move(all);
        return;
      }
      out.responses.emplace_back(std::make_move_iterator(first), std::make_move_iterator(all.end()));
      all.erase(first, all.end());
      out.prompt = std::move(all);
      check_response("messages", out.responses[0]);
    } else if (has("prompt")) {
      out.prompt = messages("prompt", "user");
    }
  }

  /// The messages that chosen and rejected begin with are the prompt's, given or not.
  void pair(sample& out) const {
    for (char const* name : {"chosen", "rejected"}) {
      if (!has(name)) throw in_.unexpected(name, "", "a text or a list of messages");
      out.responses.push_back(messages(name, chat_template::assistant));
    }
    auto &chosen = out.responses[0], &rejected = out.responses[1];
    if (has("prompt")) {
      out.prompt = messages("prompt", "user");
    } else {
      auto const shared = std::ranges::mismatch(chosen, rejected).in1;
      // Both may begin with the same words of the assistant: these belong to the responses.
      auto const last_of_others =
          std::find_if(std::make_reverse_iterator(shared), chosen.rend(),
                       [](auto const& one) { return one.role != chat_template::assistant; });
      out.prompt.assign(chosen.begin(), last_of_others.base());
      if (out.prompt.empty()) throw in_.unexpected("prompt", "", "a text or a list of messages");
    }
    for (std::size_t k = 0; k < 2; ++k) {
      auto& response = out.responses[k];
      if (response.size() > out.prompt.size() &&
          std::equal(out.prompt.begin(), out.prompt.end(), response.begin())) {
        response.erase(response.begin(), response.begin() + static_cast<std::ptrdiff_t>(out.prompt.size()));
      }
      check_response(k == 0 ? "chosen" : "rejected", response);
    }
  }

  sample::token_ids ids(char const* name) const {
    if (!has(name) || !in_.value[name].is_array() || in_.value[name].empty()) {
      throw in_.unexpected(name, "", "a list of at least one token id");
    }
    sample::token_ids out;
    for (auto const& id : in_.value[name]) {
      if (!id.is_number_unsigned() || id.get<std::uint64_t>() > std::numeric_limits<std::int32_t>::max()) {
        throw in_.unexpected(name, message("[", out.size(), "]"), "a token id, an integer >= 0");
      }
      out.push_back(id.get<std::int32_t>());
    }
    return out;
  }

  void tokens(sample& out) const {
    if (has("chosen_ids") || has("rejected_ids")) {
      out.response_ids = {ids("chosen_ids"), ids("rejected_ids")};
    } else if (has("response_ids")) {
      out.response_ids.push_back(ids("response_ids"));
    } else if (!has("prompt_ids")) {
      return;
    } else if (options_.needs_response) {
      throw in_.unexpected("response_ids", "", "a list of at least one token id, as there is prompt_ids");
    }
    out.prompt_ids = ids("prompt_ids");
  }

  static std::uint64_t hash(sample const& of) {
    content_hash out;
    auto const add_texts = [&](sample::conversation const& all) {
      out.add(all.size());
      for (auto const& one : all) out.add(one.role).add(one.content);
    };
    auto const add_ids = [&](sample::token_ids const& all) {
      out.add(all.size());
      for (auto const id : all) out.add(static_cast<std::uint64_t>(id));
    };
    bool const has_texts = !of.responses.empty() || (of.response_ids.empty() && !of.prompt.empty());
    if (!has_texts) {
      add_ids(of.prompt_ids);
      for (auto const& one : of.response_ids) add_ids(one);
    } else {
      add_texts(of.prompt);
      for (auto const& one : of.responses) add_texts(one);
    }
    return out.value();
  }

  json_line const& in_;
  sample_options const& options_;
};

}  // namespace detail

/// The sample that a line holds. Throws format_error with file, line, column and what was expected.
inline sample parse_sample(json_line const& line, sample_options const& options = {}) {
  return detail::sample_parser(line, options)();
}

/// The samples of a file, one at a time: memory is that of the longest line, and of a hash for every id that must be unique.
class sample_reader {
 public:
  using bad_line_handler = json_lines_reader::bad_line_handler;

  /// Goes on at `from`, a position() of an earlier reader of the same file. With unique ids the lines before are read again,
  /// for theirs. Bad lines are thrown as format_error, or told to the handler and passed over.
  explicit sample_reader(std::filesystem::path const& file, sample_options options = {},
                         bad_line_handler handler = {}, line_position from = {})
      : sample_reader(line_reader(file, from), std::move(options), std::move(handler)) {
    if (options_.unique_ids && from.offset > 0) {
      json_lines_reader before(file, [](format_error const&) {});
      while (before.position().offset < from.offset) {
        if (!before.next_line([&](json_line&& line) { known(line); })) break;
      }
    }
  }
  explicit sample_reader(line_reader lines, sample_options options = {}, bad_line_handler handler = {})
      : options_(std::move(options)), lines_(std::move(lines), std::move(handler)) {}

  /// False at the end of the file.
  bool next(sample& out) {
    return lines_.next([&](json_line&& line) { out = known(line); });
  }
  /// After the line of the sample that next() gave last.
  line_position position() const { return lines_.position(); }
  /// From where this reader began.
  std::uint64_t bad_lines() const { return lines_.bad_lines(); }

 private:
  sample known(json_line const& line) {
    sample out = parse_sample(line, options_);
    if (options_.unique_ids && !ids_.insert(content_hash().add(out.id).value())) {
      throw line.unexpected("id", "", "one that no earlier line has");
    }
    return out;
  }

  sample_options options_;
  json_lines_reader lines_;
  hash_set ids_;
};

}  // namespace poft
