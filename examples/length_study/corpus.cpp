// Making up samples, and reading them.
// SPDX-License-Identifier: MIT
#include "corpus.hpp"

#include <cmath>
#include <set>

#include "poft/core/random.hpp"
#include "study/journal.hpp"

namespace length_study {
namespace {

constexpr std::int32_t first_letter = 2, prompt_end = 1;

std::int32_t any_letter(poft::random_stream& random) {
  return first_letter + static_cast<std::int32_t>(random.below(letters));
}

/// Tokens of the text, or a format_error that names the place.
tokens encoded(std::string_view text, std::string const& place) {
  tokens out;
  for (std::size_t k = 0; k < text.size(); ++k) {
    std::size_t const id = characters.find(text[k]);
    if (id == characters.npos || id < static_cast<std::size_t>(first_letter)) {
      throw poft::format_error(poft::message(place, ": '", text.substr(k, 1), "', expected letters ",
                                             characters.substr(first_letter)));
    }
    out.push_back(static_cast<std::int32_t>(id));
  }
  return out;
}

sample read_sample(std::string_view line, std::string const& place) {
  std::size_t const tab = line.find('\t');
  auto const refuse = [&](auto const&... parts) { throw poft::format_error(poft::message(place, parts...)); };
  if (tab == line.npos) refuse(": no tab between prompt and response");
  std::string_view const response = line.substr(tab + 1);
  if (response.empty() || response.back() != characters[end_token])
    refuse(": the response \"", response, "\" has no end token, expected \"", characters.substr(end_token, 1),
           "\" last");
  if (response.size() == 1)
    refuse(": the response is empty, expected at least one letter before its end token");
  sample out{encoded(line.substr(0, tab), place), encoded(response.substr(0, response.size() - 1), place)};
  out.prompt.push_back(prompt_end);
  out.response.push_back(end_token);
  if (out.prompt.size() == 1 || out.prompt.size() > longest_prompt)
    refuse(": the prompt has ", out.prompt.size() - 1, " letters, expected 1 .. ", longest_prompt - 1);
  if (std::ssize(out.response) > longest_response)
    refuse(": the response has ", out.response.size() - 1, " letters, expected 1 .. ", longest_response - 1);
  return out;
}

}  // namespace

std::vector<sample> draw_corpus(int count, std::uint64_t seed) {
  std::vector<sample> out(static_cast<std::size_t>(count));
  for (std::size_t k = 0; k < out.size(); ++k) {
    poft::random_stream random(seed, k);
    sample& one = out[k];
    for (std::size_t i = 0; i < prompt_letters; ++i) one.prompt.push_back(any_letter(random));
    double length;
    do length = std::round(10 * std::exp(0.5 * random.normal<double>()));
    while (length < 1 || length > static_cast<double>(longest_response - 1));
    for (std::size_t i = 0; i < static_cast<std::size_t>(length); ++i)
      one.response.push_back(random.below(10) == 0 ? any_letter(random) : one.prompt[i % prompt_letters]);
    one.prompt.push_back(prompt_end);
    one.response.push_back(end_token);
  }
  return out;
}

std::vector<sample> read_corpus(fs::path const& file) {
  std::string const text = study::read_whole(file);
  std::vector<sample> out;
  for (std::size_t begin = 0, line = 1; begin < text.size(); ++line) {
    std::size_t const end = std::min(text.find('\n', begin), text.size());
    out.push_back(read_sample(std::string_view(text).substr(begin, end - begin),
                              poft::message("corpus: ", file.string(), ":", line)));
    begin = end + 1;
  }
  if (out.empty()) throw poft::format_error(poft::message("corpus: ", file.string(), ": no samples"));
  return out;
}

std::vector<double> length_histogram(std::vector<sample> const& corpus) {
  std::vector<double> out(static_cast<std::size_t>(longest_response) + 1);
  for (sample const& one : corpus) out[one.response.size()] += 1;
  return out;
}

std::int64_t most_common_length(std::vector<sample> const& corpus) {
  auto const counts = length_histogram(corpus);
  std::size_t best  = 1;
  double most       = -1;
  for (std::size_t k = 1; k < counts.size(); ++k) {
    double const smooth = counts[k - 1] + 2 * counts[k] + (k + 1 < counts.size() ? counts[k + 1] : 0);
    if (smooth > most) most = smooth, best = k;
  }
  return static_cast<std::int64_t>(best);
}

prompt_pools split_prompts(std::vector<sample> const& corpus, std::size_t training, std::size_t held_out) {
  std::set<tokens> known;
  for (sample const& one : corpus) known.insert(one.prompt);
  if (known.size() < 2) {
    throw poft::value_error(
        poft::message("corpus: ", known.size(),
                      " different prompts, expected at least 2: ", "one to train on, one to hold out"));
  }
  std::vector<tokens const*> order;
  for (tokens const& one : known) order.push_back(&one);
  poft::random_stream(known.size()).shuffle(poft::view<tokens const*>(order));
  prompt_pools out;
  std::size_t const trained = std::min(training, known.size() / 2);
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (k < trained)
      out.training.push_back(*order[k]);
    else if (out.held_out.size() < held_out)
      out.held_out.push_back(*order[k]);
  }
  return out;
}

std::uint64_t fingerprint_of(std::vector<sample> const& corpus) {
  std::string text;
  for (sample const& one : corpus) {
    for (tokens const* part : {&one.prompt, &one.response}) {
      for (std::int32_t const id : *part) text += characters[static_cast<std::size_t>(id)];
    }
  }
  return study::fingerprint(text);
}

}  // namespace length_study
