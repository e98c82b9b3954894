// From logits end to end: token objectives, entropy bonus, unlikelihood of candidates, distillation.
// SPDX-License-Identifier: MIT
#include "golden/poft_golden_logits.hpp"
#include "golden/poft_golden_surrogates.hpp"
#include "golden/poft_golden_tokens.hpp"
#include "poft/head/distillation.hpp"
#include "poft/head/earlier_targets.hpp"
#include "poft/objective/dft.hpp"
#include "poft/objective/nll.hpp"
#include "poft/objective/unlikelihood.hpp"

namespace poft::golden {
namespace {

using namespace objective;

/// Some of a case's sequences, or one token, with what each token needs.
struct token_part {
  std::vector<double> logits;
  std::vector<std::int32_t> targets;
  std::vector<std::uint8_t> mask;
  std::vector<std::int64_t> offsets;
  std::size_t vocab;

  /// `sequences` sequences of `time` tokens from token `first` on.
  token_part(logits_case const& all, std::size_t first, std::size_t sequences, std::size_t time)
      : logits(all.logits.begin() + static_cast<std::ptrdiff_t>(first * all.vocab),
               all.logits.begin() + static_cast<std::ptrdiff_t>((first + sequences * time) * all.vocab)),
        targets(all.targets.begin() + static_cast<std::ptrdiff_t>(first),
                all.targets.begin() + static_cast<std::ptrdiff_t>(first + sequences * time)),
        mask(all.mask.begin() + static_cast<std::ptrdiff_t>(first),
             all.mask.begin() + static_cast<std::ptrdiff_t>(first + sequences * time)),
        vocab(all.vocab) {
    for (std::size_t s = 0; s <= sequences; ++s) offsets.push_back(static_cast<std::int64_t>(s * time));
  }

  token_batch<std::int32_t> batch() const { return {.targets = targets, .offsets = offsets, .mask = mask}; }
  view<double, 2> rows() {
    return {logits.data(), static_cast<std::ptrdiff_t>(targets.size()), static_cast<std::ptrdiff_t>(vocab)};
  }
  bool counts_nothing() const {
    return std::all_of(mask.begin(), mask.end(), [](std::uint8_t one) { return one == 0; });
  }
};

/// Calls loss_of(part, first, weights, count), which leaves the gradient in the part's logits, on the whole
/// case as the aggregation has it, on each sequence's mean and on each token.
template <class Loss>
void expect_parts(golden_case& c, objective::aggregation how, double max_tokens, Loss loss_of) {
  logits_case const all(c);
  counted_tokens const counted(c, "mask");
  auto const reduce = counted.reduced_by(how, max_tokens);
  token_part whole(all, 0, all.sequences, all.time);
  c.expect("mean", loss_of(whole, 0, counted.scatter(reduce.weights), reduce.count));
  c.expect_gradient("logits", whole.logits);

  auto const losses = [&](std::size_t time) {
    std::vector<double> out;
    for (std::size_t first = 0; first < all.targets.size(); first += time) {
      token_part part(all, first, 1, time);
      out.push_back(part.counts_nothing() ? 0.0 : loss_of(part, first, std::vector<double>{}, 0.0));
    }
    return out;
  };
  c.expect("seq_loss", losses(all.time));
  c.expect("token_loss", losses(1));
}

/// A token objective; `frozen` has one element per place.
template <class Objective>
void expect_objective(golden_case& c, Objective const& objective, columns<Objective> const& frozen,
                      case_aggregation const& aggregation, double entropy_coefficient = 0) {
  expect_parts(c, aggregation.how, aggregation.max_tokens,
               [&](token_part& part, std::size_t first, std::vector<double> const& weights, double count) {
                 columns<Objective> own = frozen;
                 for (auto& column : own.frozen_columns)
                   if (!column.empty()) {
                     auto const begin = column.begin() + static_cast<std::ptrdiff_t>(first);
                     column =
                         std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(part.targets.size()));
                   }
                 head scores;
                 scores.read(part.rows(), part.batch(), {.entropy = entropy_coefficient != 0});
                 double const loss = scores.token_loss(
                     objective, frozen_spans(own),
                     {.count = count, .weights = weights, .entropy_coefficient = entropy_coefficient});
                 scores.write(view<double const, 2>(part.rows()), part.batch(), part.rows());
                 return loss;
               });
}

void check_dft(golden_case& c) { expect_objective(c, dft{}, columns<dft>{}, case_aggregation(c)); }

/// Advantages of sequences, one per place.
std::vector<double> per_place(golden_case& c, std::vector<double> const& of_sequence) {
  std::size_t const time = c.shape("mask").at(1);
  std::vector<double> out;
  for (double const one : of_sequence) out.insert(out.end(), time, one);
  return out;
}

void check_ppo_token_from_logits(golden_case& c) {
  with_penalised<ppo_clip>(c.text("kl"), [&]<class Objective>(Objective) {
    c.hyper("kl_coef");
    columns<Objective> frozen;
    frozen["old_log_prob"] = c.input("lp_old");
    frozen["advantage"]    = per_place(c, c.input("A"));
    if constexpr (!std::is_same_v<Objective, ppo_clip>) frozen["reference_log_prob"] = c.input("lp_ref");
    c.pass_over_input("lp_ref");
    double const entropy_coefficient = c.hyper("entropy_coef");
    expect_objective(c, configured<Objective>(c), frozen, case_aggregation(c), entropy_coefficient);
  });
}

void check_pg_entropy_tokens(golden_case& c) {
  columns<reinforce> frozen;
  frozen["advantage"] = per_place(c, c.input("A"));
  expect_objective(c, reinforce{}, frozen, case_aggregation(c), c.hyper("c"));
}

/// Rows of logits [n, vocab], each an example with an action and an advantage.
void check_pg_entropy_rows(golden_case& c) {
  auto const z          = c.input("z");
  auto const advantages = c.input("A");
  auto const actions    = c.integers<std::int32_t>("a");
  double const entropy  = c.hyper("c");
  auto const vocab      = static_cast<std::ptrdiff_t>(c.shape("z").at(1));
  auto const run        = [&](std::size_t first, std::size_t n, std::vector<double>& logits,
                       std::vector<double>& entropies) {
    std::vector<std::int64_t> const offsets{0, static_cast<std::int64_t>(n)};
    view<double, 2> const rows(logits.data(), static_cast<std::ptrdiff_t>(n), vocab);
    token_batch<std::int32_t> const batch{.targets = std::span(actions).subspan(first, n),
                                                 .offsets = offsets};
    head scores;
    scores.read(rows, batch, {.entropy = true});
    entropies.assign(scores.token_entropies().begin(), scores.token_entropies().end());
    columns<reinforce> frozen;
    frozen["advantage"].assign(advantages.begin() + static_cast<std::ptrdiff_t>(first),
                                      advantages.begin() + static_cast<std::ptrdiff_t>(first + n));
    double const loss =
        scores.token_loss(reinforce{}, frozen_spans(frozen), {.entropy_coefficient = entropy});
    scores.write(view<double const, 2>(rows), batch, rows);
    return loss;
  };
  std::vector<double> gradient = z, entropies;
  c.expect("mean", run(0, actions.size(), gradient, entropies));
  c.expect("entropy", entropies);
  c.expect_gradient("z", gradient);
  std::vector<double> losses;
  for (std::size_t i = 0; i < actions.size(); ++i) {
    std::vector<double> row(z.begin() + static_cast<std::ptrdiff_t>(i) * vocab,
                            z.begin() + static_cast<std::ptrdiff_t>(i + 1) * vocab);
    losses.push_back(run(i, 1, row, entropies));
  }
  c.expect("loss", losses);
}

void check_unlikelihood(golden_case& c) {
  double const alpha = c.hyper("alpha");
  logits_case const all(c);
  auto const unwanted = earlier_targets(all.batch());
  std::vector<double> marks(all.targets.size() * all.vocab);
  for (std::size_t t = 0; t < all.targets.size(); ++t)
    for (auto k = unwanted.offsets[t]; k < unwanted.offsets[t + 1]; ++k)
      marks[t * all.vocab + static_cast<std::size_t>(unwanted.targets[static_cast<std::size_t>(k)])] = 1;
  c.expect_integers("candidates", marks);
  expect_parts(c, aggregation::token_mean, 0,
               [&](token_part& part, std::size_t first, std::vector<double> const& weights, double count) {
                 // Those of the part's tokens, which a part cut from its sequence cannot know.
                 std::vector<std::int64_t> offsets;
                 double counted = 0;
                 for (std::size_t t = 0; t <= part.targets.size(); ++t)
                   offsets.push_back(unwanted.offsets[first + t] - unwanted.offsets[first]);
                 for (auto const one : part.mask) counted += one != 0;
                 token_candidates<std::int32_t> const candidates{
                     std::span(unwanted.targets)
                         .subspan(static_cast<std::size_t>(unwanted.offsets[first]),
                                  static_cast<std::size_t>(offsets.back())),
                     offsets};
                 std::vector<double> const candidate_weights(candidates.targets.size(), alpha);
                 view<double const, 2> const logits(part.rows());
                 head scores;
                 scores.read(part.rows(), part.batch());
                 double loss = scores.token_loss(nll_sum{}, token<std::span<double const>>{},
                                                 {.count = count, .weights = weights});
                 loss += scores.candidate_loss(
                     unlikelihood{}, logits, part.batch(), candidates, token<std::span<double const>>{},
                     {.count = count == 0 ? counted : count, .weights = candidate_weights});
                 scores.write(logits, part.batch(), part.rows());
                 return loss;
               });
}

template <class Divergence>
void expect_distillation(golden_case& c, Divergence const& measure) {
  auto const student = c.input("logits"), teacher = c.input("teacher");
  auto const mask        = c.integers<std::uint8_t>("mask");
  auto const vocab       = c.shape("logits").at(2);
  std::size_t const time = c.shape("mask").at(1);
  auto const run         = [&](std::vector<double>& logits, std::size_t first, std::size_t n) {
    auto const of = [&](auto* data) {
      return view(data + first * vocab, static_cast<std::ptrdiff_t>(n), static_cast<std::ptrdiff_t>(vocab));
    };
    view<double, 2> const z = of(logits.data());
    return distillation_loss_and_gradient(eigen::backend{}, measure, view<double const, 2>(z),
                                                  of(teacher.data()), z, {.mask = std::span(mask).subspan(first, n)});
  };
  auto gradient = student;
  c.expect("mean", run(gradient, 0, mask.size()));
  c.expect_gradient("logits", gradient);
  auto const losses = [&](std::size_t n) {
    std::vector<double> out;
    for (std::size_t first = 0; first < mask.size(); first += n) {
      auto scratch     = student;
      auto const begin = mask.begin() + static_cast<std::ptrdiff_t>(first);
      bool const counts =
          std::any_of(begin, begin + static_cast<std::ptrdiff_t>(n), [](std::uint8_t m) { return m != 0; });
      out.push_back(counts ? run(scratch, first, n) : 0.0);
    }
    return out;
  };
  c.expect("seq_loss", losses(time));
  c.expect("token_loss", losses(1));
}

void check_distill(golden_case& c) {
  auto const name = c.text("divergence");
  if (name == "forward_kl") return expect_distillation(c, divergence::forward_kl{});
  if (name == "reverse_kl") return expect_distillation(c, divergence::reverse_kl{});
  if (name == "symmetric_kl")
    return expect_distillation(c, divergence::symmetric_kl{.weight = c.hyper("weight")});
  if (name == "tvd") return expect_distillation(c, divergence::tvd{});
  if (name == "jsd") return expect_distillation(c, divergence::jsd{.beta = c.hyper("beta")});
  throw format_error("unknown divergence " + name);
}

}  // namespace

void add_tokens_from_logits(checks& all) {
  all["from_logits_dft"]          = check_dft;
  all["from_logits_ppo_token"]    = check_ppo_token_from_logits;
  all["from_logits_pg_entropy"]   = check_pg_entropy_tokens;
  all["pg_entropy"]               = check_pg_entropy_rows;
  all["from_logits_unlikelihood"] = check_unlikelihood;
  all["from_logits_distill"]      = check_distill;
}

}  // namespace poft::golden
