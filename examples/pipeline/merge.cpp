// merge: the scores of several models joined by id, and their mean.
// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "commands.hpp"
#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/core/whole_file.hpp"
#include "poft/preference/aligned_models.hpp"
#include "rows.hpp"

namespace pipeline {
namespace {

using poft::in_quotes;
using poft::message;

struct merge_options {
  std::vector<std::string> files;
  std::string out, missing = "refuse";
};

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

struct joined_sample {
  std::string id, hash;
  std::int64_t line;           // in the data, which is the order of the merged rows
  std::vector<double> scores;  // [models]
  std::size_t last_model;      // that had a row of it
};

/// Models in the order of their names, whatever that of the arguments: the same bytes for every order.
std::map<std::string, std::string> files_by_model(std::vector<std::string> const& files) {
  std::map<std::string, std::string> out;
  for (auto const& file : files) {
    std::string const name = fs::path(file).stem().string();
    if (!out.emplace(name, file).second) {
      throw poft::value_error(message("merge: \"", file, "\" and \"", out.at(name),
                                      "\" are both of the model ", in_quotes(name),
                                      ", expected file names that differ"));
    }
  }
  return out;
}

class joined_scores {
 public:
  explicit joined_scores(std::map<std::string, std::string> const& files) {
    std::size_t model = 0;
    for (auto const& [name, file] : files) add(file, model++, files.size());
    std::sort(samples_.begin(), samples_.end(),
              [](auto const& a, auto const& b) { return std::tie(a.line, a.id) < std::tie(b.line, b.id); });
  }

  std::vector<joined_sample> const& samples() const { return samples_; }

 private:
  void add(std::string const& file, std::size_t model, std::size_t models) {
    std::size_t rows = 0;
    for_each_row(file, [&](nlohmann::json const& row, std::string const& place, std::int64_t) {
      ++rows;
      poft::json_fields const in(row, place);
      std::string const id = in.text("id"), hash = in.text("hash");
      if (!in.has("logp") && in.has("chosen_logp")) {
        throw in.unexpected("logp", "the score of one response: pairs have no mean over models");
      }
      double const score         = in.has("logp") ? in.number("logp") : missing;
      auto const line            = in.integer("line", 1, std::numeric_limits<std::ptrdiff_t>::max(), 1);
      auto const [found, is_new] = places_.emplace(id, samples_.size());
      if (is_new) samples_.push_back({id, hash, line, std::vector(models, missing), model});
      joined_sample& sample = samples_[found->second];
      if (sample.hash != hash) {
        throw poft::format_error(message(place, ": sample ", in_quotes(id), " has the content hash ",
                                         in_quotes(hash), ", expected ", in_quotes(sample.hash),
                                         " as in the other files: they are scores of different data"));
      }
      if (!is_new && sample.last_model == model) {
        throw poft::format_error(
            message(place, ": the id ", in_quotes(id), " stands there twice, expected once"));
      }
      sample.last_model    = model;
      sample.line          = std::min<std::int64_t>(sample.line, line);
      sample.scores[model] = score;
    });
    if (rows == 0)
      throw poft::format_error(message("merge: \"", file, "\" has no rows, expected at least one"));
  }

  std::vector<joined_sample> samples_;
  std::unordered_map<std::string, std::size_t> places_;
};

void merge(merge_options const& o) {
  auto const files = files_by_model(o.files);
  joined_scores const joined(files);

  std::vector<double> scores;  // [samples, models]
  std::vector<std::string> names;
  for (auto const& [name, file] : files) names.push_back(name);
  for (auto const& sample : joined.samples()) {
    scores.insert(scores.end(), sample.scores.begin(), sample.scores.end());
  }
  auto const complete          = poft::preference::scored_by_all(scores, names.size());
  std::size_t const incomplete = joined.samples().size() - complete.size();
  if (incomplete > 0) {
    std::size_t shown = 0;
    for (auto const& sample : joined.samples()) {
      auto const gap =
          std::find_if(sample.scores.begin(), sample.scores.end(), [](double x) { return std::isnan(x); });
      if (gap == sample.scores.end()) continue;
      auto const text = message("sample ", in_quotes(sample.id), " has no score by ",
                                in_quotes(names[static_cast<std::size_t>(gap - sample.scores.begin())]));
      if (o.missing == "refuse") {
        throw poft::value_error(message("merge: ", text, ", and so have ", incomplete,
                                        " samples a missing score; expected all, or --missing=drop"));
      }
      if (shown++ < 5) std::fprintf(stderr, "merge: %s, dropped\n", text.c_str());
    }
    std::fprintf(stderr, "merge: %zu samples dropped for a missing score\n", incomplete);
  }

  std::vector<double> kept;
  for (std::size_t const k : complete) {
    auto const& of_sample = joined.samples()[k].scores;
    kept.insert(kept.end(), of_sample.begin(), of_sample.end());
  }
  if (complete.empty())
    throw poft::value_error("merge: no sample has a score by every model, expected at least one");
  auto const means = poft::preference::mean_over_aligned_models(kept, names.size());
  poft::whole_file out(o.out);
  for (std::size_t k = 0; k < complete.size(); ++k) {
    auto const& sample = joined.samples()[complete[k]];
    nlohmann::ordered_json row{
        {"id", sample.id}, {"hash", sample.hash}, {"line", sample.line}, {"logp", means[k]}};
    for (std::size_t m = 0; m < names.size(); ++m) row["models"][names[m]] = sample.scores[m];
    std::string const text = row.dump() + "\n";
    out.write(text.data(), text.size());
  }
  out.commit();
  std::printf("%s: %zu samples, mean over %zu models\n", o.out.c_str(), complete.size(), names.size());
}

}  // namespace

void add_merge(CLI::App& program) {
  auto const o      = std::make_shared<merge_options>();
  auto* const merge = program.add_subcommand("merge",
                                             "Joins files of score by id, checks that they are of the same "
                                             "data, and writes the mean over the models. The order of\n"
                                             "the files changes nothing. A model is called as its file is.");
  merge->add_option("files", o->files, "what score wrote, one file for each model")->required();
  merge->add_option("--out", o->out, "the rows, JSONL")->required();
  merge->add_option("--missing", o->missing, "samples without a score by some model")
      ->check(CLI::IsMember({"refuse", "drop"}))
      ->capture_default_str();
  merge->callback([o] { pipeline::merge(*o); });
}

}  // namespace pipeline
