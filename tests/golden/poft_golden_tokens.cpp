// Further objectives on masked rows of tokens: GSPO, DFT, unlikelihood.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "golden/poft_golden_tokens.hpp"
#include "poft/objective/dft.hpp"
#include "poft/objective/gspo.hpp"
#include "poft/objective/nll.hpp"
#include "poft/objective/repeated_ngrams.hpp"
#include "poft/objective/unlikelihood.hpp"
#include "poft/preference/sequence_score.hpp"

namespace poft::golden {
namespace {

using namespace objective;

/// Log-probs and lengths of whole responses under both policies.
columns<gspo> responses(golden_case& c, std::vector<double> const& advantages) {
  auto const mask = c.input("mask"), policy = c.input("lp"), old = c.input("lp_old");
  std::size_t const time = c.shape("mask").at(1);
  columns<gspo> in;
  for (std::size_t first = 0; first < mask.size(); first += time) {
    auto const row   = [&](std::vector<double> const& all) { return std::span(all).subspan(first, time); };
    auto const score = preference::score_sequence(row(policy), row(mask));
    in["log_prob"].push_back(score.sum);
    in["tokens"].push_back(score.tokens);
    in["old_log_prob"].push_back(preference::score_sequence(row(old), row(mask)).sum);
  }
  in["advantage"] = advantages;
  return in;
}

/// GSPO's ratios and their logarithms.
std::vector<double> log_ratios(columns<gspo> const& in) {
  std::vector<double> out;
  for (std::size_t i = 0; i < in.size(); ++i) out.push_back(log_importance_ratio(in.example(i)));
  return out;
}
void expect_ratio(golden_case& c, std::vector<double> ratios) {
  for (double& ratio : ratios) ratio = exp(ratio);
  c.expect("ratio", ratios);
}

void check_gspo(golden_case& c) {
  auto const objective = configured<gspo>(c);
  auto const in        = responses(c, c.input("A"));
  expect_ratio(c, log_ratios(in));
  expect_batch(c, objective, in);
  counted_tokens const counted(c, "mask");
  on_each_backend([&](auto const& backend) {
    auto const got = evaluate(backend, objective, in);
    c.expect_gradient("lp", counted.scatter(counted.gather(got.gradient[0])));
  });
}

void check_gspo_token(golden_case& c) {
  counted_tokens const counted(c, "mask");
  auto const whole = log_ratios(responses(c, std::vector<double>(counted.sequences)));
  expect_ratio(c, whole);
  columns<gspo_token> in;
  in["log_prob"]           = counted.gather(c.input("lp"));
  in["sequence_log_ratio"] = counted.gather(whole);
  in["advantage"]          = counted.gather(c.input("A"));
  expect_tokens(c, configured<gspo_token>(c), in, counted, counted.reduced_by(aggregation::sequence_mean, 0),
                "lp");
}

void check_dft_token(golden_case& c) {
  counted_tokens const counted(c, "mask");
  columns<dft> in;
  in["log_prob"] = counted.gather(c.input("lp"));
  case_aggregation const aggregation(c);
  expect_tokens(c, dft{}, in, counted, counted.reduced_by(aggregation.how, aggregation.max_tokens), "lp");
}

/// Likelihood of the targets plus alpha times the unlikelihood of the candidates, per target.
void check_unlikelihood_token(golden_case& c) {
  columns<nll_sum> targets;
  targets.read(c);
  counted_tokens const candidates(c, "cmask");
  columns<unlikelihood> unwanted;
  unwanted["log_prob"] = candidates.gather(c.input("lc"));
  double const alpha   = c.hyper("alpha");
  reduction const per_target{std::vector<double>(unwanted.size(), alpha),
                             static_cast<double>(targets.size())};
  on_each_backend([&](auto const& backend) {
    auto const likelihood = evaluate(backend, nll_sum{}, targets);
    auto const other      = evaluate(backend, unlikelihood{}, unwanted, per_target);
    c.expect("mean", likelihood.mean + other.mean);
    c.expect_gradient("l", likelihood.gradient[0]);
    c.expect_gradient("lc", candidates.scatter(other.gradient[0]));
    auto losses       = likelihood.losses;
    std::size_t first = 0;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      auto const n = static_cast<std::size_t>(candidates.tokens_of[i]);
      losses[i] += batch_loss(backend, unlikelihood{}, unwanted.spans(first, n),
                              {.count = 1, .weights = std::span(per_target.weights).subspan(first, n)});
      first += n;
    }
    c.expect("loss", losses);
  });
}

/// Only tokens inside repeated n-grams have a term; the division is by all of them.
void check_unlikelihood_sequence(golden_case& c) {
  counted_tokens const counted(c, "mask");
  auto const repeat = counted.gather(c.input("repeat"));
  auto const policy = counted.gather(c.input("lp"));
  columns<unlikelihood> in;
  counted_tokens repeated = counted;  // of the counted tokens, those in repeated n-grams
  repeated.place.clear();
  repeated.sequence.clear();
  for (std::size_t k = 0; k < repeat.size(); ++k) {
    if (repeat[k] == 0) continue;
    repeated.place.push_back(counted.place[k]);
    repeated.sequence.push_back(counted.sequence[k]);
    in["log_prob"].push_back(policy[k]);
  }
  on_each_backend([&](auto const& backend) {
    auto const got =
        evaluate(backend, unlikelihood{}, in, {.count = static_cast<double>(counted.place.size())});
    c.expect("mean", got.mean);
    c.expect_gradient("lp", repeated.scatter(got.gradient[0]));
    std::vector<double> sequence_means;
    std::size_t first = 0;
    for (std::size_t s = 0; s < counted.sequences; ++s) {
      auto const n =
          static_cast<std::size_t>(std::count(repeated.sequence.begin(), repeated.sequence.end(), s));
      sequence_means.push_back(
          batch_loss(backend, unlikelihood{}, in.spans(first, n), {.count = counted.tokens_of[s]}));
      first += n;
    }
    c.expect("seq_loss", sequence_means);
  });
}

/// Tokens [sequences, time], of which the first T of each row count.
void check_repeated_ngrams(golden_case& c) {
  auto const tokens  = c.integers<std::int32_t>("tokens");
  auto const lengths = c.integers<std::ptrdiff_t>("T");
  auto const time    = static_cast<std::ptrdiff_t>(c.shape("tokens").at(1));
  std::vector<double> repeat(tokens.size());
  for (std::size_t s = 0; s < lengths.size(); ++s) {
    auto const first = static_cast<std::ptrdiff_t>(s) * time;
    mark_repeated_ngrams(view<std::int32_t const>(tokens).subview(first, lengths[s]),
                         static_cast<int>(c.hyper("ngram")), view<double>(repeat).subview(first, lengths[s]));
  }
  c.expect_integers("repeat", repeat);
}

}  // namespace

void add_tokens(checks& all) {
  all["gspo"]                  = check_gspo;
  all["gspo_token"]            = check_gspo_token;
  all["dft_token"]             = check_dft_token;
  all["unlikelihood_token"]    = check_unlikelihood_token;
  all["unlikelihood_sequence"] = check_unlikelihood_sequence;
  all["repeated_ngrams"]       = check_repeated_ngrams;
}

}  // namespace poft::golden
