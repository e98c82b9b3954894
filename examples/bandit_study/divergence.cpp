// Gradient descent on a KL divergence between distributions over the bins of [-1, 1].
// SPDX-License-Identifier: MIT
#include "divergence.hpp"

#include <cmath>
#include <numbers>
#include <span>

#include "poft/bandit/environment.hpp"
#include "poft/bandit/fit.hpp"
#include "poft/row/divergence.hpp"
#include "poft/row/one_by_one_group.hpp"
#include "poft/scalar/dual.hpp"
#include "poft/train/adamw.hpp"
#include "poft/train/sgd.hpp"

namespace study {
namespace {

using numbers = std::vector<double>;
using poft::bandit::random_of;
using poft::bandit::stream;

/// d KL / d logits, either direction, at student logits and target log-probs.
numbers kl_gradient(bool forward, numbers const& logits, numbers const& log_target) {
  using group             = poft::one_by_one_group<double>;
  std::int64_t const bins = std::ssize(logits);
  numbers gradient(logits.size());
  auto const student = softmax_of(group{}, poft::row<double const>{logits.data()}, bins);
  auto const teacher = softmax_of(group{}, poft::row<double const>{log_target.data()}, bins);
  auto const write   = [&](auto divergence) {
    value_and_gradient_of(divergence, group{}, bins, poft::row<double>{gradient.data()}, 1.0, false, student,
                            teacher);
  };
  forward ? write(poft::divergence::forward_kl{}) : write(poft::divergence::reverse_kl{});
  return gradient;
}

numbers softmax(numbers const& logits) {
  auto const row = softmax_of(poft::one_by_one_group<double>{}, poft::row<double const>{logits.data()},
                              std::ssize(logits));
  numbers out(logits.size());
  for (std::size_t a = 0; a < out.size(); ++a) out[a] = row.at(a).prob;
  return out;
}

divergence_run named(char const* family, bool forward, std::uint64_t seed) {
  return {(forward ? "forward_kl." : "reverse_kl.") + std::string(family), seed, {}, {}, {}, {}};
}

/// Free logits from pi_ref; the target is pi_ref exp(reward / 0.1), normalised, with a peak of width 10 anywhere.
divergence_run on_logits(bool forward, std::uint64_t seed, numbers const& data) {
  constexpr int steps   = 500;
  constexpr double rate = 1;
  divergence_run out    = named("logits", forward, seed);
  numbers log_target(data.size()), logits(data.size());
  poft::bandit::peak_reward const reward{10 + 80 * random_of(seed, stream::evaluation).uniform<double>(), 10};
  for (std::size_t a = 0; a < data.size(); ++a) {
    logits[a]     = std::max(std::log(data[a]), -100.0);
    log_target[a] = logits[a] + reward(double(a)) / 0.1;
  }
  out.first  = softmax(logits);
  out.target = softmax(log_target);
  poft::sgd_state<double> state(logits.size());
  for (int step = 0;; ++step) {
    if (step % (steps / 50) == 0) {
      divergence_point point{.step = double(step)};
      out.last = softmax(logits);
      for (std::size_t a = 0; a < logits.size(); ++a)
        point.target_mass += out.target[a] > out.first[a] ? out.last[a] : 0;
      out.history.push_back(point);
    }
    if (step == steps) return out;
    poft::sgd{}.update(state, std::span(logits), kl_gradient(forward, logits, log_target), rate);
  }
}

/// A Gaussian squashed by tanh, restricted to the bins' centres; two equal peaks of width 8 bins as target.
divergence_run on_gaussian(bool forward, std::uint64_t seed, std::size_t bins) {
  constexpr int steps   = 4000;
  constexpr double rate = 0.01;
  divergence_run out    = named("gaussian", forward, seed);
  auto random           = random_of(seed, stream::evaluation, 1);
  double const left = 15 + 20 * random.uniform<double>(), right = 65 + 20 * random.uniform<double>();
  poft::bandit::peak_reward const peaks[] = {{left, 8}, {right, 8}};
  numbers log_target(bins);
  for (std::size_t a = 0; a < bins; ++a)
    log_target[a] = std::log(1e-6 + peaks[0](double(a)) + peaks[1](double(a)));
  out.target = softmax(log_target);

  numbers at{2 * random.uniform<double>() - 1, -1 + random.uniform<double>()};  // location, log-scale
  poft::adamw_state<double> state(at.size());
  for (int step = 0;; ++step) {
    using dual = poft::dual<double, 2>;
    dual const location(at[0], 0), log_scale(at[1], 1);
    std::vector<dual> density(bins);
    numbers logits(bins);
    for (std::size_t a = 0; a < bins; ++a) {
      double const action = -1 + 2 * (double(a) + 0.5) / double(bins);
      dual const distance = (std::atanh(action) - location) * exp(-log_scale);
      density[a] =
          -(0.5 * square(distance)) - std::log1p(-action * action);  // log-scale cancels in the softmax
      logits[a] = density[a].value;
    }
    if (step == 0) out.first = softmax(logits);
    if (step % (steps / 50) == 0) {
      divergence_point point{.step = double(step)};
      out.last = softmax(logits);
      for (auto const& peak : peaks) {
        double held = 0, wanted = 0;
        for (std::size_t a = 0; a < bins; ++a) {
          if (std::abs(double(a) - peak.peak) > peak.width) continue;
          held += out.last[a];
          wanted += out.target[a];
        }
        point.peaks += held >= wanted / 4 ? 1 : 0;
      }
      out.history.push_back(point);
    }
    if (step == steps) return out;
    numbers const d_logits = kl_gradient(forward, logits, log_target);
    numbers gradient(2);
    for (std::size_t a = 0; a < bins; ++a) {
      for (std::size_t k = 0; k < 2; ++k) gradient[k] += d_logits[a] * density[a].partial[k];
    }
    poft::adamw{.weight_decay = 0}.update(state, std::span(at), gradient, rate);
  }
}

}  // namespace

std::vector<divergence_run> run_divergences(int seeds, std::vector<double> const& data) {
  std::vector<divergence_run> runs;
  for (bool const forward : {true, false}) {
    for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(seeds); ++seed)
      runs.push_back(on_logits(forward, seed, data));
    for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(seeds); ++seed)
      runs.push_back(on_gaussian(forward, seed, data.size()));
  }
  return runs;
}

}  // namespace study
