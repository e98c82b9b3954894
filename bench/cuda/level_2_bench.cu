// Level 2 on the GPU: 8192 rows of 128 256 logits in bfloat16 to the loss and, in their place, its gradient; 6 bytes for each
// (read; read and written), beside the speed of a copy.
// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string>
#include <vector>

#include "../support/device_calls.cuh"
#include "../support/token_rows.hpp"
#include "poft/backend/one_by_one.hpp"
#include "poft/core/bfloat16.hpp"
#include "poft/head/logits.hpp"
#include "poft/objective/dpo.hpp"
#include "poft/objective/poft.hpp"

namespace poft::bench {
namespace {

template <class Objective>
void from_logits(cuda::backend const& device) {
  constexpr std::int64_t vocab = 128256;
  std::int64_t rows            = 8192;
  while (rows > 1024 && 2 * rows * vocab > free_bytes() * 9 / 10) rows /= 2;
  token_rows<Objective> tokens(rows, vocab);
  frozen_scores<Objective, float> const frozen(tokens.examples);
  logits_options<float> const options{.layout = sequence_layout::example_by_example};
  auto logits = device.allocate<bfloat16>(rows * vocab);
  view<bfloat16, 2> const in_place(logits.data(), rows, vocab);
  logits_head<cuda::backend> head(device);

  double loss        = 0;
  auto const prepare = [&](std::uint64_t k) {
    make_random(device, all_of(logits), k, random_kind::normal, 0, 2);
    tokens.renew_targets(vocab, k);
  };
  auto const run = [&] {
    loss = head.loss_and_gradient(Objective{}, view<bfloat16 const, 2>(in_place), tokens.batch(), frozen.in,
                                  in_place, options)
               .loss;
  };
  call_times const times = time_calls(device, 20, prepare, run);

  prepare(0);
  std::int64_t const sample = tokens.first_rows * vocab;
  std::vector<double> exact = fetched(device, logits.data(), sample);
  run();
  view<double, 2> const z(exact.data(), tokens.first_rows, vocab);
  logits_head<one_by_one, double>().loss_and_gradient(
      Objective{}, view<double const, 2>(z), tokens.first_example(), frozen_scores<Objective, double>(1).in,
      z, {.count = static_cast<double>(tokens.examples), .layout = sequence_layout::example_by_example});
  double const error = relative_error(fetched(device, logits.data(), sample), exact);

  std::int64_t const bytes = 6 * rows * vocab;
  double const rate        = static_cast<double>(bytes) / (1e-3 * times.median_ms),
               copy        = copy_bandwidth(device, 2 * rows * vocab);
  print_result(std::string("level_2/") + Objective::name, "ours", times, error, 1.0 / 128,
               {{"rows", static_cast<double>(rows)},
                {"gb_per_s", 1e-9 * rate},
                {"copy_gb_per_s", 1e-9 * copy},
                {"share", rate / copy},
                {"loss", loss}});
}

}  // namespace
}  // namespace poft::bench

int main() {
  return poft::bench::run_on_device([](poft::cuda::backend const& device) {
    poft::bench::from_logits<poft::objective::poft>(device);
    poft::bench::from_logits<poft::objective::dpo>(device);
  });
}
