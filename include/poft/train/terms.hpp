// The terms of a training loss: what each objective is given of a batch, and what its gradient is for every token.
// SPDX-License-Identifier: MIT
//
// Between the forward and the backward pass a model is a few numbers per response token: log-prob, entropy, and what the
// scalar head says. Here they meet the columns of the dataset under the names of an objective's inputs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/objective/aggregation.hpp"
#include "poft/train/any_objective.hpp"
#include "poft/train/coupling.hpp"
#include "poft/train/dataset.hpp"

namespace poft {

/// What an objective's log_prob is: that of a whole response, or of each of its tokens.
enum class objective_level { sequence, token };
/// What the score of a list is: the response's log-prob, or what the scalar head says at its last token.
enum class list_score { log_prob, reward };

/// One term of the loss: weight times the objective's mean.
struct training_term {
  any_objective objective;
  double weight         = 1;
  objective_level level = objective_level::sequence;
  /// How token losses become one number; max_tokens where it is `constant`.
  objective::aggregation aggregation = objective::aggregation::token_mean;
  double max_tokens                  = 0;
  /// The member that an objective of single responses looks at, where examples have several.
  std::string member = {};
  list_score score   = list_score::log_prob;
};

/// What the model says of the responses of some examples, one after the other, and the loss's derivatives.
struct batch_statistics {
  std::vector<std::int64_t> examples;   // their numbers in the dataset
  std::vector<std::int64_t> first;      // [examples + 1], responses
  std::vector<std::int64_t> responses;  // their numbers in the dataset
  std::vector<std::int64_t> tokens;     // [responses + 1], where the tokens of each start

  std::vector<double> log_prob, entropy, value;  // [tokens]; entropy and value may be empty
  std::vector<double> reward;                    // [responses]; may be empty
  std::vector<double> d_log_prob, d_value, d_reward;
  double d_entropy = 0;  // of every token

  batch_statistics() = default;
  /// The layout, zeros elsewhere.
  batch_statistics(dataset const& data, std::span<std::int64_t const> chosen, bool with_entropy,
                   bool with_scalar)
      : examples(chosen.begin(), chosen.end()), first{0}, tokens{0} {
    for (std::int64_t const example : examples) {
      for (auto r = data.first_response(example); r < data.first_response(example + 1); ++r) {
        responses.push_back(r);
        tokens.push_back(tokens.back() + data.counted_tokens(r));
      }
      first.push_back(static_cast<std::int64_t>(responses.size()));
    }
    auto const n = static_cast<std::size_t>(tokens.back());
    log_prob.resize(n);
    d_log_prob.resize(n);
    if (with_entropy) entropy.resize(n);
    for (auto* numbers : {&value, &d_value}) numbers->resize(with_scalar ? n : 0);
    for (auto* numbers : {&reward, &d_reward}) numbers->resize(with_scalar ? responses.size() : 0);
  }

  /// Sum over the response's tokens [nats].
  double log_prob_of(std::size_t response) const {
    double sum = 0;
    for (auto t = tokens[response]; t < tokens[response + 1]; ++t)
      sum += log_prob[static_cast<std::size_t>(t)];
    return sum;
  }
};

/// What a term's mean is divided by: its examples, or what its aggregation makes of its responses and tokens. `examples` are
/// those of the whole optimiser step, over all micro-batches and processes.
inline double count_of(training_term const& term, dataset const& data,
                       std::span<std::int64_t const> examples) {
  if (term.level == objective_level::sequence) return static_cast<double>(examples.size());
  double responses = 0, tokens = 0;
  for (std::int64_t const example : examples) {
    for (auto r = data.first_response(example); r < data.first_response(example + 1); ++r) {
      auto const member = static_cast<std::size_t>(r - data.first_response(example));
      if (!term.member.empty() && data.members().at(member) != term.member) continue;
      responses += 1;
      tokens += static_cast<double>(data.counted_tokens(r));
    }
  }
  return objective::global_count(term.aggregation, responses, tokens, term.max_tokens);
}

namespace detail {

/// Where the rows of a term's inputs come from and their gradients go. A row is an example; where the level is that of
/// tokens, a token; for objectives of lists, a response.
class term_rows {
 public:
  term_rows(training_term const& term, dataset const& data, batch_statistics& batch)
      : term_(term), data_(data), batch_(batch), per_token_(term.level == objective_level::token) {
    auto const& members = data.members();
    auto const found    = std::find(members.begin(), members.end(), term.member);
    if (!term.member.empty() && found == members.end()) refuse("there is no member '", term.member, "'");
    bool const lists = term.objective.of_lists();
    if (lists && per_token_) refuse("lists have responses, not tokens");
    if (!lists && !per_token_ && members.empty()) refuse("it looks at single responses or pairs");
    auto const chosen =
        term.member.empty() ? std::size_t{0} : static_cast<std::size_t>(found - members.begin());
    for (std::size_t e = 0; e < batch.examples.size(); ++e) {
      auto const first = static_cast<std::size_t>(batch.first[e]),
                 last  = static_cast<std::size_t>(batch.first[e + 1]);
      if (!lists && !per_token_) add_row(e, first + chosen, 0);
      for (std::size_t r = first; r < last && (lists || per_token_); ++r) {
        if (lists) add_row(e, r, 0);
        if (!per_token_ || (!term.member.empty() && r != first + chosen)) continue;
        for (auto t = batch.tokens[r]; t < batch.tokens[r + 1]; ++t)
          add_row(e, r, static_cast<std::size_t>(t));
      }
    }
  }

  /// The objective's inputs, and what its coupling wants to see besides.
  batch_inputs inputs(batch_coupling const* coupling) const {
    batch_inputs in;
    auto const add = [&](std::string_view name, bool optional) {
      source const from = source_of(name);
      if (optional && from.kind == source::column && from.numbers.empty()) return;
      auto& values = in.values[std::string(name)];
      for (std::size_t row = 0; row < example_.size(); ++row) values.push_back(value(from, row));
    };
    for (char const* const name : term_.objective.live()) add(name, false);
    for (char const* const name : term_.objective.frozen())
      add(name, coupling || !term_.objective.needs(name));
    if (coupling) {
      for (std::string_view const name : coupling->optional_inputs) {
        if (!name.empty()) add(name, true);
      }
    }
    return in;
  }

  /// [losses], what they are multiplied by; empty: 1 each. The dataset's column example_weight, and a token's share.
  std::vector<double> weights() const {
    std::vector<double> out;
    bool const given = data_.has("example_weight");
    if (!given && !per_token_) return out;
    for (std::size_t k = 0; k < losses(); ++k) {
      std::size_t const row = row_of_loss(k);
      double const share =
          per_token_ ? objective::token_weight(term_.aggregation, tokens_of(response_[row])) : 1;
      out.push_back(given ? share * value({source::column, -1, numbers_of("example_weight")}, row) : share);
    }
    return out;
  }

  std::span<std::int64_t const> list_offsets() const {
    return term_.objective.of_lists() ? std::span<std::int64_t const>(batch_.first)
                                      : std::span<std::int64_t const>();
  }
  /// Losses: one per row, or per list.
  std::size_t losses() const { return term_.objective.of_lists() ? batch_.examples.size() : example_.size(); }
  /// The number in the dataset.
  std::int64_t example_of_loss(std::size_t k) const { return batch_.examples[example_[row_of_loss(k)]]; }

  /// Adds the derivatives with respect to a live input; element k of d belongs to row order[k], or k.
  void scatter(std::string_view name, std::span<double const> d,
               std::vector<std::size_t> const* order) const {
    source const to = source_of(name);
    for (std::size_t k = 0; k < d.size(); ++k) {
      std::size_t const row = order ? (*order)[k] : k, response = response_of(to, row);
      if (to.kind == source::reward) {
        batch_.d_reward[response] += d[k];
      } else if (per_token_) {
        (to.kind == source::value ? batch_.d_value : batch_.d_log_prob)[token_[row]] += d[k];
      } else {
        for (auto t = batch_.tokens[response]; t < batch_.tokens[response + 1]; ++t) {
          batch_.d_log_prob[static_cast<std::size_t>(t)] += d[k];
        }
      }
    }
  }

 private:
  struct source {
    enum { log_prob, reward, value, tokens, log_ratio, column } kind;
    int member                      = -1;  // -1: the row's own response
    std::span<double const> numbers = {};  // of the column; empty: 0 everywhere
  };

  template <class... Parts>
  [[noreturn]] void refuse(Parts const&... parts) const {
    std::string members;
    for (auto const& one : data_.members()) members.append(members.empty() ? "" : ", ").append(one);
    throw value_error(message("objective ", term_.objective.name(), ": ", parts...,
                              "; the dataset has the members ", members.empty() ? "of lists" : members,
                              " and the columns ", data_.column_names()));
  }

  void add_row(std::size_t example, std::size_t response, std::size_t token) {
    example_.push_back(example);
    response_.push_back(response);
    if (per_token_) token_.push_back(token);
  }

  std::span<double const> numbers_of(std::string_view column) const {
    return data_.has(column) ? std::span<double const>(data_.column(column)) : std::span<double const>();
  }

  /// An objective's name for an input -> what that is here.
  source source_of(std::string_view name) const {
    auto const& members = data_.members();
    for (std::size_t m = 0; m < members.size() && !per_token_; ++m) {
      int const member = static_cast<int>(m);
      if (name == members[m]) return {source::log_prob, member};
      if (name == members[m] + "_tokens") return {source::tokens, member};
      if (name == members[m] + "_reward") return {source::reward, member};
      if (name == "reference_" + members[m]) return column_of("reference_log_prob", name, member);
    }
    if (name == "score" && term_.score == list_score::reward) return {source::reward};
    if (name == "log_prob" || name == "score") {
      if (!per_token_ && members.size() > 1 && term_.member.empty()) {
        refuse("it looks at one response, expected term.member to say at which");
      }
      return {source::log_prob};
    }
    if (name == "value" && per_token_) return {source::value};
    if (name == "tokens") return {source::tokens};
    if (name == "sequence_log_ratio")
      return {source::log_ratio, -1, column_of("old_log_prob", name, -1).numbers};
    return column_of(name == "reference" ? "reference_log_prob" : name, name, -1);
  }
  source column_of(std::string_view column, std::string_view input, int member) const {
    bool const optional = coupling_of(term_.objective) || !term_.objective.needs(input) || input == "margin";
    if (!data_.has(column) && !optional)
      refuse("there is no column '", column, "' for its input '", input, "'");
    bool const is_log_prob = column.ends_with("log_prob"), tokens = data_.is_per_token(column);
    if (per_token_ && is_log_prob && data_.has(column) && !tokens) {
      refuse("the column '", column, "' has one number per response, expected one per token");
    }
    if (!per_token_ && !is_log_prob && tokens && data_.response_tokens() != data_.responses()) {
      refuse("the column '", column, "' has one number per token, expected one per response or example");
    }
    return {source::column, member, numbers_of(column)};
  }

  std::size_t response_of(source const& from, std::size_t row) const {
    if (from.member < 0) return response_[row];
    return static_cast<std::size_t>(batch_.first[example_[row]] + from.member);
  }
  double tokens_of(std::size_t response) const {
    return static_cast<double>(batch_.tokens[response + 1] - batch_.tokens[response]);
  }

  double value(source const& from, std::size_t row) const {
    std::size_t const r = response_of(from, row);
    switch (from.kind) {
      case source::log_prob:
        return per_token_ ? batch_.log_prob[token_[row]] : batch_.log_prob_of(r);
      case source::reward:
        if (batch_.reward.empty()) refuse("the model has no scalar head");
        return batch_.reward[r];
      case source::value:
        if (batch_.value.empty()) refuse("the model has no scalar head");
        return batch_.value[token_[row]];
      case source::tokens:
        return tokens_of(r);
      case source::log_ratio:  // of GSPO per token: the response's mean, without a gradient
        return (batch_.log_prob_of(r) - number(from.numbers, row, r, false)) / tokens_of(r);
      case source::column:
        break;
    }
    return from.numbers.empty() ? 0 : number(from.numbers, row, r, per_token_);
  }

  /// The column's number for the row's token or response.
  double number(std::span<double const> column, std::size_t row, std::size_t r, bool of_token) const {
    std::int64_t const response = batch_.responses[r];
    if (of_token && static_cast<std::int64_t>(column.size()) == data_.response_tokens()) {
      auto const first = static_cast<std::size_t>(data_.token_offset(response));
      return column[first + token_[row] - static_cast<std::size_t>(batch_.tokens[r])];
    }
    return data_.value(column, batch_.examples[example_[row]], response);
  }

  std::size_t row_of_loss(std::size_t k) const {
    return term_.objective.of_lists() ? static_cast<std::size_t>(batch_.first[k]) : k;
  }

  training_term const& term_;
  dataset const& data_;
  batch_statistics& batch_;
  bool per_token_;
  std::vector<std::size_t> example_, response_, token_;  // of each row, in the batch
};

}  // namespace detail

/// Weighted loss of one term; its derivatives are added to the batch's. `count` is that of the whole step, `state` that of
/// the term's coupling. Throws value_error, naming objective and example, for a loss that is not finite, and for inputs that
/// the dataset does not have.
inline double evaluate_term(training_term const& term, dataset const& data, double count,
                            std::vector<double>& state, batch_statistics& batch) {
  detail::term_rows const rows(term, data, batch);
  batch_coupling const* const coupling = coupling_of(term.objective);
  batch_inputs in                      = rows.inputs(coupling);
  auto const weights                   = rows.weights();
  if (coupling) coupling->prepare(term.objective, in, state);
  if (!in.order.empty() && !weights.empty()) {
    throw value_error(message("objective ", term.objective.name(),
                              " sorts the batch, and example_weight then has no meaning"));
  }

  columns<double const> const inputs(in.values.begin(), in.values.end());
  std::map<std::string, std::vector<double>> d;
  columns<double> gradient;
  for (std::string const name : term.objective.live()) {
    d[name].resize(in.values.at(name).size());
    gradient[name] = d[name];
  }
  std::vector<double> losses(rows.losses());
  double const loss = term.objective.evaluate(inputs, gradient,
                                              {.count        = count,
                                               .factor       = term.weight,
                                               .weights      = weights,
                                               .losses       = losses,
                                               .list_offsets = rows.list_offsets()});
  for (std::size_t k = 0; k < losses.size(); ++k) {
    if (std::isfinite(losses[k])) continue;
    throw value_error(message("objective ", term.objective.name(), ": the loss of example ",
                              rows.example_of_loss(k), " is ",
                              std::isnan(losses[k]) ? "NaN" : message(losses[k])));
  }
  for (auto const& [name, values] : d) {
    auto const order = in.order.find(name);
    rows.scatter(name, values, order == in.order.end() ? nullptr : &order->second);
  }
  return term.weight * loss;
}

}  // namespace poft
