// expect: (cannot convert|no viable conversion|incompatible type).*dual<
// A reference log-prob is frozen: it has the value type, so no derivative can flow through it.
#include "poft/objective/inputs.hpp"
#include "poft/scalar/dual.hpp"

using log_prob = poft::dual<double, 2>;
void set_reference(poft::preference_pair<log_prob>& pair, log_prob reference) { pair.reference_chosen = reference; }
