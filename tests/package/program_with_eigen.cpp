// A second translation unit, with Eigen beside poft: poft::eigen brings both include folders.
// SPDX-License-Identifier: MIT
#include <Eigen/Core>

#include "poft/objective/dpo.hpp"

Eigen::Vector2d first_guess() { return Eigen::Vector2d::Constant(poft::objective::dpo{}.beta); }
