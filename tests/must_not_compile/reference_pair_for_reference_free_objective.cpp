// expect: no match for call|no matching function for call
// SimPO has no reference: the wrong input struct is refused rather than its reference ignored.
#include "poft/objective/simpo.hpp"

double loss(poft::preference_pair<double> const& pair) { return poft::objective::simpo{}(pair); }
