// Gradients of single samples, through the trainer.
// SPDX-License-Identifier: MIT
#include "gradient.hpp"

#include <algorithm>
#include <cmath>

#include "arms.hpp"
#include "poft/model/parameters.hpp"
#include "trainer_on_cpu.hpp"

namespace text_study {
namespace {

using exact_network = poft::transformer<backend, double>;

std::vector<double> gradient_of(exact_network& net, poft::any_objective const& objective,
                                poft::dataset const& data, std::int64_t example) {
  poft::trainer<backend, double> training(net, {{objective}}, {.batch = 1});
  net.zero_gradient();
  training.add_gradient(data, std::span(&example, 1));
  auto const gradient = net.gradient();
  return {gradient.begin(), gradient.end()};
}

double norm(std::vector<double> const& values) {
  double sum = 0;
  for (double const one : values) sum += one * one;
  return std::sqrt(sum);
}

}  // namespace

std::vector<gradient_check> check_gradients(int seeds) {
  constexpr int samples = 6, vocab = 23;
  std::vector<gradient_check> out;
  for (family const kind : {family::gpt, family::llama}) {
    for (int seed = 1; seed <= seeds; ++seed) {
      auto const number = static_cast<std::uint64_t>(seed);
      exact_network net(backend{.threads = 1}, config_of({.kind = kind, .channels = 32}, vocab));
      poft::initialise(net, number);
      poft::random_stream random(number);
      for (double& one : net.parameters()) one += 0.1 * random.normal<double>();
      poft::dataset data;
      std::vector<double> score, raised;
      for (int k = 0; k < samples; ++k) {
        auto const tokens = [&] {
          std::vector<std::int32_t> ids(2 + random.below(8));
          for (auto& id : ids) id = static_cast<std::int32_t>(random.below(vocab));
          return ids;
        };
        data.add(tokens(), {tokens()});
        score.push_back(-6 * random.uniform<double>());
        raised.push_back(score.back() + 0.1);
      }
      auto const read = poft::read_responses(net, data, {});
      gradient_check check{
          .target = target_names[static_cast<int>(kind)], .seed = number, .inside = 1, .rise = 1};
      for (std::size_t k = 0; k < samples; ++k) {
        auto const example   = static_cast<std::int64_t>(k);
        double const r_theta = read.log_prob_of(k) / static_cast<double>(read.tokens[k + 1] - read.tokens[k]);
        double const tau     = std::exp(score[k]) / (std::exp(score[k]) + std::exp(r_theta));
        auto const sft       = gradient_of(net, poft::make_objective("nll"), data, example);
        data.set("aligned_score", score);
        auto const preferring = gradient_of(net, poft::make_objective("poft"), data, example);
        data.set("aligned_score", raised);
        auto const after = gradient_of(net, poft::make_objective("poft"), data, example);
        double largest = 0, error = 0;
        for (std::size_t i = 0; i < sft.size(); ++i) {
          largest = std::max(largest, std::abs(sft[i]));
          error   = std::max(error, std::abs(preferring[i] - tau * sft[i]));
        }
        double const measured = norm(preferring) / norm(sft);
        check.error           = std::max(check.error, error / largest);
        check.inside          = std::min({check.inside, measured, 1 - measured});
        check.rise            = std::min(check.rise, norm(after) / norm(sft) - measured);
      }
      out.push_back(check);
    }
  }
  return out;
}

}  // namespace text_study
