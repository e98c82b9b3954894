// The policies on the GPU: the one place of the program that CUDA compiles, a library that is loaded when it is asked
// for.
// SPDX-License-Identifier: MIT
#include "bandit_study/on_cuda.hpp"
#include "poft/backend/cuda/backend.cuh"
#include "poft/bandit/experiment.hpp"
#include "poft/bandit/token_policy.hpp"

namespace {

template <template <class, class> class Policy>
study::seed_histories run(poft::bandit::experiment_settings const& settings,
                          std::vector<std::uint64_t> const& seeds) {
  return poft::bandit::run_experiments<Policy, float>(poft::cuda::backend{}.replaying(), settings, seeds);
}

}  // namespace

void bandit_require_cuda() { poft::cuda::backend const first; }

void bandit_histories_on_cuda(study::policy_kind policy, poft::bandit::experiment_settings const& settings,
                              std::vector<std::uint64_t> const& seeds, study::seed_histories& out) {
  using namespace poft::bandit;
  switch (policy) {
    case study::policy_kind::categorical:
      out = run<categorical_policy>(settings, seeds);
      break;
    case study::policy_kind::gaussian:
      out = run<gaussian_policy>(settings, seeds);
      break;
    case study::policy_kind::cauchy:
      out = run<cauchy_policy>(settings, seeds);
      break;
    case study::policy_kind::tanh_gaussian:
      out = run<tanh_gaussian_policy>(settings, seeds);
      break;
    case study::policy_kind::tanh_cauchy:
      out = run<tanh_cauchy_policy>(settings, seeds);
      break;
    case study::policy_kind::tokens:
      out = run<token_policy>(settings, seeds);
      break;
  }
}
