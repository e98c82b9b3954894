// A figure of two panels, one above the other, as an SVG that is readable on light and on dark pages.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "text.hpp"

namespace objectives {

struct curve {
  std::string label;  // empty: the only one
  std::vector<double> y;
};
struct panel {
  std::string label;
  std::vector<curve> curves;
};
struct figure {
  std::string title, subtitle, x_label;
  std::vector<double> x;
  std::array<panel, 2> panels;
};

namespace detail {

inline std::string escaped(std::string const& text) {
  std::string out;
  for (char const c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
  return out;
}

inline std::string pixel(double position) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.1f", position);
  return digits;
}

/// The largest of 1, 2, 5 times a power of ten of which `count` fit into `width`.
inline double tick_step(double width, int count) {
  double const most = width / count, power = std::pow(10, std::floor(std::log10(most)));
  return power * (most >= 5 * power ? 5 : most >= 2 * power ? 2 : 1);
}

/// A linear map from numbers to pixels.
struct axis {
  double low, high, first_pixel, last_pixel;

  double at(double number) const {
    return first_pixel + (number - low) / (high - low) * (last_pixel - first_pixel);
  }
  std::vector<double> ticks(int count) const {
    double const step = tick_step(high - low, count);
    std::vector<double> out;
    for (double k = std::ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k)
      out.push_back(k == 0 ? 0 : k * step);
    return out;
  }
};

inline std::string tick_text(double number) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.6g", number);
  return digits;
}

/// Above and below the curves a little room.
inline axis value_axis(panel const& panel, double first_pixel, double last_pixel) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (auto const& curve : panel.curves)
    for (double const y : curve.y)
      if (std::isfinite(y)) {
        low  = std::min(low, y);
        high = std::max(high, y);
      }
  bool const level  = !(high - low > 1e-9 * std::max(std::abs(low), std::abs(high)));  // but for rounding
  double const room = level ? std::max(0.5, 0.1 * std::abs(high)) : 0.06 * (high - low);
  return {low - room, high + room, first_pixel, last_pixel};
}

}  // namespace detail

inline std::string svg_of(figure const& figure) {
  using namespace detail;
  constexpr double width = 520, left = 76, right = 504, top = 56, panel_height = 132, gap = 18;
  constexpr double height = top + 2 * panel_height + gap + 46;
  axis const x{figure.x.front(), figure.x.back(), left, right};
  std::string svg;
  auto const add  = [&](auto const&... parts) { (svg.append(parts), ...); };
  auto const text = [&](double at_x, double at_y, char const* anchor, char const* extra,
                        std::string const& words) {
    add("<text x=\"", pixel(at_x), "\" y=\"", pixel(at_y), "\" text-anchor=\"", anchor, "\"", extra, ">",
        escaped(words), "</text>\n");
  };
  auto const line = [&](char const* style, double x1, double y1, double x2, double y2) {
    add("<path class=\"", style, "\" d=\"M", pixel(x1), " ", pixel(y1), "L", pixel(x2), " ", pixel(y2),
        "\"/>\n");
  };

  add("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", pixel(width), " ", pixel(height),
      "\" font-family=\"sans-serif\" font-size=\"12\">\n<style>\n"
      "text{fill:#24292f}path{fill:none}.axis{stroke:#57606a}.grid{stroke:#8c959f;stroke-opacity:.3}"
      ".c0{stroke:#0a5cc2;stroke-width:2}.c1{stroke:#c2410c;stroke-width:2;stroke-dasharray:6 3}"
      "text.k0{fill:#0a5cc2}text.k1{fill:#c2410c}\n"
      "@media(prefers-color-scheme:dark){text{fill:#d0d7de}.axis{stroke:#9ea7b3}.c0{stroke:#6cb0ff}.c1{"
      "stroke:#ff9d5c}"
      "text.k0{fill:#6cb0ff}text.k1{fill:#ff9d5c}}\n</style>\n");
  add("<title>", escaped(figure.title), "</title>\n");
  text(12, 20, "start", " font-size=\"15\" font-weight=\"bold\"", figure.title);
  text(12, 40, "start", " font-size=\"10\"", figure.subtitle);

  for (int p = 0; p < 2; ++p) {
    auto const& panel  = figure.panels[static_cast<std::size_t>(p)];
    double const upper = top + p * (panel_height + gap), lower = upper + panel_height;
    axis const y = value_axis(panel, lower, upper);
    for (double const tick : x.ticks(4)) line("grid", x.at(tick), upper, x.at(tick), lower);
    for (double const tick : y.ticks(3)) {
      line("grid", left, y.at(tick), right, y.at(tick));
      text(left - 6, y.at(tick) + 4, "end", "", tick_text(tick));
    }
    line("axis", left, upper, left, lower);
    line("axis", left, lower, right, lower);
    add("<text transform=\"translate(16 ", pixel((upper + lower) / 2),
        ") rotate(-90)\" text-anchor=\"middle\">", escaped(panel.label), "</text>\n");
    for (std::size_t k = 0; k < panel.curves.size(); ++k) {
      auto const& curve = panel.curves[k];
      add("<path class=\"c", std::to_string(k), "\" d=\"");
      bool drawing = false;
      for (std::size_t i = 0; i < curve.y.size(); ++i) {
        if (!std::isfinite(curve.y[i])) {
          drawing = false;
          continue;
        }
        add(drawing ? "L" : "M", pixel(x.at(figure.x[i])), " ", pixel(y.at(curve.y[i])));
        drawing = true;
      }
      add("\"/>\n");
      if (p == 0 && !curve.label.empty())
        add("<text class=\"k", std::to_string(k), "\" x=\"", pixel(right), "\" y=\"",
            pixel(20 + 20 * static_cast<double>(k)), "\" text-anchor=\"end\">", escaped(curve.label),
            "</text>\n");
    }
  }
  double const bottom = height - 46;
  for (double const tick : x.ticks(4)) text(x.at(tick), bottom + 16, "middle", "", tick_text(tick));
  text((left + right) / 2, bottom + 36, "middle", "", figure.x_label);
  svg += "</svg>\n";
  return svg;
}

}  // namespace objectives
