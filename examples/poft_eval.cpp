// poft-eval OBJECTIVE FILE.csv: losses and gradients of the rows of a table, without writing C++.
// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdio>
#include <exception>
#include <map>
#include <set>

#include "study/files.hpp"
#include "objectives/catalogue.hpp"
#include "objectives/evaluate.hpp"

namespace {

using namespace objectives;

/// One line per row: loss and d_NAME per live input, at the 17 digits that read back exactly.
std::string csv_of(poft::any_objective const& objective, evaluation const& result) {
  std::string text = "loss";
  for (char const* const name : objective.live()) text.append(",d_").append(name);
  text += '\n';
  char digits[32];
  auto const append = [&](double number) {
    text.append(digits, static_cast<std::size_t>(std::snprintf(digits, sizeof digits, "%.17g", number)));
  };
  for (std::size_t row = 0; row < result.losses.size(); ++row) {
    append(result.losses[row]);
    for (auto const& gradient : result.gradients) {
      text += ',';
      append(gradient[row]);
    }
    text += '\n';
  }
  return text;
}

std::string listing() {
  std::string text;
  for (auto const& one : poft::every_objective()) {
    text += poft::message(one.name(), "\n  gradient of  ", joined(one.live(), ", "));
    if (!one.frozen().empty()) text += poft::message("\n  given        ", joined(one.frozen(), ", "));
    if (one.of_lists()) text += "\n  lists        rows with equal text in column 'list', one after the other";
    for (std::size_t k = 0; k < one.parameters().size(); ++k)
      text += poft::message("\n  --", one.parameter_names()[k], " ", text_of(one.parameters()[k]));
    text += '\n';
  }
  return text;
}

struct request {
  std::string objective, file, output;
  std::map<std::string, std::string> parameters;
  bool list = false, catalogue = false, table = false;
};

void write(std::string const& text, std::string const& output) {
  if (output.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else {
    study::write_whole(output, text);
  }
}

void evaluate_file(request const& asked) {
  std::map<std::string, double> parameters;
  for (auto const& [name, text] : asked.parameters) {
    double& value         = parameters[name];
    auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (bad != std::errc() || end != text.data() + text.size())
      throw poft::value_error(poft::message("--", name, ": '", text, "' is not a number"));
  }
  auto const objective = poft::make_objective(asked.objective, parameters);
  auto const result    = evaluate_rows(objective, csv_table(asked.file));
  write(csv_of(objective, result), asked.output);
  std::fprintf(stderr, "mean loss %.17g\n", result.mean);
}

void run(request const& asked) {
  if (asked.list) return write(listing(), asked.output);
  if (asked.catalogue) return write(catalogue(), asked.output);
  if (asked.table) return write(catalogue_table(), asked.output);
  if (asked.objective.empty() || asked.file.empty())
    throw poft::value_error("expected OBJECTIVE FILE.csv, or --list; poft-eval --help says more");
  evaluate_file(asked);
}

}  // namespace

int main(int count, char** arguments) {
  request asked;
  CLI::App app{
      "Losses and gradients of one objective for every row of a CSV file. The header names the inputs as the "
      "objective does "
      "(--list). Prints CSV: loss and d_NAME per row; the mean goes to stderr.",
      "poft-eval"};
  app.add_option("OBJECTIVE", asked.objective, "its name, e.g. dpo");
  app.add_option("FILE", asked.file, "the table");
  app.add_option("--output", asked.output,
                 "write there instead of to stdout; the file appears whole or not at all");
  app.add_flag("--list", asked.list, "every objective with its inputs, parameters and defaults");
  app.add_flag("--catalogue", asked.catalogue, "docs/objectives.md");
  app.add_flag("--table", asked.table, "the table of all objectives alone");
  std::set<std::string> names;
  for (auto const& one : poft::every_objective())
    names.insert(one.parameter_names().begin(), one.parameter_names().end());
  for (auto const& name : names)
    app.add_option_function<std::string>(
           "--" + name, [&, name](std::string const& text) { asked.parameters[name] = text; })
        ->group("Parameters");
  try {
    app.parse(count, arguments);
    run(asked);
    return 0;
  } catch (CLI::CallForHelp const& help) {
    return app.exit(help);
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "poft-eval: %s\n", problem.what());
    return 2;
  }
}
