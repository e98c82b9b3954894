// SentencePiece models: a small one, made by SentencePiece's own trainer, gives what its own library gives.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <string>
#include <vector>

#include "poft/core/whole_file.hpp"
#include "poft/text/chat_template.hpp"
#include "poft/text/open_tokenizer_io.hpp"
#include "poft/text/sentence_piece.hpp"
#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace poft {
namespace {

using ids = std::vector<std::int32_t>;
using support::expect_error;

class SentencePiece : public testing::Test {
 protected:
  void SetUp() override {
    std::string text;
    for (char const* line :
         {"the quick brown fox jumps over the lazy dog", "a small model knows small words",
          "words of a model are pieces of sentences", "0123456789 + - = ? !", "naïve café"}) {
      for (int k = 0; k < 4; ++k) text += std::string(line) + "\n";
    }
    write_whole(folder_ / "text", text);
    auto const status = sentencepiece::SentencePieceTrainer::Train(
        "--minloglevel=2 --model_type=bpe --vocab_size=340 --byte_fallback=true "
        "--user_defined_symbols=<u> --control_symbols=<|end|> --input=" +
        (folder_ / "text").string() + " --model_prefix=" + (folder_ / "tokenizer").string());
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  support::scratch_folder folder_{"sentence_piece"};
};

TEST_F(SentencePiece, GivesTheLibrarysIds) {
  auto const tokens = open_tokenizer(folder_.path);
  sentencepiece::SentencePieceProcessor library;
  ASSERT_TRUE(library.Load((folder_ / "tokenizer.model").string()).ok());
  EXPECT_EQ(tokens->vocab(), library.GetPieceSize());
  for (char const* text : {"", "the small fox", " words  of words", "naïve 漢字 😀", "<s> </s> <|end|> <u>"}) {
    std::vector<int> expected;
    ASSERT_TRUE(library.Encode(text, &expected).ok());
    ids found{7};
    tokens->encode(text, found);
    EXPECT_EQ(found.front(), 7) << "ids are appended";
    EXPECT_EQ(ids(found.begin() + 1, found.end()), ids(expected.begin(), expected.end())) << text;
  }
}

TEST_F(SentencePiece, TextComesBackAndSpecialTokensDoNot) {
  sentence_piece const tokens(folder_ / "tokenizer.model");
  ids found{*tokens.special("<s>")};
  tokens.encode("the small fox, naïve 漢字", found);
  found.push_back(*tokens.special("<|end|>"));
  EXPECT_EQ(tokens.decode(found), "the small fox, naïve 漢字");
  expect_error<value_error>([&] { tokens.decode(ids{1, tokens.vocab()}); }, {"ids[1] is"});
  expect_error<value_error>([&] { tokens.decode(ids{-1}); }, {"ids[0] is -1"});
}

TEST_F(SentencePiece, SpecialAreControlSymbols) {
  sentence_piece const tokens(folder_ / "tokenizer.model");
  EXPECT_EQ(tokens.special("<s>"), 1);
  EXPECT_EQ(tokens.special("</s>"), 2);
  EXPECT_TRUE(tokens.special("<|end|>"));
  for (char const* name : {"<unk>", "<u>", "the", "none", "<0x41>"})
    EXPECT_FALSE(tokens.special(name)) << name;
  ids found;
  tokens.encode("</s><|end|>", found);
  for (auto const id : found) EXPECT_TRUE(id != 2 && id != *tokens.special("<|end|>"));
  EXPECT_EQ(chat_encoder(tokens, default_chat_template(tokens)).end_token(), 2);
}

TEST_F(SentencePiece, WinsOverTheFileMadeFromIt) {
  write_whole(folder_ / "tokenizer.json", byte_pair_vocabulary_text(byte_pairs_of(byte_tokenizer())));
  EXPECT_EQ(open_tokenizer(folder_.path)->special("</s>"), 2);
}

TEST_F(SentencePiece, RefusesBrokenModels) {
  std::string const whole = read_whole(folder_ / "tokenizer.model");
  for (std::string const& bytes :
       {std::string(), std::string("no model"), whole.substr(0, whole.size() / 2)}) {
    write_whole(folder_ / "broken.model", bytes);
    expect_error<format_error>([&] { sentence_piece{folder_ / "broken.model"}; },
                               {"broken.model", "SentencePiece model"});
  }
  expect_error<io_error>([&] { sentence_piece{folder_ / "none.model"}; }, {"none.model"});
}

}  // namespace
}  // namespace poft
