// BCO: worked examples, the shift in reward units, and the two halves that make bco_pair.
// SPDX-License-Identifier: MIT
#include "poft/objective/bco.hpp"

#include "objective/support/worked.hpp"
#include "poft/objective/bco_pair.hpp"

namespace {
using namespace poft;
using namespace worked;

TEST(bco, worked_example) {
  // r - delta = 0.5 - 2 = -1.5
  double const slope = 0.5 * worked::sigmoid(1.5);
  expect(objective::bco{.beta = 0.5}, labelled_sequence_with_baseline<double>{-3, -4, 1, 2},
         worked::softplus(1.5), {-slope});
  expect(objective::bco{.beta = 0.5}, labelled_sequence_with_baseline<double>{-3, -4, 0, 2},
         worked::softplus(-1.5), {0.5 * worked::sigmoid(-1.5)});
}

TEST(bco, of_both_responses_is_bco_pair) {
  objective::bco const single{.beta = 0.5};
  EXPECT_NEAR((single(labelled_sequence_with_baseline<double>{-3, -4, 1, 2}) +
               single(labelled_sequence_with_baseline<double>{-5, -2, 0, 2})),
              (objective::bco_pair{.beta = 0.5, .delta = 2}(pair)), 1e-15);
}
}  // namespace
