// The guarded backend: what it computes, and that neither side can touch the other's memory.
// SPDX-License-Identifier: MIT
#include "backend/guarded.hpp"

#include <gtest/gtest.h>

#include <concepts>
#include <stdexcept>
#include <vector>

#include "backend/crew.hpp"
#include "backend/travelling.hpp"
#include "poft/backend/concept.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/row/row.hpp"

namespace {

using namespace poft;
using poft_test::guarded;
using backend = guarded<one_by_one>;

static_assert(backend_for<backend, float> && backend_for<guarded<poft_test::crew>, double>);
static_assert(!works_in_host_memory<backend> && works_in_host_memory<one_by_one>);
// An array of the host is no argument where rows cannot see it.
static_assert(std::convertible_to<std::vector<std::int32_t>, indices<one_by_one, std::int32_t>>);
static_assert(!std::convertible_to<std::vector<std::int32_t>, indices<backend, std::int32_t>>);

struct double_each_row {
  row<float const> x;
  row<float> y;
  bool unused = false;  // padding after it holds whatever was there

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    group.once([&] { y.set(r, 2 * x[r]); });
  }
};

TEST(guarded, rows_work_on_its_memory) {
  backend const device;
  poft_test::travelling_to<backend, float> x(device, {1, 2, 3}), y(device, {0, 0, 0});
  device.for_rows<float>(3, 1, double_each_row{{x.there().data()}, {y.there().data()}});
  EXPECT_EQ(y.back(), (std::vector<float>{2, 4, 6}));
  EXPECT_EQ(device.allocate<double>(1000).size(), 1000);
  auto const cleared = device.allocate<double>(1000);  // where something was
  for (double const one : on_host(device, std::span<double const>(cleared.data(), 1000))) EXPECT_EQ(one, 0);
}

TEST(guarded, the_host_cannot_touch_it) {
  backend const device;
  auto room = device.allocate<float>(3);
  EXPECT_DEATH(static_cast<void>(*static_cast<float volatile*>(room.data())), "");
  EXPECT_DEATH(*static_cast<float volatile*>(room.data()) = 1, "");
}

TEST(guarded, it_is_not_given_the_hosts_memory) {
  backend const device;
  std::vector<float> host(4);
  poft_test::travelling_to<backend, float> there(device, {1, 2, 3, 4});
#if __has_builtin(__builtin_clear_padding)
  EXPECT_THROW(device.for_rows<float>(1, 1, double_each_row{{host.data()}, {there.there().data()}}),
               std::logic_error);
  EXPECT_THROW(device.for_rows<float>(1, 1, double_each_row{{there.there().data()}, {&host[1]}}),
               std::logic_error);
#endif
  EXPECT_THROW(device.fill(view<float>(host), 1.0f), std::logic_error);
  EXPECT_THROW(device.gemm({}, there.there(2, 2), there.there(2, 2), view<float, 2>(host.data(), 2, 2)),
               std::logic_error);
}

TEST(guarded, what_is_changed_on_the_host_goes_back) {
  backend const device;
  poft_test::travelling_to<backend, float> x(device, {1, 2, 3});
  change_on_host(device, x.span(), [](std::span<float> here) { here[1] = 7; });
  EXPECT_EQ(x.back(), (std::vector<float>{1, 7, 3}));
}

}  // namespace
