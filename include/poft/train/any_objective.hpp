// any_objective: an objective chosen at run time by its name, from columns of numbers to losses and their gradient.
// SPDX-License-Identifier: MIT
//
// This is the seam between what is compiled once (model, passes over the logits, trainer) and the formula. All that is
// compiled per objective is one loop over its scalar step; the table of these loops is made from
// objective::all_objectives, the one list there is.
//
//   any_objective const dpo = make_objective("dpo", {{"beta", 0.2}});
//   double const loss = dpo.evaluate({{"chosen", chosen}, {"rejected", rejected}, {"reference_chosen", ...}, ...},
//                                    {{"chosen", d_chosen}, {"rejected", d_rejected}}, {.count = pairs_of_the_step});
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/core/view.hpp"
#include "poft/objective/all.hpp"
#include "poft/scalar/gradient.hpp"

namespace poft {

/// Arrays of equal length under the names of an objective's inputs.
template <class T>
using columns = std::map<std::string, std::span<T>, std::less<>>;

namespace detail {

/// What the loop over the scalar step reads and writes; fields in the order of the input struct.
struct objective_arrays {
  std::span<std::span<double const> const> live, frozen;  // a frozen one of a list may be empty
  std::span<std::span<double> const> gradient;            // [live], all there
  std::span<double> losses;                               // [examples]
  std::span<std::int64_t const> offsets;                  // [examples + 1] for lists
};

/// A row of the table.
struct objective_kind {
  char const* name;
  std::span<char const*const> live, frozen, parameters;
  std::span<bool const> whole;   // [parameters]: must be whole numbers
  std::span<bool const> places;  // [frozen]: the places of a list in some order
  bool of_lists;
  void (*defaults)(std::span<double> parameters);
  char const* (*invalid)(std::span<double const> parameters);
  void (*evaluate)(std::span<double const> parameters, objective_arrays const& arrays);
};

template <class Fields, class Struct>
struct field_table {
  std::array<char const*, static_cast<std::size_t>(Fields::count)> names{};
  std::array<bool, static_cast<std::size_t>(Fields::count)> whole{};

  consteval field_table() {
    Fields::for_each_index([this]<int K>() {
      using member = std::remove_cvref_t<decltype(Fields::template get<K>(std::declval<Struct&>()))>;
      names[K]     = Fields::template at<K>::name;
      whole[K]     = std::is_integral_v<member> || std::is_same_v<member, view<std::int32_t const>>;
    });
  }
};

/// Cold: a few numbers per response beside a whole model, but compiled for every objective in every training program.
template <class Objective>
struct objective_row {
  using inputs = inputs_of<Objective, double>;

  [[gnu::cold]] static Objective with(std::span<double const> values) {
    Objective out;
    Objective::parameters::for_each_index([&]<int K>() {
      auto& member = Objective::parameters::template get<K>(out);
      member       = static_cast<std::remove_reference_t<decltype(member)>>(values[K]);
    });
    return out;
  }
  [[gnu::cold]] static void values_of(Objective const& objective, std::span<double> values) {
    Objective::parameters::for_each_index(
        [&]<int K>() { values[K] = static_cast<double>(Objective::parameters::template get<K>(objective)); });
  }
  static void defaults(std::span<double> values) { values_of(Objective{}, values); }
  static char const* invalid(std::span<double const> values) { return with(values).invalid(); }

  [[gnu::cold]] static void evaluate(std::span<double const> values, objective_arrays const& arrays) {
    Objective const objective = with(values);
    for (std::size_t e = 0; e < arrays.losses.size(); ++e) {
      if constexpr (list_objective<Objective>) {
        arrays.losses[e] = evaluate_list(objective, arrays, e);
      } else {
        inputs x;
        inputs::live::for_each_index([&]<int K>() { inputs::live::template get<K>(x) = arrays.live[K][e]; });
        inputs::frozen::for_each_index(
            [&]<int K>() { inputs::frozen::template get<K>(x) = arrays.frozen[K][e]; });
        auto const result = value_and_gradient(objective, x);
        arrays.losses[e]  = result.value;
        inputs::live::for_each_index(
            [&]<int K>() { arrays.gradient[K][e] = inputs::live::template get<K>(result.gradient); });
      }
    }
  }

  [[gnu::cold]] static double evaluate_list(Objective const& objective, objective_arrays const& arrays,
                                            std::size_t e) {
    auto const first = static_cast<std::size_t>(arrays.offsets[e]);
    auto const size  = static_cast<std::size_t>(arrays.offsets[e + 1]) - first;
    std::vector<std::int32_t> places;
    inputs list;
    inputs::live::template get<0>(list) = arrays.live[0].subspan(first, size);
    inputs::frozen::for_each_index([&]<int K>() {
      auto& member = inputs::frozen::template get<K>(list);
      if (arrays.frozen[K].empty()) return;
      auto const part = arrays.frozen[K].subspan(first, size);
      if constexpr (std::is_assignable_v<decltype(member), view<double const>>) {
        member = part;
      } else {
        places.assign(part.begin(), part.end());
        member = places;
      }
    });
    return objective(list, view<double>(arrays.gradient[0].subspan(first, size)));
  }

  static constexpr field_table<typename inputs::live, inputs> live{};
  static constexpr field_table<typename inputs::frozen, inputs> frozen{};
  static constexpr field_table<typename Objective::parameters, Objective> parameters{};
  static constexpr objective_kind kind{
      Objective::name,           live.names, frozen.names, parameters.names, parameters.whole, frozen.whole,
      list_objective<Objective>, defaults,   invalid,      evaluate};
};

template <class... Objectives>
constexpr auto objective_kinds_of(objective_list<Objectives...>) {
  return std::array{&objective_row<Objectives>::kind...};
}
inline constexpr auto objective_kinds = objective_kinds_of(objective::all_objectives{});

inline std::string listed(std::span<char const* const> names) {
  std::string out;
  for (char const* const name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out.empty() ? "none" : out;
}

}  // namespace detail

struct objective_options {
  double count                    = 0;   // what the weighted sum is divided by; 0: the examples of this call
  double factor                   = 1;   // upstream factor of the gradient, not of the loss
  std::span<double const> weights = {};  // [examples]; empty: 1
  std::span<double> losses        = {};  // [examples], receives the unweighted losses
  std::span<std::int64_t const> list_offsets = {};     // [examples + 1], where an example is a list
  bool accumulate                            = false;  // add to the gradient
};

/// A row of the table and the values of its parameters: a plain value. Everything is in double, whatever the model
/// computes in: these are a few numbers per response, or one per token.
class any_objective {
 public:
  /// Any objective, also one that is in no list.
  template <class Objective>
    requires differentiable_objective<Objective> || list_objective<Objective> any_objective(
        Objective const& objective)
        : kind_(&detail::objective_row<Objective>::kind), parameters_(kind_->parameters.size()) {
      detail::objective_row<Objective>::values_of(objective, parameters_);
      require_valid();
    }
    /// The row of this name in objective::all_objectives, its defaults replaced by `parameters`. value_error that lists what
    /// exists for an unknown name or parameter; value_error for a value that the objective refuses.
    explicit any_objective(std::string_view name, std::map<std::string, double> const& parameters = {});

    std::string_view name() const { return kind_->name; }
    std::span<char const* const> live() const { return kind_->live; }      // inputs with a gradient
    std::span<char const* const> frozen() const { return kind_->frozen; }  // inputs without
    std::span<char const* const> parameter_names() const { return kind_->parameters; }
    std::span<double const> parameters() const { return parameters_; }
    /// Its examples are lists of responses; of these, references may be left out.
    bool of_lists() const { return kind_->of_lists; }
    bool needs(std::string_view input) const {
      return find(kind_->live, input) != npos ||
             (find(kind_->frozen, input) != npos && !(of_lists() && input.starts_with("reference")));
    }
    /// The parameter's value, or `otherwise` where there is none of this name.
    double parameter(std::string_view name, double otherwise) const {
      auto const k = find(kind_->parameters, name);
      return k == npos ? otherwise : parameters_[k];
    }

    /// sum weight * loss / count [nats]. Every input it needs() must be there, others are not looked at; the gradient with
    /// respect to the live inputs is written (or added) to the columns of their names, those not there are left out. With
    /// lists a column has one number per response, and the responses of an example follow each other.
    /// A NaN comes back as such, in the loss and in `losses`: the caller knows which samples these were. Throws shape_error
    /// and value_error for columns that are missing or differ in length, token counts <= 0, and rankings that are none.
    double evaluate(columns<double const> const& inputs, columns<double> const& gradient,
                    objective_options const& options = {}) const;

   private:
    static constexpr std::size_t npos = static_cast<std::size_t>(-1);
    static std::size_t find(std::span<char const* const> names, std::string_view name) {
      auto const found = std::find(names.begin(), names.end(), name);
      return found == names.end() ? npos : static_cast<std::size_t>(found - names.begin());
    }
    void require_valid() const {
      if (char const* const problem = kind_->invalid(parameters_)) throw value_error(problem);
    }
    void set(std::string const& name, double value);
    std::span<double const> column(columns<double const> const& inputs, char const* name) const;
    std::size_t examples_of(std::size_t rows, std::span<std::int64_t const> list_offsets) const;
    void require_tokens(std::span<double const> counts, char const* name) const;
    void require_places(std::span<double const> places, char const* name,
                        std::span<std::int64_t const> list_offsets) const;

    detail::objective_kind const* kind_;
    std::vector<double> parameters_;
};

inline any_objective make_objective(std::string_view name,
                                    std::map<std::string, double> const& parameters = {}) {
  return any_objective(name, parameters);
}

/// Every objective of the list with its defaults, in the list's order.
inline std::vector<any_objective> every_objective() {
  std::vector<any_objective> out;
  for (auto const* kind : detail::objective_kinds) out.emplace_back(std::string_view(kind->name));
  return out;
}

inline any_objective::any_objective(std::string_view name, std::map<std::string, double> const& parameters) {
  std::vector<char const*> names;
  for (auto const* kind : detail::objective_kinds) names.push_back(kind->name);
  auto const row = find(names, name);
  if (row == npos) {
    throw value_error(
        message("objective: there is none named '", name, "'; expected one of ", detail::listed(names)));
  }
  kind_ = detail::objective_kinds[row];
  parameters_.resize(kind_->parameters.size());
  kind_->defaults(parameters_);
  for (auto const& [parameter, value] : parameters) set(parameter, value);
  require_valid();
}

/// Two members of one name, as a weighted_sum may have, get the same value.
inline void any_objective::set(std::string const& name, double value) {
  if (find(kind_->parameters, name) == npos) {
    throw value_error(
        message(kind_->name, " has no parameter '", name, "'; it has ", detail::listed(kind_->parameters)));
  }
  for (std::size_t k = 0; k < parameters_.size(); ++k) {
    if (kind_->parameters[k] != name) continue;
    if (kind_->whole[k] && std::trunc(value) != value) {
      throw value_error(message(kind_->name, ": ", name, " is ", value, ", expected a whole number"));
    }
    parameters_[k] = value;
  }
}

inline std::span<double const> any_objective::column(columns<double const> const& inputs,
                                                     char const* name) const {
  auto const found = inputs.find(name);
  if (found != inputs.end()) return found->second;
  if (!needs(name)) return {};
  std::vector<char const*> given;
  for (auto const& one : inputs) given.push_back(one.first.c_str());
  throw value_error(
      message(kind_->name, ": there is no input '", name, "'; given are ", detail::listed(given)));
}

inline std::size_t any_objective::examples_of(std::size_t rows,
                                              std::span<std::int64_t const> list_offsets) const {
  if (!of_lists()) return rows;
  bool valid = !list_offsets.empty() && list_offsets.front() == 0 &&
               list_offsets.back() == static_cast<std::int64_t>(rows);
  for (std::size_t e = 1; valid && e < list_offsets.size(); ++e)
    valid = list_offsets[e - 1] < list_offsets[e];
  if (!valid) {
    throw shape_error(message(kind_->name, ": list_offsets has ", list_offsets.size(),
                              " elements, expected lists + 1, rising from 0 to the ", rows, " responses"));
  }
  return list_offsets.size() - 1;
}

inline void any_objective::require_tokens(std::span<double const> counts, char const* name) const {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) continue;
    throw value_error(
        message(kind_->name, ": ", name, "[", i, "] is ", counts[i], ", expected a token count > 0"));
  }
}

inline void any_objective::require_places(std::span<double const> places, char const* name,
                                          std::span<std::int64_t const> list_offsets) const {
  std::vector<bool> seen;
  for (std::size_t e = 1; e < list_offsets.size(); ++e) {
    auto const first = static_cast<std::size_t>(list_offsets[e - 1]),
               last  = static_cast<std::size_t>(list_offsets[e]);
    seen.assign(last - first, false);
    for (std::size_t i = first; i < last; ++i) {
      bool const place = places[i] >= 0 && places[i] < static_cast<double>(last - first) &&
                         std::trunc(places[i]) == places[i];
      if (!place || seen[static_cast<std::size_t>(places[i])]) {
        throw value_error(message(kind_->name, ": ", name, "[", i, "] is ", places[i],
                                  ", expected each of 0 .. ", last - first - 1, " once in its list"));
      }
      seen[static_cast<std::size_t>(places[i])] = true;
    }
  }
}

inline double any_objective::evaluate(columns<double const> const& inputs, columns<double> const& gradient,
                                      objective_options const& options) const {
  std::vector<std::span<double const>> live, frozen;
  for (char const* const name : kind_->live) live.push_back(column(inputs, name));
  for (char const* const name : kind_->frozen) frozen.push_back(column(inputs, name));
  std::size_t const rows = live[0].size(), examples = examples_of(rows, options.list_offsets);
  auto const require = [&](std::string_view name, std::size_t size, std::size_t expected, bool optional) {
    if (size == expected || (optional && size == 0)) return;
    throw shape_error(message(kind_->name, ": ", name, " has ", size, " elements, expected ", expected));
  };
  for (std::size_t k = 0; k < live.size(); ++k) require(kind_->live[k], live[k].size(), rows, false);
  for (std::size_t k = 0; k < frozen.size(); ++k) {
    char const* const name = kind_->frozen[k];
    require(name, frozen[k].size(), rows, !needs(name));
    if (std::string_view(name).ends_with("tokens")) require_tokens(frozen[k], name);
    if (kind_->places[k]) require_places(frozen[k], name, options.list_offsets);
  }
  require("weights", options.weights.size(), examples, true);
  require("losses", options.losses.size(), examples, true);
  for (auto const& [name, target] : gradient) {
    if (find(kind_->live, name) == npos) {
      throw value_error(message(kind_->name, ": it has no gradient for '", name, "'; it has one for ",
                                detail::listed(kind_->live)));
    }
    require(name, target.size(), rows, false);
  }
  if (!(options.count >= 0)) {
    throw value_error(
        message(kind_->name, ": count is ", options.count, ", expected a number of examples >= 0"));
  }
  if (examples == 0) return 0;

  std::vector<double> losses(examples), derivatives(live.size() * rows);
  std::vector<std::span<double>> d_live;
  for (std::size_t k = 0; k < live.size(); ++k)
    d_live.push_back(std::span(derivatives).subspan(k * rows, rows));
  kind_->evaluate(parameters_, {live, frozen, d_live, losses, options.list_offsets});

  double const count = options.count > 0 ? options.count : static_cast<double>(examples);
  double total       = 0;
  for (std::size_t e = 0; e < examples; ++e) {
    double const weight = options.weights.empty() ? 1 : options.weights[e];
    total += weight * losses[e];
    auto const first = of_lists() ? static_cast<std::size_t>(options.list_offsets[e]) : e;
    auto const last  = of_lists() ? static_cast<std::size_t>(options.list_offsets[e + 1]) : e + 1;
    for (auto& d : d_live) {
      for (std::size_t i = first; i < last; ++i) d[i] *= options.factor * weight / count;
    }
  }
  for (auto const& [name, target] : gradient) {
    auto const& d = d_live[find(kind_->live, name)];
    for (std::size_t i = 0; i < rows; ++i) target[i] = options.accumulate ? target[i] + d[i] : d[i];
  }
  std::copy(losses.begin(), losses.begin() + static_cast<std::ptrdiff_t>(options.losses.size()),
            options.losses.begin());
  return total / count;
}

}  // namespace poft
