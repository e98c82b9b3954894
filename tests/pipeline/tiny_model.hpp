// Model folders small enough for a test, and what they say by the longest way.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "poft/backend/eigen/backend.hpp"
#include "poft/model/hugging_face_io.hpp"
#include "poft/model/transformer.hpp"
#include "poft/text/byte_pair_encoding_io.hpp"
#include "poft/text/tokenizer.hpp"

namespace tiny {

namespace fs  = std::filesystem;
using network = poft::transformer<poft::eigen::backend, float>;

struct options {
  std::ptrdiff_t layers = 1, vocab = 0;  // 0: that of the tokenizer
  bool zeros  = false;                   // every next token is as likely as every other
  bool merges = false;                   // "ab" is one token
};

/// 64 positions; bytes, the special tokens of byte_tokenizer, and with merges one token more.
inline void save(fs::path const& folder, options const& o) {
  poft::byte_tokenizer const bytes;
  poft::byte_pair_vocabulary words;
  for (std::int32_t byte = 0; byte < 256; ++byte)
    words.tokens.push_back({std::string(1, static_cast<char>(byte)), byte});
  for (auto const& name : bytes.specials()) words.added.push_back({name, *bytes.special(name), true});
  std::int32_t vocab = bytes.vocab();
  if (o.merges) {
    words.tokens.push_back({"ab", vocab++});
    words.merges.push_back({"a", "b"});
  }
  network model({1}, poft::gpt(o.layers, 2, 32, o.vocab > 0 ? o.vocab : vocab, 64));
  if (!o.zeros) poft::initialise(model, 1);
  poft::save_model(folder, model);
  poft::write_whole(folder / "tokenizer.json", poft::byte_pair_vocabulary_text(words));
}
inline void remove_tokenizer(fs::path const& folder) { fs::remove(folder / "tokenizer.json"); }

inline network load(fs::path const& folder) {
  network model({1}, poft::load_model_config(folder));
  poft::load_parameters(folder, model);
  return model;
}
inline std::ptrdiff_t vocab(fs::path const& folder) { return poft::load_model_config(folder).vocab; }
inline std::vector<float> parameters(fs::path const& folder) {
  network const model = load(folder);
  return {model.parameters().begin(), model.parameters().end()};
}

/// <|user|> prompt <|end|> <|assistant|>, where these are 257, 256 and 258.
inline std::vector<std::int32_t> ids_of_prompt(std::string const& prompt) {
  std::vector<std::int32_t> ids{257};
  for (unsigned char const c : prompt) ids.push_back(c);
  ids.insert(ids.end(), {256, 258});
  return ids;
}

/// Over the ids that count: hidden states times the head, log-softmax, in double.
inline double mean_log_prob(fs::path const& folder, std::vector<std::int32_t> const& ids,
                            std::vector<bool> const& counts) {
  network model = load(folder);
  std::vector<std::int64_t> const offsets{0, static_cast<std::int64_t>(ids.size())};
  auto const hidden = model.forward(ids, offsets);
  auto const head   = model.slices().head;
  double sum = 0, counted = 0;
  for (std::size_t t = 1; t < ids.size(); ++t) {
    if (!counts[t]) continue;
    std::vector<double> logits;
    double normaliser = 0;
    for (std::ptrdiff_t v = 0; v < head.rows(); ++v) {
      double logit = 0;
      for (std::ptrdiff_t c = 0; c < head.columns(); ++c) {
        logit += static_cast<double>(hidden(static_cast<std::ptrdiff_t>(t) - 1, c)) *
                 static_cast<double>(head(v, c));
      }
      logits.push_back(logit);
      normaliser += std::exp(logit);
    }
    sum += logits[static_cast<std::size_t>(ids[t])] - std::log(normaliser);
    counted += 1;
  }
  return sum / counted;
}
/// Of the response's bytes and the end of the turn.
inline double mean_log_prob(fs::path const& folder, std::string const& prompt, std::string const& response) {
  auto ids = ids_of_prompt(prompt);
  std::vector<bool> counts(ids.size());
  for (unsigned char const c : response) ids.push_back(c);
  ids.push_back(256);
  counts.resize(ids.size(), true);
  return mean_log_prob(folder, ids, counts);
}

}  // namespace tiny
