// The list of objectives on pairs under the policy alone.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/alphapo.hpp"
#include "poft/objective/cpo.hpp"
#include "poft/objective/cpo_hinge.hpp"
#include "poft/objective/cpo_ipo.hpp"
#include "poft/objective/cpo_simpo.hpp"
#include "poft/objective/list.hpp"
#include "poft/objective/orpo.hpp"
#include "poft/objective/simpo.hpp"
#include "poft/objective/slic.hpp"

namespace poft::objective {

using pairs_without_reference_objectives =
    objective_list<cpo, cpo_hinge, cpo_ipo, simpo, cpo_simpo, alphapo, orpo, slic>;

}  // namespace poft::objective
