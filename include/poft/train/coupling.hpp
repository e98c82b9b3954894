// Objectives whose examples are not independent: what the whole batch decides before their formula is taken.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/preference/kl_baseline.hpp"
#include "poft/preference/running_shift.hpp"
#include "poft/preference/sorted_pairing.hpp"
#include "poft/train/any_objective.hpp"

namespace poft {

/// The inputs of an objective for a batch, under its own names.
struct batch_inputs {
  std::map<std::string, std::vector<double>, std::less<>> values;
  /// Live inputs that were put into another order: element k is that of example order[name][k].
  std::map<std::string, std::vector<std::size_t>, std::less<>> order;

  bool has(std::string_view name) const { return values.contains(name); }
  void reorder(std::string const& name, std::vector<std::size_t> const& places) {
    auto const& old = values.at(name);
    std::vector<double> sorted;
    for (std::size_t const place : places) sorted.push_back(old[place]);
    values.at(name) = std::move(sorted);
  }
};

/// What a whole optimiser step's examples decide together, over all micro-batches and processes.
struct batch_coupling {
  std::string_view objective;
  std::array<std::string_view, 2> optional_inputs;  // taken where the data has them
  /// Fills in or reorders inputs. `state` outlives the step: part of a checkpoint, empty at first.
  void (*prepare)(any_objective const& objective, batch_inputs& in, std::vector<double>& state);
};

namespace detail {

inline std::vector<double> log_ratios(batch_inputs const& in, char const* name, char const* reference) {
  return preference::differences("coupling", name, in.values.at(name), reference, in.values.at(reference));
}

/// KTO's KL: over mismatched prompts and responses where the data has a member "mismatched" (the paper), else each half takes
/// the other's.
inline void prepare_kto(any_objective const&, batch_inputs& in, std::vector<double>&) {
  if (in.has("baseline")) return;
  auto const log_ratio = log_ratios(in, "log_prob", "reference_log_prob");
  auto& baseline       = in.values["baseline"];
  if (in.has("mismatched")) {
    baseline.assign(log_ratio.size(),
                    preference::mismatched_baseline(log_ratios(in, "mismatched", "reference_mismatched")));
    return;
  }
  auto const& desirable = in.values.at("desirable");
  std::vector<double> halves[2];
  for (std::size_t i = 0; i < log_ratio.size(); ++i) halves[desirable[i] > 0.5].push_back(log_ratio[i]);
  if (halves[0].empty() || halves[1].empty()) {
    throw value_error(message(
        "kto: the batch has ", halves[1].size(), " desirable and ", halves[0].size(),
        " undesirable examples, expected some of both, a column 'baseline' or a member 'mismatched'"));
  }
  auto const kl = preference::other_half_baseline(halves[1], halves[0]);
  for (double const one : desirable) baseline.push_back(one > 0.5 ? kl.desirable : kl.undesirable);
}

inline void prepare_bco(any_objective const& objective, batch_inputs& in, std::vector<double>& state) {
  if (in.has("baseline")) return;
  auto rewards = log_ratios(in, "log_prob", "reference_log_prob");
  for (double& reward : rewards) reward *= objective.parameter("beta", 1);
  preference::running_shift shift;
  if (!state.empty()) shift = {state[0], state[1]};
  shift.add(rewards);
  state = {shift.count, shift.mean};
  in.values["baseline"].assign(rewards.size(), shift.mean);
}

inline void prepare_aot(any_objective const&, batch_inputs& in, std::vector<double>&) {
  auto const& v      = in.values;
  auto const pairing = preference::pair_margins(v.at("chosen"), v.at("rejected"), v.at("reference_chosen"),
                                                v.at("reference_rejected"));
  for (char const* const name : {"chosen", "rejected"}) {
    in.reorder(name, pairing.one);
    in.order[name] = pairing.one;
  }
  for (char const* const name : {"reference_chosen", "reference_rejected"}) in.reorder(name, pairing.other);
}

inline void prepare_aot_unpaired(any_objective const&, batch_inputs& in, std::vector<double>&) {
  auto const& v      = in.values;
  auto const pairing = preference::pair_log_ratios(v.at("chosen"), v.at("rejected"), v.at("reference_chosen"),
                                                   v.at("reference_rejected"));
  for (char const* const name : {"chosen", "reference_chosen"}) in.reorder(name, pairing.one);
  for (char const* const name : {"rejected", "reference_rejected"}) in.reorder(name, pairing.other);
  in.order["chosen"]   = pairing.one;
  in.order["rejected"] = pairing.other;
}

inline constexpr batch_coupling couplings[] = {
    {"kto", {"mismatched", "reference_mismatched"}, prepare_kto},
    {"bco", {}, prepare_bco},
    {"aot", {}, prepare_aot},
    {"aot_unpaired", {}, prepare_aot_unpaired},
};

}  // namespace detail

/// Null for objectives whose examples stand by themselves.
inline batch_coupling const* coupling_of(any_objective const& objective) {
  for (auto const& one : detail::couplings) {
    if (one.objective == objective.name()) return &one;
  }
  return nullptr;
}

}  // namespace poft
