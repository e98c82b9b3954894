// P1: PoFT's gradient is tau times that of SFT, checked on whole models.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "poft/scalar/fields.hpp"

namespace text_study {

struct gradient_check {
  std::string target{};
  std::uint64_t seed = 0;
  /// Largest |d PoFT - tau d SFT| over all parameters and samples, relative to the largest |d SFT| of the sample; tau is
  /// exp(r_LLM) / (exp(r_LLM) + exp(r_theta)) of eq. 9, by itself.
  double error  = 0;
  double inside = 0;  ///< the least of tau and 1 - tau, tau measured as the ratio of the gradients' norms
  double rise   = 0;  ///< the least rise of that tau where r_LLM rises by 0.1

  using columns = poft::fields<poft::field<"error", &gradient_check::error>,
                               poft::field<"inside", &gradient_check::inside>,
                               poft::field<"rise", &gradient_check::rise>>;
};

/// Both targets' families in double, samples of random tokens, with seeds 1 ... seeds.
std::vector<gradient_check> check_gradients(int seeds);

}  // namespace text_study
