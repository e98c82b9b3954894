// Pieces of work above single operations: each is done once, by a backend that computes the same.
// SPDX-License-Identifier: MIT
#include "poft/backend/concept.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "primitive/tensor.hpp"

namespace {

using poft_test::tensor;

template <class On>
class pieces_on : public ::testing::Test {};
TYPED_TEST_SUITE(pieces_on, poft_test::every_backend);

TYPED_TEST(pieces_on, each_once) {
  for (std::int64_t const count : {0, 1, 2, 50}) {
    std::vector<int> visits(static_cast<std::size_t>(count));
    poft::for_pieces(
        typename TypeParam::backend{}, count,
        [&](typename TypeParam::backend const&, std::int64_t k) { ++visits.at(std::size_t(k)); });
    EXPECT_EQ(visits, std::vector<int>(static_cast<std::size_t>(count), 1));
  }
}

// The threads that a piece's own operations would have made are those that take the pieces.
TEST(eigen_backend, one_piece_has_all_threads_and_several_have_one_each) {
  poft::eigen::backend const backend{.threads = 3};
  poft::for_pieces(backend, 1, [](poft::eigen::backend const& b, std::int64_t) { EXPECT_EQ(b.threads, 3); });
  std::vector<int> threads(5);
  poft::for_pieces(backend, 5, [&](poft::eigen::backend const& b, std::int64_t k) {
    threads[static_cast<std::size_t>(k)] = b.threads;
  });
  EXPECT_EQ(threads, std::vector<int>(5, 1));
}

TEST(eigen_backend, products_in_pieces_are_the_products) {
  auto const a = tensor<float>::random(300, 200, 1), b = tensor<float>::random(200, 500, 2);
  tensor<float> whole(300, 500), in_pieces(4 * 300, 500);
  for (int const threads : {1, 2, 3, 7}) {
    poft::eigen::backend const backend{.threads = threads};
    backend.gemm({}, a, b, matrix(whole));
    poft::for_pieces(backend, 4, [&](poft::eigen::backend const& of_piece, std::int64_t k) {
      of_piece.gemm({}, a, b, matrix(in_pieces).subview(300 * k, 300));
    });
    for (std::size_t k = 0; k < in_pieces.data.size(); ++k) {
      ASSERT_EQ(in_pieces.data[k], whole.data[k % whole.data.size()]) << threads << " threads";
    }
  }
}

}  // namespace
