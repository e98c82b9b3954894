// Pairs beside a reference model.
// SPDX-License-Identifier: MIT
#include "golden/poft_golden_batch.hpp"
#include "poft/objective/pairs_with_reference.hpp"
#include "poft/preference/example_weight.hpp"
#include "poft/preference/sorted_pairs.hpp"

namespace poft::golden {
namespace {

using namespace objective;

void check_dpo_nll(golden_case& c) {
  auto const objective = configured<dpo_nll>(c);
  auto const in        = read_columns<dpo_nll>(c);
  expect_batch(c, objective, in);
  expect_losses(c, "preference", with_parameter(objective, "alpha", 0), in);
  expect_losses(c, "nll", chosen_nll{}, read_columns<chosen_nll>(c));
}

/// The objective on order statistics, which `sort` makes from the batch.
template <class Objective, class Sort>
void check_sorted(golden_case& c, Sort sort) {
  auto const in        = read_columns<Objective>(c);
  auto const objective = configured<Objective>(c);
  std::vector<double> losses(in.size()), d_chosen(in.size()), d_rejected(in.size());
  on_each_backend([&](auto const& backend) {
    auto sorted = sort(in.spans(0, in.size()));
    c.expect("mean", batch_loss_and_gradient(backend, objective, sorted.pairs(), sorted.gradient(),
                                             {.losses = losses}));
    sorted.scatter({d_chosen, d_rejected, {}, {}});
    c.expect("loss", losses);
    c.expect_gradient("lw", d_chosen);
    c.expect_gradient("ll", d_rejected);
  });
}

void check_aot(golden_case& c) {
  check_sorted<aot>(c, [](auto const& pairs) { return preference::sort_margins(pairs); });
}
void check_aot_unpaired(golden_case& c) {
  check_sorted<aot_unpaired>(c, [](auto const& pairs) { return preference::sort_log_ratios(pairs); });
}

/// Token log-probs [n, time] of which the first `lengths` of each row count.
struct token_rows {
  std::vector<double> tokens;
  std::size_t time;
  std::vector<std::size_t> lengths;

  token_rows(golden_case& c, std::string const& name, std::string const& length_name)
      : tokens(c.input(name)), time(c.shape(name).at(1)), lengths(c.integers<std::size_t>(length_name)) {}
  std::span<double const> row(std::size_t i) const { return std::span(tokens).subspan(i * time, lengths[i]); }
};

void check_ld_dpo(golden_case& c) {
  double const alpha = c.hyper("alpha");
  dpo const objective{c.hyper("beta")};
  token_rows const chosen(c, "lpw", "Tw"), rejected(c, "lpl", "Tl"), reference_chosen(c, "rpw", "Tw"),
      reference_rejected(c, "rpl", "Tl");
  columns<dpo> in;
  for (std::size_t i = 0; i < chosen.lengths.size(); ++i) {
    auto const policy = preference::length_desensitised_sums(chosen.row(i), rejected.row(i), alpha);
    auto const reference =
        preference::length_desensitised_sums(reference_chosen.row(i), reference_rejected.row(i), alpha);
    in["chosen"].push_back(policy.chosen);
    in["rejected"].push_back(policy.rejected);
    in["reference_chosen"].push_back(reference.chosen);
    in["reference_rejected"].push_back(reference.rejected);
  }
  c.expect("lw", in["chosen"]);
  c.expect("ll", in["rejected"]);
  c.expect("rw", in["reference_chosen"]);
  c.expect("rl", in["reference_rejected"]);
  expect_batch(c, objective, in);

  // The sum's derivative is 1 at the tokens that both responses have and alpha past them.
  auto const gradient = evaluate(eigen::backend{}, objective, in).gradient;
  auto const spread   = [&](token_rows const& rows, std::vector<double> const& d_sum) {
    std::vector<double> d_tokens(rows.tokens.size());
    for (std::size_t i = 0; i < d_sum.size(); ++i)
      for (std::size_t t = 0; t < rows.lengths[i]; ++t) {
        bool const shared           = t < std::min(chosen.lengths[i], rejected.lengths[i]);
        d_tokens[i * rows.time + t] = shared ? d_sum[i] : alpha * d_sum[i];
      }
    return d_tokens;
  };
  c.expect_gradient("lpw", spread(chosen, gradient[0]));
  c.expect_gradient("lpl", spread(rejected, gradient[1]));
}

void check_wpo(golden_case& c) {
  dpo const objective{c.hyper("beta")};
  double const largest_weight = c.hyper("w_max");
  token_rows const chosen(c, "lpw", "Tw"), rejected(c, "lpl", "Tl"), reference_chosen(c, "rpw", "Tw"),
      reference_rejected(c, "rpl", "Tl"), chosen_squares(c, "nw", "Tw"), rejected_squares(c, "nl", "Tl");
  auto const sum  = [](std::span<double const> tokens) { return preference::score_sequence(tokens).sum; };
  auto const mean = [](std::span<double const> tokens) { return preference::score_sequence(tokens).mean(); };
  columns<dpo> in;
  std::vector<double> weights, chosen_mean, rejected_mean, chosen_square_mean, rejected_square_mean;
  for (std::size_t i = 0; i < chosen.lengths.size(); ++i) {
    in["chosen"].push_back(sum(chosen.row(i)));
    in["rejected"].push_back(sum(rejected.row(i)));
    in["reference_chosen"].push_back(sum(reference_chosen.row(i)));
    in["reference_rejected"].push_back(sum(reference_rejected.row(i)));
    weights.push_back(preference::wpo_pair_weight(
        preference::wpo_weight(chosen.row(i), chosen_squares.row(i)),
        preference::wpo_weight(rejected.row(i), rejected_squares.row(i)), largest_weight));
    chosen_mean.push_back(mean(chosen.row(i)));
    rejected_mean.push_back(mean(rejected.row(i)));
    chosen_square_mean.push_back(mean(chosen_squares.row(i)));
    rejected_square_mean.push_back(mean(rejected_squares.row(i)));
  }
  c.expect("weight", weights);
  c.expect("sw", preference::differences("wpo", "chosen", chosen_mean, "squares", chosen_square_mean));
  c.expect("sl", preference::differences("wpo", "rejected", rejected_mean, "squares", rejected_square_mean));
  expect_batch(c, objective, in, {.weights = weights});

  auto const gradient = evaluate(eigen::backend{}, objective, in, {.weights = weights}).gradient;
  auto const spread   = [](token_rows const& rows, std::vector<double> const& d_sum) {
    std::vector<double> d_tokens(rows.tokens.size());
    for (std::size_t i = 0; i < d_sum.size(); ++i)
      for (std::size_t t = 0; t < rows.lengths[i]; ++t) d_tokens[i * rows.time + t] = d_sum[i];
    return d_tokens;
  };
  c.expect_gradient("lpw", spread(chosen, gradient[0]));
  c.expect_gradient("lpl", spread(rejected, gradient[1]));
}

}  // namespace

void add_pairs_with_reference(checks& all) {
  all["dpo"]              = check_batch<dpo>;
  all["cdpo"]             = check_batch<cdpo>;
  all["robust_dpo"]       = check_batch<robust_dpo>;
  all["dpo_norm"]         = check_batch<dpo_norm>;
  all["dpo_nll"]          = check_dpo_nll;
  all["dpop"]             = check_batch<dpop>;
  all["ipo"]              = check_batch<ipo>;
  all["ipo_norm"]         = check_batch<ipo_norm>;
  all["ipo_bandit"]       = check_batch<ipo_bandit>;
  all["hinge"]            = check_batch<hinge>;
  all["hinge_norm"]       = check_batch<hinge_norm>;
  all["exo_pair"]         = check_batch<exo_pair>;
  all["nca_pair"]         = check_batch<nca_pair>;
  all["bco_pair"]         = check_batch<bco_pair>;
  all["bco_pair_shifted"] = check_batch<bco_pair>;
  all["sppo_hard"]        = check_batch<sppo_hard>;
  all["sppo_soft"]        = check_batch<sppo_soft>;
  all["apo_zero"]         = check_batch<apo_zero>;
  all["apo_down"]         = check_batch<apo_down>;
  all["discopop"]         = check_batch<discopop>;
  all["aot"]              = check_aot;
  all["aot_unpaired"]     = check_aot_unpaired;
  all["weighted_sum"]     = check_batch<weighted_sum<dpo, chosen_nll>>;
  all["ld_dpo"]           = check_ld_dpo;
  all["wpo"]              = check_wpo;
}

}  // namespace poft::golden
