// The part of NCCL that poft calls, for one process: what it says while it works, in the order of the stream. See cuda_runtime.h.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "cuda_runtime.h"

enum ncclResult_t { ncclSuccess, ncclInvalidArgument, ncclInProgress };
inline char const* ncclGetErrorString(ncclResult_t) { return "by the emulated device"; }

struct ncclUniqueId {
  char internal[128];
};
inline ncclResult_t ncclGetUniqueId(ncclUniqueId* out) {
  *out = {};
  return ncclSuccess;
}

struct ncclConfig_t {
  int blocking;
};
#define NCCL_CONFIG_INITIALIZER \
  { 1 }

/// Non-blocking: after each call it is in progress until it has been asked twice.
struct ncclComm {
  int questions_left = 0;
  ncclResult_t begun() {
    questions_left = 2;
    return ncclInProgress;
  }
};
using ncclComm_t = ncclComm*;
inline char const* ncclGetLastError(ncclComm_t) { return "nothing more is known"; }

inline ncclResult_t ncclCommInitRankConfig(ncclComm_t* out, int size, ncclUniqueId, int rank,
                                           ncclConfig_t* config) {
  if (size != 1 || rank != 0 || config->blocking != 0) return ncclInvalidArgument;
  *out = new ncclComm;
  return (*out)->begun();
}
inline ncclResult_t ncclCommGetAsyncError(ncclComm_t of, ncclResult_t* out) {
  *out = of->questions_left-- > 0 ? ncclInProgress : ncclSuccess;
  return ncclSuccess;
}
inline ncclResult_t ncclCommFinalize(ncclComm_t of) { return of->begun(); }
inline ncclResult_t ncclCommAbort(ncclComm_t of) {
  delete of;
  return ncclSuccess;
}
inline ncclResult_t ncclCommDestroy(ncclComm_t of) { return ncclCommAbort(of); }

enum ncclDataType_t { ncclChar, ncclFloat, ncclDouble };
enum ncclRedOp_t { ncclSum };

namespace emulated {
inline std::size_t bytes_of(ncclDataType_t type) {
  return type == ncclChar ? 1 : type == ncclFloat ? sizeof(float) : sizeof(double);
}
}  // namespace emulated

inline ncclResult_t ncclBroadcast(void const* from, void* to, std::size_t count, ncclDataType_t type,
                                  int root, ncclComm_t of, cudaStream_t stream) {
  if (root != 0 ||
      cudaMemcpyAsync(to, from, count * emulated::bytes_of(type), cudaMemcpyDefault, stream) != cudaSuccess) {
    return ncclInvalidArgument;
  }
  return of->begun();
}
inline ncclResult_t ncclAllReduce(void const* from, void* to, std::size_t count, ncclDataType_t type,
                                  ncclRedOp_t, ncclComm_t of, cudaStream_t stream) {
  return ncclBroadcast(from, to, count, type, 0, of, stream);  // a sum of one
}
