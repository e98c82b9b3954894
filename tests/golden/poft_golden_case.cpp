// Reading a golden case and comparing with it.
// SPDX-License-Identifier: MIT
#include "golden/poft_golden_case.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "poft/core/error.hpp"

namespace poft::golden {
namespace {

using nlohmann::json;

constexpr int shown_per_array = 5;

json section(json const& file_case, char const* name) {
  return file_case.contains(name) && !file_case.at(name).is_null() ? file_case.at(name) : json::object();
}

std::vector<std::string> keys(json const& object) {
  std::vector<std::string> names;
  for (auto const& [name, value] : object.items()) names.push_back(name);
  return names;
}

/// Non-finite numbers are strings.
double number(json const& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (value.is_number()) return value.get<double>();
  if (value == "Infinity") return std::numeric_limits<double>::infinity();
  if (value == "-Infinity") return -std::numeric_limits<double>::infinity();
  throw format_error(message("expected a number, got ", value.dump()));
}

std::vector<double> flat(json const& value) {
  if (!value.is_array()) return {number(value)};
  std::vector<double> numbers;
  for (auto const& one : value) numbers.push_back(number(one));
  return numbers;
}

/// The error in tolerances; at most 1 passes. NaN is infinitely wrong.
double error_of(double got, double want, double largest, bool exactly) {
  if (got == want) return 0;
  if (exactly || !std::isfinite(got) || !std::isfinite(want)) return std::numeric_limits<double>::infinity();
  return std::abs(got - want) / (1e-10 * std::abs(want) + 1e-13 * std::max(1.0, largest));
}

/// Where the true derivative exceeds float64, a huge number of its sign will do.
bool stops_short_of(double infinity, double got) { return (infinity > 0 ? got : -got) > 1e290; }

}  // namespace

golden_case::golden_case(json const& file_case, std::filesystem::path folder, verdict& result)
    : name_(file_case.at("name").get<std::string>()),
      objective_(file_case.at("objective").get<std::string>()),
      folder_(std::move(folder)),
      hyper_(section(file_case, "hyper")),
      inputs_(section(file_case, "inputs")),
      outputs_(section(file_case, "outputs")),
      gradient_(section(file_case, "grad")),
      kinks_(section(file_case, "kinks")),
      shapes_(section(file_case, "shapes")),
      overflows_(file_case.contains("tags") &&
                 file_case.at("tags").dump().find("\"overflow\"") != std::string::npos),
      result_(result) {}

std::vector<std::string> golden_case::hyper_names() const { return keys(hyper_); }
std::vector<std::string> golden_case::input_names() const { return keys(inputs_); }
std::vector<std::string> golden_case::output_names() const { return keys(outputs_); }

double golden_case::hyper(std::string const& key) {
  if (!has_hyper(key)) throw format_error(message("hyperparameter '", key, "' is missing"));
  used_hyper_.insert(key);
  return number(hyper_.at(key));
}
bool golden_case::flag(std::string const& key) { return hyper(key) != 0; }
std::string golden_case::text(std::string const& key) {
  if (!has_hyper(key)) throw format_error(message("hyperparameter '", key, "' is missing"));
  used_hyper_.insert(key);
  return hyper_.at(key).get<std::string>();
}

std::vector<double> golden_case::input(std::string const& key) {
  if (!has_input(key)) throw format_error(message("input '", key, "' is missing"));
  used_inputs_.insert(key);
  auto numbers         = flat(inputs_.at(key));
  std::size_t elements = 1;
  for (auto const extent : shape(key)) elements *= extent;
  if (elements != numbers.size())
    throw format_error(message("input '", key, "' has ", numbers.size(), " elements, its shape ", elements));
  return numbers;
}

std::vector<std::string> golden_case::weight_names() const { return keys(section(inputs_, "weights")); }
std::vector<double> golden_case::weight(std::string const& name) {
  used_inputs_.insert("weights");
  auto const weights = section(inputs_, "weights");
  if (!weights.contains(name)) throw format_error(message("weight '", name, "' is missing"));
  return flat(weights.at(name));
}

std::vector<std::size_t> golden_case::shape(std::string const& key) const {
  if (shapes_.contains(key)) return shapes_.at(key).get<std::vector<std::size_t>>();
  auto const& array = inputs_.contains(key) ? inputs_ : outputs_;
  if (!array.contains(key)) throw format_error(message("'", key, "' is missing"));
  return {array.at(key).is_array() ? array.at(key).size() : 1};
}

void golden_case::expect(std::string const& output, std::span<double const> got) {
  compare_output(output, got, false);
}

void golden_case::compare_output(std::string const& key, std::span<double const> got, bool exactly) {
  if (!outputs_.contains(key)) return;
  compared_outputs_.insert(key);
  compare(key, outputs_.at(key), got, {.exactly = exactly});
}

void golden_case::expect_gradient(std::string const& input, std::span<double const> got) {
  if (!gradient_.contains(input)) return;
  compared_gradients_.insert(input);
  std::set<std::size_t> not_unique;
  if (kinks_.contains(input)) not_unique = kinks_.at(input).get<std::set<std::size_t>>();
  compare("gradient of " + input, gradient_.at(input), got,
          {.may_stop_short = overflows_, .skipped = not_unique});
}

void golden_case::compare(std::string const& what, json const& wanted, std::span<double const> got,
                          comparison const& how) {
  auto const want = flat(wanted);
  if (got.size() != want.size())
    return miss(message(what, " has ", got.size(), " elements, want ", want.size()));
  double largest = 0;
  for (double const one : want)
    if (std::isfinite(one)) largest = std::max(largest, std::abs(one));
  int misses = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (how.skipped.contains(i) && !std::isnan(got[i])) continue;
    if (how.may_stop_short && std::isinf(want[i]) && stops_short_of(want[i], got[i])) continue;
    double const error = error_of(got[i], want[i], largest, how.exactly);
    result_.worst      = std::max(result_.worst, error);
    if (error > 1 && ++misses <= shown_per_array)
      miss(
          message(what, "[", i, "]: got ", got[i], ", want ", want[i], " (error of ", error, " tolerances)"));
  }
  if (misses > shown_per_array) miss(message(what, ": ", misses - shown_per_array, " more"));
}

void golden_case::finish() {
  auto const look = [&](char const* kind, json const& object, std::set<std::string> const& known) {
    for (auto const& key : keys(object))
      if (!known.contains(key)) miss(message("has ", kind, " '", key, "' that poft_golden does not know"));
  };
  look("hyperparameter", hyper_, used_hyper_);
  look("input", inputs_, used_inputs_);
  look("output", outputs_, compared_outputs_);
  look("gradient", gradient_, compared_gradients_);
  if (compared_outputs_.empty() && compared_gradients_.empty()) miss("lists nothing to compare with");
}

void golden_case::miss(std::string const& what) {
  auto const line = message(name_, ": ", what);
  auto& misses    = result_.misses;
  if (std::find(misses.begin(), misses.end(), line) == misses.end()) misses.push_back(line);
}

}  // namespace poft::golden
