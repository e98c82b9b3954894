// The figures of a folder: curves and points over seeds, drawn from its CSV files.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "figures.hpp"
#include "results.hpp"

namespace study {

/// What a folder holds, and the figures made of it so far.
class gallery {
 public:
  explicit gallery(fs::path folder);
  histories const& runs() const { return runs_; }

  /// Mean over seeds of y against the mean of x, with the 95 % interval of y where x is the same for all seeds.
  using column = double poft::bandit::measurement::*;
  void add_curve(figure& to, std::string const& arm, std::string const& label, int colour, column x, column y,
                 bool dashed = false) const;

  /// One point per arm: the interval of a metric.
  void add_points(figure& to, std::string const& label, int colour, std::string const& metric,
                  std::vector<std::pair<double, std::string>> const& arms, bool dashed = false) const;

  /// A metric of the runs of an arm, those without it left out.
  std::vector<double> values_of(std::string const& arm, std::string const& metric) const;

  /// Draws a figure that has at least one curve.
  void show(figure const& what);

  std::string take_html() { return std::exchange(html_, {}); }
  fs::path const& folder() const { return folder_; }

 private:
  fs::path folder_;
  histories runs_;
  run_metrics metrics_;
  std::string html_;
};

/// Every figure of the study for which there are runs.
void show_study(gallery& to);

/// The arms of an experiment of one's own: reward over steps, over rewards and against KL, and the log-ratios.
void show_own(gallery& to);

}  // namespace study
