// Thrust's sorting, k largest and running sums: on its host system, which needs no device, and on a device.
// SPDX-License-Identifier: MIT
#include "poft/backend/thrust/sorting.cuh"

#include <thrust/execution_policy.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "cuda/on_device.cuh"
#include "poft/core/random.hpp"

namespace {

// Not all of poft: CUDA's own headers have a namespace cuda, too.
using poft::random_stream;
using poft::shape_error;
using poft::view;
namespace sorting = poft::sorting;
using poft_test::on_device;
using poft_test::travelling;
using places = std::vector<std::int64_t>;

/// Whole numbers, so that many are equal and sums are exact.
std::vector<float> some_whole_numbers(std::size_t size) {
  random_stream random(3);
  std::vector<float> out(size);
  for (float& x : out) x = static_cast<float>(random.below(20)) - 10;
  return out;
}
places order_of(std::vector<float> const& x) {
  places out(x.size());
  std::iota(out.begin(), out.end(), std::int64_t{0});
  std::stable_sort(out.begin(), out.end(), [&](auto a, auto b) {
    return x[static_cast<std::size_t>(a)] > x[static_cast<std::size_t>(b)];
  });
  return out;
}

// 3 1 2 3: the largest are at 0 and 3, then 2 and 1; running sums 3 4 6 9.
TEST(sorting_on_host, worked_example) {
  std::vector<float> const x{3, 1, 2, 3};
  std::vector<float> sorted(4), values(2), sums(4);
  places order(4), at(2);
  sorting::descending(thrust::host, x, view<float>(sorted), view<std::int64_t>(order));
  EXPECT_EQ(sorted, (std::vector<float>{3, 3, 2, 1}));
  EXPECT_EQ(order, (places{0, 3, 2, 1}));
  sorting::top_k(thrust::host, x, view<float>(values), view<std::int64_t>(at), view<float>(sorted),
                 view<std::int64_t>(order));
  EXPECT_EQ(values, (std::vector<float>{3, 3}));
  EXPECT_EQ(at, (places{0, 3}));
  sorting::running_sums(thrust::host, x, view<float>(sums));
  EXPECT_EQ(sums, (std::vector<float>{3, 4, 6, 9}));
}

TEST(sorting_on_host, many_equal_ones_keep_their_order) {
  for (std::size_t const size : {0, 1, 17, 5000}) {
    auto const x = some_whole_numbers(size);
    std::vector<float> sorted(size);
    places order(size);
    sorting::descending(thrust::host, x, view<float>(sorted), view<std::int64_t>(order));
    EXPECT_EQ(order, order_of(x));
  }
}

TEST(sorting_on_host, refuses) {
  std::vector<float> const x(3);
  std::vector<float> few(2), four(4);
  places order(3), at(2);
  EXPECT_THROW(sorting::descending(thrust::host, x, view<float>(few), view<std::int64_t>(order)),
               shape_error);
  EXPECT_THROW(sorting::running_sums(thrust::host, x, view<float>(four)), shape_error);
  EXPECT_THROW(sorting::top_k(thrust::host, x, view<float>(four), view<std::int64_t>(at), view<float>(four),
                              view<std::int64_t>(order)),
               shape_error);
}

class sorting_on_a_device : public on_device {};

TEST_F(sorting_on_a_device, is_that_on_the_host) {
  auto const numbers = some_whole_numbers(5000);
  travelling<float> x(device(), numbers), sorted(device(), std::vector<float>(5000)),
      sums(device(), std::vector<float>(5000));
  travelling<std::int64_t> order(device(), places(5000));
  auto const on = thrust::cuda::par.on(device().stream());
  sorting::descending(on, x.there(), sorted.there(), order.there());
  sorting::running_sums(on, x.there(), sums.there());
  EXPECT_EQ(order.back(), order_of(numbers));
  std::vector<float> want(5000);
  std::partial_sum(numbers.begin(), numbers.end(), want.begin());
  EXPECT_EQ(sums.back(), want);
}

}  // namespace
