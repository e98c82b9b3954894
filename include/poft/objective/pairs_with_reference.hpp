// The list of objectives on pairs under a policy and a reference model.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/objective/aot.hpp"
#include "poft/objective/aot_unpaired.hpp"
#include "poft/objective/apo_down.hpp"
#include "poft/objective/apo_zero.hpp"
#include "poft/objective/bco_pair.hpp"
#include "poft/objective/cdpo.hpp"
#include "poft/objective/chosen_nll.hpp"
#include "poft/objective/discopop.hpp"
#include "poft/objective/dpo.hpp"
#include "poft/objective/dpo_nll.hpp"
#include "poft/objective/dpo_norm.hpp"
#include "poft/objective/dpop.hpp"
#include "poft/objective/exo_pair.hpp"
#include "poft/objective/f_divergence.hpp"
#include "poft/objective/hinge.hpp"
#include "poft/objective/hinge_norm.hpp"
#include "poft/objective/ipo.hpp"
#include "poft/objective/ipo_bandit.hpp"
#include "poft/objective/ipo_norm.hpp"
#include "poft/objective/list.hpp"
#include "poft/objective/nca_pair.hpp"
#include "poft/objective/robust_dpo.hpp"
#include "poft/objective/sppo_hard.hpp"
#include "poft/objective/sppo_soft.hpp"
#include "poft/objective/weighted_sum.hpp"

namespace poft::objective {

using pairs_with_reference_objectives =
    objective_list<dpo, cdpo, robust_dpo, dpo_norm, dpo_nll, dpop, ipo, ipo_norm, ipo_bandit, hinge,
                   hinge_norm, exo_pair, nca_pair, bco_pair, sppo_hard, sppo_soft, apo_zero, apo_down, aot,
                   aot_unpaired, discopop, fdpo<forward_kl>, fdpo<js>, fdpo<alpha_divergence>,
                   f_divergence<ipo, forward_kl>, f_divergence<ipo, js>, f_divergence<ipo, alpha_divergence>,
                   f_divergence<hinge, forward_kl>, f_divergence<hinge, js>,
                   f_divergence<hinge, alpha_divergence>, weighted_sum<dpo, chosen_nll>>;

}  // namespace poft::objective
