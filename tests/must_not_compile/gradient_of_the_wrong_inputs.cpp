// expect: no matching function for call to 'value_and_gradient
// Each objective is differentiated on its own input struct only.
#include "poft/objective/kto.hpp"
#include "poft/scalar/gradient.hpp"

auto gradient(poft::labelled_sequence<double> const& sequence) {
  return poft::value_and_gradient(poft::objective::kto{}, sequence);
}
