// Included by units of different -march: what each of them runs.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <typeinfo>
#include <vector>

#include "poft/backend/eigen/backend.hpp"
#include "poft/batch/evaluate.hpp"
#include "poft/core/random.hpp"
#include "poft/objective/dpo.hpp"

struct lanes_report {
  int bytes;
  bool multiplies_and_adds_at_once;
  std::string group, backend;  // mangled names of types that depend on the flags
  double loss;
  std::vector<float> product;  // [37, 29], the same factors in every unit
};

/// Depth of the product.
inline constexpr int product_depth = 700;

namespace {

inline lanes_report report_lanes() {
  std::vector<float> const zero(100, 0.0f);
  poft::preference_pair<std::span<float const>> const in{zero, zero, zero, zero};

  poft::random_stream random(1);
  std::vector<float> a(37 * product_depth), b(product_depth * 29), c(37 * 29);
  for (float& x : a) x = 2 * random.uniform<float>() - 1;
  for (float& x : b) x = 2 * random.uniform<float>() - 1;
  poft::eigen::backend{1}.gemm({}, poft::view<float const, 2>(a.data(), 37, product_depth),
                               poft::view<float const, 2>(b.data(), product_depth, 29),
                               poft::view<float, 2>(c.data(), 37, 29));
#if defined(__FMA__)
  constexpr bool at_once = true;
#else
  constexpr bool at_once = false;
#endif
  return {poft::eigen::register_bytes,
          at_once,
          typeid(poft::eigen::lane_group<float>).name(),
          typeid(poft::eigen::backend).name(),
          poft::batch_loss(poft::eigen::backend{1}, poft::objective::dpo{}, in),
          c};
}

}  // namespace

lanes_report report_native_lanes();
lanes_report report_plain_lanes();
