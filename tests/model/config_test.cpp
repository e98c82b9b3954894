// The presets have the sizes that are published, and every field is checked by name.
// SPDX-License-Identifier: MIT
#include "poft/model/config.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "poft/model/parameters.hpp"

namespace {

using poft::transformer_config;

// minGPT's table of models: layers, heads, channels.
TEST(transformer_config, presets) {
  auto const is = [](transformer_config const& c, std::ptrdiff_t layers, std::ptrdiff_t heads,
                     std::ptrdiff_t channels) {
    c.validate();
    return c.layers == layers && c.heads == heads && c.kv_heads == heads && c.channels == channels &&
           c.head_channels * c.heads == channels && c.hidden == 4 * channels;
  };
  EXPECT_TRUE(is(poft::gpt_nano(100, 10), 3, 3, 48));
  EXPECT_TRUE(is(poft::gpt_micro(100, 10), 4, 4, 128));
  EXPECT_TRUE(is(poft::gpt_mini(100, 10), 6, 6, 192));
  EXPECT_TRUE(is(poft::gpt2(), 12, 12, 768));
}

// 124 439 808: the parameters of GPT-2 small, its head tied. gpt-nano by hand with vocabulary 100 and 10 positions:
// embeddings 110 x 48 = 5280; a block has norms 4 x 48 = 192, attention 4 x 48^2 + 4 x 48 = 9408, MLP 8 x 48^2 + 5 x 48 =
// 18 672, together 28 272; three of them, the last norm 96 and the head 4800 make 94 992.
TEST(transformer_config, parameter_counts) {
  EXPECT_EQ(poft::parameter_count(poft::gpt2()), 124439808);
  EXPECT_EQ(poft::parameter_count(poft::gpt_nano(100, 10)), 94992);
}

// TinyLlama's model card says 1.1 billion. With 22 layers, 2048 channels, 32 heads of 64 channels, 4 of keys and values, 5632
// hidden, vocabulary 32 000, no biases: 2 x 32000 x 2048 + 22 (2 x 2048^2 + 2 x 256 x 2048 + 3 x 5632 x 2048 + 2 x 2048) +
// 2048 = 1 100 048 384.
TEST(transformer_config, parameter_count_of_a_llama) {
  transformer_config c;
  c.vocab = 32000, c.positions = 2048, c.layers = 22, c.heads = 32, c.kv_heads = 4, c.head_channels = 64;
  c.channels = 2048, c.hidden = 5632, c.bias = false;
  c.norm = poft::norm_kind::rms, c.position = poft::position_kind::rotary, c.mlp = poft::mlp_kind::swiglu;
  EXPECT_EQ(poft::parameter_count(c), 1100048384);
}

template <class Change>
void expect_refused(Change const& change, std::string const& said) {
  transformer_config config = poft::gpt_nano(100, 10);
  change(config);
  try {
    config.validate();
    ADD_FAILURE() << "accepted, expected: " << said;
  } catch (poft::value_error const& problem) {
    EXPECT_EQ(problem.what(), "transformer_config: " + said);
  }
}

TEST(transformer_config, refuses_each_field_by_name) {
  using config = transformer_config;
  expect_refused([](config& c) { c.vocab = 0; }, "vocab is 0, expected 1 .. 1048576");
  expect_refused([](config& c) { c.positions = -1; }, "positions is -1, expected 1 .. 1048576");
  expect_refused([](config& c) { c.layers = 0; }, "layers is 0, expected 1 .. 1048576");
  expect_refused([](config& c) { c.heads = 0; }, "heads is 0, expected 1 .. 1048576");
  expect_refused([](config& c) { c.kv_heads = 0; }, "kv_heads is 0, expected 1 .. 1048576");
  expect_refused([](config& c) { c.head_channels = 0; }, "head_channels is 0, expected 1 .. 1048576");
  expect_refused([](config& c) { c.channels = 1 << 21; }, "channels is 2097152, expected 1 .. 1048576");
  expect_refused([](config& c) { c.hidden = 0; }, "hidden is 0, expected 1 .. 1048576");
  expect_refused([](config& c) { c.kv_heads = 2; }, "kv_heads is 2, expected a divisor of heads, 3");
  expect_refused([](config& c) { c.position = poft::position_kind::rotary, c.head_channels = 15; },
                 "head_channels is 15, expected an even number: rotary positions turn pairs");
  expect_refused([](config& c) { c.norm_epsilon = 0; }, "norm_epsilon is 0, expected finite and > 0");
  expect_refused([](config& c) { c.rotary_base = -1; }, "rotary_base is -1, expected finite and > 0");
  expect_refused([](config& c) { c.dropout = 1; }, "dropout is 1, expected 0 <= dropout < 1");
  expect_refused([](config& c) { c.dropout = std::numeric_limits<double>::quiet_NaN(); },
                 "dropout is nan, expected 0 <= dropout < 1");
}

}  // namespace
