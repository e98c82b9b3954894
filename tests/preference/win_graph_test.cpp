// Which tournaments have finite strengths, and which two items the message names where they have not.
// SPDX-License-Identifier: MIT
#include "poft/preference/win_graph.hpp"

#include <gtest/gtest.h>

#include "preference/expect_error.hpp"

namespace {
using poft::preference::win_graph;

TEST(win_graph, a_cycle_is_enough) {
  win_graph graph(4);
  for (std::size_t i = 0; i < 4; ++i) graph.add(i, (i + 1) % 4);
  EXPECT_NO_THROW(graph.require_finite_strengths("test"));
}

TEST(win_graph, names_unlinked_items) {
  win_graph graph(3);
  graph.add(0, 1);
  graph.add(1, 0);
  expect_error<poft::convergence_error>([&] { graph.require_finite_strengths("test"); },
                                        {"test: no finite strengths exist", "items 0 and 2 are not linked"});
}

TEST(win_graph, names_the_direction_that_is_missing) {
  win_graph graph(3);
  graph.add(0, 1);
  graph.add(1, 2);
  expect_error<poft::convergence_error>([&] { graph.require_finite_strengths("test"); },
                                        {"from item 1 to item 0"});
  graph.add(1, 0);
  expect_error<poft::convergence_error>([&] { graph.require_finite_strengths("test"); },
                                        {"from item 2 to item 0"});
  graph.add(2, 1);
  EXPECT_NO_THROW(graph.require_finite_strengths("test"));
}

}  // namespace
