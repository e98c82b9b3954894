// Divergences between rows of logits, and their entropy.
// SPDX-License-Identifier: MIT
#include <numeric>

#include "golden/poft_golden_case.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/backend/one_by_one.hpp"
#include "poft/head/distillation.hpp"
#include "poft/row/entropy.hpp"

namespace poft::golden {
namespace {

/// A functional of rows [rows, vocab], one after the other, on lanes and one element at a time. others(group,
/// r) is the row that it compares with, if any.
template <class Functional, class... Others>
void expect_rows(golden_case& c, Functional const& functional, Others const&... others) {
  if (char const* problem = functional.invalid()) throw value_error(problem);
  auto const logits = c.input("z");
  auto const rows = c.shape("z").at(0), vocab = c.shape("z").at(1);
  auto const width = static_cast<std::int64_t>(vocab);
  auto const run   = [&](auto group) {
    std::vector<double> losses, gradient(logits.size());
    for (std::size_t r = 0; r < rows; ++r) {
      row<double const> const z{logits.data() + r * vocab};
      losses.push_back(value_and_gradient_of(
            functional, group, width, row<double>{gradient.data() + r * vocab}, 1 / static_cast<double>(rows),
            false, softmax_of(group, z, width), others(group, r)...));
    }
    c.expect("loss", losses);
    c.expect("mean", std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(rows));
    c.expect_gradient("z", gradient);
  };
  run(eigen::lane_group<double>{});
  run(one_by_one_group<double>{});
}

/// Against a teacher's logits, row by row and all at once.
template <class Divergence>
void expect_divergence(golden_case& c, Divergence const& measure) {
  auto const teacher = c.input("zt");
  auto const rows    = static_cast<std::ptrdiff_t>(c.shape("z").at(0)),
             vocab   = static_cast<std::ptrdiff_t>(c.shape("z").at(1));
  expect_rows(c, measure, [&](auto group, std::size_t r) {
    return softmax_of(group, row<double const>{teacher.data() + r * static_cast<std::size_t>(vocab)}, vocab);
  });
  auto logits = c.input("z");
  view<double, 2> const z(logits.data(), rows, vocab);
  c.expect("mean", distillation_loss_and_gradient(eigen::backend{}, measure, view<double const, 2>(z),
                                                  view<double const, 2>(teacher.data(), rows, vocab), z));
  c.expect_gradient("z", logits);
}

template <class Divergence>
void check_divergence(golden_case& c) {
  expect_divergence(c, Divergence{});
}

void check_forward_kl_probs(golden_case& c) {
  auto const teacher = c.input("prob");
  auto const vocab   = c.shape("z").at(1);
  expect_rows(c, divergence::forward_kl{}, [&](auto, std::size_t r) {
    return probability_row<double>{row<double const>{teacher.data() + r * vocab}};
  });
}

}  // namespace

void add_divergences(checks& all) {
  all["forward_kl"] = check_divergence<divergence::forward_kl>;
  all["reverse_kl"] = check_divergence<divergence::reverse_kl>;
  all["tvd"]        = check_divergence<divergence::tvd>;
  all["jsd"]        = [](golden_case& c) { expect_divergence(c, divergence::jsd{.beta = c.hyper("beta")}); };
  all["symmetric_kl"] = [](golden_case& c) {
    expect_divergence(c, divergence::symmetric_kl{.weight = c.hyper("weight")});
  };
  all["entropy"]          = [](golden_case& c) { expect_rows(c, entropy{}); };
  all["forward_kl_probs"] = check_forward_kl_probs;
}

}  // namespace poft::golden
