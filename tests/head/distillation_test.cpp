// Divergences from logits to logits against golden values; masks, accumulation, bad input.
// SPDX-License-Identifier: MIT
#include "poft/head/distillation.hpp"

#include <gtest/gtest.h>

#include "poft/backend/eigen/backend.hpp"
#include "support/golden.hpp"

namespace {

using poft::view;
using poft::eigen::backend;

template <class F>
void with_divergence(nlohmann::json const& hyper, F f) {
  std::string const name = hyper.at("divergence");
  if (name == "forward_kl") return f(poft::divergence::forward_kl{});
  if (name == "reverse_kl") return f(poft::divergence::reverse_kl{});
  if (name == "tvd") return f(poft::divergence::tvd{});
  if (name == "symmetric_kl") return f(poft::divergence::symmetric_kl{.weight = hyper.at("weight")});
  if (name == "jsd") return f(poft::divergence::jsd{.beta = hyper.at("beta")});
  FAIL() << name;
}

TEST(distillation, golden_values_with_masks) {
  for (auto const& one : golden::cases("M_from_logits_extra", "from_logits_distill")) {
    auto const& in   = one["inputs"];
    auto const shape = one["shapes"]["logits"].get<std::vector<std::int64_t>>();
    auto const z = golden::numbers(in["logits"]), teacher = golden::numbers(in["teacher"]);
    auto const rows = shape[0] * shape[1];
    std::vector<std::uint8_t> mask;
    for (auto const& m : in["mask"]) mask.push_back(golden::number(m) != 0);
    with_divergence(one["hyper"], [&](auto divergence) {
      std::vector<double> d(z.size(), 7), added(z.size(), 1);
      view<double const, 2> const student(z.data(), rows, shape[2]), other(teacher.data(), rows, shape[2]);
      double const loss = poft::distillation_loss_and_gradient(
          backend{}, divergence, student, other, view<double, 2>(d.data(), rows, shape[2]), {.mask = mask});
      std::string const name = one["name"];
      golden::expect_close({loss}, {golden::number(one["outputs"]["mean"])}, name);
      std::vector<std::size_t> kinks;  // p = q: the sign of p - q is not unique
      if (one.contains("kinks") && one["kinks"].contains("logits"))
        kinks = one["kinks"]["logits"].get<std::vector<std::size_t>>();
      golden::expect_close(d, golden::numbers(one["grad"]["logits"]), name + " gradient", kinks);
      poft::distillation_loss_and_gradient(backend{}, divergence, student, other,
                                           view<double, 2>(added.data(), rows, shape[2]),
                                           {.mask = mask, .accumulate = true});
      for (std::size_t i = 0; i < d.size(); ++i) EXPECT_NEAR(added[i], 1 + d[i], 1e-15);
    });
  }
}

TEST(distillation, names_what_is_wrong) {
  std::vector<double> z(6), d(6);
  std::vector<std::uint8_t> const nothing{0, 0};
  view<double const, 2> const student(z.data(), 2, 3), narrow(z.data(), 3, 2);
  view<double, 2> const out(d.data(), 2, 3);
  EXPECT_THROW(
      poft::distillation_loss_and_gradient(backend{}, poft::divergence::forward_kl{}, student, narrow, out),
      poft::shape_error);
  EXPECT_THROW(poft::distillation_loss_and_gradient(backend{}, poft::divergence::jsd{.beta = 1}, student,
                                                    student, out),
               poft::value_error);
  EXPECT_THROW(poft::distillation_loss_and_gradient(backend{}, poft::divergence::tvd{}, student, student, out,
                                                    {.mask = nothing}),
               poft::value_error);
  z[4] = std::nan("");
  try {
    poft::distillation_loss_and_gradient(backend{}, poft::divergence::forward_kl{}, student, student, out);
    FAIL();
  } catch (poft::value_error const& error) {
    EXPECT_NE(std::string(error.what()).find("row 1 is NaN"), std::string::npos) << error.what();
  }
}

}  // namespace
