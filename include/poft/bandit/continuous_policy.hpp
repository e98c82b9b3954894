// Policies over points of R^d or (-1, 1)^d: the bandit's network gives a location and a scale per dimension.
// SPDX-License-Identifier: MIT
//
// Every dimension is independent, x = location + scale u with u of a base density, and the action is x itself
// or tanh(x):
//
//   log pi(a) = sum_d [ log g(z_d) - log scale_d - log |da_d/dx_d| ],   z = (x - location) / scale
//
// with the derivatives  d/dlocation = -(log g)'(z) / scale  and  d/dlog scale = -z (log g)'(z) - 1.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <span>
#include <utility>
#include <vector>

#include "poft/backend/concept.hpp"
#include "poft/bandit/environment.hpp"  // random_of
#include "poft/bandit/mlp.hpp"
#include "poft/core/error.hpp"
#include "poft/core/random.hpp"
#include "poft/core/view.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/primitive/shape.hpp"

namespace poft::bandit {

/// The standard normal density.
struct gaussian_density {
  static double log_density(double z) { return -0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi); }
  static double slope(double z) { return -z; }
  static double draw(random_stream& random) { return random.normal<double>(); }
};

/// The standard Cauchy density, 1 / (pi (1 + z^2)).
struct cauchy_density {
  static double log_density(double z) { return -std::log(std::numbers::pi) - std::log1p(z * z); }
  static double slope(double z) { return -2 * z / (1 + z * z); }
  static double draw(random_stream& random) { return random.cauchy<double>(); }
};

/// a = x: the whole line.
struct no_squash {
  static constexpr double edge  = std::numeric_limits<double>::infinity();
  static constexpr double limit = std::numeric_limits<double>::infinity();

  static double action(double x) { return x; }
  static double inverse(double a) { return a; }
  static double log_slope(double) { return 0; }
};

/// a = tanh(x). log(1 - a^2) is taken as log(1 + a) + log(1 - a), and atanh as half their difference: near
/// the edges 1 - a^2 would have lost the digits that a still has.
struct tanh_squash {
  static constexpr double edge  = 1;
  static constexpr double limit = 0.99;  // arXiv:2404.14367's code

  static double action(double x) { return std::tanh(x); }
  static double inverse(double a) { return 0.5 * (std::log1p(a) - std::log1p(-a)); }
  static double log_slope(double a) { return std::log1p(a) + std::log1p(-a); }
};

/// forward() first; everything else speaks about the contexts of its last call. The network puts out d
/// locations, then d logarithms of scales, which are clipped to [-20, 2]; outside, their gradient is 0.
template <class Backend, class T, class Density, class Squash>
class continuous_policy {
 public:
  using action                            = T;
  using context                           = T;
  static constexpr int elements           = 1;  // log-probs per action
  static constexpr double least_log_scale = -20, largest_log_scale = 2;

  /// shape.outputs is twice the number of dimensions; the network starts from the seed's own stream for
  /// networks. Actions beyond +-limit are moved there, those that are drawn and those that are given;
  /// Squash::edge turns that off.
  continuous_policy(Backend backend, mlp_shape const& shape, std::uint64_t seed, double limit = Squash::limit)
      : continuous_policy(std::move(backend), shape, std::span<std::uint64_t const>(&seed, 1), limit) {}
  /// A network for each seed; the rows of a batch are the first one's, then the second one's ...
  continuous_policy(Backend backend, mlp_shape const& shape, std::span<std::uint64_t const> seeds,
                    double limit = Squash::limit)
      : network_(std::move(backend), shape, streams_of(seeds, stream::network)), limit_(limit) {
    if (shape.outputs % 2 != 0) {
      throw value_error(message("continuous_policy: the network has ", shape.outputs,
                                " outputs, expected a location and a scale for every dimension"));
    }
    if (!(limit > 0 && limit <= Squash::edge)) {
      throw value_error(
          message("continuous_policy: limit is ", limit, ", expected > 0 and <= ", Squash::edge));
    }
  }

  void forward(view<T const, 2> contexts) {
    view<T const, 2> const made = network_.forward(contexts);
    auto const here =
        on_host(network_.backend(), std::span<T const>(made.data(), static_cast<std::size_t>(made.size())));
    numbers_.assign(here.begin(), here.end());
    numbers_.resize(here.size() + here.size() / 2);
    outputs_    = {numbers_.data(), batch(), 2 * dimensions()};
    log_scales_ = {numbers_.data() + made.size(), batch(), dimensions()};
    for (std::ptrdiff_t r = 0; r < batch(); ++r) {
      for (std::ptrdiff_t k = 0; k < dimensions(); ++k) {
        log_scales_(r, k) =
            std::clamp(outputs_(r, dimensions() + k), T(least_log_scale), T(largest_log_scale));
      }
    }
  }

  std::ptrdiff_t batch() const { return network_.batch(); }
  std::ptrdiff_t context_width() const { return network_.shape().inputs; }
  T draw_context(random_stream& random) const { return random.uniform<T>(); }
  std::ptrdiff_t dimensions() const { return network_.shape().outputs / 2; }
  view<T const, 2> locations() const { return {outputs_.data(), batch(), dimensions(), 2 * dimensions()}; }
  view<T const, 2> log_scales() const { return log_scales_; }  // [batch, d], clipped

  std::span<T> parameters() { return network_.parameters(); }
  std::span<T const> parameters() const { return network_.parameters(); }
  std::span<T> gradient() { return network_.gradient(); }
  void zero_gradient() { network_.zero_gradient(); }

  /// out [batch, samples] = log pi(action); actions [batch, samples * d], the d numbers of an action side by
  /// side.
  void log_prob(view<T const, 2> actions, view<T, 2> out) const {
    require_actions("log_prob", actions, out.columns());
    primitive::require_shape("continuous_policy log_prob", "out", out, batch(), out.columns());
    for (std::ptrdiff_t r = 0; r < batch(); ++r) {
      for (std::ptrdiff_t s = 0; s < out.columns(); ++s) {
        double sum = 0;
        for (std::ptrdiff_t k = 0; k < dimensions(); ++k) {
          double const a = held(actions(r, s * dimensions() + k));
          sum += Density::log_density(standardised(r, k, a)) - log_scale(r, k) - Squash::log_slope(a);
        }
        out(r, s) = static_cast<T>(sum);
      }
    }
  }

  /// Draws actions [batch, samples * d], one number after the other: each takes the words of one normal (4)
  /// or Cauchy (2) draw in double. Give every step a stream of its own.
  void sample(random_stream random, view<T, 2> actions) const {
    sample(std::span<random_stream const>(&random, 1), actions);
  }
  /// With a stream for each network.
  void sample(std::span<random_stream const> streams, view<T, 2> actions) const {
    require_streams("continuous_policy", streams.size(), network_.networks().count);
    std::ptrdiff_t const samples = actions.columns() / dimensions();
    primitive::require_shape("continuous_policy sample", "actions", actions, batch(), samples * dimensions());
    random_stream random(0);
    for (std::ptrdiff_t r = 0, rows = batch() / network_.networks().count; r < batch(); ++r) {
      if (r % rows == 0) random = streams[static_cast<std::size_t>(r / rows)];
      for (std::ptrdiff_t n = 0; n < actions.columns(); ++n) {
        std::ptrdiff_t const k = n % dimensions();
        double const x         = location(r, k) + std::exp(log_scale(r, k)) * Density::draw(random);
        if (std::isnan(x)) {
          throw value_error(message("continuous_policy sample: the network's outputs in row ", r,
                                    " hold NaN, expected numbers"));
        }
        actions(r, n) = static_cast<T>(held(Squash::action(x)));
      }
    }
  }

  /// d_log_prob [batch, samples] = dL/d log pi(action); dL/d parameters is added to gradient().
  void backward(view<T const, 2> actions, view<T const, 2> d_log_prob) {
    require_actions("backward", actions, d_log_prob.columns());
    primitive::require_shape("continuous_policy backward", "d_log_prob", d_log_prob, batch(),
                             d_log_prob.columns());
    d_numbers_.resize(static_cast<std::size_t>(outputs_.size()));
    view<T, 2> const d_outputs(d_numbers_.data(), batch(), 2 * dimensions());
    for (std::ptrdiff_t r = 0; r < batch(); ++r) {
      for (std::ptrdiff_t k = 0; k < dimensions(); ++k) {
        double d_location = 0, d_log_scale = 0;
        for (std::ptrdiff_t s = 0; s < d_log_prob.columns(); ++s) {
          double const z     = standardised(r, k, held(actions(r, s * dimensions() + k)));
          double const d     = static_cast<double>(d_log_prob(r, s));
          double const slope = Density::slope(z);
          d_location -= d * slope;
          d_log_scale -= d * (z * slope + 1);
        }
        bool const is_clipped          = outputs_(r, dimensions() + k) != log_scales_(r, k);
        d_outputs(r, k)                = static_cast<T>(d_location * std::exp(-log_scale(r, k)));
        d_outputs(r, dimensions() + k) = is_clipped ? T(0) : static_cast<T>(d_log_scale);
      }
    }
    network_.backward({d_copy_.send(network_.backend(), d_numbers_), batch(), 2 * dimensions()});
  }

 private:
  double location(std::ptrdiff_t r, std::ptrdiff_t k) const { return static_cast<double>(outputs_(r, k)); }
  double log_scale(std::ptrdiff_t r, std::ptrdiff_t k) const {
    return static_cast<double>(log_scales_(r, k));
  }
  double held(double action) const { return std::clamp(action, -limit_, limit_); }
  double standardised(std::ptrdiff_t r, std::ptrdiff_t k, double action) const {
    return (Squash::inverse(action) - location(r, k)) * std::exp(-log_scale(r, k));
  }

  void require_actions(char const* operation, view<T const, 2> given, std::ptrdiff_t samples) const {
    if (given.rows() != batch() || given.columns() != samples * dimensions()) {
      throw shape_error(message("continuous_policy ", operation, ": actions is [", given.rows(), ", ",
                                given.columns(), "], expected [", batch(), ", ", samples, " * ", dimensions(),
                                "]"));
    }
    for (std::ptrdiff_t r = 0; r < given.rows(); ++r) {
      for (std::ptrdiff_t n = 0; n < given.columns(); ++n) {
        if (!(std::abs(held(static_cast<double>(given(r, n)))) < Squash::edge)) {
          throw value_error(message("continuous_policy ", operation, ": actions[", r, ", ", n, "] is ",
                                    given(r, n), ", expected a number between -", Squash::edge, " and ",
                                    Squash::edge));
        }
      }
    }
  }

  mlp<Backend, T> network_;
  double limit_;
  std::vector<T> numbers_, d_numbers_;  // the host's: so few that it does the rest
  backend_copy<Backend, T> d_copy_;
  view<T const, 2> outputs_;  // [batch, 2 d]
  view<T, 2> log_scales_;     // [batch, d]
};

template <class Backend, class T = float>
struct gaussian_policy : continuous_policy<Backend, T, gaussian_density, no_squash> {
  using continuous_policy<Backend, T, gaussian_density, no_squash>::continuous_policy;
};
template <class Backend, class T = float>
struct cauchy_policy : continuous_policy<Backend, T, cauchy_density, no_squash> {
  using continuous_policy<Backend, T, cauchy_density, no_squash>::continuous_policy;
};
template <class Backend, class T = float>
struct tanh_gaussian_policy : continuous_policy<Backend, T, gaussian_density, tanh_squash> {
  using continuous_policy<Backend, T, gaussian_density, tanh_squash>::continuous_policy;
};
template <class Backend, class T = float>
struct tanh_cauchy_policy : continuous_policy<Backend, T, cauchy_density, tanh_squash> {
  using continuous_policy<Backend, T, cauchy_density, tanh_squash>::continuous_policy;
};

}  // namespace poft::bandit
