// The heads on a backend with memory of its own, each row a single thread's or many threads'.
// SPDX-License-Identifier: MIT
#include "backend/crew.hpp"
#include "backend/guarded.hpp"
#include "head/as_one_by_one.hpp"

namespace {

using namespace poft_test;

template <class Host>
class heads_in_memory_of_its_own : public testing::Test {};
using hosts = testing::Types<poft::one_by_one, crew>;
TYPED_TEST_SUITE(heads_in_memory_of_its_own, hosts);

TYPED_TEST(heads_in_memory_of_its_own, level_2) {
  guarded<TypeParam> const device;
  for (std::int64_t const vocab : {5, 1000}) {
    expect_level_2_of_one_by_one<float, float>(device, vocab, 1e-5);
    expect_level_2_of_one_by_one<double, double>(device, vocab, 1e-12);
    expect_level_2_of_one_by_one<poft::bfloat16, float>(device, vocab, 1.0 / 128);
  }
}

TYPED_TEST(heads_in_memory_of_its_own, level_3_in_blocks_and_kept) {
  expect_level_3_of_one_by_one<float>(guarded<TypeParam>{});
  expect_level_3_of_one_by_one<poft::bfloat16>(guarded<TypeParam>{});
}

TYPED_TEST(heads_in_memory_of_its_own, a_row_without_a_finite_logit_is_named) {
  expect_a_row_without_a_finite_logit_to_be_named(guarded<TypeParam>{});
}

}  // namespace
