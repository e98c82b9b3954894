// Generation: the cache against whole sequences, the draws against the softmax, and that nothing but its seed changes a sequence.
// SPDX-License-Identifier: MIT
#include "poft/model/generate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "model/small_models.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/backend/one_by_one.hpp"

namespace {
using namespace poft;
using poft_test::named_config;

/// Prompts and what belongs to them.
struct ragged {
  std::vector<std::int32_t> tokens;
  std::vector<std::int64_t> offsets{0};
  std::vector<std::uint64_t> streams;

  void add(std::vector<std::int32_t> const& sequence, std::uint64_t stream) {
    tokens.insert(tokens.end(), sequence.begin(), sequence.end());
    offsets.push_back(static_cast<std::int64_t>(tokens.size()));
    streams.push_back(stream);
  }
  std::vector<std::int32_t> operator[](std::size_t s) const {
    return {tokens.begin() + offsets[s], tokens.begin() + offsets[s + 1]};
  }
  std::size_t size() const { return streams.size(); }
};

/// Lengths 1 .. longest in turn, as many as there are streams.
ragged some_prompts(transformer_config const& config, std::size_t count, std::int64_t longest) {
  ragged out;
  random_stream random(5);
  for (std::size_t s = 0; s < count; ++s) {
    std::vector<std::int32_t> sequence(1 + s % static_cast<std::size_t>(longest));
    for (auto& token : sequence)
      token = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(config.vocab)));
    out.add(sequence, 1000 + s);
  }
  return out;
}

template <class Backend, class T>
transformer<Backend, T> some_model(Backend backend, transformer_config const& config) {
  transformer<Backend, T> model(backend, config);
  std::vector<float> numbers(model.parameters().size());
  poft_test::fill_with_random_numbers(std::span(numbers), 3);  // float: other types get equal ones
  std::copy(numbers.begin(), numbers.end(), model.parameters().begin());
  return model;
}

template <class Backend, class T>
generation<T> generate_with(Backend const& backend, transformer<Backend, T> const& model,
                            ragged const& prompts, generation_options options) {
  options.streams = prompts.streams;
  return generate(backend, model.config(), model.slices(), prompts.tokens, prompts.offsets, options);
}

/// Logits after every token of one sequence without any cache, [tokens, vocab].
template <class Backend, class T>
std::vector<T> whole_logits(transformer<Backend, T>& model, std::vector<std::int32_t> const& tokens) {
  std::vector<std::int64_t> const offsets{0, static_cast<std::int64_t>(tokens.size())};
  auto const hidden = model.forward(tokens, offsets);
  std::vector<T> logits(tokens.size() * static_cast<std::size_t>(model.config().vocab));
  model.backend().gemm({.transpose_b = true}, hidden, model.slices().head,
                       view<T, 2>(logits.data(), hidden.rows(), model.config().vocab));
  return logits;
}
template <class Backend, class T>
std::vector<double> last_logits(transformer<Backend, T>& model, std::vector<std::int32_t> const& tokens) {
  auto const all = whole_logits(model, tokens);
  return {all.end() - model.config().vocab, all.end()};
}

std::vector<double> softmax(std::vector<double> z, double temperature = 1) {
  double const peak = *std::max_element(z.begin(), z.end());
  for (double& x : z) x = std::exp((x - peak) / temperature);
  double const sum = std::accumulate(z.begin(), z.end(), 0.0);
  for (double& x : z) x /= sum;
  return z;
}

class every_generation : public testing::TestWithParam<named_config> {
 protected:
  /// Long enough for several pieces of the attention.
  transformer_config config() const {
    auto config      = GetParam().config;
    config.positions = 40;
    return config;
  }
};
INSTANTIATE_TEST_SUITE_P(configs, every_generation, testing::ValuesIn(poft_test::small_configs()),
                         [](auto const& info) { return info.param.name; });

template <class T, class Backend>
void expect_cached_as_whole(Backend backend, transformer_config const& config, double tolerance) {
  auto model                  = some_model<Backend, T>(backend, config);
  auto const all              = some_prompts(config, 9, 37);
  std::ptrdiff_t const vocab  = config.vocab;
  std::size_t const sequences = 3;
  std::vector<std::size_t> const lengths{1, 20,
                                         4};  // of the prompts; then all get the tokens of their sequences
  ragged const sequence = some_prompts(config, 40, 40);
  ragged prompts;
  std::vector<std::vector<T>> want;
  for (std::size_t s = 0; s < sequences; ++s) {
    auto const tokens = sequence[37 + s];  // 38, 39, 40 tokens
    prompts.add({tokens.begin(), tokens.begin() + static_cast<long>(lengths[s])}, s);
    want.push_back(whole_logits(model, tokens));
  }
  decoder<Backend, T> decoder(backend, config, model.slices(), {}, 3, 40);
  auto const expect = [&](view<T const, 2> logits, std::vector<std::size_t> const& rows, std::size_t added) {
    ASSERT_EQ(logits.rows(), static_cast<std::ptrdiff_t>(rows.size()));
    for (std::size_t r = 0; r < rows.size(); ++r) {
      for (std::ptrdiff_t v = 0; v < vocab; ++v) {
        auto const position = lengths[rows[r]] - 1 + added;
        EXPECT_NEAR(logits(static_cast<std::ptrdiff_t>(r), v),
                    want[rows[r]][position * static_cast<std::size_t>(vocab) + static_cast<std::size_t>(v)],
                    tolerance)
            << "sequence " << rows[r] << " after token " << position;
      }
    }
  };
  for (int round = 0; round < 2; ++round) {  // the second finds the cache in use
    std::vector<std::size_t> rows{0, 1, 2};
    expect(decoder.start(prompts.tokens, prompts.offsets), rows, 0);
    for (std::size_t added = 1; added < 18; ++added) {
      if (added == 10) {
        decoder.keep({0, 2});
        rows = {0, 2};
      }
      std::vector<std::int32_t> next;
      for (auto const r : rows) next.push_back(sequence[37 + r][lengths[r] + added - 1]);
      expect(decoder.add(next), rows, added);
    }
  }
}
TEST_P(every_generation, cached_is_whole_on_eigen) {
  expect_cached_as_whole<double>(eigen::backend{2}, config(), 1e-12);
  expect_cached_as_whole<float>(eigen::backend{2}, config(), 1e-4);
}
TEST_P(every_generation, cached_is_whole_one_by_one) {
  expect_cached_as_whole<double>(one_by_one{}, config(), 1e-12);
}

TEST_P(every_generation, greedy_tokens_are_those_without_cache) {
  auto model         = some_model<eigen::backend, double>({}, config());
  auto const prompts = some_prompts(config(), 5, 20);
  auto const got =
      generate_with(model.backend(), model, prompts, {.new_tokens = 20, .sampling = {.temperature = 0}});
  for (std::size_t s = 0; s < prompts.size(); ++s) {
    auto tokens = prompts[s];
    for (std::int64_t k = got.offsets[s]; k < got.offsets[s + 1]; ++k) {
      auto const z = last_logits(model, tokens);
      tokens.push_back(static_cast<std::int32_t>(std::max_element(z.begin(), z.end()) - z.begin()));
      EXPECT_EQ(got.tokens[static_cast<std::size_t>(k)], tokens.back());
    }
    EXPECT_EQ(got.offsets[s + 1] - got.offsets[s], 20);
  }
}

TEST_P(every_generation, log_probs_and_entropies_are_raw) {
  auto model         = some_model<eigen::backend, double>({}, config());
  auto const prompts = some_prompts(config(), 4, 8);
  auto const got =
      generate_with(model.backend(), model, prompts,
                    {.new_tokens = 6, .sampling = {.temperature = 0.5, .top_k = 3, .top_p = 0.9}});
  for (std::size_t s = 0; s < prompts.size(); ++s) {
    auto tokens = prompts[s];
    for (auto k = static_cast<std::size_t>(got.offsets[s]); k < static_cast<std::size_t>(got.offsets[s + 1]);
         ++k) {
      auto const pi  = softmax(last_logits(model, tokens));
      double entropy = 0;
      for (double p : pi) entropy -= p * std::log(p);
      tokens.push_back(got.tokens[k]);
      EXPECT_NEAR(got.log_probs[k], std::log(pi[static_cast<std::size_t>(got.tokens[k])]), 1e-12);
      EXPECT_NEAR(got.entropies[k], entropy, 1e-12);
    }
  }
}

transformer_config nano() { return gpt_nano(100, 24); }
/// More parameters than those of a model whose batch is cut into pieces.
transformer_config larger() {
  auto config = gpt(1, 4, 64, 9001, 12);
  EXPECT_GT(parameter_count(config), (transformer<eigen::backend, float>::most_parameters_in_pieces));
  return config;
}

template <class T>
void expect_equal(generation<T> const& got, generation<T> const& want) {
  EXPECT_EQ(got.offsets, want.offsets);
  EXPECT_EQ(got.tokens, want.tokens);
  EXPECT_EQ(got.log_probs, want.log_probs);
  EXPECT_EQ(got.entropies, want.entropies);
}

TEST(generate, any_number_of_threads_gives_equal_bits) {
  for (auto const& config : {nano(), larger()}) {
    auto const model   = some_model<eigen::backend, float>({}, config);
    auto const prompts = some_prompts(config, config.channels > 48 ? 40 : 200, 5);
    generation_options const options{
        .new_tokens = 6, .sampling = {.top_p = 0.95}, .stop_token = 3, .seed = 1};
    auto const want = generate_with(eigen::backend{1}, model, prompts, options);
    for (int threads : {2, 3, 7})
      expect_equal(generate_with(eigen::backend{threads}, model, prompts, options), want);
  }
}

TEST(generate, any_split_and_order_gives_equal_bits) {
  for (auto const& config : {nano(), larger(), poft_test::small_llama()}) {
    auto const model   = some_model<eigen::backend, float>({}, config);
    auto const prompts = some_prompts(config, 70, 3);
    for (auto options : {generation_options{.new_tokens = 3, .seed = 1},
                         generation_options{.new_tokens = 8, .stop_token = 2, .crop = true, .seed = 2}}) {
      auto const want = generate_with(model.backend(), model, prompts, options);
      std::vector<std::size_t> order(prompts.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      random_stream(17).shuffle(view<std::size_t>(order));
      for (std::size_t batch : {1, 2, 7, 70}) {
        // One by one, the first few do.
        for (std::size_t from = 0; from < std::min(order.size(), 10 * batch); from += batch) {
          ragged part;
          std::vector<std::size_t> const numbers(
              order.begin() + static_cast<long>(from),
              order.begin() + static_cast<long>(std::min(from + batch, order.size())));
          for (auto const s : numbers) part.add(prompts[s], prompts.streams[s]);
          auto const got = generate_with(model.backend(), model, part, options);
          for (std::size_t k = 0; k < numbers.size(); ++k) {
            auto const here   = static_cast<std::size_t>(got.offsets[k]),
                       there  = static_cast<std::size_t>(want.offsets[numbers[k]]);
            auto const length = got.offsets[k + 1] - got.offsets[k];
            ASSERT_EQ(length, want.offsets[numbers[k] + 1] - want.offsets[numbers[k]]);
            for (std::size_t t = 0; t < static_cast<std::size_t>(length); ++t) {
              ASSERT_EQ(got.tokens[here + t], want.tokens[there + t]);
              ASSERT_EQ(got.log_probs[here + t], want.log_probs[there + t]);
              ASSERT_EQ(got.entropies[here + t], want.entropies[there + t]);
            }
          }
        }
      }
    }
  }
}

TEST(generate, streams_are_numbered_from_0_if_not_given) {
  auto const model = some_model<eigen::backend, float>({}, nano());
  auto prompts     = some_prompts(nano(), 80, 3);
  std::iota(prompts.streams.begin(), prompts.streams.end(), std::uint64_t{0});
  generation_options const options{.new_tokens = 5};
  expect_equal(generate(model.backend(), nano(), model.slices(), prompts.tokens, prompts.offsets, options),
               generate_with(model.backend(), model, prompts, options));
}

TEST(generate, a_sequence_given_back_as_a_prompt_goes_on) {
  auto const model   = some_model<eigen::backend, float>({}, nano());
  auto const prompts = some_prompts(nano(), 10, 4);
  auto const whole   = generate_with(model.backend(), model, prompts, {.new_tokens = 9, .seed = 5});
  ragged longer;
  for (std::size_t s = 0; s < prompts.size(); ++s) {
    auto tokens = prompts[s];
    tokens.insert(tokens.end(), whole.tokens.begin() + whole.offsets[s],
                  whole.tokens.begin() + whole.offsets[s] + 4);
    longer.add(tokens, prompts.streams[s]);
  }
  auto const rest = generate_with(model.backend(), model, longer, {.new_tokens = 5, .seed = 5});
  for (std::size_t s = 0; s < prompts.size(); ++s) {
    for (long t = 0; t < 5; ++t) {
      EXPECT_EQ(rest.tokens[static_cast<std::size_t>(rest.offsets[s] + t)],
                whole.tokens[static_cast<std::size_t>(whole.offsets[s] + 4 + t)]);
    }
  }
}

TEST(generate, other_seeds_and_streams_give_other_tokens) {
  auto const model = some_model<eigen::backend, float>({}, nano());
  ragged prompts;
  for (std::uint64_t s = 0; s < 50; ++s) prompts.add({1}, s);
  auto const one = generate_with(model.backend(), model, prompts,
                                 {.new_tokens = 10, .sampling = {.temperature = 3}, .seed = 1});
  auto const two = generate_with(model.backend(), model, prompts,
                                 {.new_tokens = 10, .sampling = {.temperature = 3}, .seed = 2});
  EXPECT_NE(one.tokens, two.tokens);
  std::vector<std::vector<std::int32_t>> all;
  for (std::size_t s = 0; s < 50; ++s) {
    for (auto const* g : {&one, &two})
      all.emplace_back(g->tokens.begin() + g->offsets[s], g->tokens.begin() + g->offsets[s + 1]);
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

TEST(generate, frequencies_are_the_probabilities) {
  // Pearson's chi-square of the first two tokens over 40 000 streams against p(a) p(b | a), cells of less than 10
  // expected draws put together. With n degrees of freedom n + 3.3 sqrt(2 n) is exceeded with probability below 0.001.
  auto config             = poft_test::small_gpt();
  auto model              = some_model<eigen::backend, double>({}, config);
  std::size_t const draws = 40000, vocab = 7;
  double const temperature = 1.3;
  ragged prompts;
  for (std::size_t s = 0; s < draws; ++s) prompts.add({4, 2}, s);
  auto const got = generate_with(model.backend(), model, prompts,
                                 {.new_tokens = 2, .sampling = {.temperature = temperature}, .seed = 9});
  std::vector<double> count(vocab * vocab);
  for (std::size_t s = 0; s < draws; ++s) {
    ++count[static_cast<std::size_t>(got.tokens[2 * s]) * vocab +
            static_cast<std::size_t>(got.tokens[2 * s + 1])];
  }
  auto const first  = softmax(last_logits(model, {4, 2}), temperature);
  double chi_square = 0, cells = 0, rare_expected = 0, rare_count = 0;
  for (std::size_t a = 0; a < vocab; ++a) {
    auto const second = softmax(last_logits(model, {4, 2, static_cast<std::int32_t>(a)}), temperature);
    for (std::size_t b = 0; b < vocab; ++b) {
      double const expected = static_cast<double>(draws) * first[a] * second[b], seen = count[a * vocab + b];
      if (expected < 10) {
        rare_expected += expected;
        rare_count += seen;
      } else {
        chi_square += (seen - expected) * (seen - expected) / expected;
        ++cells;
      }
    }
  }
  if (rare_expected > 0) {
    chi_square += (rare_count - rare_expected) * (rare_count - rare_expected) / rare_expected;
    ++cells;
  }
  ASSERT_GT(cells, 10);
  EXPECT_LT(chi_square, cells - 1 + 3.3 * std::sqrt(2 * (cells - 1)));
}

TEST(generate, top_k_and_top_p_exclude) {
  auto model         = some_model<eigen::backend, double>({}, nano());
  auto const prompts = some_prompts(nano(), 40, 5);
  for (sampling const how : {sampling{.top_k = 3}, sampling{.temperature = 2, .top_p = 0.6}}) {
    auto const got = generate_with(model.backend(), model, prompts, {.new_tokens = 5, .sampling = how});
    for (std::size_t s = 0; s < prompts.size(); ++s) {
      auto tokens = prompts[s];
      for (auto k = static_cast<std::size_t>(got.offsets[s]);
           k < static_cast<std::size_t>(got.offsets[s + 1]); ++k) {
        auto const pi     = softmax(last_logits(model, tokens), how.temperature);
        auto const chosen = pi[static_cast<std::size_t>(got.tokens[k])];
        double above = 0, larger = 0;
        for (double p : pi) {
          if (p > chosen) ++larger, above += p;
        }
        if (how.top_k > 0) {
          EXPECT_LT(larger, 3);
        }
        EXPECT_LT(above, how.top_p + 1e-12);
        tokens.push_back(got.tokens[k]);
      }
    }
  }
}

TEST(generate, stop_token_ends_a_sequence_and_changes_no_other) {
  auto const model   = some_model<eigen::backend, float>({}, nano());
  auto const prompts = some_prompts(nano(), 150, 4);
  generation_options options{.new_tokens = 15, .sampling = {.temperature = 2}, .seed = 3};
  auto const whole     = generate_with(model.backend(), model, prompts, options);
  options.stop_token   = whole.tokens[7];
  auto const got       = generate_with(model.backend(), model, prompts, options);
  std::int64_t stopped = 0;
  for (std::size_t s = 0; s < prompts.size(); ++s) {
    auto const begin = whole.tokens.begin() + whole.offsets[s],
               end   = whole.tokens.begin() + whole.offsets[s + 1];
    auto const stop  = std::find(begin, end, options.stop_token);
    std::vector<std::int32_t> const want(begin, stop == end ? end : stop + 1);
    stopped += stop != end;
    EXPECT_EQ(std::vector<std::int32_t>(got.tokens.begin() + got.offsets[s],
                                        got.tokens.begin() + got.offsets[s + 1]),
              want);
  }
  EXPECT_GT(stopped, 0);
  EXPECT_EQ(got.log_probs.size(), got.tokens.size());
  EXPECT_EQ(got.entropies.size(), got.tokens.size());
}

TEST(generate, crop_looks_at_the_last_tokens) {
  for (auto const& config : {poft_test::small_gpt(), poft_test::small_llama()}) {  // 5 positions
    auto model         = some_model<eigen::backend, double>({}, config);
    auto const prompts = some_prompts(config, 6, 5);
    auto const got     = generate_with(model.backend(), model, prompts,
                                       {.new_tokens = 8, .sampling = {.temperature = 0}, .crop = true});
    for (std::size_t s = 0; s < prompts.size(); ++s) {
      auto tokens = prompts[s];
      for (auto k = static_cast<std::size_t>(got.offsets[s]);
           k < static_cast<std::size_t>(got.offsets[s + 1]); ++k) {
        auto const z = last_logits(
            model, {tokens.end() - std::min<long>(5, static_cast<long>(tokens.size())), tokens.end()});
        tokens.push_back(static_cast<std::int32_t>(std::max_element(z.begin(), z.end()) - z.begin()));
        EXPECT_EQ(got.tokens[k], tokens.back());
      }
      EXPECT_EQ(tokens.size(), prompts[s].size() + 8);
    }
  }
}

TEST(generate, float_and_double_differ_only_at_boundaries) {
  auto const config  = nano();
  auto const fast    = some_model<eigen::backend, float>({}, config);
  auto oracle        = some_model<one_by_one, double>({}, config);
  auto const prompts = some_prompts(config, 60, 4);
  generation_options const options{.new_tokens = 12, .seed = 21};
  auto const got  = generate_with(fast.backend(), fast, prompts, options);
  auto const want = generate_with(oracle.backend(), oracle, prompts, options);
  for (std::size_t s = 0; s < prompts.size(); ++s) {
    auto tokens = prompts[s];
    for (auto k = static_cast<std::size_t>(got.offsets[s]); k < static_cast<std::size_t>(got.offsets[s + 1]);
         ++k) {
      EXPECT_NEAR(got.log_probs[k], want.log_probs[k], 1e-3);
      if (got.tokens[k] == want.tokens[k]) {
        tokens.push_back(got.tokens[k]);
        continue;
      }
      double const u = random_stream(options.seed, prompts.streams[s], 2 * tokens.size()).uniform<double>();
      double sum = 0, margin = 1;
      for (double p : softmax(last_logits(oracle, tokens)))
        margin = std::min(margin, std::abs((sum += p) - u));
      EXPECT_LT(margin, 1e-5) << "prompt " << s << ", position " << tokens.size();
      break;
    }
  }
}

TEST(generate, says_what_is_wrong) {
  auto config           = poft_test::small_gpt();  // 5 positions, vocabulary of 7
  auto const model      = some_model<eigen::backend, float>({}, config);
  using tokens          = std::vector<std::int32_t>;
  using offsets         = std::vector<std::int64_t>;
  auto const message_of = [&](tokens const& prompts, offsets const& where, generation_options const& options,
                              transformer_config const& of) {
    try {
      generate(model.backend(), of, model.slices(), prompts, where, options);
    } catch (error const& problem) {
      return std::string(problem.what());
    }
    return std::string("nothing");
  };
  auto const expect = [&](std::string const& part, generation_options const& options,
                          tokens const& prompts = {1, 2, 3}, offsets const& where = {0, 1, 3}) {
    auto const got = message_of(prompts, where, options, config);
    EXPECT_NE(got.find(part), std::string::npos) << got;
  };
  expect("nothing", {.new_tokens = 4});
  expect("prompt 1 of 2 tokens and 5 new ones, expected at most 6 together", {.new_tokens = 5});
  expect("nothing", {.new_tokens = 5, .crop = true});
  expect("new_tokens is 0", {});
  expect("temperature is -1", {.new_tokens = 1, .sampling = {.temperature = -1}});
  expect("temperature is inf", {.new_tokens = 1, .sampling = {.temperature = INFINITY}});
  expect("top_k is -2", {.new_tokens = 1, .sampling = {.top_k = -2}});
  for (double p : {0.0, -0.5, 1.5, std::nan("")})
    expect("top_p is ", {.new_tokens = 1, .sampling = {.top_p = p}});
  expect("stop_token is 7", {.new_tokens = 1, .stop_token = 7});
  expect("stop_token is -2", {.new_tokens = 1, .stop_token = -2});
  std::vector<std::uint64_t> const streams(3);
  expect("3 streams for 2 prompts", {.new_tokens = 1, .streams = streams});
  expect("3 seeds for 2 prompts", {.new_tokens = 1, .seeds = streams});
  transformer<poft::eigen::backend, float> const two({}, config, 2);
  for (auto const& options : {generation_options{.new_tokens = 1, .stop_token = 3},
                              generation_options{.new_tokens = 1, .crop = true}}) {
    try {
      generate(two, tokens{1, 2}, offsets{0, 1, 2}, options);
      ADD_FAILURE();
    } catch (value_error const& problem) {
      EXPECT_NE(std::string(problem.what()).find("a stop token or crop with 2 networks, expected neither"),
                std::string::npos)
          << problem.what();
    }
  }
  expect("sequence 1 has 0 tokens", {.new_tokens = 1}, {1}, {0, 1, 1});
  expect("sequence 0 has 6 tokens", {.new_tokens = 1, .crop = true}, {1, 1, 1, 1, 1, 1}, {0, 6});
  expect("tokens[1] is 7", {.new_tokens = 1}, {1, 7}, {0, 2});
  expect("the batch is empty", {.new_tokens = 1}, {}, {0});
  auto other = config;
  other.head = head_kind::none;
  EXPECT_NE(message_of({1}, {0, 1}, {.new_tokens = 1}, other).find("no head"), std::string::npos);
  other        = config;
  other.layers = 3;
  EXPECT_NE(message_of({1}, {0, 1}, {.new_tokens = 1}, other).find("those of the config"), std::string::npos);
}

TEST(generate, a_model_that_has_become_nan_is_an_error) {
  auto const config         = poft_test::small_gpt();
  auto model                = some_model<eigen::backend, float>({2}, config);
  auto const prompts        = some_prompts(config, 100, 1);
  model.slices().head(3, 1) = std::nanf("");
  EXPECT_THROW(generate_with(model.backend(), model, prompts, {.new_tokens = 2}), value_error);
}

}  // namespace
