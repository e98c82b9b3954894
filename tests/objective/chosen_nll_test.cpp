// The likelihood of the chosen response: a worked example.
// SPDX-License-Identifier: MIT
#include "poft/objective/chosen_nll.hpp"

#include "objective/support/worked.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(chosen_nll, worked_example) { expect(objective::chosen_nll{}, long_pair, 1.5, {-0.5, 0}); }
}  // namespace
