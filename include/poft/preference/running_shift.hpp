// The reward shift of BCO: a running mean of all rewards seen, as explicit state.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/preference/running_mean.hpp"

namespace poft::preference {

/// Jung et al. 2024, arXiv:2404.04656: delta is the mean of the rewards beta (log pi - log pi_ref) of
/// desirable and undesirable responses alike, over all batches and workers so far, the present one included
/// (as TRL does). In reward units, beta included. The formula takes delta as frozen. The state belongs into
/// the checkpoint.
///
///   running_shift delta;                         // once, or restored from a checkpoint
///   delta.add(rewards);                          // each batch, before the loss
///   bco loss{...}; loss(example, delta.mean);
using running_shift = running_mean;

}  // namespace poft::preference
