// AOT from arrays in the caller's order to a gradient in the caller's order: by hand, by finite differences, bad input.
// SPDX-License-Identifier: MIT
#include "poft/preference/sorted_pairs.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "poft/backend/one_by_one.hpp"
#include "poft/batch/evaluate.hpp"
#include "poft/objective/aot.hpp"
#include "poft/objective/aot_unpaired.hpp"
#include "preference/expect_error.hpp"

namespace {
using namespace poft::preference;
using poft::preference_pair;
using doubles = std::vector<double>;

struct batch {
  doubles chosen, rejected, reference_chosen, reference_rejected;
  preference_pair<std::span<double const>> spans() const {
    return {chosen, rejected, reference_chosen, reference_rejected};
  }
};

// policy margins 2, -1, 1; reference margins 0, 2, -2; chosen log-ratios 2, -3, 5; rejected ones 0, 0, 2
batch const given{{3, 0, 5}, {1, 1, 4}, {1, 3, 0}, {1, 1, 2}};

TEST(sorted_pairs, margins) {
  // Policy pairs 1, 2, 0 meet reference pairs 2, 0, 1.
  auto const sorted = sort_margins(given.spans());
  EXPECT_EQ(doubles(sorted.pairs().chosen.begin(), sorted.pairs().chosen.end()), (doubles{0, 5, 3}));
  EXPECT_EQ(doubles(sorted.pairs().rejected.begin(), sorted.pairs().rejected.end()), (doubles{1, 4, 1}));
  EXPECT_EQ(doubles(sorted.pairs().reference_chosen.begin(), sorted.pairs().reference_chosen.end()),
            (doubles{0, 1, 3}));
  EXPECT_EQ(doubles(sorted.pairs().reference_rejected.begin(), sorted.pairs().reference_rejected.end()),
            (doubles{2, 1, 1}));
}

TEST(sorted_pairs, log_ratios) {
  // Chosen responses 1, 0, 2 meet rejected responses 0, 1, 2, each beside its own reference.
  auto const sorted = sort_log_ratios(given.spans());
  EXPECT_EQ(doubles(sorted.pairs().chosen.begin(), sorted.pairs().chosen.end()), (doubles{0, 3, 5}));
  EXPECT_EQ(doubles(sorted.pairs().rejected.begin(), sorted.pairs().rejected.end()), (doubles{1, 1, 4}));
  EXPECT_EQ(doubles(sorted.pairs().reference_chosen.begin(), sorted.pairs().reference_chosen.end()),
            (doubles{3, 1, 0}));
  EXPECT_EQ(doubles(sorted.pairs().reference_rejected.begin(), sorted.pairs().reference_rejected.end()),
            (doubles{1, 1, 2}));
}

TEST(sorted_pairs, the_gradient_goes_back_where_the_values_came_from) {
  // chosen went 1, 2, 0 and so did rejected
  auto margins = sort_margins(given.spans());
  for (int k = 0; k < 3; ++k) margins.gradient().chosen[k] = 10 + k, margins.gradient().rejected[k] = 20 + k;
  doubles d_chosen(3, 100), d_rejected(3, 100);
  margins.scatter({d_chosen, d_rejected, {}, {}});
  EXPECT_EQ(d_chosen, (doubles{12, 10, 11}));
  EXPECT_EQ(d_rejected, (doubles{22, 20, 21}));
  margins.scatter({d_chosen, {}, {}, {}}, true);
  EXPECT_EQ(d_chosen, (doubles{24, 20, 22}));
  EXPECT_EQ(d_rejected, (doubles{22, 20, 21}));

  // chosen went 1, 0, 2 and rejected stayed
  auto ratios = sort_log_ratios(given.spans());
  for (int k = 0; k < 3; ++k) ratios.gradient().chosen[k] = 10 + k, ratios.gradient().rejected[k] = 20 + k;
  ratios.scatter({d_chosen, d_rejected, {}, {}});
  EXPECT_EQ(d_chosen, (doubles{11, 10, 12}));
  EXPECT_EQ(d_rejected, (doubles{20, 21, 22}));
}

// Mean loss of the whole way, sorting included; the gradient lands in d.
template <class Objective>
double loss_of(Objective const& objective, batch const& in,
               preference_pair<std::span<double>> const& d = {}) {
  auto sorted = std::is_same_v<Objective, poft::objective::aot> ? sort_margins(in.spans())
                                                                : sort_log_ratios(in.spans());
  double const loss =
      poft::batch_loss_and_gradient(poft::one_by_one{}, objective, sorted.pairs(), sorted.gradient());
  sorted.scatter(d);
  return loss;
}

template <class Objective>
void expect_finite_differences(Objective const& objective) {
  batch in{{-3, -1.5, -7, -2.2}, {-4, -1, -2, -9}, {-3.5, -1.1, -6, -3}, {-3.7, -2.5, -2, -8}};
  doubles d_chosen(4), d_rejected(4);
  loss_of(objective, in, {d_chosen, d_rejected, {}, {}});
  double const step = 1e-5;
  for (auto const& [column, d] : {std::pair{&batch::chosen, &d_chosen}, {&batch::rejected, &d_rejected}}) {
    for (std::size_t i = 0; i < 4; ++i) {
      batch up = in, down = in;
      (up.*column)[i] += step;
      (down.*column)[i] -= step;
      EXPECT_NEAR((*d)[i], (loss_of(objective, up) - loss_of(objective, down)) / (2 * step), 1e-10) << i;
    }
  }
}
TEST(sorted_pairs, finite_differences_through_the_whole_way) {
  expect_finite_differences(poft::objective::aot{.beta = 0.7, .label_smoothing = 0.1});
  expect_finite_differences(poft::objective::aot_unpaired{.beta = 0.7, .label_smoothing = 0.1});
}

TEST(sorted_pairs, bad_input_is_named) {
  batch missing       = given;
  missing.rejected[1] = NAN;
  expect_error<poft::value_error>([&] { sort_margins(missing.spans()); },
                                  {"pair_margins: rejected[1] is nan"});
  missing.rejected = {1, 2};
  expect_error<poft::shape_error>([&] { sort_log_ratios(missing.spans()); },
                                  {"pair_log_ratios: rejected has 2", "reference_rejected has 3"});
  doubles two(2);
  expect_error<poft::shape_error>(
      [&] {
        sort_margins(given.spans()).scatter({two, {}, {}, {}});
      },
      {"sorted_pairs: chosen has 2", "the batch has 3"});
}

}  // namespace
