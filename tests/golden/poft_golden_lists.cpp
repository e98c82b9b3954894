// Objectives of whole lists: rankings, best-of-n.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <type_traits>

#include "golden/poft_golden_batch.hpp"
#include "poft/batch/evaluate_lists.hpp"
#include "poft/objective/lists.hpp"
#include "poft/objective/rrhf.hpp"
#include "poft/preference/selection.hpp"

namespace poft::golden {
namespace {

using namespace objective;

/// The members of a list objective's inputs, each [lists, items]; an empty one is not in the file.
template <class Objective>
struct list_columns {
  using in = inputs_of<Objective, double>;

  std::size_t items = 0;
  std::vector<double> live;
  std::string live_name;
  std::array<std::vector<double>, in::frozen::count> frozen;
  std::array<std::vector<std::int32_t>, in::frozen::count> frozen_integers;

  explicit list_columns(golden_case& c) {
    for (auto const& name : c.input_names()) {
      if (place_in<typename in::live>(input_names, name) >= 0) {
        live      = c.input(name);
        live_name = name;
        items     = c.shape(name).at(1);
      } else if (int const place = place_in<typename in::frozen>(input_names, name); place >= 0) {
        frozen[static_cast<std::size_t>(place)]          = c.input(name);
        frozen_integers[static_cast<std::size_t>(place)] = c.integers<std::int32_t>(name);
      }
    }
    in::frozen::for_each_index([&]<int K>() {
      if (std::string_view(in::frozen::template at<K>::name) == "tokens" && frozen[K].empty())
        frozen[K].assign(live.size(), 1.0);
    });
  }

  in all() const {
    in out;
    in::live::template get<0>(out) = live;
    in::frozen::for_each_index([&]<int K>() {
      auto& member = in::frozen::template get<K>(out);
      if constexpr (std::is_assignable_v<decltype(member), view<std::int32_t const>>) {
        member = frozen_integers[K];
      } else {
        member = frozen[K];
      }
    });
    return out;
  }
  std::size_t lists() const { return live.size() / items; }
};

template <class Objective>
void expect_lists(golden_case& c, Objective const& objective, list_columns<Objective> const& in) {
  on_each_backend([&](auto const& backend) {
    std::vector<double> gradient(in.live.size()), losses(in.lists());
    list_layout const layout{.items = static_cast<std::int64_t>(in.items)};
    c.expect("mean",
             batch_loss_and_gradient(backend, objective, in.all(), layout, gradient, {.losses = losses}));
    c.expect("loss", losses);
    c.expect_gradient(in.live_name, gradient);
  });
}

template <class Objective>
void check_list(golden_case& c) {
  expect_lists(c, configured<Objective>(c), list_columns<Objective>(c));
}

/// Files list the ranking term alone as well.
template <class Objective>
void check_ranking_with_likelihood(golden_case& c) {
  auto const objective = configured<Objective>(c);
  list_columns<Objective> const in(c);
  expect_lists(c, objective, in);
  std::vector<double> ranking(in.lists());
  batch_loss(eigen::backend{}, with_parameter(objective, "nll_coefficient", 0), in.all(),
             {.items = static_cast<std::int64_t>(in.items)}, {.losses = ranking});
  c.expect("rank", ranking);
  if (c.wants("best")) c.expect_integers("best", preference::best_of_n(c.input("R"), in.items).best);
}

enum class gating { off, on };

template <negatives Negatives, gating Gate = gating::off>
void check_best_of_n(golden_case& c) {
  auto objective = configured<best_of_n<Negatives>>(c);
  if (Gate == gating::on) objective.gate = preference::gate{}.threshold;
  list_columns<best_of_n<Negatives>> const in(c);
  expect_lists(c, objective, in);
  auto const places = preference::best_of_n(c.input("R"), in.items);
  c.expect_integers("best", places.best);
  c.expect_integers("worst", places.worst);
}

}  // namespace

void add_lists(checks& all) {
  all["plackett_luce"]                  = check_list<plackett_luce>;
  all["plackett_luce_topk"]             = check_list<plackett_luce>;
  all["plackett_luce_ref"]              = check_list<plackett_luce>;
  all["softmax_soft"]                   = check_list<softmax_list>;
  all["multi_negative_dpo"]             = check_list<multi_negative_dpo>;
  all["pro"]                            = check_ranking_with_likelihood<pro>;
  all["rrhf"]                           = check_ranking_with_likelihood<rrhf>;
  all["best_of_n_none"]                 = check_best_of_n<negatives::none>;
  all["best_of_n_worst"]                = check_best_of_n<negatives::worst>;
  all["best_of_n_average"]              = check_best_of_n<negatives::average>;
  all["best_of_n_sum"]                  = check_best_of_n<negatives::sum>;
  all["best_of_n_log_complement"]       = check_best_of_n<negatives::log_complement>;
  all["best_of_n_none_constrained"]     = check_best_of_n<negatives::none>;
  all["best_of_n_worst_constrained"]    = check_best_of_n<negatives::worst>;
  all["best_of_n_average_constrained"]  = check_best_of_n<negatives::average>;
  all["best_of_n_sum_constrained"]      = check_best_of_n<negatives::sum>;
  all["best_of_n_worst_gated"]          = check_best_of_n<negatives::worst, gating::on>;
  all["best_of_n_average_gated"]        = check_best_of_n<negatives::average, gating::on>;
  all["best_of_n_sum_gated"]            = check_best_of_n<negatives::sum, gating::on>;
  all["best_of_n_log_complement_gated"] = check_best_of_n<negatives::log_complement, gating::on>;
}

}  // namespace poft::golden
