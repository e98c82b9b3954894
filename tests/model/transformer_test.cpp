// The transformer: finite differences of both families, all backends alike, ragged batches, dropout, threads, bad input.
// SPDX-License-Identifier: MIT
#include "poft/model/transformer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/as_one_by_one.hpp"
#include "primitive/tensor.hpp"

namespace {

using namespace poft_test;
using poft::transformer;
using poft::transformer_config;
using poft::view;

template <class Model>
auto gradient_of(Model& model) {
  return std::vector(model.gradient().begin(), model.gradient().end());
}
template <class T>
std::vector<T> copy_of(view<T const, 2> matrix) {
  return {matrix.data(), matrix.data() + matrix.size()};
}

double largest_of(std::vector<double> const& numbers) {
  double largest = 0;
  for (double const x : numbers) largest = std::max(largest, std::abs(x));
  return largest;
}
/// 1 .. 5 tokens.
std::vector<std::int64_t> mixed_lengths(std::int64_t sequences) {
  std::vector<std::int64_t> lengths;
  for (std::int64_t s = 0; s < sequences; ++s) lengths.push_back(1 + s * s % 7 % 5);
  return lengths;
}

class every_transformer : public ::testing::TestWithParam<named_config> {
 protected:
  transformer_config const& config() const { return GetParam().config; }
  std::optional<std::uint64_t> dropout_seed() const {
    return config().dropout > 0 ? std::optional<std::uint64_t>(7) : std::nullopt;
  }
};
INSTANTIATE_TEST_SUITE_P(configs, every_transformer, ::testing::ValuesIn(small_configs()),
                         [](auto const& of) { return of.param.name; });

TEST_P(every_transformer, gradient_is_that_of_finite_differences) {
  transformer<poft::one_by_one, double> model({}, config());
  fill_with_random_numbers(model.parameters(), 1);
  ragged_tokens const batch(config(), {4, 1, 3}, 2);
  loss_and_gradient(model, batch, dropout_seed());
  auto const gradient = gradient_of(model);
  for (std::size_t k = 0; k < gradient.size(); ++k) {
    double const expected =
        difference(model.parameters()[k], [&] { return loss_and_gradient(model, batch, dropout_seed()); });
    ASSERT_NEAR(gradient[k], expected, 1e-8) << "parameter " << k;
  }
}

TEST_P(every_transformer, eigen_agrees_with_one_by_one) {
  transformer<poft::one_by_one, double> oracle({}, config());
  transformer<poft::eigen::backend, double> model({}, config());
  transformer<poft::eigen::backend, float> in_float({}, config());
  fill_with_random_numbers(oracle.parameters(), 1);
  fill_with_random_numbers(model.parameters(), 1);
  fill_with_random_numbers(in_float.parameters(), 1);
  ragged_tokens const batch(config(), mixed_lengths(300), 2);
  double const expected = loss_and_gradient(oracle, batch, dropout_seed());
  ASSERT_NEAR(loss_and_gradient(model, batch, dropout_seed()), expected, 1e-12 * expected);
  ASSERT_NEAR(loss_and_gradient(in_float, batch, dropout_seed()), expected, 1e-5 * expected);
  for (std::ptrdiff_t k = 0; k < oracle.hidden().size(); ++k) {
    ASSERT_NEAR(model.hidden().data()[k], oracle.hidden().data()[k], 1e-12) << "hidden " << k;
    ASSERT_NEAR(in_float.hidden().data()[k], oracle.hidden().data()[k], 1e-4) << "hidden " << k;
  }
  double const largest = largest_of(gradient_of(oracle));
  for (std::size_t k = 0; k < oracle.gradient().size(); ++k) {
    ASSERT_NEAR(model.gradient()[k], oracle.gradient()[k], 1e-13 * largest) << "parameter " << k;
    ASSERT_NEAR(in_float.gradient()[k], oracle.gradient()[k], 1e-5 * largest) << "parameter " << k;
  }
}

// No padding, so nothing of it can leak: a batch is its sequences one by one, here of all pieces and some of two chunks.
TEST_P(every_transformer, batch_is_the_sum_of_its_sequences) {
  transformer<poft::eigen::backend, double> model({}, config());
  fill_with_random_numbers(model.parameters(), 1);
  ragged_tokens const batch(config(), mixed_lengths(1500), 2);
  double const loss   = loss_and_gradient(model, batch);
  auto const hidden   = copy_of(model.hidden());
  auto const gradient = gradient_of(model);
  double sum          = 0;
  std::vector<double> sum_of_gradients(gradient.size());
  for (std::size_t s = 0; s + 1 < batch.offsets.size(); ++s) {
    sum += loss_and_gradient(model, batch.sequence(s));
    for (std::size_t k = 0; k < gradient.size(); ++k) sum_of_gradients[k] += model.gradient()[k];
    auto const alone = copy_of(model.hidden());
    for (std::size_t k = 0; k < alone.size(); ++k) {
      ASSERT_NEAR(alone[k], hidden[static_cast<std::size_t>(batch.offsets[s] * config().channels) + k],
                  1e-13);
    }
  }
  EXPECT_NEAR(sum, loss, 1e-12 * loss);
  double const largest = largest_of(gradient);
  for (std::size_t k = 0; k < gradient.size(); ++k) {
    ASSERT_NEAR(sum_of_gradients[k], gradient[k], 1e-13 * largest) << "parameter " << k;
  }
}

TEST_P(every_transformer, changing_one_sequence_leaves_the_bits_of_the_others) {
  transformer<poft::eigen::backend, float> model({}, config());
  fill_with_random_numbers(model.parameters(), 1);
  ragged_tokens batch(config(), {3, 5, 2, 4}, 2);
  auto const before = copy_of(model.forward(batch.tokens, batch.offsets, dropout_seed()));
  for (auto t = batch.offsets[1]; t < batch.offsets[2]; ++t) {
    auto& token = batch.tokens[static_cast<std::size_t>(t)];
    token       = (token + 1) % static_cast<std::int32_t>(config().vocab);
  }
  auto const after = model.forward(batch.tokens, batch.offsets, dropout_seed());
  for (std::ptrdiff_t t = 0; t < after.rows(); ++t) {
    bool const is_changed = t >= batch.offsets[1] && t < batch.offsets[2];
    bool equal            = true;
    for (std::ptrdiff_t c = 0; c < after.columns(); ++c) {
      equal = equal && after(t, c) == before[static_cast<std::size_t>(t * after.columns() + c)];
    }
    EXPECT_EQ(equal, !is_changed) << "token " << t;
  }
}

TEST_P(every_transformer, a_token_sees_no_later_one) {
  transformer<poft::eigen::backend, float> model({}, config());
  fill_with_random_numbers(model.parameters(), 1);
  ragged_tokens batch(config(), {5}, 2);
  auto const before = copy_of(model.forward(batch.tokens, batch.offsets, dropout_seed()));
  batch.tokens[3]   = (batch.tokens[3] + 1) % static_cast<std::int32_t>(config().vocab);
  auto const after  = copy_of(model.forward(batch.tokens, batch.offsets, dropout_seed()));
  auto const first_changed =
      std::mismatch(before.begin(), before.end(), after.begin()).first - before.begin();
  EXPECT_EQ(first_changed / config().channels, 3);
}

/// One model whose batch is cut into pieces, and one whose layers the threads share.
TEST(transformer, any_number_of_threads_gives_equal_bits) {
  transformer_config large = poft::gpt(2, 4, 256, 40, 64);
  transformer_config llama = small_llama();
  llama.channels           = 24;
  llama.positions          = 64;
  ASSERT_GT(poft::parameter_count(large),
            (transformer<poft::eigen::backend, float>::most_parameters_in_pieces));
  for (auto config : {poft::gpt_nano(40, 64), llama, large}) {
    config.dropout = 0.1;
    std::vector<std::int64_t> lengths;
    std::int64_t const sequences = config.channels > 48 ? 10 : 40;
    for (std::int64_t s = 0; s < sequences; ++s) lengths.push_back(1 + s * s % 64);
    ragged_tokens const batch(config, lengths, 2);
    std::vector<float> hidden, gradient;
    double loss = 0;
    for (int const threads : {1, 2, 3, 7}) {
      transformer<poft::eigen::backend, float> model({threads}, config);
      fill_with_random_numbers(model.parameters(), 1, 0.1);
      double const its_loss = loss_and_gradient(model, batch, 5);
      if (threads == 1) {
        loss     = its_loss;
        hidden   = copy_of(model.hidden());
        gradient = gradient_of(model);
      }
      EXPECT_EQ(its_loss, loss);
      EXPECT_TRUE(copy_of(model.hidden()) == hidden)
          << threads << " threads, " << config.channels << " channels";
      EXPECT_TRUE(gradient_of(model) == gradient)
          << threads << " threads, " << config.channels << " channels";
    }
  }
}

// Of so many sequences that a single network would cut them into pieces.
TEST_P(every_transformer, networks_side_by_side_are_not_cut) {
  poft_test::expect_networks_of_one_by_one(poft::eigen::backend{}, GetParam().config, 30);
}

TEST(transformer, gradient_is_accumulated) {
  transformer<poft::eigen::backend, double> model({}, small_gpt());
  fill_with_random_numbers(model.parameters(), 1);
  ragged_tokens const batch(model.config(), {5, 3}, 2);
  loss_and_gradient(model, batch);
  auto const once               = gradient_of(model);
  auto const hidden             = model.hidden();
  tensor<double> const d_hidden = tensor<double>::random(hidden.rows(), hidden.columns(), 3);
  model.zero_gradient();
  model.backward(d_hidden);
  auto const first = gradient_of(model);
  model.backward(d_hidden);
  for (std::size_t k = 0; k < first.size(); ++k) EXPECT_NEAR(model.gradient()[k], 2 * first[k], 1e-13);
}

// A larger batch moves the arena; a smaller one after it leaves old numbers around its own.
TEST(transformer, batches_before_leave_nothing_behind) {
  transformer<poft::eigen::backend, float> used({}, poft::gpt_nano(20, 30)),
      fresh({}, poft::gpt_nano(20, 30));
  fill_with_random_numbers(used.parameters(), 1);
  fill_with_random_numbers(fresh.parameters(), 1);
  ragged_tokens const batch(used.config(), {7, 30, 1, 12}, 2);
  loss_and_gradient(used, ragged_tokens(used.config(), {3}, 3));
  loss_and_gradient(used, ragged_tokens(used.config(), std::vector<std::int64_t>(100, 29), 3));
  EXPECT_EQ(loss_and_gradient(used, batch), loss_and_gradient(fresh, batch));
  EXPECT_TRUE(gradient_of(used) == gradient_of(fresh));
}

TEST(transformer, dropout_acts_only_with_a_seed) {
  auto config    = small_gpt();
  config.dropout = 0.5;
  transformer<poft::eigen::backend, double> model({}, config), without({}, small_gpt());
  fill_with_random_numbers(model.parameters(), 1);
  fill_with_random_numbers(without.parameters(), 1);
  ragged_tokens const batch(config, {5, 3}, 2);
  auto const forward = [&](auto& of, std::optional<std::uint64_t> seed) {
    return copy_of(of.forward(batch.tokens, batch.offsets, seed));
  };
  EXPECT_EQ(forward(model, {}), forward(without, {}));
  EXPECT_EQ(forward(without, 7), forward(without, {}));
  EXPECT_NE(forward(model, 7), forward(model, {}));
  EXPECT_EQ(forward(model, 7), forward(model, 7));
  EXPECT_NE(forward(model, 7), forward(model, 8));
}

// With all weights 0 but the embeddings', the stream is the dropped embedding: every mask takes its share of it, and no two
// chunks, tokens or channels share a mask.
TEST(transformer, dropout_drops_its_share_everywhere) {
  auto config    = poft::gpt(1, 1, 16, 5, 4);
  config.norm    = poft::norm_kind::rms;  // keeps zeros
  config.dropout = 0.25;
  transformer<poft::eigen::backend, float> model({}, config);
  auto const& p = model.slices();
  model.backend().fill(view<float>(p.token_embedding.data(), p.token_embedding.size()), 1.0f);
  model.backend().fill(p.last_norm.gain, 1.0f);
  ragged_tokens const batch(config, std::vector<std::int64_t>(500, 4), 2);
  auto const hidden = model.forward(batch.tokens, batch.offsets, 3);
  std::set<std::vector<bool>> masks;
  std::ptrdiff_t dropped = 0;
  for (std::ptrdiff_t t = 0; t < hidden.rows(); ++t) {
    std::vector<bool> mask;
    for (float const x : hidden.row(t)) mask.push_back(x == 0);
    dropped += std::count(mask.begin(), mask.end(), true);
    masks.insert(mask);
  }
  // 32 000 draws: a standard deviation of 0.0024. Of 2000 masks of 16 draws, some are alike by chance.
  EXPECT_NEAR(static_cast<double>(dropped) / static_cast<double>(hidden.size()), 0.25, 0.01);
  EXPECT_GT(masks.size(), 1200u);
}

template <class Error>
void expect_refused(transformer<poft::eigen::backend, float>& model, std::vector<std::int32_t> const& tokens,
                    std::vector<std::int64_t> const& offsets, std::string const& said) {
  try {
    model.forward(tokens, offsets);
    ADD_FAILURE() << "accepted, expected: " << said;
  } catch (Error const& problem) {
    EXPECT_EQ(problem.what(), "transformer forward: " + said);
  }
}

TEST(transformer, refuses_batches_that_do_not_fit) {
  using poft::shape_error;
  using poft::value_error;
  transformer<poft::eigen::backend, float> model({}, small_gpt());  // vocabulary 7, 5 positions
  std::string const empty = " offsets, expected one more than sequences, of which there is at least 1";
  expect_refused<shape_error>(model, {}, {}, "the batch is empty: 0" + empty);
  expect_refused<shape_error>(model, {}, {0}, "the batch is empty: 1" + empty);
  expect_refused<value_error>(model, {1, 2}, {1, 2}, "offsets[0] is 1, expected 0");
  expect_refused<value_error>(model, {1, 2}, {0, 1, 1, 2},
                              "sequence 1 has 0 tokens, expected 1 .. 5, the model's positions");
  expect_refused<value_error>(model, {1, 2}, {0, 2, 1}, "offsets[2] is 1 after 2; offsets must ascend");
  expect_refused<value_error>(model, {1, 2}, {0, 2, std::numeric_limits<std::int64_t>::min()},
                              "offsets[2] is -9223372036854775808 after 2; offsets must ascend");
  expect_refused<value_error>(model, {1, 2, 3, 4, 5, 6}, {0, 6},
                              "sequence 0 has 6 tokens, expected 1 .. 5, the model's positions");
  expect_refused<shape_error>(model, {1, 2}, {0, 3},
                              "the last offset is 3, expected the number of tokens, 2");
  expect_refused<value_error>(model, {1, 7}, {0, 2}, "tokens[1] is 7, expected 0 .. 6");
  expect_refused<value_error>(model, {-1, 6}, {0, 2}, "tokens[0] is -1, expected 0 .. 6");

  transformer<poft::eigen::backend, float> two({}, small_gpt(), 2);
  std::string const each = " networks, expected as many sequences and as many tokens for each";
  expect_refused<shape_error>(two, {1, 2, 3}, {0, 1, 2, 3}, "3 sequences of 3 tokens in all for 2" + each);
  expect_refused<shape_error>(two, {1, 2, 3, 4}, {0, 1, 4}, "2 sequences of 4 tokens in all for 2" + each);
  EXPECT_THROW((transformer<poft::eigen::backend, float>({}, small_gpt(), 0)), value_error);
  std::vector<std::uint64_t> const seeds{1, 2, 3};
  EXPECT_THROW(poft::initialise(two, std::span<std::uint64_t const>(seeds)), shape_error);
}

// Of 40 sequences, so that there are several chunks and pieces.
TEST_P(every_transformer, infers_what_goes_forward) {
  auto config    = GetParam().config;
  config.dropout = 0.5;  // takes no part
  transformer<poft::eigen::backend, float> model({}, config), other({}, config);
  fill_with_random_numbers(model.parameters(), 1);
  fill_with_random_numbers(other.parameters(), 1);
  ragged_tokens const batch(config, std::vector<std::int64_t>(40, 5), 2), smaller(config, {1, 4}, 3);
  for (auto const* one : {&smaller, &batch, &smaller}) {  // the memory of others is used again
    EXPECT_EQ(copy_of(model.infer(one->tokens, one->offsets)),
              copy_of(other.forward(one->tokens, one->offsets)));
  }
}

// A model so large that its layers are shared by the threads, and nothing is cut.
TEST(transformer, infers_what_a_larger_model_says) {
  auto const config = poft::gpt(2, 2, 16, 70'000, 8);
  transformer<poft::eigen::backend, float> model({}, config);
  ASSERT_FALSE(model.is_cut_in_pieces(std::ssize(model.parameters())));
  fill_with_random_numbers(model.parameters(), 1);
  ragged_tokens const batch(config, std::vector<std::int64_t>(100, 7), 2);
  auto const whole = copy_of(model.forward(batch.tokens, batch.offsets));
  EXPECT_EQ(copy_of(model.infer(batch.tokens, batch.offsets)), whole);
}

TEST(transformer, no_backward_pass_follows_infer) {
  transformer<poft::eigen::backend, float> model({}, small_gpt());
  tensor<float> const d_hidden(2, 6);
  std::vector<std::int32_t> const tokens{1, 2};
  std::vector<std::int64_t> const offsets{0, 2};
  model.forward(tokens, offsets);
  model.infer(tokens, offsets);
  EXPECT_THROW(model.backward(d_hidden), poft::value_error);
  model.forward(tokens, offsets);
  EXPECT_NO_THROW(model.backward(d_hidden));
}

TEST(transformer, refuses_a_gradient_of_another_shape) {
  transformer<poft::eigen::backend, float> model({}, small_gpt());
  tensor<float> const d_hidden(2, 6), narrow(2, 5);
  EXPECT_THROW(model.backward(d_hidden), poft::shape_error);  // there was no forward pass
  model.forward(std::vector<std::int32_t>{1, 2}, std::vector<std::int64_t>{0, 2});
  EXPECT_THROW(model.backward(narrow), poft::shape_error);
  EXPECT_NO_THROW(model.backward(d_hidden));
}

TEST(transformer, can_be_moved) {
  transformer<poft::eigen::backend, double> model({}, small_gpt());
  fill_with_random_numbers(model.parameters(), 1);
  ragged_tokens const batch(model.config(), {5, 3}, 2);
  double const loss = loss_and_gradient(model, batch);
  auto const first  = gradient_of(model);
  auto moved        = std::move(model);
  EXPECT_EQ(loss_and_gradient(moved, batch), loss);
  EXPECT_EQ(gradient_of(moved), first);
}

}  // namespace
