// expect: (cannot convert|no viable conversion|incompatible type).*dual<
// KTO's baseline is frozen: the batch's KL carries no derivative.
#include "poft/objective/inputs.hpp"
#include "poft/scalar/dual.hpp"

using log_prob = poft::dual<double, 1>;
void set_baseline(poft::labelled_sequence_with_baseline<log_prob>& sequence, log_prob kl) { sequence.baseline = kl; }
