// Newton's method for the strengths of items, shared by the Bradley-Terry and the Plackett-Luce fit.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/preference/scores.hpp"
#include "poft/scalar/functions.hpp"  // abs, log1p, max, sqrt, square

namespace poft::preference {

struct fit_options {
  double prior_precision =
      0;  ///< lambda of the Gaussian prior N(0, 1/lambda) on each strength; 0: maximum likelihood
  int max_iterations = 200;
};

/// Strengths have mean 0 and the unit of log-odds: P(i beats j) = sigmoid(strength[i] - strength[j]).
struct strength_fit {
  std::vector<double> strength;         ///< [items]
  std::vector<double> standard_errors;  ///< [items], of the centred strengths, from the observed information
  double log_likelihood   = 0;
  double log_posterior    = 0;  ///< log_likelihood - lambda/2 sum strength^2
  double max_abs_gradient = 0;  ///< of log_posterior
  int iterations          = 0;
};

/// Log-likelihood of outcomes with its gradient and information (negative Hessian), added up comparison by
/// comparison. Both derivatives are sums over pairs of items, antisymmetric and Laplacian, so small terms
/// never cancel.
struct strength_derivatives {
  std::vector<double> gradient;     ///< [items]
  std::vector<double> information;  ///< [items, items], lower triangle
  double log_likelihood = 0;
  double total_push     = 0;  ///< sum of all terms' sizes: the scale of the gradient's rounding

  explicit strength_derivatives(std::size_t items) : gradient(items), information(items * items) {}

  void push(std::size_t up, std::size_t down, double amount) {
    gradient[up] += amount;
    gradient[down] -= amount;
    total_push += amount;
  }
  void couple(std::size_t a, std::size_t b, double amount) {
    std::size_t const items = gradient.size();
    information[a * items + a] += amount;
    information[b * items + b] += amount;
    information[a > b ? a * items + b : b * items + a] -= amount;
  }
};

/// The lower Cholesky factor L of a symmetric positive definite matrix [n, n], made in place in its lower
/// triangle.
class cholesky {
 public:
  cholesky(std::vector<double> matrix, std::size_t n) : factor_(std::move(matrix)), n_(n) {
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t i = j; i < n; ++i) {
        double sum = row(i)[j];
        for (std::size_t k = 0; k < j; ++k) sum -= row(i)[k] * row(j)[k];
        if (i == j && !(sum > 0)) positive_definite_ = false;
        row(i)[j] = i == j ? sqrt(sum) : sum / row(j)[j];
      }
  }
  bool positive_definite() const { return positive_definite_; }

  /// x = (L L^T)^-1 b
  std::vector<double> solve(std::vector<double> b) const {
    forward(b, 0);
    for (std::size_t i = n_; i-- > 0;) {
      for (std::size_t k = i + 1; k < n_; ++k) b[i] -= row(k)[i] * b[k];
      b[i] /= row(i)[i];
    }
    return b;
  }
  /// Element (i, i) of (L L^T)^-1: the squared length of L^-1 e_i.
  double inverse_diagonal(std::size_t i) const {
    std::vector<double> column(n_, 0.0);
    column[i] = 1;
    forward(column, i);
    double sum = 0;
    for (double const value : column) sum += square(value);
    return sum;
  }

 private:
  double* row(std::size_t i) { return factor_.data() + i * n_; }
  double const* row(std::size_t i) const { return factor_.data() + i * n_; }
  void forward(std::vector<double>& b, std::size_t first) const {
    for (std::size_t i = first; i < n_; ++i) {
      for (std::size_t k = first; k < i; ++k) b[i] -= row(i)[k] * b[k];
      b[i] /= row(i)[i];
    }
  }

  std::vector<double> factor_;  // [n, n]
  std::size_t n_;
  bool positive_definite_ = true;
};

/// Maximises likelihood.add_derivatives(strength, derivatives) minus lambda/2 sum strength^2 over centred
/// strengths. likelihood.spread(direction) is the largest difference of direction inside one comparison.
///
/// No line search: along a Newton step of spread M, third derivatives are at most M times the second
/// (logistic and softmax likelihoods; Bach 2010, arXiv:0910.4627), so the share log(1 + M)/M of it always
/// ascends, and tends to the full step as M goes to 0. Takes O(items^2) memory and O(items^3) time per
/// iteration.
template <class Likelihood>
strength_fit fit_strengths(char const* operation, Likelihood const& likelihood, std::size_t items,
                           fit_options const& options) {
  double const lambda = options.prior_precision;
  strength_fit fit;
  fit.strength.assign(items, 0.0);

  // The constant direction, in which the likelihood is flat, gets the eigenvalue lambda + shift: solving then
  // gives the pseudo-inverse on centred strengths, plus 1/(lambda + shift) of that direction, which
  // standard_errors take off.
  double shift             = 0;
  auto const differentiate = [&] {
    strength_derivatives d(items);
    likelihood.add_derivatives(fit.strength, d);
    double trace = 0, squares = 0;
    fit.max_abs_gradient = 0;
    for (std::size_t i = 0; i < items; ++i) {
      d.gradient[i] -= lambda * fit.strength[i];
      d.total_push += lambda * abs(fit.strength[i]);
      d.information[i * items + i] += lambda;
      trace += d.information[i * items + i];
      squares += square(fit.strength[i]);
      fit.max_abs_gradient = max(fit.max_abs_gradient, abs(d.gradient[i]));
    }
    fit.log_likelihood = d.log_likelihood;
    fit.log_posterior  = d.log_likelihood - 0.5 * lambda * squares;
    shift              = trace / static_cast<double>(items);
    for (std::size_t i = 0; i < items; ++i)
      for (std::size_t j = 0; j <= i; ++j) d.information[i * items + j] += shift / static_cast<double>(items);
    return d;
  };
  auto const factorise = [&](strength_derivatives& d) {
    cholesky factor(std::move(d.information), items);
    if (!factor.positive_definite())
      throw convergence_error(message(operation,
                                      ": the information matrix is singular to rounding at iteration ",
                                      fit.iterations, ", largest gradient ", fit.max_abs_gradient,
                                      "; expected better linked items, or prior_precision > 0"));
    return factor;
  };

  for (bool converged = false; !converged;) {
    strength_derivatives d = differentiate();
    if (++fit.iterations > options.max_iterations)
      throw convergence_error(message(operation, ": largest gradient is ", fit.max_abs_gradient, " after ",
                                      options.max_iterations, " iterations, expected it to vanish"));
    auto const step     = factorise(d).solve(d.gradient);
    double const spread = likelihood.spread(step);
    double const share  = spread > 0 ? log1p(spread) / spread : 1.0;
    double mean         = 0;
    for (std::size_t i = 0; i < items; ++i) {
      fit.strength[i] += share * step[i];
      mean += fit.strength[i] / static_cast<double>(items);
    }
    for (double& strength : fit.strength) strength -= mean;
    // Newton squares the error, so after a step this small nothing is left but rounding; likewise when the
    // gradient before it was rounding already.
    constexpr double rounding = std::numeric_limits<double>::epsilon();
    converged                 = spread <= 1e-8 || fit.max_abs_gradient <= 4 * rounding * d.total_push;
  }

  strength_derivatives d = differentiate();
  cholesky const factor  = factorise(d);
  fit.standard_errors.resize(items);
  for (std::size_t i = 0; i < items; ++i)
    fit.standard_errors[i] =
        sqrt(max(0.0, factor.inverse_diagonal(i) - 1 / ((lambda + shift) * static_cast<double>(items))));
  return fit;
}

/// What both fits ask of their options.
inline void require_valid(char const* operation, std::size_t items, fit_options const& options) {
  if (items < 2)
    throw value_error(message(operation, ": the number of items is ", items, ", expected at least 2"));
  require::not_negative(operation, "prior_precision", options.prior_precision);
  if (options.max_iterations < 1)
    throw value_error(
        message(operation, ": max_iterations is ", options.max_iterations, ", expected at least 1"));
}

}  // namespace poft::preference
