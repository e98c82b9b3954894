// Single responses called desirable or undesirable, and their baselines.
// SPDX-License-Identifier: MIT
#include "golden/poft_golden_batch.hpp"
#include "poft/objective/unpaired.hpp"
#include "poft/preference/kl_baseline.hpp"
#include "poft/preference/running_shift.hpp"
#include "poft/preference/sorted_pairing.hpp"

namespace poft::golden {
namespace {

using namespace objective;

void kto_mismatched(golden_case& c) {
  double const baseline = preference::mismatched_baseline(
      preference::differences("kto_mismatched", "l_kl", c.input("l_kl"), "r_kl", c.input("r_kl")));
  c.expect("z", baseline);
  auto in = read_columns<kto>(c);
  in["baseline"].assign(in.size(), baseline);
  expect_batch(c, configured<kto>(c), in);
}

std::vector<double> joined(std::vector<double> first, std::vector<double> const& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}
std::vector<double> repeated(std::size_t n, double first, double second) {
  return joined(std::vector<double>(n, first), std::vector<double>(n, second));
}

/// Chosen responses are desirable, rejected ones are not; each half is judged against the other's divergence.
void kto_pair(golden_case& c) {
  auto const chosen = c.input("lw"), rejected = c.input("ll"), reference_chosen = c.input("rw"),
             reference_rejected = c.input("rl");
  auto const baselines          = preference::other_half_baseline(
               preference::differences("kto_pair", "lw", chosen, "rw", reference_chosen),
               preference::differences("kto_pair", "ll", rejected, "rl", reference_rejected));
  c.expect("z_rejected", baselines.desirable);
  c.expect("z_chosen", baselines.undesirable);
  columns<kto> in;
  in["log_prob"]           = joined(chosen, rejected);
  in["reference_log_prob"] = joined(reference_chosen, reference_rejected);
  in["desirable"]          = repeated(chosen.size(), 1, 0);
  in["baseline"]           = repeated(chosen.size(), baselines.desirable, baselines.undesirable);
  auto const objective     = configured<kto>(c);
  on_each_backend([&](auto const& backend) {
    auto const got = evaluate(backend, objective, in);
    c.expect("loss", got.losses);
    c.expect("mean", got.mean);
    c.expect_gradient("lw", std::span(got.gradient[0]).first(chosen.size()));
    c.expect_gradient("ll", std::span(got.gradient[0]).last(rejected.size()));
  });
}

void bco_running_shift(golden_case& c) {
  auto const rewards = c.input("R");
  preference::running_shift shift;
  std::vector<double> deltas;
  std::vector<double> counts;
  std::size_t first = 0;
  for (auto const size : c.integers<std::size_t>("batch")) {
    shift.add(std::span(rewards).subspan(first, size));
    first += size;
    deltas.push_back(shift.mean);
    counts.push_back(shift.count);
  }
  c.expect("delta", deltas);
  c.expect_integers("count", counts);
}

}  // namespace

void add_unpaired(checks& all) {
  all["kto"]               = check_batch<kto>;
  all["bco"]               = check_batch<bco>;
  all["apo_zero_unpaired"] = check_batch<apo_zero_unpaired>;
  all["kto_mismatched"]    = kto_mismatched;
  all["kto_pair"]          = kto_pair;
  all["bco_running_shift"] = bco_running_shift;
}

}  // namespace poft::golden
