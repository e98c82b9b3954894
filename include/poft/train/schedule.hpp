// Learning rate schedules: the factor on the base rate at each step, with a linear warm-up.
// SPDX-License-Identifier: MIT
//
// Steps count from 0, the factor of step k applies to the update that is the (k + 1)-th. So with a warm-up
// the first update has rate 0 and step `warmup` has the full rate, as in Hugging Face's
// get_*_schedule_with_warmup.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "poft/core/error.hpp"

namespace poft {

/// What a cosine does after its last step.
enum class past_end {
  stay,   // at the value it has at `total`
  go_on,  // along the cosine, which rises again: Hugging Face's schedule
};

namespace detail {
inline void require_steps(std::string_view operation, std::int64_t step, std::int64_t warmup,
                          std::int64_t total) {
  if (step < 0) throw value_error(message(operation, ": step is ", step, ", expected >= 0"));
  if (warmup < 0) throw value_error(message(operation, ": warmup is ", warmup, ", expected >= 0"));
  if (warmup > total)
    throw value_error(message(operation, ": warmup is ", warmup, ", expected <= total = ", total));
}
// Steps between the warm-up and the end; one where there is none, as Hugging Face has it.
inline double steps_after(std::int64_t warmup, std::int64_t total) {
  return static_cast<double>(std::max<std::int64_t>(1, total - warmup));
}
}  // namespace detail

/// step / warmup up to step `warmup`, then 1.
struct constant_schedule {
  std::int64_t warmup = 0;

  double operator()(std::int64_t step) const {
    detail::require_steps("constant_schedule", step, warmup, warmup);
    return step < warmup ? static_cast<double>(step) / static_cast<double>(warmup) : 1.0;
  }
};

/// After the warm-up straight down to 0 at `total`, and 0 from there on.
struct linear_schedule {
  std::int64_t warmup = 0;
  std::int64_t total  = 0;

  double operator()(std::int64_t step) const {
    detail::require_steps("linear_schedule", step, warmup, total);
    if (step < warmup) return constant_schedule{warmup}(step);
    return static_cast<double>(std::max<std::int64_t>(0, total - step)) / detail::steps_after(warmup, total);
  }
};

/// After the warm-up (1 + cos(2 pi cycles progress)) / 2, where progress runs from 0 to 1 at `total`: with
/// half a cycle down to 0 (Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5, without restarts).
struct cosine_schedule {
  std::int64_t warmup = 0;
  std::int64_t total  = 0;
  double cycles       = 0.5;
  past_end end        = past_end::stay;

  double operator()(std::int64_t step) const {
    detail::require_steps("cosine_schedule", step, warmup, total);
    if (!std::isfinite(cycles))
      throw value_error(message("cosine_schedule: cycles is ", cycles, ", expected finite"));
    if (step < warmup) return constant_schedule{warmup}(step);
    double const gone     = static_cast<double>(step - warmup) / detail::steps_after(warmup, total);
    double const progress = end == past_end::stay ? std::min(1.0, gone) : gone;
    return 0.5 * (1 + std::cos(6.283185307179586 * cycles * progress));
  }
};

}  // namespace poft
