// Attention on a GPU: by tiles that never leave a block, short sequences by rows.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "poft/backend/cuda/backend.cuh"
#include "poft/primitive/attention.hpp"
#include "poft/primitive/flash_attention.hpp"

namespace poft::cuda {
/// A warp or block that goes through a row's keys a few at a time is thought to be enough for them. Not measured yet.
inline constexpr std::int64_t longest_attention_by_rows = 128;
}  // namespace poft::cuda

template <>
struct poft::primitive::attention<poft::cuda::backend>
    : poft::primitive::flash_attention<poft::cuda::backend, poft::cuda::longest_attention_by_rows> {};
