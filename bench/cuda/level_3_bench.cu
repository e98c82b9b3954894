// Level 3 on the GPU: 8192 hidden states of 4096 channels and a head of 128 256 items to the loss and both gradients; 8 M H V
// operations, since logits are made twice, beside the rate of one large product.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../support/device_calls.cuh"
#include "../support/token_rows.hpp"
#include "poft/backend/one_by_one.hpp"
#include "poft/head/hidden.hpp"
#include "poft/objective/dpo.hpp"
#include "poft/objective/poft.hpp"

namespace poft::bench {
namespace {

using stored = bfloat16;  // hidden states, the head's weight and the hidden states' gradient

template <class T>
struct product_with {
  row<T const> x;
  row<stored const> y;

  template <class Index>
  POFT_FN float operator()(Index i) const {
    return x[i] * y[i];
  }
};

template <class Objective>
void from_hidden(cuda::backend const& device, double rate_of_products, std::int64_t block_rows,
                 std::int64_t block_items) {
  constexpr std::int64_t vocab = 128256, channels = 4096;
  std::int64_t rows = 8192;
  token_rows<Objective> tokens(rows, vocab);
  frozen_scores<Objective, float> const frozen(tokens.examples);
  logits_options<float> const options{.layout = sequence_layout::example_by_example};
  auto hidden = device.allocate<stored>(rows * channels), d_hidden = device.allocate<stored>(rows * channels),
       weight   = device.allocate<stored>(vocab * channels);
  auto d_weight = device.allocate<float>(vocab * channels);
  hidden_head<cuda::backend, stored> head(device, {.rows = block_rows, .items = block_items});

  auto const prepare = [&](std::uint64_t k) {
    make_random(device, all_of(hidden), 2 * k, random_kind::normal, 0, 1);
    make_random(device, all_of(weight), 2 * k + 1, random_kind::normal, 0, 0.02f);
    device.fill(all_of(d_weight), 0);
    tokens.renew_targets(vocab, k);
  };
  double loss    = 0;
  auto const run = [&] {
    loss = head.loss_and_gradient(Objective{}, view<stored const, 2>(hidden.data(), rows, channels),
                                  view<stored const, 2>(weight.data(), vocab, channels), tokens.batch(),
                                  frozen.in, view<stored, 2>(d_hidden.data(), rows, channels),
                                  view<float, 2>(d_weight.data(), vocab, channels), options)
               .loss;
  };
  call_times const times = time_calls(device, 20, prepare, run);

  // The head's weight and its gradient, d_z^T x: <d_weight, weight> = <d_z, z> = <d_hidden, hidden>.
  double const over_weight             = device.sum<float>(vocab * channels,
                                               product_with<float>{{d_weight.data()}, {weight.data()}}),
               over_hidden             = device.sum<float>(rows * channels,
                                               product_with<stored>{{d_hidden.data()}, {hidden.data()}});
  std::int64_t const sample            = tokens.first_rows;
  static std::vector<double> const d_x = [&] {  // the last numbers are the same for blocks of any size
    auto const x = fetched(device, hidden.data(), sample * channels),
               w = fetched(device, weight.data(), vocab * channels);
    std::vector<double> out(x.size());
    hidden_head<one_by_one, double>().loss_and_gradient(
        Objective{}, view<double const, 2>(x.data(), sample, channels),
        view<double const, 2>(w.data(), vocab, channels), tokens.first_example(),
        frozen_scores<Objective, double>(1).in, view<double, 2>(out.data(), sample, channels), {},
        {.count = static_cast<double>(tokens.examples), .layout = sequence_layout::example_by_example});
    return out;
  }();
  double const error = std::max(relative_error(fetched(device, d_hidden.data(), sample * channels), d_x),
                                std::abs(over_weight - over_hidden) / std::abs(over_hidden));

  double const operations = 8.0 * static_cast<double>(rows) * channels * vocab,
               rate       = operations / (1e-3 * times.median_ms);
  print_result(std::string("level_3/") + Objective::name,
               "ours, blocks of " + std::to_string(block_rows) + " x " + std::to_string(block_items), times,
               error, 0.02,
               {{"tflop_per_s", 1e-12 * rate},
                {"product_tflop_per_s", 1e-12 * rate_of_products},
                {"share", rate / rate_of_products},
                {"extra_mb", 1e-6 * static_cast<double>(head.bytes_held())},
                {"loss", loss}});
}

}  // namespace
}  // namespace poft::bench

int main() {
  using namespace poft;
  return bench::run_on_device(
      [](cuda::backend const& device) {
        double const rate = bench::multiplication_rate<bench::stored>(device);
        for (auto const& [rows, items] :
             {std::pair{4096, 16032}, std::pair{8192, 4008}, std::pair{1024, 2064}}) {
          bench::from_hidden<objective::poft>(device, rate, rows, items);
        }
        bench::from_hidden<objective::dpo>(device, rate, 4096, 16032);
      },
      cuda::float_products::tf32);
}
