// Structs whose members have names, as columns of a table: a run's measurements, and what is read off a run.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "files.hpp"

namespace study {

template <class Struct, class Columns = typename Struct::columns>
void append_names(std::vector<std::string>& to) {
  Columns::for_each_index([&]<int K>() { to.emplace_back(Columns::template at<K>::name); });
}
template <class Struct, class Columns = typename Struct::columns>
void append_numbers(std::vector<std::string>& to, Struct const& from) {
  Columns::for_each_index([&]<int K>() { to.push_back(number_text(Columns::template get<K>(from))); });
}

/// arm -> seed -> measurements.
template <class Measurement>
using histories = std::map<std::string, std::map<long, std::vector<Measurement>>>;
/// arm -> seed -> metric -> value.
using run_metrics = std::map<std::string, std::map<long, std::map<std::string, double>>>;

/// runs.csv: arm, seed and one row per measurement. A run has an arm `of`, a seed and a history.
template <class Run>
void write_runs(fs::path const& folder, std::vector<Run> const& runs) {
  table out{{"arm", "seed"}, {}};
  append_names<typename decltype(Run::history)::value_type>(out.columns);
  for (Run const& one : runs) {
    for (auto const& now : one.history) {
      auto& row = out.rows.emplace_back(std::vector{one.of->id, std::to_string(one.seed)});
      append_numbers(row, now);
    }
  }
  write_whole(folder / "runs.csv", out.text());
}

template <class Measurement>
histories<Measurement> read_runs(fs::path const& folder) {
  using columns           = typename Measurement::columns;
  std::string const place = (folder / "runs.csv").string();
  table const runs        = table::read(folder / "runs.csv");
  std::size_t const name = runs.column("arm", place), seed = runs.column("seed", place);
  std::vector<std::size_t> at;
  columns::for_each_index([&]<int K>() { at.push_back(runs.column(columns::template at<K>::name, place)); });
  histories<Measurement> out;
  for (auto const& row : runs.rows) {
    Measurement& now = out[row[name]][static_cast<long>(text_number(row[seed], place))].emplace_back();
    columns::for_each_index([&]<int K>() {
      columns::template get<K>(now) = text_number(row[at[static_cast<std::size_t>(K)]], place);
    });
  }
  return out;
}

/// Everything that a struct says of a run, as metrics.
template <class Struct>
void append_metrics(std::map<std::string, double>& to, Struct const& from) {
  using columns = typename Struct::columns;
  columns::for_each_index(
      [&]<int K>() { to[columns::template at<K>::name] = columns::template get<K>(from); });
}

}  // namespace study
