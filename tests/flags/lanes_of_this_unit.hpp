// Included by units of different -march: what each of them runs.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <typeinfo>
#include <vector>

#include "poft/backend/eigen/backend.hpp"
#include "poft/batch/evaluate.hpp"
#include "poft/objective/dpo.hpp"

struct lanes_report {
  int bytes;
  std::string group;  // the mangled name of a type that depends on the lanes
  double loss;
};

namespace {

inline lanes_report report_lanes() {
  std::vector<float> const zero(100, 0.0f);
  poft::preference_pair<std::span<float const>> const in{zero, zero, zero, zero};
  return {poft::eigen::register_bytes, typeid(poft::eigen::lane_group<float>).name(),
          poft::batch_loss(poft::eigen::backend{1}, poft::objective::dpo{}, in)};
}

}  // namespace

lanes_report report_native_lanes();
lanes_report report_plain_lanes();
