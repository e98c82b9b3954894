// Pair losses under f-divergence links.
// SPDX-License-Identifier: MIT
#include "golden/poft_golden_batch.hpp"
#include "poft/objective/f_divergence.hpp"
#include "poft/objective/hinge.hpp"
#include "poft/objective/ipo.hpp"

namespace poft::golden {

using namespace objective;

void add_f_divergences(checks& all) {
  all["fdpo_forward_kl"]   = check_batch<fdpo<forward_kl>>;
  all["fdpo_js"]           = check_batch<fdpo<js>>;
  all["fdpo_alpha"]        = check_batch<fdpo<alpha_divergence>>;
  all["fipo_forward_kl"]   = check_batch<f_divergence<ipo, forward_kl>>;
  all["fipo_js"]           = check_batch<f_divergence<ipo, js>>;
  all["fipo_alpha"]        = check_batch<f_divergence<ipo, alpha_divergence>>;
  all["fhinge_forward_kl"] = check_batch<f_divergence<hinge, forward_kl>>;
  all["fhinge_js"]         = check_batch<f_divergence<hinge, js>>;
  all["fhinge_alpha"]      = check_batch<f_divergence<hinge, alpha_divergence>>;
}

}  // namespace poft::golden
