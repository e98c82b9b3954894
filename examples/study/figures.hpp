// Figures: series with bands, drawn by gnuplot into SVG.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "files.hpp"

namespace study {

struct point {
  double x, y, lower, upper;
};
struct series {
  std::string label;
  std::vector<point> points;
  int colour      = 0;  ///< of the palette
  bool dashed     = false;
  bool bars       = false;  ///< boxes instead of a line
  bool right_axis = false;
  bool stairs     = false;  ///< the value stays until the next point
};
struct figure {
  std::string name;  ///< of its files
  std::string title, x_label, y_label;
  std::vector<series> curves;
  bool logarithmic_x = false;
  std::string x_range{}, y_range{};  ///< as gnuplot's "0:1"; empty: automatic
  std::string right_label{};
};

/// The figure as a gnuplot script that holds its own numbers and prints an SVG.
std::string gnuplot_script(figure const& what);

/// Whether gnuplot can be run.
bool have_gnuplot();

/// NAME.gp and, where gnuplot can be run, NAME.svg, in folder/figures. Returns the SVG, or nothing.
std::string draw(fs::path const& folder, figure const& what);

}  // namespace study
