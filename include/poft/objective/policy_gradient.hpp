// The list of policy-gradient objectives: importance ratio x surrogate x distance to the reference.
// SPDX-License-Identifier: MIT
//
// Published algorithms are points of a product: the ratio's level is the input struct (policy_step for
// tokens or summed responses, policy_sequence for the mean, policy_token_of_sequence for GSPO per token),
// the surrogate and the KL term are here, the reduction in objective/aggregation.hpp (with a table of
// which algorithm is which point), and the advantage in preference/advantage.hpp.
#pragma once

#include "poft/objective/cispo.hpp"
#include "poft/objective/gspo.hpp"
#include "poft/objective/kl_penalty.hpp"
#include "poft/objective/list.hpp"
#include "poft/objective/ppo_clip.hpp"
#include "poft/objective/ppo_dual_clip.hpp"
#include "poft/objective/ppo_two_sided.hpp"
#include "poft/objective/reinforce.hpp"
#include "poft/objective/sapo.hpp"

namespace poft::objective {

/// Every surrogate accepts with_kl; listed are the combinations in use.
using policy_gradient_objectives =
    objective_list<reinforce, ppo_clip, ppo_dual_clip, ppo_two_sided, cispo_relative, cispo_absolute, sapo,
                   gspo, gspo_token, with_kl<reinforce, k2>, with_kl<ppo_clip, k1>, with_kl<ppo_clip, k2>,
                   with_kl<ppo_clip, k3>, with_kl<ppo_clip, k3_straight_through>, with_kl<ppo_two_sided, k3>,
                   with_kl<sapo, k3>, kl_penalty<k1>, kl_penalty<k2>, kl_penalty<k3>,
                   kl_penalty<absolute_difference>, kl_penalty<k1_straight_through>,
                   kl_penalty<k3_straight_through>>;

}  // namespace poft::objective
