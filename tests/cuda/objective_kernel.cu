// One kernel for any objective over float: a thread evaluates the formula and its gradient for one example.
// SPDX-License-Identifier: MIT
#include "every_header.cuh"

template <class Objective, class Inputs>
__global__ void one_thread_per_example(Objective objective, Inputs const* examples,
                                       poft::evaluation<Inputs, float>* results, int n) {
  int const i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) results[i] = poft::value_and_gradient(objective, examples[i]);
}

// Taking a kernel's address compiles it.
template <class List>
struct kernels;
template <class... Objectives>
struct kernels<poft::objective_list<Objectives...>> {
  static inline void const* const addresses[] = {reinterpret_cast<void const*>(
      &one_thread_per_example<Objectives, poft::inputs_of<Objectives, float>>)...};
};

void const* const* every_kernel() {
#if __has_include("poft/objective/all.hpp")
  return kernels<poft::objective::example_objectives>::addresses;
#else
  return kernels<poft::objective_list<poft::objective::dpo>>::addresses;
#endif
}
