// Plackett-Luce: worked example, golden values, dual numbers, two items.
// SPDX-License-Identifier: MIT
#include "poft/objective/plackett_luce.hpp"

#include "objective/support/list_rows.hpp"
#include "poft/objective/bt_reward.hpp"

namespace {
using namespace poft;
using objective::plackett_luce;

std::vector<std::int32_t> row_of(nlohmann::json const& one, char const* name, std::size_t i,
                                 std::size_t items) {
  auto const all = one["inputs"][name].get<std::vector<std::int32_t>>();
  return {all.begin() + static_cast<std::ptrdiff_t>(i * items),
          all.begin() + static_cast<std::ptrdiff_t>((i + 1) * items)};
}

TEST(plackett_luce, worked_example) {
  // weights 1, 2, 3 ranked 2, 0, 1 (the third best first): P = 3/6 * 1/3, L = log 6. Slopes: q of the two
  // turns minus 1.
  std::vector<double> const score{0, std::log(2.0), std::log(3.0)};
  std::vector<std::int32_t> const ranking{2, 0, 1};
  std::vector<double> gradient(3);
  EXPECT_NEAR(
      plackett_luce{}(ranked_list<double>{.score = score, .ranking = ranking}, view<double>(gradient)),
      std::log(6.0), 1e-15);
  golden::expect_close(gradient, {1.0 / 6 + 1.0 / 3 - 1, 2.0 / 6 + 2.0 / 3, 3.0 / 6 - 1}, "gradient");
  // only the first place is judged: log(6/3), and nothing says who is second
  EXPECT_NEAR(plackett_luce{.top_k = 1}(ranked_list<double>{.score = score, .ranking = ranking},
                                        view<double>(gradient)),
              std::log(2.0), 1e-15);
  golden::expect_close(gradient, {1.0 / 6, 2.0 / 6, 3.0 / 6 - 1}, "gradient");
}

TEST(plackett_luce, golden) {
  for (auto const& [family, name, input] : {std::tuple{"E_reward_models", "plackett_luce", "score"},
                                            {"E_reward_models", "plackett_luce_topk", "score"},
                                            {"L_extra", "plackett_luce_ref", "l"}}) {
    for (auto const& one : golden::cases(family, name)) {
      plackett_luce const objective{.beta  = one["hyper"].contains("beta") ? golden::hyper(one, "beta") : 1,
                                    .top_k = static_cast<int>(golden::hyper(one, "top_k"))};
      golden::expect_lists(
          one, input, [&](golden::list_columns const& row, std::size_t i, view<double> gradient) {
            auto const ranking = row_of(one, "ranking", i, static_cast<std::size_t>(gradient.size()));
            return objective({row.of(input), row.of("r"), ranking}, gradient);
          });
    }
  }
}

/// The formula as it is written, on duals.
template <int K>
dual<double, K> by_duals(plackett_luce const& objective, std::vector<double> const& scores,
                         std::vector<std::int32_t> const& ranking) {
  auto const s = golden::duals<K>(scores);
  dual<double, K> loss(0.0);
  for (int j = 0; j < objective.top_k; ++j) {
    dual<double, K> sum(0.0);
    for (int i = j; i < K; ++i)
      sum = sum + exp(objective.beta * s[static_cast<std::size_t>(ranking[static_cast<std::size_t>(i)])]);
    loss =
        loss + log(sum) - objective.beta * s[static_cast<std::size_t>(ranking[static_cast<std::size_t>(j)])];
  }
  return loss;
}

TEST(plackett_luce, closed_form_is_the_formula_on_duals) {
  std::vector<double> const scores{0.3, -1.2, 2.5, 0.3, -0.7};
  std::vector<std::int32_t> const ranking{3, 0, 4, 2, 1};
  for (int top_k = 1; top_k <= 5; ++top_k) {
    plackett_luce const objective{.beta = 0.7, .top_k = top_k};
    std::vector<double> gradient(5);
    double const loss = objective({scores, {}, ranking}, view<double>(gradient));
    golden::expect_dual(loss, gradient, by_duals<5>(objective, scores, ranking));
  }
}

TEST(plackett_luce, two_items_are_a_comparison) {
  std::vector<double> const score{1.5, -0.25};
  std::vector<std::int32_t> const ranking{1, 0};
  std::vector<double> gradient(2);
  double const loss =
      plackett_luce{}(ranked_list<double>{.score = score, .ranking = ranking}, view<double>(gradient));
  auto const pair = value_and_gradient(objective::bt_reward{}, reward_pair<double>{-0.25, 1.5, 0});
  EXPECT_NEAR(loss, pair.value, 1e-15);
  golden::expect_close(gradient, {pair.gradient.rejected_reward, pair.gradient.chosen_reward}, "gradient");
}

TEST(plackett_luce, sorted_lists_of_any_spread_keep_their_digits) {
  // 1e5 apart, the worst first: each turn costs 1e5; only the last item gains at the earlier turns
  std::vector<float> const score{2e5f, 1e5f, 0};
  std::vector<std::int32_t> const ranking{2, 1, 0};
  std::vector<float> gradient(3);
  EXPECT_EQ(plackett_luce{}(ranked_list<float>{.score = score, .ranking = ranking}, view<float>(gradient)),
            3e5f);
  EXPECT_EQ(gradient, (std::vector<float>{2, -1, -1}));
}

TEST(plackett_luce, refuses_negative_places) {
  EXPECT_STREQ((plackett_luce{.top_k = -1}.invalid()), "plackett_luce: top_k must be >= 0");
  EXPECT_STREQ((plackett_luce{.beta = 0}.invalid()), "plackett_luce: beta must be > 0");
}
}  // namespace
