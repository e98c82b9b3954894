// A batch of pairs rearranged for AOT, and its gradient on the way back.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "poft/objective/inputs.hpp"
#include "poft/preference/sorted_pairing.hpp"

namespace poft::preference {

/// What an AOT objective sees in place of the batch: example k is made of order statistics. With memory of its own.
///
///   auto sorted = preference::sort_margins(pairs);                             // or sort_log_ratios, for aot_unpaired
///   double loss = batch_loss_and_gradient(backend, objective::aot{}, sorted.pairs(), sorted.gradient());
///   sorted.scatter({d_chosen, d_rejected});
///
/// Losses of examples and their weights belong to order statistics, not to pairs of the caller.
template <std::floating_point T>
class sorted_pairs {
 public:
  /// Member by member, `order` says whose number example k takes.
  sorted_pairs(preference_pair<std::span<T const>> const& from,
               preference_pair<std::vector<std::size_t>> order)
      : order_(std::move(order)) {
    auto gather = [](std::vector<T>& to, std::span<T const> members, std::vector<std::size_t> const& places) {
      for (auto const place : places) to.push_back(members[place]);
    };
    members::live::for_each_index([&]<int K>() {
      gather(members::live::template get<K>(pairs_), spans::live::template get<K>(from),
             orders::live::template get<K>(order_));
      members::live::template get<K>(gradient_).resize(pairs_.chosen.size());
    });
    members::frozen::for_each_index([&]<int K>() {
      gather(members::frozen::template get<K>(pairs_), spans::frozen::template get<K>(from),
             orders::frozen::template get<K>(order_));
    });
  }

  preference_pair<std::span<T const>> pairs() const {
    return {pairs_.chosen, pairs_.rejected, pairs_.reference_chosen, pairs_.reference_rejected};
  }
  /// Where the gradient with respect to pairs() is to be written.
  preference_pair<std::span<T>> gradient() { return {gradient_.chosen, gradient_.rejected, {}, {}}; }

  /// That gradient, back to the caller's order: overwrites `to`, or adds to it; an empty member is left out.
  void scatter(preference_pair<std::span<T>> const& to, bool accumulate = false) const {
    using targets = preference_pair<std::span<T>>;
    targets::live::for_each_index([&]<int K>() {
      auto const& order  = orders::live::template get<K>(order_);
      auto const& from   = members::live::template get<K>(gradient_);
      auto const& target = targets::live::template get<K>(to);
      if (target.empty()) return;
      require::same_length("sorted_pairs", targets::live::template at<K>::name, target.size(), "the batch",
                           from.size());
      for (std::size_t k = 0; k < order.size(); ++k)
        target[order[k]] = accumulate ? target[order[k]] + from[k] : from[k];
    });
  }

 private:
  using spans   = preference_pair<std::span<T const>>;
  using members = preference_pair<std::vector<T>>;
  using orders  = preference_pair<std::vector<std::size_t>>;

  orders order_;
  members pairs_, gradient_;
};

/// For aot: policy margins meet reference margins (pair_margins). [pairs] each, finite.
template <std::floating_point T>
sorted_pairs<T> sort_margins(preference_pair<std::span<T const>> const& pairs) {
  auto const [policy, reference] =
      pair_margins(pairs.chosen, pairs.rejected, pairs.reference_chosen, pairs.reference_rejected);
  return {pairs, {policy, policy, reference, reference}};
}

/// For aot_unpaired: the chosen responses' log-ratios meet the rejected ones' (pair_log_ratios). [n] each, finite.
template <std::floating_point T>
sorted_pairs<T> sort_log_ratios(preference_pair<std::span<T const>> const& pairs) {
  auto const [chosen, rejected] =
      pair_log_ratios(pairs.chosen, pairs.rejected, pairs.reference_chosen, pairs.reference_rejected);
  return {pairs, {chosen, rejected, chosen, rejected}};
}

}  // namespace poft::preference
