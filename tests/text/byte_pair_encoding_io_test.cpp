// tokenizer.json: ids equal to Hugging Face's own implementation on hard texts, and what is refused.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "poft/text/byte_pair_encoding_io.hpp"
#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace poft::byte_pair_encoding_io_test {
namespace {

using nlohmann::json;
using support::expect_error;

char const golden[] = "tests/golden/tokenizers/";
std::vector<std::int32_t> encoded(tokenizer const& tokens, std::string_view text) {
  std::vector<std::int32_t> out;
  tokens.encode(text, out);
  return out;
}
json golden_file(std::string const& kind) {
  return json::parse(read_whole(golden + kind + "/tokenizer.json"));
}
byte_pair_encoding parsed(json const& file) { return parse_byte_pair_encoding(file.dump(), "file"); }

TEST(BytePairEncodingIo, IdsOfTheReference) {
  auto const cases = json::parse(read_whole(std::string(golden) + "texts.json")).at("cases");
  ASSERT_EQ(cases.size(), 236u);
  for (std::string const kind : {"gpt2", "llama3"}) {
    auto const tokens = load_byte_pair_encoding(golden + kind);
    for (auto const& one : cases) {
      std::string text;
      for (int k = one.value("times", 1); k > 0; --k) text += one.at("text").get<std::string>();
      auto const ids = encoded(tokens, text);
      EXPECT_EQ(json(ids), one.at(kind)) << kind << ": " << one.at("text");
      EXPECT_EQ(tokens.decode(ids), text);
    }
  }
}

TEST(BytePairEncodingIo, SpecialTokens) {
  auto const tokens = load_byte_pair_encoding(std::string(golden) + "llama3/tokenizer.json");
  auto const file   = golden_file("llama3");
  EXPECT_EQ(tokens.special("<|eot_id|>"), file["added_tokens"][4]["id"].get<int>());
  EXPECT_EQ(tokens.special("<|endoftext|>"), std::nullopt);
  EXPECT_EQ(load_byte_pair_encoding(std::string(golden) + "gpt2").special("<|endoftext|>"),
            golden_file("gpt2")["model"]["vocab"]["<|endoftext|>"].get<int>());
}

TEST(BytePairEncodingIo, TheWayBack) {
  for (std::string const kind : {"gpt2", "llama3"}) {
    auto const tokens      = load_byte_pair_encoding(golden + kind);
    auto const again       = parse_byte_pair_encoding(byte_pair_vocabulary_text(tokens.vocabulary()), "text");
    std::string const text = "The thing's unreachable, 12345 naïve 漢字 <|eot_id|>\n\n x";
    EXPECT_EQ(encoded(again, text), encoded(tokens, text));
    EXPECT_EQ(again.vocab(), tokens.vocab());
    EXPECT_EQ(again.vocabulary().ignore_merges, kind == "llama3");
    for (auto const& one : tokens.vocabulary().added) EXPECT_EQ(again.special(one.text), one.id);
  }
}

TEST(BytePairEncodingIo, ByteTokenizerAsAFile) {
  byte_tokenizer const bytes;
  auto const tokens      = parse_byte_pair_encoding(byte_pair_vocabulary_text(byte_pairs_of(bytes)), "text");
  std::string const text = "Any text\n\xff <|end|> é";
  EXPECT_EQ(encoded(tokens, text), encoded(bytes, text));
  EXPECT_EQ(tokens.vocab(), bytes.vocab());
  for (auto const& name : bytes.specials()) EXPECT_EQ(tokens.special(name), bytes.special(name));
}

TEST(BytePairEncodingIo, OldFilesDoNotNameTheModel) {
  auto file = golden_file("gpt2");
  file["model"].erase("type");
  file["model"].erase("byte_fallback");
  file["model"].erase("ignore_merges");
  file["pre_tokenizer"].erase("use_regex");
  EXPECT_EQ(encoded(parsed(file), "the"),
            encoded(load_byte_pair_encoding(std::string(golden) + "gpt2"), "the"));
}

TEST(BytePairEncodingIo, Gpt2PatternMayBeWrittenOut) {
  auto file                                                     = golden_file("llama3");
  file["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = gpt2_word_expression;
  EXPECT_EQ(parsed(file).vocabulary().pattern, word_pattern::gpt2);
}

TEST(BytePairEncodingIo, RefusesOtherKindsByName) {
  struct {
    char const* at;  // JSON pointer
    json value;
    std::initializer_list<char const*> parts;
  } const changes[] = {
      {"/model/type", "WordPiece", {"file: model: type is \"WordPiece\"", "\"BPE\""}},
      {"/model/type", "Unigram", {"\"Unigram\""}},
      {"/model/dropout", 0.1, {"model: dropout is 0.1", "none"}},
      {"/model/byte_fallback", true, {"byte_fallback is true"}},
      {"/model/continuing_subword_prefix", "##", {"continuing_subword_prefix is \"##\""}},
      {"/model/end_of_word_suffix", "</w>", {"end_of_word_suffix is \"</w>\""}},
      {"/normalizer", {{"type", "NFC"}}, {"normalizer is {\"type\":\"NFC\"}", "none"}},
      {"/decoder/type", "Metaspace", {"decoder: type is \"Metaspace\"", "\"ByteLevel\""}},
      {"/pre_tokenizer", nullptr, {"pre_tokenizer is absent", "ByteLevel"}},
      {"/pre_tokenizer", {{"type", "Metaspace"}}, {"pre_tokenizer: type is \"Metaspace\"", "\"Sequence\""}},
      {"/pre_tokenizer/pretokenizers/0/type",
       "Digits",
       {"pretokenizers[0]: type is \"Digits\"", "\"Split\""}},
      {"/pre_tokenizer/pretokenizers/0/behavior", "Removed", {"behavior is \"Removed\"", "\"Isolated\""}},
      {"/pre_tokenizer/pretokenizers/0/invert", true, {"invert is true"}},
      {"/pre_tokenizer/pretokenizers/0/pattern", {{"Regex", "\\w+"}}, {"Regex is \"\\\\w+\"", "Llama-3"}},
      {"/pre_tokenizer/pretokenizers/0/pattern", {{"String", " "}}, {"Regex is absent"}},
      {"/pre_tokenizer/pretokenizers/1/add_prefix_space",
       true,
       {"pretokenizers[1]: add_prefix_space is true"}},
      {"/pre_tokenizer/pretokenizers/1/use_regex", true, {"use_regex is true", "false"}},
      {"/pre_tokenizer/pretokenizers/1", nullptr, {"pretokenizers[1]", "a JSON object"}},
      {"/pre_tokenizer/pretokenizers", json::array(), {"pretokenizers is []"}},
  };
  for (auto const& [at, value, parts] : changes) {
    auto file                    = golden_file("llama3");
    file[json::json_pointer(at)] = value;
    expect_error<format_error>([&] { parsed(file); }, parts);
  }
  auto file                                 = golden_file("gpt2");
  file["pre_tokenizer"]["add_prefix_space"] = true;
  expect_error<format_error>([&] { parsed(file); }, {"pre_tokenizer: add_prefix_space is true", "false"});
  file                               = golden_file("gpt2");
  file["pre_tokenizer"]["use_regex"] = false;
  expect_error<format_error>([&] { parsed(file); }, {"use_regex is false"});
}

TEST(BytePairEncodingIo, RefusesBrokenFilesNamingThePlace) {
  struct {
    char const* at;
    json value;
    std::initializer_list<char const*> parts;
  } const changes[] = {
      {"/model", nullptr, {"file: model is absent"}},
      {"/model/vocab", nullptr, {"model: vocab is absent"}},
      {"/model/vocab", json::array(), {"model: vocab: []", "a JSON object"}},
      {"/model/vocab/a", "1", {"model: vocab: a is \"1\"", "an integer in 0 .. 1048575"}},
      {"/model/vocab/a", -1, {"a is -1"}},
      {"/model/vocab/a", 2'000'000, {"a is 2000000"}},
      {"/model/vocab/a", 0, {"id 0 is two tokens'"}},
      {"/model/vocab/a b", 900, {"vocab: a b is 900", "stand for bytes"}},
      {"/model/vocab/漢", 900, {"is 900", "stand for bytes"}},
      {"/model/merges", nullptr, {"model: merges is absent", "a list"}},
      {"/model/merges/3", 7, {"model: merges[3] is", "7", "[\"a\", \"b\"]"}},
      {"/model/merges/3", "ab", {"merges[3] is", "ab"}},
      {"/model/merges/3", "a b c", {"merges[3] is", "a b c"}},
      {"/model/merges/3", {"a"}, {"merges[3] is"}},
      {"/model/merges/3", {"a", "漢"}, {"merges[3] is"}},
      {"/model/merges/3", {"Q", "Z"}, {"result of merge 3", "no token"}},
      {"/added_tokens", 7, {"added_tokens is 7", "a list"}},
      {"/added_tokens/0", 7, {"added_tokens[0]: 7", "a JSON object"}},
      {"/added_tokens/1/id", "x", {"added_tokens[1]: id is \"x\""}},
      {"/added_tokens/1/content", nullptr, {"added_tokens[1]: content is absent"}},
      {"/added_tokens/1/id", 5, {"id 5 is two tokens'"}},
  };
  for (auto const& [at, value, parts] : changes) {
    auto file                    = golden_file("llama3");
    file[json::json_pointer(at)] = value;
    expect_error<format_error>([&] { parsed(file); }, parts);
  }
  auto file                          = golden_file("llama3");
  file["added_tokens"][0]["special"] = false;
  file["added_tokens"][0]["lstrip"]  = true;
  expect_error<format_error>([&] { parsed(file); }, {"added_tokens[0]: lstrip is true", "not special"});
  expect_error<format_error>([] { parse_byte_pair_encoding("{\"model\": ", "file"); }, {"file: byte 11"});

  support::scratch_folder const folder("tokenizer");
  expect_error<io_error>([&] { load_byte_pair_encoding(folder.path); }, {"cannot open", "tokenizer.json"});
  std::string const whole = read_whole(std::string(golden) + "gpt2/tokenizer.json");
  for (std::size_t size = 0; size < whole.size() - 2; size += 97) {
    write_whole(folder / "tokenizer.json", whole.substr(0, size));
    expect_error<format_error>([&] { load_byte_pair_encoding(folder.path); },
                               {"tokenizer: \"", "tokenizer.json\""});
  }
}

}  // namespace
}  // namespace poft::byte_pair_encoding_io_test
