// value_and_gradient on an objective made for the test, and the field lists that drive it.
// SPDX-License-Identifier: MIT
#include "poft/scalar/gradient.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

template <class S>
struct two_live_one_frozen {
  S first{}, second{};
  poft::value_t<S> weight{};
  using live   = poft::fields<poft::field<"first", &two_live_one_frozen::first>,
                            poft::field<"second", &two_live_one_frozen::second>>;
  using frozen = poft::fields<poft::field<"weight", &two_live_one_frozen::weight>>;
};

struct product {
  double power                      = 2;
  static constexpr char const* name = "product";
  using parameters                  = poft::fields<poft::field<"power", &product::power>>;
  template <class S>
  using inputs = two_live_one_frozen<S>;
  template <class S>
  S operator()(two_live_one_frozen<S> const& in) const {
    return in.first * in.second * in.weight;
  }
  constexpr char const* invalid() const { return nullptr; }
};
static_assert(poft::differentiable_objective<product>);

TEST(gradient, value_and_gradient_under_the_names_of_the_inputs) {
  auto const [value, gradient] = poft::value_and_gradient(product{}, two_live_one_frozen<double>{3, 4, 10});
  EXPECT_EQ(value, 120);
  EXPECT_EQ(gradient.first, 40);
  EXPECT_EQ(gradient.second, 30);
  EXPECT_EQ(gradient.weight, 0);
}

TEST(gradient, names_and_parameters_can_be_walked) {
  std::string names;
  using live = two_live_one_frozen<float>::live;
  live::for_each_index([&]<int K>() { names += std::string(live::at<K>::name) + " "; });
  EXPECT_EQ(names, "first second ");
  product p;
  product::parameters::get<0>(p) = 5;
  EXPECT_EQ(p.power, 5);
  EXPECT_STREQ(product::parameters::at<0>::name, "power");
}

}  // namespace
