// Objectives of whole lists: rankings, best-of-n.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <type_traits>

#include "golden/poft_golden_batch.hpp"
#include "poft/objective/lists.hpp"
#include "poft/objective/rrhf.hpp"
#include "poft/preference/selection.hpp"

namespace poft::golden {
namespace {

using namespace poft::objective;

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

  in list(std::size_t number) const {
    in out;
    auto const row = [&](auto const& column) {
      using element = typename std::remove_cvref_t<decltype(column)>::value_type;
      view<element const> const all(column);
      auto const width = static_cast<std::ptrdiff_t>(items);
      return all.empty() ? all : all.subview(static_cast<std::ptrdiff_t>(number) * width, width);
    };
    in::live::template get<0>(out) = row(live);
    in::frozen::for_each_index([&]<int K>() {
      auto& member = in::frozen::template get<K>(out);
      if constexpr (std::is_assignable_v<decltype(member), view<std::int32_t const>>) {
        member = row(frozen_integers[K]);
      } else {
        member = row(frozen[K]);
      }
    });
    return out;
  }
  std::size_t lists() const { return live.size() / items; }
};

template <class Objective>
std::vector<double> list_losses(Objective const& objective, list_columns<Objective> const& in,
                                std::vector<double>& gradient) {
  if (char const* problem = objective.invalid()) throw value_error(problem);
  gradient.resize(in.live.size());
  std::vector<double> losses;
  auto const width = static_cast<std::ptrdiff_t>(in.items);
  for (std::size_t i = 0; i < in.lists(); ++i)
    losses.push_back(
        objective(in.list(i), view<double>(gradient).subview(static_cast<std::ptrdiff_t>(i) * width, width)));
  return losses;
}

/// There is no batch of lists: the mean over them is taken here.
template <class Objective>
void expect_lists(golden_case& c, Objective const& objective, list_columns<Objective> const& in) {
  std::vector<double> gradient;
  auto const losses = list_losses(objective, in, gradient);
  c.expect("loss", losses);
  double mean = 0;
  for (double const loss : losses) mean += loss / static_cast<double>(losses.size());
  for (double& d : gradient) d /= static_cast<double>(losses.size());
  c.expect("mean", mean);
  c.expect_gradient(in.live_name, gradient);
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
  std::vector<double> unused;
  c.expect("rank", list_losses(with_parameter(objective, "nll_coefficient", 0), in, unused));
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
