// The GPU as the rest of the program sees it: cuda_module.cu, where the program was built with CUDA.
// SPDX-License-Identifier: MIT
#include "on_cuda.hpp"

#include "cuda_module.hpp"

namespace study {

#ifdef POFT_CUDA_MODULE
void require_cuda() {
  function_of_module<decltype(bandit_require_cuda)>(POFT_CUDA_MODULE, "bandit_require_cuda")();
}

seed_histories histories_on_cuda(policy_kind policy, poft::bandit::experiment_settings const& settings,
                                 std::vector<std::uint64_t> const& seeds) {
  seed_histories out;
  function_of_module<decltype(bandit_histories_on_cuda)>(POFT_CUDA_MODULE, "bandit_histories_on_cuda")(
      policy, settings, seeds, out);
  return out;
}
#else
void require_cuda() { throw_built_without_cuda(); }

seed_histories histories_on_cuda(policy_kind, poft::bandit::experiment_settings const&,
                                 std::vector<std::uint64_t> const&) {
  throw_built_without_cuda();
}
#endif

}  // namespace study
