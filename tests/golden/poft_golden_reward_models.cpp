// Reward and value models.
// SPDX-License-Identifier: MIT
#include "golden/poft_golden_batch.hpp"
#include "poft/objective/reward_models.hpp"

namespace poft::golden {

using namespace objective;

void add_reward_models(checks& all) {
  all["bt_reward"]          = check_batch<bt_reward>;
  all["bt_reward_smoothed"] = check_batch<bt_reward>;
  all["value_clip"]         = check_batch<value_clip>;
  all["value_mse"]          = check_batch<value_mse>;
}

}  // namespace poft::golden
