// The figures of a folder: curves and points over seeds, drawn from its CSV files.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "columns.hpp"
#include "figures.hpp"
#include "poft/bandit/student_t.hpp"

namespace study {

/// What a folder holds, and the figures made of it so far.
template <class Measurement>
class gallery {
 public:
  gallery(fs::path folder, run_metrics metrics) : folder_(std::move(folder)), metrics_(std::move(metrics)) {
    if (fs::exists(folder_ / "runs.csv")) runs_ = read_runs<Measurement>(folder_);
  }
  histories<Measurement> const& runs() const { return runs_; }

  /// Mean over seeds of y against the mean of x, with the 95 % interval of y where x is the same for all seeds.
  using column = double Measurement::*;
  void add_curve(figure& to, std::string const& arm, std::string const& label, int colour, column x, column y,
                 bool dashed = false) const {
    auto const found = runs_.find(arm);
    if (found == runs_.end()) return;
    series line{label, {}, colour, dashed};
    std::size_t const length = found->second.begin()->second.size();
    for (std::size_t k = 0; k < length; ++k) {
      std::vector<double> xs, ys;
      for (auto const& [seed, history] : found->second) {
        if (k >= history.size()) continue;
        if (std::isnan(history[k].*y)) continue;
        xs.push_back(history[k].*x);
        ys.push_back(history[k].*y);
      }
      if (ys.empty()) continue;
      auto const [least, most] = std::minmax_element(xs.begin(), xs.end());
      auto at                  = poft::bandit::student_t_interval(ys);
      if (ys.size() < 2 || *least != *most) at.lower = at.upper = at.mean;
      line.points.push_back({poft::bandit::student_t_interval(xs).mean, at.mean, at.lower, at.upper});
    }
    to.curves.push_back(std::move(line));
  }

  /// One point per arm: the interval of a metric.
  void add_points(figure& to, std::string const& label, int colour, std::string const& metric,
                  std::vector<std::pair<double, std::string>> const& arms, bool dashed = false) const {
    series line{label, {}, colour, dashed};
    for (auto const& [x, arm] : arms) {
      std::vector<double> const values = values_of(arm, metric);
      if (values.empty()) continue;
      auto at = poft::bandit::student_t_interval(values);
      if (values.size() < 2) at.lower = at.upper = at.mean;
      line.points.push_back({x, at.mean, at.lower, at.upper});
    }
    if (!line.points.empty()) to.curves.push_back(std::move(line));
  }

  /// A metric of the runs of an arm, those without it left out.
  std::vector<double> values_of(std::string const& arm, std::string const& metric) const {
    std::vector<double> out;
    auto const found = metrics_.find(arm);
    if (found == metrics_.end()) return out;
    for (auto const& [seed, values] : found->second) {
      auto const value = values.find(metric);
      if (value != values.end() && !std::isnan(value->second)) out.push_back(value->second);
    }
    return out;
  }
  /// Its mean over the seeds; NaN where there is none.
  double mean_of(std::string const& arm, std::string const& metric) const {
    auto const values = values_of(arm, metric);
    return values.empty() ? std::nan("") : poft::bandit::student_t_interval(values).mean;
  }

  /// Draws a figure that has at least one curve.
  void show(figure const& what) {
    if (what.curves.empty()) return;
    std::string const svg = draw(folder_, what);
    if (svg.empty()) return;
    std::size_t const begin = svg.find("<svg");
    html_ += "<figure>" + (begin == svg.npos ? svg : svg.substr(begin)) + "</figure>\n";
  }

  std::string take_html() { return std::exchange(html_, {}); }
  fs::path const& folder() const { return folder_; }

 private:
  fs::path folder_;
  histories<Measurement> runs_;
  run_metrics metrics_;
  std::string html_;
};

}  // namespace study
