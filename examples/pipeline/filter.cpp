// filter: the samples of a file with the highest score, or with one beyond a threshold.
// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands.hpp"
#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/core/whole_file.hpp"
#include "poft/preference/selection.hpp"
#include "score_file.hpp"

namespace pipeline {
namespace {

using poft::message;
namespace preference = poft::preference;

struct filter_options {
  std::string data, scores, out, by = "logp", missing = "refuse";
  bool skip_bad_lines = false;
  std::optional<double> keep_top, at_least, at_most;
};

/// What the samples are judged by; IFD needs two numbers of each.
struct judged_samples {
  std::vector<std::int64_t> numbers;  // of samples in the file that have a score, from 0 on
  std::vector<double> values, alone;
  std::int64_t samples = 0, missing = 0, bad_lines = 0;
};

judged_samples judge(filter_options const& o) {
  judged_samples out;
  bool const by_ifd = o.by == "ifd";
  std::optional<score_index> scores;
  if (!o.scores.empty()) scores.emplace(o.scores);
  line_stream lines(o.data, o.skip_bad_lines);
  while (auto const sample = lines.next()) {
    auto const number = [&](char const* name) {
      return scores ? scores->number(*sample, name) : number_of(*sample, lines.place_of(*sample), name);
    };
    auto const value = number(by_ifd ? "logp" : o.by.c_str()), alone = by_ifd ? number("logp_alone") : 0.0;
    std::int64_t const k = out.samples++;
    if (value && alone) {
      out.numbers.push_back(k);
      out.values.push_back(*value);
      out.alone.push_back(*alone);
    } else if (o.missing == "refuse") {
      throw poft::value_error(
          message(lines.place_of(*sample), ": sample ", poft::in_quotes(sample->id), " has no ",
                  by_ifd ? std::string("logp and logp_alone (score --ifd)") : o.by, " in ",
                  scores ? "the scores" : "its line", ", expected one, or --missing=drop"));
    } else {
      ++out.missing;
    }
  }
  if (out.values.empty())
    throw poft::value_error(message("filter: \"", o.data, "\" has no sample with a score"));
  if (by_ifd) out.values = preference::instruction_following_difficulty(out.values, out.alone);
  return out;
}

std::vector<std::size_t> keep(filter_options const& o, std::vector<double> values) {
  if (o.keep_top && o.by == "ifd") return preference::keep_by_difficulty(values, *o.keep_top);
  if (o.keep_top) return preference::keep_top_fraction(values, *o.keep_top);
  if (o.at_least) return preference::keep_above(values, *o.at_least);
  for (double& value : values) value = -value;
  return preference::keep_above(values, -*o.at_most);
}

void filter(filter_options const& o) {
  if (o.keep_top.has_value() + o.at_least.has_value() + o.at_most.has_value() != 1) {
    throw poft::value_error("filter: expected one of --keep-top, --at-least and --at-most");
  }
  judged_samples const judged = judge(o);
  auto const kept             = keep(o, judged.values);

  poft::whole_file out(o.out);
  line_stream lines(o.data, o.skip_bad_lines);
  std::int64_t number = 0;
  auto next           = kept.begin();
  for (auto sample = lines.next(); sample && next != kept.end(); sample = lines.next(), ++number) {
    if (number != judged.numbers[*next]) continue;
    ++next;
    auto fields            = fields_of(*sample);
    fields["id"]           = sample->id;  // which a line's number would no longer be
    std::string const line = fields.dump() + "\n";
    out.write(line.data(), line.size());
  }
  out.commit();
  std::string const summary = message(kept.size(), " of ", judged.samples, " samples kept, ", judged.missing,
                                      " had no score, ", judged.bad_lines, " bad lines skipped");
  std::printf("%s: %s\n", o.out.c_str(), summary.c_str());
}

}  // namespace

void add_filter(CLI::App& program) {
  auto const o       = std::make_shared<filter_options>();
  auto* const filter = program.add_subcommand(
      "filter", "Keeps the samples with the highest score, or with one beyond a threshold, in their order");
  filter->add_option("--data", o->data, "JSONL of samples")->required();
  filter->add_option("--scores", o->scores,
                     "what score or merge wrote; without it, scores are columns of the data");
  filter
      ->add_option("--by", o->by,
                   "logp (the preference score), ifd (instruction-following difficulty, from score --ifd), "
                   "or any column's name")
      ->capture_default_str();
  filter->add_option("--keep-top", o->keep_top,
                     "the share that is kept, 0 < share <= 1; by ifd of those below 1");
  filter->add_option("--at-least", o->at_least, "keep scores from this one on");
  filter->add_option("--at-most", o->at_most, "keep scores up to this one");
  filter->add_option("--missing", o->missing, "samples without a score")
      ->check(CLI::IsMember({"refuse", "drop"}))
      ->capture_default_str();
  filter->add_flag("--skip-bad-lines", o->skip_bad_lines, "pass over lines that hold no sample");
  filter->add_option("--out", o->out, "the lines that are kept, with their ids")->required();
  filter->callback([o] { pipeline::filter(*o); });
}

}  // namespace pipeline
