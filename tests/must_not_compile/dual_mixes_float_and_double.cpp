// expect: no match for .operator\*|invalid operands to binary expression
// A double literal beside a dual<float> would silently compute in double.
#include "poft/scalar/dual.hpp"

poft::dual<float, 1> scaled(poft::dual<float, 1> x) { return 0.1 * x; }
