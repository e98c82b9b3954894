// Policy-gradient surrogates, KL estimators and aggregations by their golden names.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "poft/core/error.hpp"
#include "poft/objective/aggregation.hpp"
#include "poft/objective/policy_gradient.hpp"

namespace poft::golden {

struct no_penalty {};

/// f(estimator), or f(no_penalty{}).
template <class F>
void with_estimator(std::string const& name, F f) {
  if (name == "none") return f(no_penalty{});
  if (name == "k1") return f(objective::k1{});
  if (name == "k2") return f(objective::k2{});
  if (name == "k3") return f(objective::k3{});
  throw format_error("unknown KL estimator " + name);
}

/// f(objective): the surrogate itself, or with the penalty.
template <class Surrogate, class F>
void with_penalised(std::string const& estimator, F f) {
  with_estimator(estimator, [&]<class Estimator>(Estimator) {
    if constexpr (std::is_same_v<Estimator, no_penalty>) {
      f(Surrogate{});
    } else {
      f(objective::with_kl<Surrogate, Estimator>{});
    }
  });
}

inline objective::aggregation aggregation_named(std::string const& name) {
  using enum objective::aggregation;
  if (name == "sequence_mean") return sequence_mean;
  if (name == "token_mean") return token_mean;
  if (name == "constant") return constant;
  if (name == "sequence_sum") return sequence_sum;
  if (name == "token_sum") return token_sum;
  throw format_error("unknown reduction " + name);
}

}  // namespace poft::golden
