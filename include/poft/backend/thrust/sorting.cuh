// Sorting, the k largest, and running sums by Thrust: on its host system, or on a device. Optional: nothing else needs it.
// SPDX-License-Identifier: MIT
//
// `on` is one of Thrust's execution policies: thrust::host for memory of the host, thrust::cuda::par.on(stream) for a
// device's. Thrust may allocate.
#pragma once

#include <thrust/copy.h>
#include <thrust/execution_policy.h>
#include <thrust/functional.h>
#include <thrust/scan.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>

#include <cstdint>
#include <type_traits>

#include "poft/core/error.hpp"
#include "poft/core/view.hpp"

namespace poft::sorting {

/// order [n]: the places of x [n] from the largest element to the smallest, equal ones in their order; sorted [n]: the
/// elements in that order.
template <class Policy, class T>
void descending(Policy const& on, std::type_identity_t<view<T const>> x, view<T> sorted,
                view<std::int64_t> order) {
  if (sorted.size() != x.size() || order.size() != x.size()) {
    throw shape_error(message("descending: ", x.size(), " elements into ", sorted.size(), " and ",
                              order.size(), " places, expected as many"));
  }
  ::thrust::copy(on, x.begin(), x.end(), sorted.begin());
  ::thrust::sequence(on, order.begin(), order.end());
  ::thrust::stable_sort_by_key(on, sorted.begin(), sorted.end(), order.begin(), ::thrust::greater<T>());
}

/// The k largest elements of x [n] and their places, largest first, equal ones in their order: values, places [k]. `sorted` and
/// `order` [n] are room.
template <class Policy, class T>
void top_k(Policy const& on, std::type_identity_t<view<T const>> x, view<T> values, view<std::int64_t> places,
           std::type_identity_t<view<T>> sorted, view<std::int64_t> order) {
  std::ptrdiff_t const k = values.size();
  if (k > x.size() || places.size() != k) {
    throw shape_error(message("top_k: ", k, " values and ", places.size(), " places of ", x.size(),
                              " elements, expected as many places, and no more than elements"));
  }
  descending<Policy, T>(on, x, sorted, order);
  ::thrust::copy(on, sorted.begin(), sorted.begin() + k, values.begin());
  ::thrust::copy(on, order.begin(), order.begin() + k, places.begin());
}

/// sums[i] = x[0] + ... + x[i]; sums may be x.
template <class Policy, class T>
void running_sums(Policy const& on, std::type_identity_t<view<T const>> x, view<T> sums) {
  if (sums.size() != x.size()) {
    throw shape_error(
        message("running_sums: ", x.size(), " elements into ", sums.size(), ", expected as many"));
  }
  ::thrust::inclusive_scan(on, x.begin(), x.end(), sums.begin());
}

}  // namespace poft::sorting
