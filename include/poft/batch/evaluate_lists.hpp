// Level 1 for listwise objectives: many lists of responses in the caller's arrays, loss and gradient, list by list.
// SPDX-License-Identifier: MIT
//
// The batch is the objective's own input struct over the responses of all lists, one list after the other. They have equally
// many responses, arrays [lists, items], or are ragged, with offsets.
//
//   objective::plackett_luce const objective{.beta = 0.1};
//   ranked_list<float> const lists{score, reference, ranking};
//   double loss = batch_loss_and_gradient(eigen::backend{}, objective, lists, {.items = 4}, d_score, {.count = global_lists});
#pragma once

#include <type_traits>
#include <vector>

#include "poft/batch/evaluate.hpp"
#include "poft/core/view.hpp"
#include "poft/objective/list_inputs.hpp"

namespace poft {

/// Where the lists of a batch begin; one of the two is given.
struct list_layout {
  std::int64_t items = 0;              // of every list
  view<std::int64_t const> offsets{};  // [lists + 1]: list k has responses offsets[k] .. offsets[k + 1] - 1

  POFT_FN std::int64_t first(std::int64_t list) const {
    return offsets.empty() ? list * items : offsets[list];
  }
};

/// One list of a batch of lists; members that are empty stay so.
template <class Lists>
POFT_FN Lists list_of_batch(Lists const& batch, list_layout const& layout, std::int64_t list) {
  std::int64_t const first = layout.first(list), items = layout.first(list + 1) - first;
  Lists out;
  auto part = [&](auto const& all) { return all.empty() ? all : all.subview(first, items); };
  Lists::live::for_each_index(
      [&]<int K>() { Lists::live::template get<K>(out) = part(Lists::live::template get<K>(batch)); });
  Lists::frozen::for_each_index(
      [&]<int K>() { Lists::frozen::template get<K>(out) = part(Lists::frozen::template get<K>(batch)); });
  return out;
}

/// The loop body: the loss of one list, and its weighted gradient. A named struct, so that a CUDA kernel takes it unchanged.
template <class Objective, class T>
struct batch_list {
  Objective objective;
  inputs_of<Objective, T> lists{};
  list_layout layout{};
  view<T> own_gradient{};  // [responses], of the unweighted losses
  view<T> gradient{};      // [responses] or none; may be own_gradient
  T const* weights = nullptr;
  T* losses        = nullptr;
  double scale     = 1;
  bool accumulate  = false;

  template <class Group>
  POFT_FN void operator()(Group, std::int64_t k) const {
    std::int64_t const first = layout.first(k), last = layout.first(k + 1);
    losses[k] = objective(list_of_batch(lists, layout, k), own_gradient.subview(first, last - first));
    if (gradient.empty()) return;
    T const factor = constant<T>(scale) * (weights ? weights[k] : constant<T>(1));
    for (std::int64_t i = first; i < last; ++i) {
      T const d   = factor * own_gradient[i];
      gradient[i] = accumulate ? gradient[i] + d : d;
    }
  }
};

namespace detail {

/// The number of lists; throws where the layout does not fit the responses.
inline std::int64_t count_lists(char const* operation, list_layout const& layout, std::int64_t responses) {
  auto const& offsets = layout.offsets;
  if (offsets.empty() == (layout.items == 0)) {
    throw value_error(message(operation, ": the layout has ", layout.items, " items and ", offsets.size(),
                              " offsets, expected either items > 0 or offsets"));
  }
  if (offsets.empty()) {
    if (layout.items < 0 || responses % layout.items != 0) {
      throw shape_error(message(operation, ": ", responses, " responses do not divide into lists of ",
                                layout.items, " items"));
    }
    return responses / layout.items;
  }
  if (offsets[0] != 0) throw value_error(message(operation, ": offsets[0] is ", offsets[0], ", expected 0"));
  std::int64_t const lists = offsets.size() - 1;
  for (std::int64_t k = 1; k <= lists; ++k) {
    if (offsets[k] <= offsets[k - 1]) {
      throw value_error(message(operation, ": offsets[", k, "] is ", offsets[k], " after ", offsets[k - 1],
                                "; every list needs a response"));
    }
  }
  if (offsets[lists] != responses) {
    throw shape_error(message(operation, ": the last offset is ", offsets[lists],
                              ", expected the number of responses, ", responses));
  }
  return lists;
}

/// Throws unless the arrays are as long as that of the live member; reference log-probs may be missing.
template <class Lists>
void require_equal_lengths(char const* operation, Lists const& lists) {
  using live           = typename Lists::live;
  using frozen         = typename Lists::frozen;
  auto const responses = live::template get<0>(lists).size();
  frozen::for_each_index([&]<int K>() {
    std::string_view const name = frozen::template at<K>::name;
    auto const size             = frozen::template get<K>(lists).size();
    if (size == responses || (size == 0 && name.starts_with("reference"))) return;
    throw shape_error(message(operation, ": ", name, " has ", size, " elements but ",
                              live::template at<0>::name, " has ", responses,
                              "; every array of a batch must have the same length"));
  });
}

/// Throws unless every list's ranking names each of its items once: the objective follows it through memory.
inline void require_rankings(char const* operation, view<std::int32_t const> ranking,
                             list_layout const& layout, std::int64_t lists) {
  std::vector<std::int64_t> named_by(static_cast<std::size_t>(ranking.size()), -1);  // the place in `ranking`
  for (std::int64_t k = 0; k < lists; ++k) {
    std::int64_t const first = layout.first(k), items = layout.first(k + 1) - first;
    for (std::int64_t i = first; i < first + items; ++i) {
      std::int32_t const item = ranking[i];
      if (item < 0 || item >= items) {
        throw value_error(message(operation, ": ranking[", i, "] is ", item, " in a list of ", items,
                                  ", expected 0 .. ", items - 1));
      }
      auto& place = named_by[static_cast<std::size_t>(first + item)];
      if (place >= 0) {
        throw value_error(message(operation, ": ranking[", i, "] is ", item, " like ranking[", place,
                                  "], expected every item of the list once"));
      }
      place = i;
    }
  }
}

/// Throws where a reward is above the one before it in its list.
template <class T>
void require_descending_rewards(char const* operation, view<T const> reward, list_layout const& layout,
                                std::int64_t lists) {
  for (std::int64_t k = 0; k < lists; ++k) {
    for (std::int64_t i = layout.first(k) + 1; i < layout.first(k + 1); ++i) {
      if (reward[i] > reward[i - 1]) {
        throw value_error(message(operation, ": reward[", i, "] is ", reward[i], " after ", reward[i - 1],
                                  "; the responses of a list must be in descending order of their rewards"));
      }
    }
  }
}

/// Called when list k's loss is NaN: throws, naming its first input that is NaN.
template <class Lists>
[[noreturn]] void throw_not_a_number(char const* operation, Lists const& lists, list_layout const& layout,
                                     std::int64_t k) {
  auto look_at = [&](char const* name, auto const& all) {
    for (std::int64_t i = layout.first(k); i < layout.first(k + 1) && !all.empty(); ++i) {
      if (all[i] != all[i]) throw value_error(message(operation, ": ", name, "[", i, "] is NaN"));
    }
  };
  Lists::live::for_each_index(
      [&]<int K>() { look_at(Lists::live::template at<K>::name, Lists::live::template get<K>(lists)); });
  Lists::frozen::for_each_index(
      [&]<int K>() { look_at(Lists::frozen::template at<K>::name, Lists::frozen::template get<K>(lists)); });
  throw value_error(
      message(operation, ": the loss of list ", k, " is NaN; its inputs contradict each other (inf - inf)"));
}

template <class Backend, class Objective, template <class> class Lists, class T>
double evaluate_lists(char const* operation, Backend const& backend, Objective const& objective,
                      Lists<T> const& in, list_layout const& layout, view<T> gradient,
                      batch_options<T> const& options) {
  using live   = typename Lists<T>::live;
  using frozen = typename Lists<T>::frozen;
  static_assert(live::count == 1, "a listwise objective has one live member");
  if (char const* problem = objective.invalid()) throw value_error(problem);
  require_equal_lengths(operation, in);
  auto const scores        = live::template get<0>(in);
  std::int64_t const lists = count_lists(operation, layout, scores.size());
  require_positive_tokens<T>(operation, backend, in);
  if constexpr (requires { in.ranking; }) require_rankings(operation, in.ranking, layout, lists);
  if constexpr (std::same_as<Lists<T>, sorted_list<T>>)
    require_descending_rewards(operation, in.reward, layout, lists);
  require_length_or_none(operation, "gradient", gradient.size(), scores.size());
  double const count = require_options(operation, options, lists);
  auto refuse        = [&](char const* name, void const* data) {
    if (!gradient.empty() && data == gradient.data())
      throw value_error(message(operation, ": the gradient cannot take the place of ", name));
  };
  refuse(live::template at<0>::name, scores.data());
  frozen::for_each_index(
      [&]<int K>() { refuse(frozen::template at<K>::name, frozen::template get<K>(in).data()); });
  if (lists == 0) return 0;

  bool const in_place = !gradient.empty() && !options.accumulate;
  std::vector<T> own_gradient(in_place ? 0 : static_cast<std::size_t>(scores.size()));
  std::vector<T> own_losses(options.losses.empty() ? static_cast<std::size_t>(lists) : 0);
  batch_list<Objective, T> const list{
      .objective    = objective,
      .lists        = in,
      .layout       = layout,
      .own_gradient = in_place ? gradient : view<T>(own_gradient),
      .gradient     = gradient,
      .weights      = options.weights.empty() ? nullptr : options.weights.data(),
      .losses       = options.losses.empty() ? own_losses.data() : options.losses.data(),
      .scale        = options.factor / count,
      .accumulate   = options.accumulate};
  backend.template for_rows<T>(lists, scores.size() / lists, list);
  double total = 0;
  for (std::int64_t k = 0; k < lists; ++k) {
    double const loss   = static_cast<double>(list.losses[k]);
    double const weight = list.weights ? static_cast<double>(list.weights[k]) : 1;
    if (std::isnan(loss)) throw_not_a_number(operation, in, layout, k);
    if (std::isnan(weight * loss)) throw_weighted_not_a_number(operation);
    total += weight * loss;
  }
  return total / count;
}

}  // namespace detail

/// Sum of weight * loss over the lists, divided by the global count of lists [nats]. Needs memory for a gradient.
template <class Backend, list_objective Objective, template <class> class Lists, class T>
  requires std::same_as<Lists<T>, inputs_of<Objective, T>>
double batch_loss(Backend const& backend, Objective const& objective, Lists<T> const& lists,
                  list_layout const& layout, batch_options<T> const& options = {}) {
  return detail::evaluate_lists("batch_loss", backend, objective, lists, layout, view<T>(), options);
}

/// The same, and its gradient [responses] with respect to the live member, written (or added) to `gradient`, which may be no
/// input's memory; weights and losses are those of lists. Throws shape_error for arrays of different lengths and a layout
/// that does not fit, value_error for invalid parameters, an empty list, token counts <= 0, rankings that are none,
/// rewards out of order where the objective wants them in order, and NaN.
template <class Backend, list_objective Objective, template <class> class Lists, class T>
  requires std::same_as<Lists<T>, inputs_of<Objective, T>>
double batch_loss_and_gradient(Backend const& backend, Objective const& objective, Lists<T> const& lists,
                               list_layout const& layout, std::type_identity_t<view<T>> gradient,
                               batch_options<T> const& options = {}) {
  return detail::evaluate_lists("batch_loss_and_gradient", backend, objective, lists, layout, gradient,
                                options);
}

}  // namespace poft
