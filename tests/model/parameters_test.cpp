// Named slices: they cover the flat buffer once, bear Hugging Face's names, and start as minGPT's do.
// SPDX-License-Identifier: MIT
#include "poft/model/parameters.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "model/small_models.hpp"

namespace {

using namespace poft_test;
using poft::parameter_kind;
using poft::transformer_slices;

class named_parameters_of : public ::testing::TestWithParam<named_config> {};
INSTANTIATE_TEST_SUITE_P(configs, named_parameters_of, ::testing::ValuesIn(small_configs()),
                         [](auto const& of) { return of.param.name; });

TEST_P(named_parameters_of, every_element_once_in_the_order_of_the_buffer) {
  auto const& config = GetParam().config;
  std::vector<double> buffer(static_cast<std::size_t>(poft::parameter_count(config)));
  transformer_slices<double> const slices(config, buffer.data());
  double const* next = buffer.data();
  std::vector<std::string> names;
  for (auto const& parameter : named_parameters(config, slices)) {
    EXPECT_EQ(parameter.values.data(), next) << parameter.name;
    EXPECT_TRUE(parameter.values.is_contiguous());
    next += parameter.values.size();
    names.push_back(parameter.name);
  }
  EXPECT_EQ(next, buffer.data() + buffer.size());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

std::vector<std::string> names_of(poft::transformer_config const& config) {
  std::vector<std::string> names;
  for (auto const& parameter : named_parameters(config, transformer_slices<float>(config, nullptr))) {
    names.push_back(parameter.name);
  }
  return names;
}

TEST(named_parameters, of_gpt2_are_those_of_its_files) {
  auto config   = small_gpt();
  config.layers = 1;
  EXPECT_EQ(names_of(config), (std::vector<std::string>{
                                  "transformer.wte.weight", "transformer.wpe.weight",
                                  "transformer.h.0.ln_1.weight", "transformer.h.0.ln_1.bias",
                                  "transformer.h.0.attn.c_attn.weight", "transformer.h.0.attn.c_attn.bias",
                                  "transformer.h.0.attn.c_proj.weight", "transformer.h.0.attn.c_proj.bias",
                                  "transformer.h.0.ln_2.weight", "transformer.h.0.ln_2.bias",
                                  "transformer.h.0.mlp.c_fc.weight", "transformer.h.0.mlp.c_fc.bias",
                                  "transformer.h.0.mlp.c_proj.weight", "transformer.h.0.mlp.c_proj.bias",
                                  "transformer.ln_f.weight", "transformer.ln_f.bias", "lm_head.weight"}));
}

TEST(named_parameters, of_llama_are_those_of_its_files) {
  auto config        = small_llama();
  config.layers      = 1;
  config.head        = poft::head_kind::tied;
  config.scalar_head = true;
  EXPECT_EQ(names_of(config),
            (std::vector<std::string>{
                "model.embed_tokens.weight", "model.layers.0.input_layernorm.weight",
                "model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.k_proj.weight",
                "model.layers.0.self_attn.v_proj.weight", "model.layers.0.self_attn.o_proj.weight",
                "model.layers.0.post_attention_layernorm.weight", "model.layers.0.mlp.gate_proj.weight",
                "model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.down_proj.weight",
                "model.norm.weight", "score.weight"}));
}

// minGPT: normal(0, 0.02), 0.02 / sqrt(2 layers) into the residual stream, gains 1, biases 0. With n elements the sample
// deviation is off by a share of 1 / sqrt(2 n), the mean by a share of 1 / sqrt(n): five times that are allowed.
TEST(initialise, is_minGPTs) {
  auto config        = poft::gpt_mini(50, 20);
  config.scalar_head = true;
  std::vector<float> buffer(static_cast<std::size_t>(poft::parameter_count(config)), 9.0f);
  transformer_slices<float> const slices(config, buffer.data());
  initialise(config, slices, 1);
  for (auto const& parameter : named_parameters(config, slices)) {
    double sum = 0, squares = 0;
    for (std::ptrdiff_t r = 0; r < parameter.values.rows(); ++r) {
      for (float const x : parameter.values.row(r)) {
        ASSERT_TRUE(parameter.kind != parameter_kind::gain || x == 1) << parameter.name;
        ASSERT_TRUE(parameter.kind != parameter_kind::bias || x == 0) << parameter.name;
        sum += x;
        squares += static_cast<double>(x) * x;
      }
    }
    if (parameter.kind == parameter_kind::gain || parameter.kind == parameter_kind::bias) continue;
    bool const is_residual = parameter.name.ends_with("c_proj.weight");
    EXPECT_EQ(parameter.kind == parameter_kind::residual_weight, is_residual) << parameter.name;
    double const n         = static_cast<double>(parameter.values.size());
    double const deviation = is_residual ? 0.02 / std::sqrt(12.0) : 0.02;
    EXPECT_NEAR(std::sqrt(squares / n), deviation, 5 * deviation / std::sqrt(2 * n)) << parameter.name;
    EXPECT_NEAR(sum / n, 0, 5 * deviation / std::sqrt(n)) << parameter.name;
  }
}

TEST(initialise, depends_on_the_seed_alone) {
  auto const config = small_llama();
  auto const start  = [&](std::uint64_t seed) {
    std::vector<double> buffer(static_cast<std::size_t>(poft::parameter_count(config)));
    initialise(config, transformer_slices<double>(config, buffer.data()), seed);
    return buffer;
  };
  EXPECT_EQ(start(1), start(1));
  EXPECT_NE(start(1), start(2));
}

TEST(parameter_kind, only_matrices_of_linear_layers_decay) {
  for (auto const& parameter :
       named_parameters(small_gpt(), transformer_slices<float>(small_gpt(), nullptr))) {
    bool const is_embedding =
        parameter.name.find("wte") != std::string::npos || parameter.name.find("wpe") != std::string::npos;
    EXPECT_EQ(poft::decays(parameter.kind), !parameter.is_vector && !is_embedding) << parameter.name;
  }
}

}  // namespace
