// Scores are written in the order of the data, and looked up in any.
// SPDX-License-Identifier: MIT
#include "score_file.hpp"

#include <algorithm>

#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/train/score.hpp"
#include "row_writing.hpp"
#include "rows.hpp"
#include "scoring.hpp"

namespace pipeline {

using poft::in_quotes;
using poft::message;

void write_scores(language_model const& model, sample_stream& samples, fs::path const& out, bool ifd,
                  bool restart, char const* title) {
  scorer score(*model.weights);
  auto const start = poft::chat_encoder(*model.words, model.turns).prompt({});
  write_rows(
      title, samples, row_file(out, run_of(model, samples, {{"ifd", ifd}}), restart), [&](auto const& batch) {
        auto const scores = score(batch);
        auto const alone  = ifd ? score.alone(batch, start) : std::vector<response_score>();
        std::vector<std::string> rows;
        std::size_t r = 0;
        for (auto const& sample : batch) {
          nlohmann::ordered_json row{
              {"id", sample.text.id}, {"hash", sample.hash()}, {"line", sample.text.line_number}};
          for (std::size_t k = 0; k < sample.responses.size(); ++k, ++r) {
            std::string const member = sample.responses.size() == 1 ? "" : k == 0 ? "chosen_" : "rejected_";
            row[member + "logp"]     = scores[r].mean();
            row[member + "tokens"]   = scores[r].tokens;
            if (ifd) row[member + "logp_alone"] = alone[r].mean();
          }
          rows.push_back(row.dump());
        }
        return rows;
      });
}

namespace {
std::uint64_t hash_of(std::string_view id) { return poft::content_hash().add(id).value(); }
}  // namespace

score_index::score_index(fs::path path) : path_(std::move(path)), file_(path_, std::ios::binary) {
  for_each_row(path_, [&](nlohmann::json const& row, std::string const& place, std::int64_t offset) {
    places_.emplace_back(hash_of(poft::json_fields(row, place).text("id")), offset);
  });
  std::sort(places_.begin(), places_.end());
  auto const twice = std::adjacent_find(places_.begin(), places_.end(),
                                        [](auto const& a, auto const& b) { return a.first == b.first; });
  if (twice != places_.end()) {
    throw poft::format_error(message("scores: \"", path_.string(), "\": the id ",
                                     row_at(twice->second)["id"].dump(), " stands twice, expected once"));
  }
}

std::optional<nlohmann::json> score_index::find(std::string const& id, std::string const& hash) {
  auto const found =
      std::lower_bound(places_.begin(), places_.end(), std::pair(hash_of(id), std::int64_t{0}));
  if (found == places_.end() || found->first != hash_of(id)) return std::nullopt;
  auto row                = row_at(found->second);
  std::string const place = message("scores: \"", path_.string(), "\"");
  poft::json_fields const in(row, place);
  if (in.text("id") != id) return std::nullopt;
  if (in.text("hash") != hash) {
    throw poft::format_error(message(place, ": sample ", in_quotes(id), " has the content hash ",
                                     in_quotes(in.text("hash")), ", expected ", in_quotes(hash),
                                     ": they are scores of other data"));
  }
  return row;
}

std::optional<double> score_index::number(poft::sample const& sample, std::string const& name) {
  auto const row = find(sample.id, poft::hash_text(sample.content));
  if (!row) return std::nullopt;
  poft::json_fields const in(*row,
                             message("scores: \"", path_.string(), "\": sample ", in_quotes(sample.id)));
  if (!in.has(name.c_str())) return std::nullopt;
  return in.number(name.c_str());
}

nlohmann::json score_index::row_at(std::int64_t offset) {
  std::string row;
  file_.clear();
  file_.seekg(offset);
  while (row.empty() && std::getline(file_, row)) continue;  // blank lines may stand before it
  return poft::parse_json(row, message("scores: \"", path_.string(), "\""));
}

}  // namespace pipeline
