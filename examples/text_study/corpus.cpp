// Drawing data sets.
// SPDX-License-Identifier: MIT
#include "corpus.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "study/journal.hpp"

namespace text_study {
namespace {

/// The places of round(share * size) clean samples, in a random order; fewer where fewer are clean.
std::vector<std::size_t> chosen(std::vector<sample> const& samples, double share,
                                poft::random_stream& random) {
  std::vector<std::size_t> places;
  for (std::size_t k = 0; k < samples.size(); ++k) {
    if (samples[k].clean) places.push_back(k);
  }
  random.shuffle(poft::view<std::size_t>(places));
  auto const count = static_cast<std::size_t>(std::lround(share * static_cast<double>(samples.size())));
  places.resize(std::min(places.size(), count));
  return places;
}

void make_slips(std::vector<sample>& samples, double share, poft::random_stream& random) {
  for (std::size_t const k : chosen(samples, share, random)) {
    if (!task_of(samples[k].prompt)) continue;  // definitions have the faults of their collection
    samples[k].response = slip(samples[k].prompt, random);
    samples[k].clean    = false;
  }
}

char random_character(poft::random_stream& random) {
  constexpr std::string_view known = "abcdefghijklmnopqrstuvwxyz0123456789";
  return known[random.below(known.size())];
}

}  // namespace

pool pool_of(std::string_view prompt) {
  // FNV's upper bits depend on all characters.
  std::uint64_t const twentieth = (study::fingerprint(prompt) >> 32) * 20 >> 32;
  return twentieth < 4    ? pool::base
         : twentieth < 10 ? pool::aligned
         : twentieth < 16 ? pool::target
                          : pool::held_out;
}

library::library(fs::path const& folder) {
  for (char const* name : names) {
    if (!fs::exists(folder / (std::string(name) + ".index"))) continue;
    books_.push_back(name);
    std::string last;
    for (definition const& one : read_dictionary(folder, name)) {
      if (one.word == last) continue;  // a word's first definition
      last                     = one.word;
      std::string const prompt = "define " + one.word;
      auto const at            = static_cast<std::size_t>(pool_of(prompt));
      // The careful collector keeps to the two dictionaries of one subject.
      if (auto const text = curated(one, longest_definition);
          text && books_.back() != "gcide" && books_.back() != "devil")
        careful_.of_pool[at].push_back({prompt, *text});
      if (std::string const text = uncurated(one, longest_definition); !text.empty())
        careless_.of_pool[at].push_back({prompt, text});
    }
  }
  auto const some = [](collection const& of) {
    return std::none_of(of.of_pool.begin(), of.of_pool.end(), [](auto const& one) { return one.empty(); });
  };
  if (!books_.empty() && !(some(careful_) && some(careless_))) {
    throw poft::value_error(poft::message("dictionaries: \"", folder.string(),
                                          "\" has too few definitions, expected some of each pool"));
  }
}

std::string library::fingerprint() const {
  std::string out;
  for (collection const* of : {&careful_, &careless_}) {
    std::uint64_t hash = 0;
    for (auto const& samples : of->of_pool) {
      for (sample const& one : samples) hash = hash * 31 + study::fingerprint(one.prompt + one.response);
    }
    out += std::to_string(hash) + " ";
  }
  return out;
}

sample library::draw(pool from, bool careful, poft::random_stream& random) const {
  auto const& samples = (careful ? careful_ : careless_).of_pool[static_cast<std::size_t>(from)];
  return samples[random.below(samples.size())];
}

void pair_at_random(std::vector<sample>& samples, double share, poft::random_stream& random) {
  std::vector<std::string> right;
  for (sample const& one : samples) right.push_back(one.response);
  for (std::size_t const k : chosen(samples, share, random)) {
    // Where all responses are alike there is nothing to spoil them with.
    for (int tries = 0; tries < 1000 && samples[k].clean; ++tries) {
      std::string const& other = right[random.below(right.size())];
      if (other == right[k]) continue;
      samples[k].response = other;
      samples[k].clean    = false;
    }
  }
}

void change_characters(std::vector<sample>& samples, double share, poft::random_stream& random) {
  for (std::size_t const k : chosen(samples, share, random)) {
    std::string const right = samples[k].response;
    std::string& text       = samples[k].response;
    do {
      text = right;
      for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
        auto const at = static_cast<std::ptrdiff_t>(random.below(text.size()));
        switch (random.below(3)) {
          case 0:
            text.insert(text.begin() + at, random_character(random));
            break;
          case 1:
            if (text.size() > 1) text.erase(text.begin() + at);
            break;
          default:
            text[static_cast<std::size_t>(at)] = random_character(random);
        }
      }
    } while (text == right);
    samples[k].clean = false;
  }
}

std::vector<sample> draw_samples(recipe const& what, pool from, int count, library const& books,
                                 std::uint64_t seed) {
  poft::random_stream random(
      seed, study::fingerprint("samples of " + what.name) + static_cast<std::uint64_t>(from));
  std::vector<sample> out;
  std::set<std::string> seen;
  std::array<double, task_count> mix = what.mix;
  while (static_cast<int>(out.size()) < count) {
    sample one;
    // Definitions come evenly between the tasks: no share is left to chance.
    auto const n = static_cast<double>(out.size());
    bool const a_definition =
        !books.empty() && std::floor((n + 1) * what.definitions) > std::floor(n * what.definitions);
    for (int tries = 0; tries < 20; ++tries) {
      if (a_definition) {
        one = books.draw(from, what.careful, random);
      } else {
        auto const kind = static_cast<task>(random.categorical(poft::view<double>(mix.data(), task_count)));
        do one.prompt = draw_prompt(kind, random);
        while (pool_of(one.prompt) != from);
        one.response = answer_to(one.prompt);
      }
      if (!seen.contains(one.prompt)) break;
    }
    seen.insert(one.prompt);
    out.push_back(one);
  }
  pair_at_random(out, what.pairing, random);
  change_characters(out, what.characters, random);
  make_slips(out, what.slips, random);
  return out;
}

recipe const& recipe_of(std::string const& name) {
  static std::vector<recipe> const all = {
      {.name = "curated"},
      {.name = "mixed", .pairing = 0.1, .slips = 0.2},
      {.name = "poor", .definitions = 0.3, .careful = false, .slips = 0.4},
      {.name = "pairing20", .pairing = 0.2},
      {.name = "pairing40", .pairing = 0.4},
      {.name = "pairing60", .pairing = 0.6},
      {.name = "characters40", .characters = 0.4},
  };
  for (recipe const& one : all) {
    if (one.name == name) return one;
  }
  throw poft::value_error(poft::message("data: there is none named \"", name, "\""));
}

}  // namespace text_study
