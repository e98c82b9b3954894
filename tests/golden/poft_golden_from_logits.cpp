// From logits end to end: sequence objectives through the head, the gradient written over the logits.
// SPDX-License-Identifier: MIT
#include "golden/poft_golden_logits.hpp"
#include "poft/objective/dpo.hpp"
#include "poft/objective/gspo.hpp"
#include "poft/objective/ipo.hpp"
#include "poft/objective/ipo_norm.hpp"
#include "poft/objective/kto.hpp"
#include "poft/objective/nll.hpp"
#include "poft/objective/orpo.hpp"
#include "poft/objective/poft.hpp"
#include "poft/objective/simpo.hpp"
#include "poft/preference/aligned_models.hpp"
#include "poft/preference/example_weight.hpp"
#include "poft/preference/sequence_score.hpp"

namespace poft::golden {
namespace {

using namespace objective;

void expect_scores(golden_case& c, head const& scores) {
  c.expect("token_logp", scores.token_log_probs());
  c.expect("seq_sum", scores.sequence_log_probs());
  std::vector<double> means;
  for (std::size_t s = 0; s < scores.sequence_tokens().size(); ++s)
    means.push_back(
        preference::sequence_score<double>{scores.sequence_log_probs()[s], scores.sequence_tokens()[s]}
            .mean());
  c.expect("seq_mean", means);
}

/// The inputs of the objective's examples with the live ones and the lengths from the head.
template <class Objective>
columns<Objective> completed(columns<Objective> in, head const& scores) {
  using live                 = typename columns<Objective>::live;
  std::size_t const examples = scores.sequence_log_probs().size() / live::count;
  live::for_each_index([&]<int K>() {
    auto const part  = [&](std::span<double const> all) { return all.subspan(K * examples, examples); };
    auto const sums  = part(scores.sequence_log_probs());
    auto const count = part(scores.sequence_tokens());
    in.live_columns[K].assign(sums.begin(), sums.end());
    std::string const name =
        live::count == 1 ? "tokens" : std::string(live::template at<K>::name) + "_tokens";
    columns<Objective>::frozen::for_each_index([&]<int F>() {
      if (name == columns<Objective>::frozen::template at<F>::name)
        in.frozen_columns[F].assign(count.begin(), count.end());
    });
  });
  return in;
}

/// `weights` of the examples are made between the passes. Returns the completed inputs.
template <class Objective, class Weights>
columns<Objective> expect_sequences(golden_case& c, Objective const& objective,
                                    columns<Objective> const& frozen, statistics_wanted wanted,
                                    Weights weights_of) {
  logits_case in(c);
  head scores;
  scores.read(in.rows(), in.batch(), wanted);
  expect_scores(c, scores);
  auto const examples = completed(frozen, scores);
  reduction const reduce{weights_of(scores)};
  auto const result = scores.sequence_loss(objective, frozen_spans(frozen), {.weights = reduce.weights});
  scores.write(view<double const, 2>(in.rows()), in.batch(), in.rows());
  c.expect("mean", result.loss);
  c.expect("loss", evaluate(eigen::backend{}, objective, examples, reduce).losses);
  c.expect_gradient("logits", in.logits);
  return examples;
}
template <class Objective>
columns<Objective> expect_sequences(golden_case& c, Objective const& objective,
                                    columns<Objective> const& frozen) {
  return expect_sequences(c, objective, frozen, {}, [](head const&) { return std::vector<double>(); });
}

template <class Objective>
void check_without_reference(golden_case& c) {
  expect_sequences(c, configured<Objective>(c), columns<Objective>{});
}

/// Reference sums: of the chosen responses, then of the rejected ones.
template <class Objective>
columns<Objective> with_references(golden_case& c) {
  columns<Objective> frozen;
  auto const sums = c.input("ref_sum");
  auto const half = sums.begin() + static_cast<std::ptrdiff_t>(sums.size() / 2);
  frozen["reference_chosen"].assign(sums.begin(), half);
  frozen["reference_rejected"].assign(half, sums.end());
  return frozen;
}
template <class Objective>
void check_with_reference(golden_case& c) {
  expect_sequences(c, configured<Objective>(c), with_references<Objective>(c));
}

void check_poft_from_logits(golden_case& c) {
  auto const objective = configured<objective::poft>(c);
  columns<objective::poft> frozen;
  frozen["aligned_score"] =
      preference::mean_over_aligned_models(c.input("r_llm_models"), c.shape("r_llm_models").at(1));
  c.expect("r_llm", frozen["aligned_score"]);
  auto const in = expect_sequences(c, objective, frozen);
  std::vector<double> tau;
  for (std::size_t i = 0; i < in.size(); ++i) tau.push_back(objective.tau(in.example(i)));
  c.expect("tau", tau);
}

void check_kto(golden_case& c) {
  auto const objective = configured<kto>(c);
  columns<kto> frozen;
  frozen["reference_log_prob"] = c.input("ref_sum");
  frozen["desirable"]          = c.input("label");
  frozen["baseline"].assign(frozen["desirable"].size(), c.hyper("z"));
  expect_sequences(c, objective, frozen);
}

void check_wpo_from_logits(golden_case& c) {
  auto const objective        = configured<dpo>(c);
  double const largest_weight = c.hyper("w_max");
  logits_case const shape(c);
  auto const weights_of = [&](head const& scores) {
    std::vector<double> of_sequence, of_pair;
    for (std::size_t s = 0; s < shape.sequences; ++s) {
      auto const row = [&](auto all) { return all.subspan(s * shape.time, shape.time); };
      of_sequence.push_back(preference::wpo_weight(row(scores.token_log_probs()),
                                                   row(scores.token_log_sums_of_squares()),
                                                   row(std::span(shape.mask)), s));
    }
    std::size_t const pairs = shape.sequences / 2;
    for (std::size_t k = 0; k < pairs; ++k)
      of_pair.push_back(preference::wpo_pair_weight(of_sequence[k], of_sequence[pairs + k], largest_weight));
    c.expect("weight", of_pair);
    return of_pair;
  };
  expect_sequences(c, objective, with_references<dpo>(c), {.sum_of_squares = true}, weights_of);
}

void check_gspo_from_logits(golden_case& c) {
  auto const objective = configured<gspo>(c);
  logits_case const shape(c);
  auto const old = c.input("lp_old");
  columns<gspo> frozen;
  for (std::size_t s = 0; s < shape.sequences; ++s) {
    auto const row = [&](auto all) { return all.subspan(s * shape.time, shape.time); };
    frozen["old_log_prob"].push_back(
        preference::score_sequence(row(std::span(old)), row(std::span(shape.mask)), s).sum);
  }
  frozen["advantage"] = c.input("A");
  auto const in       = expect_sequences(c, objective, frozen);
  std::vector<double> ratio;
  for (std::size_t i = 0; i < in.size(); ++i) ratio.push_back(exp(log_importance_ratio(in.example(i))));
  c.expect("ratio", ratio);
}

}  // namespace

void add_from_logits(checks& all) {
  all["from_logits_nll"]      = check_without_reference<nll>;
  all["from_logits_simpo"]    = check_without_reference<simpo>;
  all["from_logits_orpo"]     = check_without_reference<orpo>;
  all["from_logits_dpo"]      = check_with_reference<dpo>;
  all["from_logits_ipo"]      = check_with_reference<ipo>;
  all["from_logits_ipo_norm"] = check_with_reference<ipo_norm>;
  all["from_logits_poft"]     = check_poft_from_logits;
  all["from_logits_kto"]      = check_kto;
  all["from_logits_wpo"]      = check_wpo_from_logits;
  all["from_logits_gspo"]     = check_gspo_from_logits;
}

}  // namespace poft::golden
