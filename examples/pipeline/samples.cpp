// The one place where a prompt is told from a response, and where what is too long is refused, cut or passed over.
// SPDX-License-Identifier: MIT
#include "samples.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <span>

#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"

namespace pipeline {

using poft::message;

void sample_options::add_to(CLI::App& command, bool scores) {
  command
      .add_option("--data", data,
                  "JSONL of {\"prompt\", \"response\"}, {\"prompt\", \"chosen\", \"rejected\"} or "
                  "{\"messages\"}; with or without \"id\"")
      ->required();
  command.add_flag("--skip-bad-lines", skip_bad_lines,
                   "count the lines that hold no sample, rather than refuse the file");
  command
      .add_option("--too-long", too_long,
                  "samples beyond the model's positions: refuse, truncate (a response loses its end, a "
                  "prompt to generate from its beginning) or skip")
      ->check(CLI::IsMember({"refuse", "truncate", "skip"}))
      ->capture_default_str();
  if (!scores) return;
  command
      .add_option("--score-end-token", end_token,
                  "whether the end of the turn belongs to the response; off: the score of arXiv:2412.12865")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
}

std::string sample_counts::text() const {
  std::string out = message(samples, " samples, ", tokens, " response tokens");
  auto const add  = [&](std::int64_t count, char const* what) {
    if (count > 0) out += message(", ", count, what);
  };
  add(bad_lines, " bad lines skipped");
  add(truncated, " truncated");
  add(too_long, " too long and skipped");
  return out;
}

nlohmann::json fields_of(poft::sample const& sample) { return nlohmann::json::parse(sample.line); }

std::optional<double> number_of(poft::sample const& sample, std::string const& place,
                                std::string const& name) {
  auto const line = fields_of(sample);
  poft::json_fields const fields(line, place);
  if (!fields.has(name.c_str())) return std::nullopt;
  if (line[name].is_boolean()) return line[name].get<bool>() ? 1.0 : 0.0;
  return fields.number(name.c_str());
}

std::ptrdiff_t encoded_sample::tokens() const {
  std::ptrdiff_t sum = responses.empty() ? std::ssize(prompt) : 0;
  for (auto const& response : responses) sum += std::ssize(prompt) + std::ssize(response.ids);
  return sum;
}

void add_to(poft::dataset& data, std::span<std::int32_t const> prompt,
            std::span<encoded_response const> responses) {
  std::vector<poft::dataset::tokens> ids;
  std::vector<poft::dataset::mask> counts;
  for (auto const& response : responses) {
    ids.emplace_back(response.ids);
    counts.emplace_back(response.counts);
  }
  data.add(prompt, ids, counts);
}

line_stream::line_stream(std::string file, bool skip_bad_lines, bool needs_response, poft::line_position from)
    : file_(std::move(file)),
      reader_(file_, {.numbers = {}, .needs_response = needs_response},
              skip_bad_lines ? [](poft::format_error const&) {} : poft::sample_reader::bad_line_handler(),
              from) {}

std::optional<poft::sample> line_stream::next() {
  poft::sample out;
  if (!reader_.next(out)) return std::nullopt;
  return out;
}

sample_stream::sample_stream(language_model const& model, sample_options const& options, sample_use use)
    : model_(model),
      options_(options),
      use_(use),
      encoder_(*model.words, model.turns,
               options.end_token == "on" ? poft::end_of_turn::counts : poft::end_of_turn::is_left_out) {
  go_to({});
  std::error_code unknown;
  auto const size = fs::file_size(options_.data, unknown);
  bytes_          = unknown ? 0 : static_cast<std::int64_t>(size);
}

void sample_stream::go_to(poft::line_position there) {
  bad_samples_ = 0;
  lines_       = std::make_unique<line_stream>(options_.data, options_.skip_bad_lines, use_.responses, there);
}

std::optional<encoded_sample> sample_stream::next() {
  while (auto text = lines_->next()) {
    encoded_sample sample{std::move(*text), {}, {}, {}};
    sample.place = lines_->place_of(sample.text);
    try {
      encode(sample);
      check(sample);
    } catch (poft::error const& problem) {  // the encoder knows no place
      if (!options_.skip_bad_lines) throw poft::format_error(message(sample.place, ": ", problem.what()));
      ++bad_samples_;
      continue;
    }
    if (!fit(sample)) continue;
    ++counts_.samples;
    for (auto const& response : sample.responses) counts_.tokens += response.counted();
    counts_.bad_lines = lines_->bad_lines() + bad_samples_;
    return sample;
  }
  counts_.bad_lines = lines_->bad_lines() + bad_samples_;
  return std::nullopt;
}

void sample_stream::encode(encoded_sample& sample) const {
  auto const& text = sample.text;
  if (!text.responses.empty()) {
    for (auto const& turns : text.responses) {
      auto const all  = encoder_.encode(text.prompt, turns);
      auto const last = std::find(all.counts.rbegin(), all.counts.rend(), true).base() - all.counts.begin();
      auto const put  = static_cast<std::ptrdiff_t>(all.prompt());
      sample.prompt.assign(all.ids.begin(), all.ids.begin() + put);
      sample.responses.push_back({{all.ids.begin() + put, all.ids.begin() + last},
                                  {all.counts.begin() + put, all.counts.begin() + last}});
    }
  } else if (!text.response_ids.empty()) {  // somebody else's tokens, taken as they are
    sample.prompt = text.prompt_ids;
    for (auto const& ids : text.response_ids) {
      auto& response =
          sample.responses.emplace_back(encoded_response{ids, std::vector<std::uint8_t>(ids.size(), 1)});
      bool const has_end = ids.back() == encoder_.end_token();
      if (has_end && options_.end_token == "off") response.counts.back() = 0;
    }
  } else {
    sample.prompt = text.prompt.empty() ? text.prompt_ids : encoder_.prompt(text.prompt);
  }
}

void sample_stream::check(encoded_sample const& sample) const {
  if (sample.prompt.empty()) {
    throw poft::format_error(
        "no token stands before the response, expected a prompt, or a template that begins with a special "
        "token");
  }
  auto const in_vocabulary = [&](std::vector<std::int32_t> const& ids) {
    for (std::int32_t const id : ids) {
      if (id < model_.weights->config().vocab) continue;
      throw poft::format_error(
          message("there is the token id ", id, ", expected 0 .. ", model_.weights->config().vocab - 1));
    }
  };
  in_vocabulary(sample.prompt);
  for (auto const& response : sample.responses) {
    if (response.counted() == 0) throw poft::format_error("the response has no token, expected at least one");
    in_vocabulary(response.ids);
  }
}

bool sample_stream::fit(encoded_sample& sample) {
  // A model reads all tokens but the last, which it only predicts.
  std::ptrdiff_t const room = model_.weights->config().positions + 1;
  bool const truncates      = options_.too_long == "truncate";
  bool cut = false, fits = true;
  auto const refuse = [&](char const* what, std::ptrdiff_t have, std::ptrdiff_t most) {
    if (options_.too_long != "refuse") return;
    throw poft::value_error(message(sample.place, ": ", what, " ", have, " tokens, expected at most ", most,
                                    "; or --too-long=truncate or skip"));
  };
  if (std::ptrdiff_t const most = room - use_.new_tokens;
      use_.new_tokens > 0 && std::ssize(sample.prompt) > most) {
    refuse("the prompt has", std::ssize(sample.prompt), most);
    if (most > 0) sample.prompt.erase(sample.prompt.begin(), sample.prompt.end() - most);
    cut  = true;
    fits = most > 0;
  }
  for (auto& response : sample.responses) {
    std::ptrdiff_t const most = room - std::ssize(sample.prompt), have = std::ssize(response.ids);
    if (have <= most) continue;
    refuse("prompt and response have", std::ssize(sample.prompt) + have, room);
    cut             = true;
    auto const kept = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, most));
    response.ids.resize(kept);
    response.counts.resize(kept);
    fits = fits && response.counted() > 0;
  }
  if (cut) ++(fits && truncates ? counts_.truncated : counts_.too_long);
  return !cut || (fits && truncates);
}

std::vector<encoded_sample> sample_stream::next_batch() {
  // More tokens cost memory and save no time.
  constexpr std::ptrdiff_t most_samples = 256, enough_tokens = 1024;
  std::vector<encoded_sample> batch;
  std::ptrdiff_t tokens = 0;
  while (std::ssize(batch) < most_samples && tokens < enough_tokens) {
    auto sample = next();
    if (!sample) break;
    tokens += sample->tokens() + use_.new_tokens;
    batch.push_back(std::move(*sample));
  }
  return batch;
}

}  // namespace pipeline
