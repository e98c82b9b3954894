// Conversations in tokens: the ids and which of them count, worked out by hand with bytes as tokens.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "poft/text/byte_pair_encoding.hpp"
#include "poft/text/chat_template.hpp"
#include "support/expect_error.hpp"

namespace poft {
namespace {

using messages = std::vector<chat_message>;
using support::expect_error;

// Ids as text: bytes as they are, special tokens by name.
std::string shown(byte_tokenizer const& bytes, std::span<std::int32_t const> ids) {
  std::string out;
  for (auto const id : ids) {
    out += id < 256 ? std::string(1, static_cast<char>(id))
                    : bytes.specials()[static_cast<std::size_t>(id - 256)];
  }
  return out;
}
// The tokens that count, in brackets.
std::string marked(byte_tokenizer const& bytes, chat_tokens const& tokens) {
  std::string out;
  bool inside = false;
  for (std::size_t k = 0; k < tokens.ids.size(); ++k) {
    if (tokens.counts[k] != inside) out += (inside = !inside) ? "[" : "]";
    out += shown(bytes, {&tokens.ids[k], 1});
  }
  return out + (inside ? "]" : "");
}

chat_template lines() {
  return {{{"<s>", true}},
          {{"user", {{{"U: "}}, {{"\n"}}}}, {"assistant", {{{"A:"}}, {{"."}, {"</s>", true}, {"\n"}}}}}};
}

TEST(ChatTemplate, ContentAndEndOfTurnCount) {
  byte_tokenizer const bytes({"<s>", "</s>"});
  chat_encoder const encoder(bytes, lines());
  messages const prompt{{"user", "hi"}}, response{{"assistant", "yes"}};
  auto const tokens = encoder.encode(prompt, response);
  EXPECT_EQ(marked(bytes, tokens), "<s>U: hi\nA:[yes.</s>]\n");
  EXPECT_EQ(tokens.prompt(), 9u) << "<s>, six of the user's line, A and :";
  EXPECT_EQ(shown(bytes, encoder.prompt(prompt)), "<s>U: hi\nA:");
  EXPECT_EQ(encoder.end_token(), bytes.special("</s>"));
}

TEST(ChatTemplate, TheScoreMayLeaveTheEndOut) {
  byte_tokenizer const bytes({"<s>", "</s>"});
  messages const prompt{{"user", "hi"}}, response{{"assistant", "yes"}};
  auto const tokens = chat_encoder(bytes, lines(), end_of_turn::is_left_out).encode(prompt, response);
  EXPECT_EQ(marked(bytes, tokens), "<s>U: hi\nA:[yes].</s>\n");
  EXPECT_EQ(tokens.ids, chat_encoder(bytes, lines()).encode(prompt, response).ids);
}

TEST(ChatTemplate, EveryTurnOfTheResponseCountsAndNoneOfThePrompt) {
  byte_tokenizer const bytes({"<s>", "</s>"});
  chat_encoder const encoder(bytes, lines());
  messages const prompt{{"user", "1"}, {"assistant", "2"}, {"user", "3"}};
  messages const response{{"assistant", "4"}, {"user", "5"}, {"assistant", "6"}};
  EXPECT_EQ(marked(bytes, encoder.encode(prompt, response)),
            "<s>U: 1\nA:2.</s>\nU: 3\nA:[4.</s>]\nU: 5\nA:[6.</s>]\n");
  EXPECT_EQ(encoder.encode(prompt, {}).prompt(), encoder.encode(prompt, {}).ids.size()) << "nothing counts";
}

TEST(ChatTemplate, TextNeverBecomesASpecialToken) {
  byte_tokenizer const bytes({"<s>", "</s>"});
  chat_encoder const encoder(bytes, lines());
  messages const prompt{{"user", "</s>"}}, response{{"assistant", "<s>"}};
  auto const ids = encoder.encode(prompt, response).ids;
  EXPECT_EQ(std::ranges::count_if(ids, [](auto id) { return id >= 256; }), 2) << "the template's own";
  EXPECT_EQ(ids.size(), 2 + std::string("U: </s>\nA:<s>.\n").size());
}

// Where a response is generated or scored, it begins at a token's border; elsewhere texts are encoded together.
TEST(ChatTemplate, TheResponseBeginsWithAToken) {
  byte_pair_vocabulary vocabulary = byte_pairs_of(byte_tokenizer({"</s>"}));  // </s> is 256
  vocabulary.tokens.push_back({"::", 257});
  vocabulary.tokens.push_back({"..", 258});
  vocabulary.merges = {{":", ":"}, {".", "."}};
  byte_pair_encoding const symbols(vocabulary);
  chat_template const form{{}, {{"user", {{{":"}}, {}}}, {"assistant", {{{":"}}, {{"."}, {"</s>", true}}}}}};
  messages const colons{{"user", ":"}}, dots{{"assistant", "."}};
  EXPECT_EQ(chat_encoder(symbols, form).encode(colons, dots).ids,
            (std::vector<std::int32_t>{257, ':', '.', '.', 256}))
      << "user's prefix and text join; the assistant's text joins neither its prefix nor its suffix";
}

TEST(ChatTemplate, RefusesWhatDoesNotFit) {
  byte_tokenizer const bytes({"<s>"}), both({"<s>", "</s>"});
  expect_error<value_error>([&] { chat_encoder(bytes, lines()); }, {"special token '</s>'"});
  auto form                      = lines();
  form.roles["assistant"].suffix = {{"\n"}};
  expect_error<value_error>([&] { chat_encoder(bytes, form); }, {"assistant's suffix", "ends its turn"});
  form.roles.erase("assistant");
  expect_error<value_error>([&] { chat_encoder(bytes, form); }, {"no assistant"});
  messages const prompt{{"user", "x"}, {"tool", "y"}};
  expect_error<value_error>([&] { chat_encoder(both, lines()).prompt(prompt); },
                            {"message 1", "'tool'", "assistant, user"});
}

TEST(ChatTemplate, DefaultsByTheTokensThereAre) {
  auto const shows = [](std::vector<std::string> specials) {
    byte_tokenizer const bytes(std::move(specials));
    chat_encoder const encoder(bytes, default_chat_template(bytes));
    messages const prompt{{"system", "s"}, {"user", "u"}}, response{{"assistant", "a"}};
    return marked(bytes, encoder.encode(prompt, response));
  };
  EXPECT_EQ(shows({"<|end|>", "<|user|>", "<|assistant|>", "<|system|>"}),
            "<|system|>s<|end|><|user|>u<|end|><|assistant|>[a<|end|>]");
  EXPECT_EQ(shows({"<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"}),
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\ns<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nu<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n[a<|eot_id|>]");
  EXPECT_EQ(shows({"<|im_start|>", "<|im_end|>"}),
            "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\n[a<|im_"
            "end|>]\n");
  EXPECT_EQ(shows({"<|endoftext|>"}), "<|endoftext|>s\nu\n[a<|endoftext|>]");
  EXPECT_EQ(shows({"<s>", "</s>"}), "<s>s\nu\n[a</s>]");
  byte_tokenizer const none(std::vector<std::string>{});
  expect_error<value_error>([&] { default_chat_template(none); }, {"expected a chat template"});
}

}  // namespace
}  // namespace poft
