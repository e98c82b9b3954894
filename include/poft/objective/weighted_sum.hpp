// Two objectives on the same example, added with weights.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/joined_fields.hpp"
#include "poft/objective/joined_name.hpp"
#include "poft/scalar/functions.hpp"

namespace poft::objective {

/// L = first_weight * First + second_weight * Second. The inputs are Second's, which must hold those of
/// First. Parameters keep their names; one that both have is listed twice, First's at the front.
///
///   weighted_sum<dpo, chosen_nll> const objective{{.beta = 0.1}, {}, 0.7, 0.3};
template <class First, class Second>
struct weighted_sum : First, Second {
  double first_weight  = 1.0;
  double second_weight = 1.0;

  static constexpr char const* name = joined_name<First, Second>::text;
  using own_parameters              = fields<field<"first_weight", &weighted_sum::first_weight>,
                                field<"second_weight", &weighted_sum::second_weight>>;
  using parameters =
      joined_fields_t<own_parameters,
                      joined_fields_t<typename First::parameters, typename Second::parameters>>;
  template <class S>
  using inputs = typename Second::template inputs<S>;

  template <template <class> class Inputs, class S>
  POFT_FN S operator()(Inputs<S> const& example) const {
    typename First::template inputs<S> const part = example;
    return constant<value_t<S>>(first_weight) * First::operator()(part) +
           constant<value_t<S>>(second_weight) * Second::operator()(example);
  }

  constexpr char const* invalid() const {
    if (char const* const problem = First::invalid()) return problem;
    if (char const* const problem = Second::invalid()) return problem;
    return first_weight - first_weight == 0 && second_weight - second_weight == 0
               ? nullptr
               : "weighted_sum: both weights must be finite";
  }
};

}  // namespace poft::objective
