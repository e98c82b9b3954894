// Samples in every form that files have, what makes a line a bad one, and going on where an earlier run stopped.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "poft/core/whole_file.hpp"
#include "poft/text/samples_io.hpp"
#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace poft::samples_io_test {
namespace {

using support::expect_error;
using conversation = sample::conversation;
using token_ids    = sample::token_ids;

sample parsed(std::string const& line, sample_options const& options = {}) {
  return parse_sample(parse_json_line("data.jsonl", {line, 7, false}), options);
}
void expect_refused(std::string const& line, std::initializer_list<char const*> parts,
                    sample_options const& options = {}) {
  expect_error<format_error>([&] { parsed(line, options); }, parts);
}
sample_reader sample_reader_of(std::string text, sample_options options = {},
                               sample_reader::bad_line_handler handler = {}) {
  return sample_reader(line_reader(std::make_unique<std::istringstream>(std::move(text)), "data.jsonl"),
                       std::move(options), std::move(handler));
}
std::vector<std::string> ids_of(sample_reader& reader) {
  std::vector<std::string> out;
  for (sample one; reader.next(one);) out.push_back(one.id);
  return out;
}

TEST(Samples, PromptAndResponse) {
  std::string const line =
      R"({"id": "x1", "prompt": "2+2?", "response": "4", "logp": -1.5, "score": 2, "other": "text"})";
  sample const one = parsed(line);
  EXPECT_EQ(one.id, "x1");
  EXPECT_EQ(one.prompt, (conversation{{"user", "2+2?"}}));
  EXPECT_EQ(one.responses, (std::vector<conversation>{{{"assistant", "4"}}}));
  EXPECT_EQ(one.numbers, (std::map<std::string, double, std::less<>>{{"logp", -1.5}, {"score", 2}}));
  EXPECT_EQ(one.line, line);
  EXPECT_EQ(one.line_number, 7u);
  EXPECT_TRUE(one.prompt_ids.empty() && one.response_ids.empty());
}

TEST(Samples, Pairs) {
  conversation const prompt{{"user", "p"}}, chosen{{"assistant", "c"}}, rejected{{"assistant", "r"}};
  for (
      std::string const line :
      {R"({"prompt": "p", "chosen": "c", "rejected": "r"})",
       R"({"prompt": [{"role": "user", "content": "p"}], "chosen": [{"role": "assistant", "content": "c"}], "rejected": "r"})",
       R"({"prompt": "p", "chosen": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "c"}],
               "rejected": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "r"}], "messages": []})",
       R"({"chosen": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "c"}],
               "rejected": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "r"}]})"}) {
    sample const one = parsed(line);
    EXPECT_EQ(one.prompt, prompt);
    EXPECT_EQ(one.responses, (std::vector<conversation>{chosen, rejected}));
    EXPECT_EQ(one.content, parsed(R"({"prompt": "p", "chosen": "c", "rejected": "r"})").content);
  }
}

TEST(Samples, ThePromptOfPairsIsWhatTheyShareBeforeTheAssistantSpeaks) {
  sample const one = parsed(
      R"({"chosen": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "same"}],
          "rejected": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "same"}]})");
  EXPECT_EQ(one.prompt, (conversation{{"user", "p"}}));
  EXPECT_EQ(one.responses[0], one.responses[1]);
}

TEST(Samples, Conversations) {
  sample const one =
      parsed(R"({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"},
      {"role": "assistant", "content": "a"}, {"role": "user", "content": ""}, {"role": "assistant", "content": "b"}]})");
  EXPECT_EQ(one.prompt, (conversation{{"system", "s"}, {"user", "u"}}));
  EXPECT_EQ(one.responses,
            (std::vector<conversation>{{{"assistant", "a"}, {"user", ""}, {"assistant", "b"}}}));
  EXPECT_EQ(
      parsed(R"({"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]})")
          .content,
      parsed(R"({"prompt": "u", "response": "a"})").content);
}

TEST(Samples, TokenIds) {
  sample const one = parsed(R"({"prompt_ids": [1, 2], "response_ids": [3]})");
  EXPECT_EQ(one.prompt_ids, (token_ids{1, 2}));
  EXPECT_EQ(one.response_ids, (std::vector<token_ids>{{3}}));
  EXPECT_TRUE(one.prompt.empty() && one.responses.empty());
  EXPECT_EQ(parsed(R"({"prompt_ids": [1], "chosen_ids": [3], "rejected_ids": [4, 5]})").response_ids,
            (std::vector<token_ids>{{3}, {4, 5}}));
  EXPECT_NE(parsed(R"({"prompt_ids": [1, 2], "response_ids": [3]})").content,
            parsed(R"({"prompt_ids": [1], "response_ids": [2, 3]})").content);
  sample const both = parsed(R"({"prompt": "p", "response": "r", "prompt_ids": [1], "response_ids": [2]})");
  EXPECT_EQ(both.responses.size(), 1u);
  EXPECT_EQ(both.response_ids.size(), 1u);
}

TEST(Samples, BarePrompts) {
  sample_options const bare{.needs_response = false};
  EXPECT_EQ(parsed(R"({"prompt": "p"})", bare).prompt, (conversation{{"user", "p"}}));
  EXPECT_EQ(parsed(R"({"messages": [{"role": "user", "content": "p"}]})", bare).prompt,
            (conversation{{"user", "p"}}));
  EXPECT_EQ(parsed(R"({"prompt_ids": [1]})", bare).prompt_ids, (token_ids{1}));
  EXPECT_EQ(parsed(R"({"prompt": "p", "response": "r"})", bare).responses.size(), 1u);
  EXPECT_NE(parsed(R"({"prompt": "p"})", bare).content, parsed(R"({"prompt": "q"})", bare).content);
  EXPECT_NE(parsed(R"({"prompt_ids": [1]})", bare).content, parsed(R"({"prompt_ids": [2]})", bare).content);
  expect_refused(R"({"id": 3})", {"response is absent"}, bare);
}

TEST(Samples, Ids) {
  EXPECT_EQ(parsed(R"({"id": 12, "prompt": "p", "response": "r"})").id, "12");
  EXPECT_EQ(parsed(R"({"id": -3, "prompt": "p", "response": "r"})").id, "-3");
  EXPECT_EQ(parsed(R"({"id": 18446744073709551615, "prompt": "p", "response": "r"})").id,
            "18446744073709551615");
  EXPECT_EQ(parsed(R"({"prompt": "p", "response": "r"})").id, "#7");
  EXPECT_EQ(parsed(R"({"id": null, "prompt": "p", "response": "r"})").id, "#7");
  expect_refused(R"({"prompt": "p", "response": "r"})", {"data.jsonl: line 7, column 1: id is absent"},
                 {.needs_id = true});
  for (char const* id : {"\"\"", "1.5", "true", "[1]", "{}"}) {
    expect_refused("{\"id\": " + std::string(id) + ", \"prompt\": \"p\", \"response\": \"r\"}",
                   {"line 7, column 8: id is ", id, "a text that is not empty, or an integer"});
  }
}

TEST(Samples, Numbers) {
  std::string const line = R"({"prompt": "p", "response": "r", "logp": null, "score": 1, "a": 3, "b": "x"})";
  EXPECT_EQ(parsed(line).numbers.size(), 1u) << "null is absent";
  EXPECT_EQ(parsed(line, {.numbers = {"a"}}).numbers.at("a"), 3);
  expect_refused(line, {"column 73: b is \"x\"", "a finite number"}, {.numbers = {"b"}});
  expect_refused(R"({"prompt": "p", "response": "r", "logp": "-1"})", {"logp is \"-1\"", "a finite number"});
}

// The hash must not move: files of scores hold it. FNV-1a over counts and texts, each text with its length, by another program.
TEST(Samples, ContentHash) {
  auto const content       = [](std::string const& line) { return parsed(line).content; };
  std::uint64_t const hash = content(R"({"id": 1, "prompt": "p", "response": "r", "logp": 1})");
  EXPECT_EQ(hash_text(hash), "dca58880b5a00c2b");
  EXPECT_EQ(hash_text(content(R"({"prompt_ids": [1, 2], "response_ids": [3]})")), "995f8714d6d5dea6");
  EXPECT_EQ(content(R"({"id": 2, "response": "r", "prompt": "p"})"), hash);
  EXPECT_NE(content(R"({"prompt": "p ", "response": "r"})"), hash);
  EXPECT_NE(content(R"({"prompt": "p", "response": "R"})"), hash);
  EXPECT_NE(content(R"({"prompt": "p", "chosen": "r", "rejected": "s"})"), hash);
  EXPECT_NE(content(R"({"prompt": [{"role": "system", "content": "p"}], "response": "r"})"), hash);
}

TEST(Samples, RefusesWhatIsMissingOrOfTheWrongType) {
  expect_refused("{}", {"column 1: response is absent", "chosen and rejected, messages, or their ids"});
  expect_refused(R"({"prompt": "p"})", {"response is absent"});
  expect_refused(R"({"response": "r"})", {"prompt is absent", "a text or a list of messages"});
  expect_refused(R"({"prompt": 3, "response": "r"})",
                 {"column 12: prompt is 3", "a text or a list of messages"});
  expect_refused(R"({"prompt": "p", "response": ["r"]})",
                 {"column 29: response[0] in [\"r\"]", "\"role\": TEXT"});
  expect_refused(R"({"prompt": "p", "response": ""})", {"response is \"\"", "not empty"});
  expect_refused(R"({"prompt": [], "response": "r"})", {"prompt is []"});
  expect_refused(R"({"prompt": "p", "chosen": "c"})", {"rejected is absent"});
  expect_refused(R"({"prompt": "p", "rejected": "c"})", {"chosen is absent"});
  expect_refused(R"({"chosen": "c", "rejected": "r"})", {"prompt is absent"});
  expect_refused(R"({"prompt": "p", "chosen": "", "rejected": "r"})", {"chosen is \"\"", "not empty"});
  expect_refused(R"({"prompt": "p", "chosen": "c", "rejected": ""})", {"rejected is \"\"", "not empty"});
  expect_refused(
      R"({"prompt": "p", "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "c"}], "rejected": "r"})",
      {"chosen is", "after those of the prompt"});
  expect_refused(R"({"prompt": "p", "chosen": [{"role": "user", "content": "p"}], "rejected": "r"})",
                 {"chosen is", "assistant"});
  expect_refused(R"({"messages": "x"})", {"messages is \"x\"", "a list of messages"});
  expect_refused(R"({"messages": []})", {"messages is []"});
  expect_refused(R"({"messages": [{"role": "user", "content": "u"}]})", {"messages is", "assistant"});
  expect_refused(R"({"messages": [{"role": "assistant", "content": "a"}]})",
                 {"a message before the assistant's first"});
  expect_refused(R"({"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": ""}]})",
                 {"not empty"});
  expect_refused(R"({"messages": [{"role": "user", "content": "u"}, {"role": "assistant"}]})",
                 {"messages[1] in", "\"content\": TEXT"});
  expect_refused(R"({"messages": [{"role": 1, "content": "u"}]})", {"messages[0] in"});
  expect_refused(R"({"prompt_ids": [1]})", {"response_ids is absent"});
  expect_refused(R"({"response_ids": [1]})", {"prompt_ids is absent"});
  expect_refused(R"({"prompt_ids": [1], "chosen_ids": [1]})", {"rejected_ids is absent"});
  expect_refused(R"({"prompt_ids": [], "response_ids": [1]})", {"prompt_ids is []", "at least one token id"});
  expect_refused(R"({"prompt_ids": [1], "response_ids": []})", {"response_ids is []"});
  for (char const* id : {"-1", "1.5", "\"1\"", "2147483648", "null"}) {
    expect_refused("{\"prompt_ids\": [5, " + std::string(id) + "], \"response_ids\": [1]}",
                   {"column 16: prompt_ids[1] in [5,", "a token id"});
  }
  expect_refused(
      R"({"prompt": "p", "response": "r", "prompt_ids": [1], "chosen_ids": [1], "rejected_ids": [1]})",
      {"same responses"});
}

TEST(Samples, IdsMustBeUnique) {
  std::string const text = R"({"id": 1, "prompt": "p", "response": "r"})"
                           "\n"
                           R"({"id": "2", "prompt": "p", "response": "r"})"
                           "\n"
                           R"({"id": "1", "prompt": "q", "response": "s"})"
                           "\n"
                           R"({"id": 3, "prompt": "p", "response": "r"})"
                           "\n";
  auto strict            = sample_reader_of(text);
  sample one;
  EXPECT_TRUE(strict.next(one) && strict.next(one));
  expect_error<format_error>([&] { strict.next(one); },
                             {"data.jsonl: line 3, column 8: id is \"1\"", "no earlier line"});
  auto free = sample_reader_of(text, {.unique_ids = false});
  EXPECT_EQ(ids_of(free), (std::vector<std::string>{"1", "2", "1", "3"}));
  int told     = 0;
  auto lenient = sample_reader_of(text, {}, [&](format_error const&) { ++told; });
  EXPECT_EQ(ids_of(lenient), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(told, 1);
  EXPECT_EQ(lenient.bad_lines(), 1u);
}

TEST(Samples, GoOnWhereAnEarlierRunStopped) {
  support::scratch_folder const folder("samples");
  std::string text;
  for (int k = 0; k < 50; ++k) {
    text += k % 7 == 3 ? "{broken\n" : k % 11 == 5 ? "\n" : "";
    // Every ninth id stands twice.
    text += "{\"id\": " + std::to_string(k % 9 == 8 ? k - 1 : k) + ", \"prompt\": \"é\", \"response\": \"" +
            std::string(static_cast<std::size_t>(k + 1), 'x') + "\"}\n";
  }
  text += "{\"id\": \"last\", \"prompt\": \"p\", \"response\": \"without an end\"}";
  write_whole(folder / "data.jsonl", text);
  auto const ignore = [](format_error const&) {};
  sample_reader whole(folder / "data.jsonl", {}, ignore);
  auto const expected = ids_of(whole);
  ASSERT_EQ(expected.size(), 46u);
  for (bool const unique : {true, false}) {
    sample_options options;
    options.unique_ids = unique;
    sample_reader first(folder / "data.jsonl", options, ignore);
    sample_reader counted(folder / "data.jsonl", options, ignore);
    auto const all = ids_of(counted);
    std::vector<std::string> done;
    sample one;
    while (first.next(one)) {
      done.push_back(one.id);
      sample_reader second(folder / "data.jsonl", options, ignore, first.position());
      auto both       = done;
      auto const rest = ids_of(second);
      both.insert(both.end(), rest.begin(), rest.end());
      EXPECT_EQ(both, all);
      EXPECT_EQ(second.position().lines, counted.position().lines);
      EXPECT_EQ(second.position().offset, text.size());
    }
  }
  expect_error<format_error>(
      [&] {
        sample_reader(folder / "data.jsonl", {}, ignore, {3, 0});
      },
      {"data.jsonl", "byte 3"});
}

}  // namespace
}  // namespace poft::samples_io_test
