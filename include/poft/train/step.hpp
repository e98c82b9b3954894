// What every optimiser's step asks of its input before it changes anything.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>

#include "poft/core/error.hpp"

namespace poft {

/// value_error unless the learning rate is finite and not negative; 0 is legal, a schedule starts and ends
/// there.
inline void require_learning_rate(std::string_view operation, double learning_rate) {
  if (std::isfinite(learning_rate) && learning_rate >= 0) return;
  throw value_error(message(operation, ": learning rate is ", learning_rate, ", expected finite and >= 0"));
}

/// shape_error unless parameters, gradients and the optimiser's state describe equally many numbers.
inline void require_lengths(std::string_view operation, std::size_t parameters, std::size_t gradients,
                            std::size_t state) {
  if (parameters == gradients && parameters == state) return;
  throw shape_error(message(operation, ": ", parameters, " parameters, ", gradients, " gradients, state of ",
                            state, ", expected equal lengths"));
}

/// value_error with the first index whose number is infinite or NaN. The optimisers do not call it, since it
/// reads all gradients once more; call it where the norm is not taken anyway (clip_global_norm names the
/// place, too).
template <class T>
void require_finite(std::string_view operation, std::span<T const> gradients) {
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (std::isfinite(gradients[i])) continue;
    throw value_error(
        message(operation, ": gradient ", i, " is ", gradients[i], ", expected a finite number"));
  }
}

}  // namespace poft
