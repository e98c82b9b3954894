// The checks of a list in which some formulas stop gradients.
// SPDX-License-Identifier: MIT
#pragma once

#include "objective/support/checks.hpp"

namespace checks {

/// All checks for every objective of List. Finite differences see through a stop, so those among Stopped
/// are spared them: their derivatives are compared with golden values only.
template <class List, class... Stopped>
void expect_all_with_stopped_gradients(poft::objective_list<Stopped...>) {
  std::set<std::string> names;
  List::for_each([&]<class Objective>() {
    SCOPED_TRACE(Objective::name);
    EXPECT_TRUE(names.insert(Objective::name).second) << Objective::name << " is listed twice";
    if constexpr ((std::is_same_v<Objective, Stopped> || ...)) {
      expect_parameters(Objective{});
      expect_sane_extremes(Objective{});
      expect_same_value_with_gradient(Objective{});
      expect_closed_vocabulary(Objective{});
    } else {
      expect_all_of_one<Objective>();
    }
  });
}

}  // namespace checks
