// docs/objectives.md: every objective with its formula, inputs and defaults, and what TRL and HALOs have.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "peers.hpp"
#include "poft/core/error.hpp"
#include "poft/train/any_objective.hpp"
#include "text.hpp"

namespace objectives {

struct family {
  char const* title;
  std::vector<poft::any_objective> members;
};

template <class List>
family family_of(char const* title) {
  family out{title, {}};
  List::for_each([&]<class Objective>() { out.members.emplace_back(Objective{}); });
  return out;
}

inline std::vector<family> families() {
  using namespace poft::objective;
  return {family_of<supervised_objectives>("Supervised"),
          family_of<pairs_with_reference_objectives>("Pairs with a reference model"),
          family_of<pairs_without_reference_objectives>("Pairs without a reference model"),
          family_of<unpaired_objectives>("Single responses, desirable or not"),
          family_of<reward_model_objectives>("Reward and value models"),
          family_of<reward_weighted_objectives>("Reward-weighted"),
          family_of<policy_gradient_objectives>("Policy gradient"),
          family_of<list_objectives>("Lists of responses")};
}

/// Throws where an objective has no row, or a row no objective.
inline void require_complete(std::vector<family> const& all) {
  std::size_t described = 0;
  for (auto const& group : all) {
    for (auto const& one : group.members) {
      ++described;
      if (!find_peer_row(one.name()))
        throw poft::value_error(
            poft::message("objective '", one.name(), "' has no row in examples/objectives/peers.hpp"));
    }
  }
  for (auto const& row : peer_rows) poft::make_objective(row.name);
  if (described != std::size(peer_rows) ||
      static_cast<int>(described) != poft::objective::all_objectives::count)
    throw poft::value_error(
        "examples/objectives: the families, their rows and the list of all objectives differ in number");
}

/// "a, b" in typewriter, "-" where there is none.
template <class Words>
std::string code_list(Words const& words) {
  return words.empty() ? "-" : poft::message("`", joined(words, "`, `"), "`");
}
/// What starts with a dash is a remark in place of a name.
inline std::string code_or_dash(std::string_view text) {
  return text.starts_with("- ") || text == "-" ? std::string(text) : poft::message("`", text, "`");
}
inline std::string parameters_of(poft::any_objective const& one) {
  std::vector<std::string> words;
  for (std::size_t k = 0; k < one.parameters().size(); ++k)
    words.push_back(one.parameter_names()[k] + (" " + text_of(one.parameters()[k])));
  return code_list(words);
}
/// A bar would end a cell.
inline std::string cell(std::string const& text) {
  std::string out;
  for (char const c : text) out.append(c == '|' ? 1 : 0, '\\').push_back(c);
  return out;
}

/// One line per objective, for README.
inline std::string catalogue_table() {
  auto const all = families();
  require_complete(all);
  std::string text = "| objective | formula | parameters | TRL | HALOs |\n|---|---|---|---|---|\n";
  for (auto const& group : all) {
    text += poft::message("| **", group.title, "** | | | | |\n");
    for (auto const& one : group.members) {
      auto const& row = *find_peer_row(one.name());
      text += poft::message("| [", one.name(), "](docs/objectives.md#", one.name(), ") | ",
                            cell(poft::message("`", row.formula, "`")), " | ", parameters_of(one), " | ",
                            cell(code_or_dash(row.trl)), " | ", cell(code_or_dash(row.halos)), " |\n");
    }
  }
  return text;
}

inline std::string catalogue() {
  auto const all = families();
  require_complete(all);
  std::string text = R"(# Objectives

Made by `poft-eval --catalogue` from the list in `include/poft/objective/all.hpp` and the table in `examples/objectives/peers.hpp`;
the figures by `plot_objectives docs/objectives`. Citations stand in each header, `include/poft/objective/`.

All are minimised; log-probs are in nats. Names in the formulas:

- `p` log-prob of a response (summed over its `T` tokens) or of a token under the policy, `q` under the reference model; `_w` chosen,
  `_l` rejected. Members: `chosen`, `rejected`, `log_prob`, `reference_*`, `*tokens`
- `a = p - q` log-ratio, `h = a_w - a_l` margin, `d` difference as stated, `s(x)` the logistic function, `sg[x]` x without a gradient
- `eps` `label_smoothing` (or the clip range), `A` `advantage`, `o` `old_log_prob`, `rho` ratio of policies, `R` `reward`, `V` `value`
- *gradient of* names the inputs that receive a gradient, *given* the others. What the peers have was read in TRL 1.10 (development,
  July 2026) and HALOs (September 2025); `-` means that they have none.
)";
  for (auto const& group : all) {
    text += poft::message("\n## ", group.title, "\n");
    for (auto const& one : group.members) {
      auto const& row = *find_peer_row(one.name());
      text += poft::message("\n### ", one.name(), "\n\n`", row.formula, "`\n\n![", one.name(),
                            "](objectives/", one.name(), ".svg)\n\n");
      text += poft::message("- gradient of ", code_list(one.live()), "; given ", code_list(one.frozen()),
                            "\n- parameters: ", parameters_of(one), "\n- TRL: ", code_or_dash(row.trl),
                            "; HALOs: ", code_or_dash(row.halos), "\n");
      if (!row.difference.empty()) text += poft::message("- ", row.difference, "\n");
    }
  }
  return text;
}

}  // namespace objectives
