// Scripts for gnuplot, and running it.
// SPDX-License-Identifier: MIT
#include "figures.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

extern char** environ;

namespace study {
namespace {

// Okabe and Ito 2008: distinct for every kind of colour vision.
constexpr char const* palette[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00",
                                   "#56B4E9", "#000000", "#8C6D31", "#999999"};

/// What a program prints, or nothing where it cannot be run or fails.
std::string output_of(std::vector<std::string> const& command) {
  std::vector<char*> arguments;
  for (std::string const& one : command) arguments.push_back(const_cast<char*>(one.c_str()));
  arguments.push_back(nullptr);
  int ends[2];
  if (pipe(ends) != 0) return {};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  pid_t child      = 0;
  bool const works = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string text;
  std::array<char, 4096> part;
  for (ssize_t got; works && (got = read(ends[0], part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 1;
  if (works) waitpid(child, &status, 0);
  return status == 0 ? text : std::string();
}

std::string quoted(std::string const& text) {
  std::string out = "\"";
  for (char const c : text) out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "\"";
}

}  // namespace

std::string gnuplot_script(figure const& what) {
  std::string out = "# gnuplot " + what.name + ".gp > " + what.name + ".svg\n";
  out +=
      "set terminal svg size 600,460 dynamic noenhanced font 'sans-serif,14' linewidth 1.2 background "
      "'white' name " +
      quoted(what.name) + "\n";
  out +=
      "set encoding utf8\nset border 3 lc rgb '#555555'\nset tics nomirror\nset grid lc rgb '#dddddd' lt 1\n";
  out += "set title " + quoted(what.title) + "\nset xlabel " + quoted(what.x_label) + "\nset ylabel " +
         quoted(what.y_label) + "\n";
  // The key stands below the axis; gnuplot leaves no room for it by itself.
  std::size_t labels = 0, longest = 1;
  for (series const& one : what.curves) {
    labels += !one.label.empty();
    longest = std::max(longest, one.label.size());
  }
  std::size_t const columns = std::clamp<std::size_t>(54 / (longest + 4), 1, 3);
  out += "set key at screen 0.5, screen 0.015 center bottom horizontal maxcols " + std::to_string(columns) +
         " samplen 2 spacing 1.1 noenhanced\n";
  out +=
      "set bmargin " + number_text(4.2 + 1.3 * static_cast<double>((labels + columns - 1) / columns)) + "\n";
  out += "set style fill transparent solid 0.15 noborder\n";
  if (what.logarithmic_x) {
    std::set<double> places;
    for (series const& one : what.curves) {
      for (point const& p : one.points) places.insert(p.x);
    }
    std::string tics;
    for (double const x : places) tics += (tics.empty() ? "" : ", ") + number_text(x);
    out += "set logscale x\nset xtics (" + tics + ")\n";
    if (places.size() > 1)
      out += "set xrange [" + number_text(*places.begin() / 1.15) + ":" +
             number_text(*places.rbegin() * 1.15) + "]\n";
  }
  if (!what.x_range.empty()) out += "set xrange [" + what.x_range + "]\n";
  if (!what.y_range.empty()) out += "set yrange [" + what.y_range + "]\n";
  if (!what.right_label.empty())
    out += "set border 11\nset y2tics\nset y2label " + quoted(what.right_label) + "\n";
  std::string plot;
  for (std::size_t k = 0; k < what.curves.size(); ++k) {
    series const& one      = what.curves[k];
    std::string const data = "$series" + std::to_string(k),
                      colour =
                          " lc rgb '" +
                          std::string(palette[static_cast<std::size_t>(one.colour) % std::size(palette)]) +
                          "'";
    std::string const axes = one.right_axis ? " axes x1y2" : "";
    out += data + " << EOD\n";
    bool band = false;
    for (point const& p : one.points) {
      if (std::isnan(p.y)) continue;
      out += number_text(p.x) + " " + number_text(p.y) + " " + number_text(p.lower) + " " +
             number_text(p.upper) + "\n";
      band = band || p.lower < p.upper;
    }
    out += "EOD\n";
    plot += plot.empty() ? "plot " : ", \\\n     ";
    if (one.bars) {
      plot +=
          data + " using 1:2" + axes + " with boxes fs solid 0.5" + colour + " title " + quoted(one.label);
      continue;
    }
    if (one.stairs) {
      plot += data + " using 1:2 with steps lw 2" + colour + " title " + quoted(one.label);
      continue;
    }
    if (band) plot += data + " using 1:3:4" + axes + " with filledcurves" + colour + " notitle, \\\n     ";
    plot += data + " using 1:2" + axes + " with " +
            (one.points.size() <= 12 ? "linespoints pt 7 ps 0.6" : "lines") + " lw 2" + colour +
            (one.dashed ? " dt 2" : "") + " title " + quoted(one.label);
  }
  return out + plot + "\n";
}

bool have_gnuplot() {
  static bool const found = !output_of({"gnuplot", "--version"}).empty();
  return found;
}

std::string draw(fs::path const& folder, figure const& what) {
  fs::path const figures = folder / "figures", script = figures / (what.name + ".gp");
  require_writable(figures);
  write_whole(script, gnuplot_script(what));
  if (!have_gnuplot()) return {};
  std::string const svg = output_of({"gnuplot", script.string()});
  if (!svg.empty()) write_whole(figures / (what.name + ".svg"), svg);
  return svg;
}

}  // namespace study
