// Every number is looked up for its sample, by id and content; a number that is not there is named with its line.
// SPDX-License-Identifier: MIT
#include "training_data.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/train/coupling.hpp"

namespace pipeline {

using poft::message;

poft::any_objective objective_of(std::string const& text) {
  std::string name = text.substr(0, text.find('='));
  std::replace(name.begin(), name.end(), '-', '_');
  std::map<std::string, double> parameters;
  for (std::size_t begin = std::min(text.find('='), text.size()); begin < text.size();) {
    std::size_t const end   = std::min(text.find(',', ++begin), text.size());
    std::string const one   = text.substr(begin, end - begin);
    std::size_t const colon = std::min(one.find(':'), one.size());
    double value            = 0;
    auto const [stop, bad] =
        std::from_chars(one.data() + std::min(colon + 1, one.size()), one.data() + one.size(), value);
    if (colon == 0 || bad != std::errc() || stop != one.data() + one.size()) {
      throw poft::value_error(message("objective: ", poft::in_quotes(one), " in ", poft::in_quotes(text),
                                      ", expected parameter:number"));
    }
    parameters[one.substr(0, colon)] = value;
    begin                            = end;
  }
  return poft::make_objective(name == "sft" ? "nll" : name, parameters);
}

column_sources::column_sources(poft::any_objective const& objective, std::vector<std::string> const& given) {
  bool const is_coupled = poft::coupling_of(objective) != nullptr;
  for (std::string const input : objective.frozen()) {
    if (input.starts_with("reference")) {
      wants_reference = true;
    } else if (input == "aligned_score") {
      wants_scores = true;
    } else if (!input.ends_with("tokens") && objective.needs(input) && input != "margin" &&
               !(is_coupled && input == "baseline")) {
      fields[input] = input;
    }
  }
  for (auto const& one : given) {
    auto const equals             = std::min(one.find('='), one.size());
    fields[one.substr(0, equals)] = equals + 1 < one.size() ? one.substr(equals + 1) : one.substr(0, equals);
  }
}

training_stream::training_stream(language_model const& model, sample_options const& options,
                                 column_sources const& sources)
    : sources_(sources), samples_(model, options) {
  if (sources_.wants_scores && !sources_.scores.empty()) scores_.emplace(sources_.scores);
  if (!sources_.reference.empty()) reference_.emplace(sources_.reference);
}

std::optional<training_stream::item> training_stream::next() {
  while (auto sample = samples_.next()) {
    item out{std::move(*sample), {}};
    auto const& text        = out.sample.text;
    auto const& place       = out.sample.place;
    std::size_t const count = out.sample.responses.size();
    if (responses_.value_or(count) != count) {
      throw poft::format_error(message(place, ": there are ", count, " responses, expected ", *responses_,
                                       " as on the lines before: single responses and pairs do not mix"));
    }
    responses_ = count;
    for (auto const& [column, field] : sources_.fields) {
      auto const number = number_of(text, place, field);
      if (!number)
        throw poft::format_error(message(place, ": there is no ", field, ", expected a number for ", column));
      out.columns[column] = {*number};
    }
    if (sources_.wants_scores) {
      auto const score = scores_ ? scores_->number(text, "logp") : number_of(text, place, "logp");
      if (!score && sources_.drop_missing) continue;
      if (!score) {
        throw poft::value_error(
            message(place, ": sample ", poft::in_quotes(text.id), " has no aligned score ",
                    scores_ ? message("in \"", sources_.scores, "\"") : "(logp, or --scores FILE)",
                    ", expected one, or --missing=drop"));
      }
      out.columns["aligned_score"] = {*score};
    }
    if (reference_) {
      auto& sums = out.columns["reference_log_prob"];
      for (std::size_t k = 0; k < count; ++k) {
        std::string const member = count == 1 ? "" : k == 0 ? "chosen_" : "rejected_";
        auto const mean          = reference_->number(text, member + "logp"),
                   tokens        = reference_->number(text, member + "tokens");
        if (!mean || !tokens) {
          throw poft::value_error(message("reference: \"", sources_.reference, "\" has no score of sample ",
                                          poft::in_quotes(text.id), ", expected one of every sample"));
        }
        sums.push_back(*mean * *tokens);
      }
    }
    return out;
  }
  return std::nullopt;
}

training_stream::survey training_stream::look_through() {
  survey out{0, 0xcbf29ce484222325};
  auto const mix = [&](std::uint64_t number) { out.hash = (out.hash ^ number) * 0x100000001b3; };
  while (auto const item = next()) {
    ++out.samples;
    mix(item->sample.text.content);
    for (auto const& [name, numbers] : item->columns) {
      for (double const number : numbers) mix(std::bit_cast<std::uint64_t>(number));
    }
  }
  return out;
}

poft::dataset training_stream::take(std::int64_t samples, std::vector<double>& state) {
  if (state.empty()) state = {0, 0};
  if (auto const here = samples_.position(); static_cast<double>(here.offset) != state[0]) {
    samples_.go_to({static_cast<std::uint64_t>(state[0]), static_cast<std::uint64_t>(state[1])});
  }
  std::optional<poft::dataset> data;
  std::map<std::string, std::vector<double>> columns;
  for (std::int64_t k = 0; k < samples;) {
    auto const item = next();
    if (!item) {
      samples_.go_to({});
      continue;
    }
    if (!data) {
      data.emplace(*responses_ == 1 ? std::vector<std::string>{"log_prob"}
                                    : std::vector<std::string>{"chosen", "rejected"});
    }
    add_to(*data, item->sample.prompt, item->sample.responses);
    for (auto const& [name, numbers] : item->columns) {
      columns[name].insert(columns[name].end(), numbers.begin(), numbers.end());
    }
    ++k;
  }
  for (auto& [name, numbers] : columns) data->set(name, std::move(numbers));
  auto const here = samples_.position();
  state           = {static_cast<double>(here.offset), static_cast<double>(here.lines)};
  return *std::move(data);
}

}  // namespace pipeline
