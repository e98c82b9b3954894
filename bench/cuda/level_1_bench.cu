// Level 1 on the GPU: loss and gradient of 10^7 examples, beside the speed of a copy.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../support/device_calls.cuh"
#include "poft/backend/one_by_one.hpp"
#include "poft/batch/evaluate.hpp"
#include "poft/objective/dpo.hpp"
#include "poft/objective/poft.hpp"

namespace poft::bench {
namespace {

template <class Objective>
void evaluate(cuda::backend const& device) {
  using inputs                    = inputs_of<Objective, std::span<float const>>;
  using gradient                  = inputs_of<Objective, std::span<float>>;
  constexpr std::int64_t examples = 10'000'000, sample = 100'000;
  constexpr int live = inputs::live::count, members = live + inputs::frozen::count;

  std::vector<cuda::buffer<float>> column;
  for (int k = 0; k < members + live; ++k) column.push_back(device.allocate<float>(examples));
  auto const span_of = [&](int k) {
    return std::span<float>(column[static_cast<std::size_t>(k)].data(), std::size_t{examples});
  };
  inputs in;
  gradient d;
  inputs::live::for_each_index([&]<int K>() {
    inputs::live::template get<K>(in)  = span_of(K);
    gradient::live::template get<K>(d) = span_of(members + K);
  });
  inputs::frozen::for_each_index([&]<int K>() { inputs::frozen::template get<K>(in) = span_of(live + K); });
  auto const prepare = [&](std::uint64_t k) {
    for (int member = 0; member < members; ++member) {  // log-probs, or the aligned models' mean of them
      make_random(device, all_of(column[static_cast<std::size_t>(member)]),
                  100 * k + static_cast<std::uint64_t>(member), random_kind::uniform, -60, 50);
    }
    inputs::frozen::for_each_index([&]<int K>() {
      if (std::string_view(inputs::frozen::template at<K>::name).ends_with("tokens")) {
        make_random(device, all_of(column[live + K]), 100 * k + live + K, random_kind::uniform, 10, 90);
      }
    });
  };
  double loss = 0;
  call_times const times =
      time_calls(device, 50, prepare, [&] { loss = batch_loss_and_gradient(device, Objective{}, in, d); });

  std::vector<std::vector<double>> exact;
  for (int member = 0; member < members; ++member) {
    exact.push_back(fetched(device, span_of(member).data(), sample));
  }
  std::vector<std::vector<double>> d_exact(live, std::vector<double>(sample));
  inputs_of<Objective, std::span<double const>> exact_in;
  inputs_of<Objective, std::span<double>> exact_d;
  using spans = decltype(exact_in);
  spans::live::for_each_index([&]<int K>() {
    spans::live::template get<K>(exact_in)            = exact[K];
    decltype(exact_d)::live::template get<K>(exact_d) = d_exact[K];
  });
  spans::frozen::for_each_index([&]<int K>() { spans::frozen::template get<K>(exact_in) = exact[live + K]; });
  batch_loss_and_gradient(one_by_one{}, Objective{}, exact_in, exact_d, {.count = double{examples}});
  double error = 0;
  for (int k = 0; k < live; ++k) {
    error = std::max(error, relative_error(fetched(device, span_of(members + k).data(), sample),
                                           d_exact[static_cast<std::size_t>(k)]));
  }

  std::int64_t const bytes = examples * 4 * (members + live);
  double const rate        = static_cast<double>(bytes) / (1e-3 * times.median_ms),
               copy        = copy_bandwidth(device, bytes);
  print_result(
      std::string("level_1/") + Objective::name, "ours", times, error, 1e-5,
      {{"gb_per_s", 1e-9 * rate}, {"copy_gb_per_s", 1e-9 * copy}, {"share", rate / copy}, {"loss", loss}});
}

}  // namespace
}  // namespace poft::bench

int main() {
  return poft::bench::run_on_device([](poft::cuda::backend const& device) {
    poft::bench::evaluate<poft::objective::dpo>(device);
    poft::bench::evaluate<poft::objective::poft>(device);
  });
}
