// tokenizer.json of Hugging Face folders: byte-level byte-pair encodings of GPT-2's and Llama-3's kind, and the way back.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/core/whole_file.hpp"
#include "poft/text/byte_pair_encoding.hpp"
#include "poft/text/utf8.hpp"
#include "poft/text/word_pattern.hpp"

namespace poft {

namespace detail {

/// The characters that stand for the bytes in files (GPT-2): printable ones for themselves, the others for 256, 257, ...
inline std::array<char32_t, 256> byte_alphabet() {
  std::array<char32_t, 256> out;
  char32_t next = 256;
  for (char32_t byte = 0; byte < 256; ++byte) {
    bool const prints = (byte > ' ' && byte <= '~') || (byte > 0xa0 && byte != 0xad);
    out[byte]         = prints ? byte : next++;
  }
  return out;
}

class byte_alphabet_reader {
 public:
  byte_alphabet_reader() {
    bytes_.fill(none);
    auto const alphabet = byte_alphabet();
    for (std::size_t byte = 0; byte < alphabet.size(); ++byte)
      bytes_[alphabet[byte]] = static_cast<int>(byte);
  }
  /// The bytes that the characters stand for; nothing where one of them stands for none.
  std::optional<std::string> operator()(std::string_view characters) const {
    std::string out;
    for (std::size_t at = 0; at < characters.size();) {
      auto const [code, length] = utf8_at(characters, at);
      if (code >= bytes_.size() || bytes_[code] == none) return std::nullopt;
      out.push_back(static_cast<char>(bytes_[code]));
      at += length;
    }
    return out;
  }

 private:
  static constexpr int none = -1;
  std::array<int, 512> bytes_;
};

/// "model is "WordPiece", expected ...": a field whose value is not the one kind that we have.
inline void expect_kind(json_fields const& in, char const* name, std::string_view kind) {
  if (in.text(name) != kind) throw in.unexpected(name, in_quotes(kind));
}
inline void expect_absent(json_fields const& in, char const* name) {
  if (in.has(name)) throw in.unexpected(name, "none");
}
inline nlohmann::json const& list_field(nlohmann::json const& object, json_fields const& in,
                                        char const* name) {
  if (!in.has(name) || !object[name].is_array()) throw in.unexpected(name, "a list");
  return object[name];
}

inline void expect_byte_level(json_fields const& in) {
  expect_kind(in, "type", "ByteLevel");
  if (in.flag("add_prefix_space")) throw in.unexpected("add_prefix_space", "false");
}

/// ByteLevel alone has GPT-2's pattern; Split and ByteLevel one of the two that we know.
inline word_pattern parse_word_pattern(nlohmann::json const& json, json_fields const& in) {
  auto const pre = in.fields("pre_tokenizer");
  if (!pre)
    throw in.unexpected("pre_tokenizer", "\"ByteLevel\", or a \"Sequence\" of \"Split\" and \"ByteLevel\"");
  if (pre->text("type") == "ByteLevel") {
    expect_byte_level(*pre);
    if (!pre->flag("use_regex", true)) throw pre->unexpected("use_regex", "true");
    return word_pattern::gpt2;
  }
  if (pre->text("type") != "Sequence") throw pre->unexpected("type", "\"ByteLevel\" or \"Sequence\"");
  auto const& parts = list_field(json["pre_tokenizer"], *pre, "pretokenizers");
  if (parts.size() != 2) throw pre->unexpected("pretokenizers", "\"Split\" and \"ByteLevel\"");
  json_fields const split(parts[0], pre->place() + ": pretokenizers[0]");
  expect_kind(split, "type", "Split");
  expect_kind(split, "behavior", "Isolated");
  if (split.flag("invert", false)) throw split.unexpected("invert", "false");
  auto const pattern = split.fields("pattern");
  if (!pattern) throw split.unexpected("pattern", "an object");
  json_fields const bytes(parts[1], pre->place() + ": pretokenizers[1]");
  expect_byte_level(bytes);
  if (bytes.flag("use_regex", true)) throw bytes.unexpected("use_regex", "false");
  auto const expression = pattern->text("Regex");
  if (expression == gpt2_word_expression) return word_pattern::gpt2;
  if (expression == llama3_word_expression) return word_pattern::llama3;
  throw pattern->unexpected("Regex", "the expression of GPT-2 or of Llama-3");
}

inline std::pair<std::string, std::string> parse_merge(nlohmann::json const& merge, std::string const& place,
                                                       byte_alphabet_reader const& to_bytes) {
  std::optional<std::string> left, right;
  if (merge.is_string()) {
    auto const& text = merge.get_ref<std::string const&>();
    auto const space = text.find(' ');
    if (space != std::string::npos) {
      left  = to_bytes(std::string_view(text).substr(0, space));
      right = to_bytes(std::string_view(text).substr(space + 1));
    }
  } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
    left  = to_bytes(merge[0].get_ref<std::string const&>());
    right = to_bytes(merge[1].get_ref<std::string const&>());
  }
  if (!left || !right) {
    throw format_error(message(place, " is ", in_quotes(merge.dump(-1, ' ', true)),
                               ", expected two byte-level tokens, as \"a b\" or [\"a\", \"b\"]"));
  }
  return {*std::move(left), *std::move(right)};
}

}  // namespace detail

/// What a tokenizer.json says; `place` opens the messages. What would give other ids is refused by its name: other models than
/// BPE, normalizers, other patterns. The post-processor, which adds special tokens, and truncation are left to the caller.
/// Throws format_error.
inline byte_pair_vocabulary parse_byte_pair_vocabulary(std::string_view text, std::string const& place) {
  auto const json = parse_json(text, place);
  json_fields const in(json, place);
  auto const model = in.fields("model");
  if (!model) throw in.unexpected("model", "an object");
  // Old files of GPT-2 do not say which model they have.
  if (model->has("type") || !model->has("merges")) detail::expect_kind(*model, "type", "BPE");
  detail::expect_absent(in, "normalizer");
  byte_pair_vocabulary out;
  out.pattern = detail::parse_word_pattern(json, in);
  if (auto const decoder = in.fields("decoder")) detail::expect_kind(*decoder, "type", "ByteLevel");

  for (char const* name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (model->text(name, "") != "") throw model->unexpected(name, "none");
  }
  if (model->number("dropout", 0) != 0) throw model->unexpected("dropout", "none");
  if (model->flag("byte_fallback", false)) throw model->unexpected("byte_fallback", "false");
  out.ignore_merges = model->flag("ignore_merges", false);

  constexpr std::int32_t largest_id = byte_pair_encoding::largest_vocab - 1;
  std::map<std::string, std::int32_t, std::less<>> added;
  if (in.has("added_tokens")) {
    auto const& list = detail::list_field(json, in, "added_tokens");
    for (std::size_t k = 0; k < list.size(); ++k) {
      json_fields const one(list[k], message(place, ": added_tokens[", k, "]"));
      bool const special = one.flag("special", false);
      for (char const* name : {"single_word", "lstrip", "rstrip"}) {
        if (!special && one.flag(name, false))
          throw one.unexpected(name, "false for a token that is not special");
      }
      out.added.push_back(
          {one.text("content"), static_cast<std::int32_t>(one.integer("id", 0, largest_id)), special});
      added.emplace(out.added.back().text, out.added.back().id);
    }
  }
  auto const vocab = model->fields("vocab");
  if (!vocab) throw model->unexpected("vocab", "an object of ids by token");
  detail::byte_alphabet_reader const to_bytes;
  for (auto const& [token, id] : json["model"]["vocab"].items()) {
    auto const number = static_cast<std::int32_t>(vocab->integer(token.c_str(), 0, largest_id));
    // An added token stands there as it is, not in the alphabet of bytes.
    auto const bytes = added.contains(token) ? std::optional(token) : to_bytes(token);
    if (!bytes) throw vocab->unexpected(token.c_str(), "characters that stand for bytes in its name");
    out.tokens.push_back({*bytes, number});
  }
  auto const& merges = detail::list_field(json["model"], *model, "merges");
  for (std::size_t k = 0; k < merges.size(); ++k) {
    out.merges.push_back(
        detail::parse_merge(merges[k], message(place, ": model: merges[", k, "]"), to_bytes));
  }
  return out;
}

inline byte_pair_encoding parse_byte_pair_encoding(std::string_view text, std::string const& place) {
  auto vocabulary = parse_byte_pair_vocabulary(text, place);
  try {
    return byte_pair_encoding(std::move(vocabulary));
  } catch (value_error const& problem) {
    throw format_error(message(place, ": ", problem.what()));
  }
}

/// A file, or tokenizer.json of a folder. Throws io_error or format_error.
inline byte_pair_encoding load_byte_pair_encoding(std::filesystem::path const& path) {
  auto const file = std::filesystem::is_directory(path) ? path / "tokenizer.json" : path;
  return parse_byte_pair_encoding(read_whole(file), message("tokenizer: \"", file.string(), "\""));
}

/// The text of a tokenizer.json: all that parse_byte_pair_vocabulary reads and what other readers expect.
inline std::string byte_pair_vocabulary_text(byte_pair_vocabulary const& vocabulary) {
  auto const alphabet      = detail::byte_alphabet();
  auto const in_characters = [&](std::string const& bytes) {
    std::string out;
    for (unsigned char const byte : bytes) append_utf8(out, alphabet[byte]);
    return out;
  };
  using json            = nlohmann::ordered_json;
  json const byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}};
  auto const expression =
      vocabulary.pattern == word_pattern::gpt2 ? gpt2_word_expression : llama3_word_expression;
  json added = json::array(), vocab = json::object(), merges = json::array();
  std::set<std::string_view> is_added;
  for (auto const& [text, id, special] : vocabulary.added) {
    added.push_back({{"id", id},
                     {"content", text},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", special}});
    is_added.insert(text);
  }
  for (auto const& [bytes, id] : vocabulary.tokens) {
    vocab[is_added.contains(bytes) ? bytes : in_characters(bytes)] = id;
  }
  for (auto const& [left, right] : vocabulary.merges) {
    merges.push_back({in_characters(left), in_characters(right)});
  }
  json const out = {{"version", "1.0"},
                    {"truncation", nullptr},
                    {"padding", nullptr},
                    {"added_tokens", added},
                    {"normalizer", nullptr},
                    {"pre_tokenizer",
                     {{"type", "Sequence"},
                      {"pretokenizers",
                       {{{"type", "Split"},
                         {"pattern", {{"Regex", expression}}},
                         {"behavior", "Isolated"},
                         {"invert", false}},
                        byte_level}}}},
                    {"post_processor", nullptr},
                    {"decoder", byte_level},
                    {"model",
                     {{"type", "BPE"},
                      {"dropout", nullptr},
                      {"unk_token", nullptr},
                      {"continuing_subword_prefix", nullptr},
                      {"end_of_word_suffix", nullptr},
                      {"fuse_unk", false},
                      {"byte_fallback", false},
                      {"ignore_merges", vocabulary.ignore_merges},
                      {"vocab", vocab},
                      {"merges", merges}}}};
  return out.dump(1) + "\n";
}

}  // namespace poft
