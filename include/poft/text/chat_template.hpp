// Conversations as token ids: what stands around the messages of each role, and which tokens the loss counts.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/text/tokenizer.hpp"

namespace poft {

struct chat_message {
  std::string role, content;
  friend bool operator==(chat_message const&, chat_message const&) = default;
};

/// Text, or a special token by its name.
struct template_part {
  std::string text;
  bool special                                                       = false;
  friend bool operator==(template_part const&, template_part const&) = default;
};

/// What stands before the first message, and around those of each role. The assistant's turn ends with the first special
/// token of its suffix.
struct chat_template {
  struct role {
    std::vector<template_part> prefix, suffix;
    friend bool operator==(role const&, role const&) = default;
  };
  static constexpr char assistant[] = "assistant";

  std::vector<template_part> begin;
  std::map<std::string, role, std::less<>> roles;
  friend bool operator==(chat_template const&, chat_template const&) = default;
};

/// A conversation in tokens. `counts` marks the assistant's contents and ends of turn.
struct chat_tokens {
  std::vector<std::int32_t> ids;
  std::vector<std::uint8_t> counts;  // one per id, 1 or 0

  /// How many stand before the first that counts.
  std::size_t prompt() const {
    return static_cast<std::size_t>(std::ranges::find(counts, 1) - counts.begin());
  }
};

/// Whether the end of the assistant's turn counts: it does where a model shall learn to stop; the score of PoFT's own code
/// (arXiv:2412.12865) leaves it out. The ids are the same.
enum class end_of_turn { counts, is_left_out };

/// A template whose special tokens a tokenizer has. No message's text ever becomes a special token. Neighbouring texts of the
/// template and of messages are encoded together, except that the assistant's content begins and ends with a token: so a
/// model sees the same tokens where it continues a prompt.
class chat_encoder {
 public:
  /// The tokenizer must live as long. Throws value_error where it lacks a special token, or where the template has no
  /// assistant or no special token that ends its turn.
  chat_encoder(tokenizer const& tokens, chat_template const& form, end_of_turn end = end_of_turn::counts)
      : tokens_(&tokens), end_counts_(end == end_of_turn::counts), begin_(resolved(form.begin)) {
    for (auto const& [name, around] : form.roles) {
      roles_[name] = {resolved(around.prefix), resolved(around.suffix)};
    }
    auto const found = roles_.find(chat_template::assistant);
    if (found == roles_.end()) throw value_error("chat_encoder: the template has no assistant, expected one");
    assistant_      = &found->second;
    auto const stop = std::ranges::find_if(assistant_->suffix, &part::is_special);
    if (stop == assistant_->suffix.end()) {
      throw value_error(
          "chat_encoder: the assistant's suffix has no special token, expected one that ends its turn");
    }
    end_token_ = stop->id;
  }
  chat_encoder(tokenizer&&, chat_template const&, end_of_turn = {}) = delete;
  // It points to a role of its own.
  chat_encoder(chat_encoder const&)            = delete;
  chat_encoder& operator=(chat_encoder const&) = delete;

  /// What ends the assistant's turn, and generation.
  std::int32_t end_token() const { return end_token_; }

  /// All of a conversation; what the assistant says counts in the response, not in the prompt.
  chat_tokens encode(std::span<chat_message const> prompt, std::span<chat_message const> response) const {
    writer out(*tokens_);
    for (part const& one : begin_) out.put(one, place::around, false);
    for (std::size_t k = 0; k < prompt.size(); ++k) put(prompt[k], k, false, out);
    for (std::size_t k = 0; k < response.size(); ++k) put(response[k], prompt.size() + k, true, out);
    return std::move(out).finished();
  }

  /// What a model continues with the assistant's next content: encode(prompt, response) begins with it.
  std::vector<std::int32_t> prompt(std::span<chat_message const> messages) const {
    writer out(*tokens_);
    for (part const& one : begin_) out.put(one, place::around, false);
    for (std::size_t k = 0; k < messages.size(); ++k) put(messages[k], k, false, out);
    for (part const& one : assistant_->prefix) out.put(one, place::around, false);
    return std::move(out).finished().ids;
  }

 private:
  struct part {
    std::string text;
    std::int32_t id                    = none;
    static constexpr std::int32_t none = -1;
    bool is_special() const { return id != none; }
  };
  struct role {
    std::vector<part> prefix, suffix;
  };
  enum class place { around, content, end };  // of the assistant's content and end, or anything else

  class writer {
   public:
    explicit writer(tokenizer const& tokens) : tokens_(tokens) {}
    void put(part const& one, place where, bool counts) {
      if (!one.is_special()) return put(one.text, where, counts);
      flush();
      out_.ids.push_back(one.id);
      out_.counts.push_back(counts);
    }
    void put(std::string_view text, place where, bool counts) {
      if (where != where_ || counts != counts_) flush();
      where_  = where;
      counts_ = counts;
      text_ += text;
    }
    chat_tokens finished() && {
      flush();
      return std::move(out_);
    }

   private:
    void flush() {
      tokens_.encode(text_, out_.ids);
      out_.counts.resize(out_.ids.size(), counts_);
      text_.clear();
    }
    tokenizer const& tokens_;
    chat_tokens out_;
    std::string text_;  // not yet encoded
    place where_ = place::around;
    bool counts_ = false;
  };

  void put(chat_message const& turn, std::size_t k, bool in_response, writer& out) const {
    auto const found = roles_.find(turn.role);
    if (found == roles_.end()) {
      std::string known;
      for (auto const& one : roles_) known.append(known.empty() ? "" : ", ").append(one.first);
      throw value_error(message("chat_encoder: message ", k, " is of role '", turn.role,
                                "', expected one of the template: ", known));
    }
    auto const& [prefix, suffix] = found->second;
    bool const assistant         = &found->second == assistant_;
    bool const counts            = assistant && in_response;
    for (part const& one : prefix) out.put(one, place::around, false);
    out.put(turn.content, assistant ? place::content : place::around, counts);
    bool ended = !assistant;
    for (part const& one : suffix) {
      out.put(one, ended ? place::around : place::end, !ended && counts && end_counts_);
      ended = ended || one.is_special();
    }
  }

  std::vector<part> resolved(std::vector<template_part> const& parts) const {
    std::vector<part> out;
    for (auto const& [text, special] : parts) {
      if (!special) {
        out.push_back({text});
        continue;
      }
      auto const id = tokens_->special(text);
      if (!id) {
        throw value_error(message("chat_encoder: the tokenizer has no special token '", text,
                                  "', expected those of the template"));
      }
      out.push_back({text, *id});
    }
    return out;
  }

  tokenizer const* tokens_;
  bool end_counts_;
  std::vector<part> begin_;
  std::map<std::string, role, std::less<>> roles_;
  role const* assistant_;
  std::int32_t end_token_;
};

/// A template for a tokenizer that comes without one, by the special tokens that it has: those of byte_tokenizer, Llama-3's
/// headers, ChatML, or plain lines between GPT-2's <|endoftext|> or SentencePiece's <s> and </s>. Throws value_error where it
/// has none of these.
inline chat_template default_chat_template(tokenizer const& tokens) {
  using parts              = std::vector<template_part>;
  auto const special       = [](char const* name) { return template_part{name, true}; };
  auto const text          = [](std::string words) { return template_part{std::move(words), false}; };
  auto const has           = [&](char const* name) { return tokens.special(name).has_value(); };
  auto const for_each_role = [](parts begin, auto const& around) {
    chat_template out{std::move(begin), {}};
    for (char const* name : {"system", "user", chat_template::assistant})
      out.roles[name] = around(std::string(name));
    return out;
  };
  auto const lines = [&](char const* first, char const* last) {
    return for_each_role({special(first)}, [&](std::string const& role) {
      return chat_template::role{{}, {role == chat_template::assistant ? special(last) : text("\n")}};
    });
  };

  if (has("<|end|>") && has("<|user|>") && has("<|assistant|>") && has("<|system|>")) {
    return for_each_role({}, [&](std::string const& role) {
      return chat_template::role{{special(("<|" + role + "|>").c_str())}, {special("<|end|>")}};
    });
  }
  if (has("<|begin_of_text|>") && has("<|start_header_id|>") && has("<|end_header_id|>") &&
      has("<|eot_id|>")) {
    return for_each_role({special("<|begin_of_text|>")}, [&](std::string const& role) {
      return chat_template::role{
          {special("<|start_header_id|>"), text(role), special("<|end_header_id|>"), text("\n\n")},
          {special("<|eot_id|>")}};
    });
  }
  if (has("<|im_start|>") && has("<|im_end|>")) {
    return for_each_role({}, [&](std::string const& role) {
      return chat_template::role{{special("<|im_start|>"), text(role + "\n")},
                                 {special("<|im_end|>"), text("\n")}};
    });
  }
  if (has("<|endoftext|>")) return lines("<|endoftext|>", "<|endoftext|>");
  if (has("<s>") && has("</s>")) return lines("<s>", "</s>");
  throw value_error(
      "default_chat_template: the tokenizer has no special token that we know to end a turn, expected a chat "
      "template");
}

}  // namespace poft
