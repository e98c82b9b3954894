// expect: no.*member named 'label_smoothing'|does not refer to any field
// DPO has no label smoothing (cdpo has): an option that would be ignored does not exist.
#include "poft/objective/dpo.hpp"

poft::objective::dpo const objective{.beta = 0.1, .label_smoothing = 0.1};
