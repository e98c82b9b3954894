// What is trained on: prompts, the responses to each, and numbers known of them, by name.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "poft/core/error.hpp"

namespace poft {

/// Examples of one kind. The members say what the responses of an example are called, and with it how objectives address
/// them: {"log_prob"} are single responses, {"chosen", "rejected"} pairs; none: lists of any length.
///
///   dataset pairs({"chosen", "rejected"});
///   pairs.add(prompt, {chosen, rejected});
///   pairs.set("win_probability", {0.9, ...});       // one number per example, per response or per response token
///
/// A column is a frozen input under the objective's own name for it: reference_log_prob, aligned_score, old_log_prob,
/// advantage, desirable, reward, weight ... Those of responses are named without the member: reference_log_prob serves
/// reference_chosen and reference_rejected.
class dataset {
 public:
  using tokens = std::span<std::int32_t const>;
  using mask   = std::span<std::uint8_t const>;

  explicit dataset(std::vector<std::string> members = {"log_prob"}) : members_(std::move(members)) {}

  /// `counts` has a mask for each response: 0 where a token only stands between those that are scored and learned, as what
  /// others say in a conversation does; empty: all count. Throws where a prompt or response is empty (the first response
  /// token needs a token before it), where none of its tokens counts, or where there are not as many responses as members.
  void add(tokens prompt, std::span<tokens const> answers, std::span<mask const> counts = {}) {
    auto const refuse = [&](auto const&... parts) {
      throw value_error(message("dataset: example ", examples(), parts...));
    };
    if (!columns_.empty()) refuse(" comes after a column was set, expected all examples first");
    if (answers.empty() || (!members_.empty() && answers.size() != members_.size())) {
      refuse(" has ", answers.size(), " responses, expected ",
             members_.empty() ? message("at least 1") : message(members_.size()));
    }
    if (prompt.empty())
      refuse(" has an empty prompt, expected at least one token, which may be a start token");
    for (std::size_t k = 0; k < answers.size(); ++k) {
      if (answers[k].empty()) refuse(": response ", k, " is empty, expected at least one token");
    }
    if (!counts.empty() && counts.size() != answers.size()) {
      refuse(" has ", counts.size(), " masks, expected one for each of the ", answers.size(), " responses");
    }
    for (std::size_t k = 0; k < counts.size(); ++k) {
      if (counts[k].size() != answers[k].size()) {
        refuse(": the mask of response ", k, " has ", counts[k].size(), " elements, expected ",
               answers[k].size());
      }
      if (std::count(counts[k].begin(), counts[k].end(), 0) == std::ssize(counts[k])) {
        refuse(": no token of response ", k, " counts, expected at least one");
      }
    }
    append(prompt, {}, prompts_);
    for (std::size_t k = 0; k < answers.size(); ++k) {
      mask const own = counts.empty() ? mask() : counts[k];
      append(answers[k], own, responses_);
      token_offsets_.push_back(token_offsets_.back() + std::ssize(answers[k]) -
                               std::count(own.begin(), own.end(), 0));
    }
    first_response_.push_back(responses());
  }
  void add(tokens prompt, std::initializer_list<tokens> answers) {
    add(prompt, std::span(answers.begin(), answers.size()));
  }

  std::vector<std::string> const& members() const { return members_; }
  std::int64_t examples() const { return static_cast<std::int64_t>(first_response_.size()) - 1; }
  std::int64_t responses() const { return static_cast<std::int64_t>(responses_.size() / 2); }
  /// Tokens that count, of all responses together; those of response r are the ones from token_offset(r) on.
  std::int64_t response_tokens() const { return token_offsets_.back(); }
  std::int64_t token_offset(std::int64_t response) const { return token_offsets_[at(response)]; }
  std::int64_t counted_tokens(std::int64_t response) const {
    return token_offset(response + 1) - token_offset(response);
  }
  std::int64_t first_response(std::int64_t example) const { return first_response_[at(example)]; }
  std::int64_t responses_of(std::int64_t example) const {
    return first_response(example + 1) - first_response(example);
  }
  tokens prompt(std::int64_t example) const { return part(tokens(tokens_), prompts_, example); }
  tokens response(std::int64_t response) const { return part(tokens(tokens_), responses_, response); }
  /// Which of its tokens count; empty: all.
  mask counts(std::int64_t response) const {
    return counts_.empty() ? mask() : part(mask(counts_), responses_, response);
  }

  /// One number per example, per response or per response token, as the size says. Replaces a column of that name.
  void set(std::string const& name, std::vector<double> values) {
    auto const size = static_cast<std::int64_t>(values.size());
    if (size != examples() && size != responses() && size != response_tokens()) {
      throw shape_error(message("dataset: column '", name, "' has ", size,
                                " numbers, expected one per example (", examples(), "), response (",
                                responses(), ") or response token (", response_tokens(), ")"));
    }
    columns_[name] = std::move(values);
  }
  bool has(std::string_view name) const { return columns_.contains(name); }
  bool is_per_token(std::string_view name) const {
    return has(name) && static_cast<std::int64_t>(column(name).size()) == response_tokens();
  }
  std::vector<double> const& column(std::string_view name) const {
    auto const found = columns_.find(name);
    if (found == columns_.end()) {
      throw value_error(message("dataset: there is no column '", name, "'; it has ", column_names()));
    }
    return found->second;
  }
  /// The number for a response: its own, its example's, or the sum of its tokens'.
  double value(std::span<double const> column, std::int64_t example, std::int64_t response) const {
    auto const size = static_cast<std::int64_t>(column.size());
    if (size == responses()) return column[at(response)];
    if (size == examples()) return column[at(example)];
    double sum = 0;
    for (auto t = token_offset(response); t < token_offset(response + 1); ++t) sum += column[at(t)];
    return sum;
  }
  double value(std::string_view name, std::int64_t example, std::int64_t response) const {
    return value(column(name), example, response);
  }
  /// Of the columns.
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (auto const& one : columns_) out.push_back(one.first);
    return out;
  }
  std::string column_names() const { return columns_.empty() ? "none" : listed(names()); }

  /// Some of the examples, in this order, with their columns.
  dataset chosen(std::span<std::int64_t const> wanted) const {
    dataset out(members_);
    std::vector<tokens> answers;
    std::vector<mask> masks;
    for (std::int64_t const e : wanted) {
      answers.clear();
      masks.clear();
      for (auto r = first_response(e); r < first_response(e + 1); ++r) {
        answers.push_back(response(r));
        if (!counts_.empty()) masks.push_back(counts(r));
      }
      out.add(prompt(e), answers, masks);
    }
    for (auto const& [name, from] : columns_) {
      auto const size  = static_cast<std::int64_t>(from.size());
      auto const place = [&](std::int64_t e) {
        if (size == examples()) return e;
        return size == responses() ? first_response(e) : token_offset(first_response(e));
      };
      std::vector<double> values;
      for (std::int64_t const e : wanted)
        values.insert(values.end(), from.begin() + place(e), from.begin() + place(e + 1));
      out.set(name, std::move(values));
    }
    return out;
  }

  /// A number that differs between different tokens or layouts (FNV-1a, 64 bits); columns do not enter.
  std::uint64_t fingerprint() const {
    std::uint64_t hash = 0xcbf29ce484222325;
    auto const mix     = [&](auto const& numbers) {
      for (auto const number : numbers) hash = (hash ^ static_cast<std::uint64_t>(number)) * 0x100000001b3;
    };
    mix(tokens_);
    mix(counts_);
    mix(prompts_);
    mix(responses_);
    mix(first_response_);
    for (auto const& member : members_) mix(member);
    return hash;
  }

  /// Everything it holds, for a checkpoint: visit(name, x), x a string or a vector, which reading replaces.
  template <class Visitor>
  void visit(std::string const& prefix, Visitor& state) {
    std::string members = listed(members_), columns = listed(names());
    state(prefix + "members", members);
    state(prefix + "tokens", tokens_);
    state(prefix + "counts", counts_);
    state(prefix + "prompts", prompts_);
    state(prefix + "responses", responses_);
    state(prefix + "first_response", first_response_);
    state(prefix + "token_offsets", token_offsets_);
    members_ = split(members);
    state(prefix + "columns", columns);
    for (auto const& name : split(columns)) state(prefix + "column." + name, columns_[name]);
  }

 private:
  static std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }
  static std::string listed(std::vector<std::string> const& words) {
    std::string out;
    for (auto const& word : words) out.append(out.empty() ? "" : ", ").append(word);
    return out;
  }
  static std::vector<std::string> split(std::string const& text) {
    std::vector<std::string> words;
    for (std::size_t begin = 0; begin < text.size();) {
      std::size_t const end = std::min(text.find(", ", begin), text.size());
      words.push_back(text.substr(begin, end - begin));
      begin = end + 2;
    }
    return words;
  }

  // Ranges are pairs of first and last + 1.
  void append(tokens added, mask counts, std::vector<std::int64_t>& ranges) {
    if (counts_.empty() && std::find(counts.begin(), counts.end(), 0) != counts.end()) {
      counts_.assign(tokens_.size(), 1);
    }
    bool const has_masks = !counts_.empty();
    ranges.push_back(std::ssize(tokens_));
    tokens_.insert(tokens_.end(), added.begin(), added.end());
    ranges.push_back(std::ssize(tokens_));
    if (!has_masks) return;
    counts_.insert(counts_.end(), counts.begin(), counts.end());
    counts_.resize(tokens_.size(), 1);
  }
  template <class Span>
  static Span part(Span all, std::vector<std::int64_t> const& ranges, std::int64_t index) {
    auto const first = at(ranges[at(2 * index)]), last = at(ranges[at(2 * index + 1)]);
    return all.subspan(first, last - first);
  }

  std::vector<std::string> members_;
  std::vector<std::int32_t> tokens_;
  std::vector<std::uint8_t> counts_;               // [tokens], or empty: all count
  std::vector<std::int64_t> prompts_, responses_;  // ranges of tokens_
  std::vector<std::int64_t> first_response_{0};    // [examples + 1]
  std::vector<std::int64_t> token_offsets_{0};     // [responses + 1], over tokens that count
  std::map<std::string, std::vector<double>, std::less<>> columns_;
};

}  // namespace poft
