// config.json: what both families' files say, what their readers take where nothing stands, and what is refused.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>

#include "poft/model/config_io.hpp"
#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace poft {
namespace {

using nlohmann::json;
using support::expect_error;

transformer_config parsed(json const& config) { return parse_model_config(config.dump(), "config"); }
void expect_refused(json const& config, std::initializer_list<char const*> parts) {
  expect_error<format_error>([&] { parsed(config); }, parts);
}

// The fields of openai-community/gpt2's config.json that bear on the formulas, and some that do not.
json gpt2_file() {
  return json::parse(R"({
    "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1, "bos_token_id": 50256,
    "embd_pdrop": 0.1, "eos_token_id": 50256, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05,
    "model_type": "gpt2", "n_ctx": 1024, "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024,
    "resid_pdrop": 0.1, "summary_activation": null, "task_specific_params": {"text-generation": {"max_length": 50}},
    "vocab_size": 50257})");
}

// Of meta-llama/Llama-3.2-1B's kind, with rotary positions as they are without scaling.
json llama_file() {
  return json::parse(R"({
    "architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "head_dim": 64,
    "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 8192, "max_position_embeddings": 131072,
    "mlp_bias": false, "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 16,
    "num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": null,
    "rope_theta": 500000.0, "tie_word_embeddings": true, "torch_dtype": "bfloat16", "vocab_size": 128256})");
}

TEST(ConfigIo, Gpt2) {
  transformer_config const config = parsed(gpt2_file());
  EXPECT_EQ(config, gpt2()) << "12 layers, tied head, 124 M parameters";
  EXPECT_EQ(config.dropout, 0) << "the file's is a choice of its training run";
}

TEST(ConfigIo, Llama) {
  transformer_config expected;
  expected.vocab         = 128256;
  expected.positions     = 131072;
  expected.layers        = 16;
  expected.heads         = 32;
  expected.kv_heads      = 8;
  expected.head_channels = 64;
  expected.channels      = 2048;
  expected.hidden        = 8192;
  expected.norm          = norm_kind::rms;
  expected.position      = position_kind::rotary;
  expected.mlp           = mlp_kind::swiglu;
  expected.head          = head_kind::tied;
  expected.bias          = false;
  expected.rotary_base   = 500000;
  EXPECT_EQ(parsed(llama_file()), expected);
}

TEST(ConfigIo, AbsentFieldsTakeTheDefaultsOfTransformers) {
  json file = gpt2_file();
  for (char const* name : {"activation_function", "architectures", "layer_norm_epsilon", "n_positions"})
    file.erase(name);
  file["n_inner"] = nullptr;
  EXPECT_EQ(parsed(file), gpt2());

  file = llama_file();
  for (char const* name : {"num_key_value_heads", "head_dim", "rms_norm_eps", "rope_theta", "rope_scaling",
                           "tie_word_embeddings", "attention_bias", "mlp_bias", "hidden_act"}) {
    file.erase(name);
  }
  transformer_config const config = parsed(file);
  EXPECT_EQ(config.kv_heads, 32);
  EXPECT_EQ(config.head_channels, 64);
  EXPECT_EQ(config.norm_epsilon, 1e-6);
  EXPECT_EQ(config.rotary_base, 10000);
  EXPECT_EQ(config.head, head_kind::own);
  EXPECT_FALSE(config.bias);
}

TEST(ConfigIo, FieldsThatAreThereCount) {
  json file                   = gpt2_file();
  file["n_inner"]             = 1000;
  file["tie_word_embeddings"] = false;
  file["n_ctx"]               = 7;  // old, and wrong beside n_positions in some files
  file["layer_norm_epsilon"]  = 1e-3;
  EXPECT_EQ(parsed(file).hidden, 1000);
  EXPECT_EQ(parsed(file).head, head_kind::own);
  EXPECT_EQ(parsed(file).positions, 1024);
  EXPECT_EQ(parsed(file).norm_epsilon, 1e-3);

  file                   = llama_file();
  file["head_dim"]       = 128;  // 32 * 128 is not hidden_size, and need not be
  file["attention_bias"] = file["mlp_bias"] = true;
  EXPECT_EQ(parsed(file).query_channels(), 4096);
  EXPECT_TRUE(parsed(file).bias);
}

TEST(ConfigIo, RotaryBaseOfVersionFive) {
  json file = llama_file();
  file.erase("rope_theta");
  file["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 250000.0}};
  EXPECT_EQ(parsed(file).rotary_base, 250000);
  file["rope_parameters"]["rope_type"] = "yarn";
  expect_refused(file, {"rope_parameters", "rope_type is \"yarn\"", "\"default\""});
}

TEST(ConfigIo, Heads) {
  json file             = gpt2_file();
  file["architectures"] = {"GPT2ForSequenceClassification"};
  EXPECT_EQ(parsed(file).head, head_kind::none);
  EXPECT_TRUE(parsed(file).scalar_head);
  file["architectures"] = {"GPT2Model"};
  EXPECT_EQ(parsed(file).head, head_kind::none);
  EXPECT_FALSE(parsed(file).scalar_head);
  file["architectures"] = {"GPT2DoubleHeadsModel"};
  expect_refused(file, {"architectures is [\"GPT2DoubleHeadsModel\"]", "GPT2LMHeadModel"});
  file["architectures"] = "GPT2LMHeadModel";
  expect_refused(file, {"architectures", "a list"});
}

TEST(ConfigIo, RefusesOtherFormulas) {
  struct {
    char const* name;
    json value;
    char const* expected;
  } const of_gpt2[]  = {{"model_type", "gpt_neox", "\"llama\" or \"gpt2\""},
                        {"model_type", nullptr, "a text"},
                        {"activation_function", "gelu", "\"gelu_new\""},
                        {"scale_attn_weights", false, "true"},
                        {"scale_attn_by_inverse_layer_idx", true, "false"},
                        {"add_cross_attention", true, "false"},
                        {"n_head", 7, "a divisor of n_embd, 768"}},
          of_llama[] = {{"hidden_act", "gelu", "\"silu\""},
                        {"mlp_bias", true, "false"},
                        {"partial_rotary_factor", 0.5, "1"},
                        {"num_key_value_heads", 5, "a divisor of num_attention_heads, 32"}};
  for (auto const& [name, value, expected] : of_gpt2) {
    json file  = gpt2_file();
    file[name] = value;
    expect_refused(file, {"config: ", name, value.is_null() ? "absent" : value.dump().c_str(), expected});
  }
  for (auto const& [name, value, expected] : of_llama) {
    json file  = llama_file();
    file[name] = value;
    expect_refused(file, {"config: ", name, value.dump().c_str(), expected});
  }
  json file            = llama_file();
  file["rope_scaling"] = {{"factor", 32.0}, {"rope_type", "llama3"}};
  expect_refused(file, {"rope_scaling", "rope_type is \"llama3\"", "\"default\""});
  file["rope_scaling"] = {{"factor", 2.0}, {"type", "linear"}};
  expect_refused(file, {"rope_scaling", "type is \"linear\""});
  file["rope_scaling"] = "none";
  expect_refused(file, {"rope_scaling", "\"none\"", "a JSON object"});
}

TEST(ConfigIo, RefusesWrongTypesAndAbsurdSizes) {
  for (char const* name : {"n_layer", "n_head", "n_embd", "vocab_size", "n_positions"}) {
    for (json const& value : {json(0), json(-3), json(12.5), json("12"), json(1048577),
                              json(18446744073709551615u), json(1e300), json::array({12}), json(true)}) {
      json file  = gpt2_file();
      file[name] = value;
      expect_refused(file, {"config: ", name, value.dump().c_str(), "an integer in 1 .. 1048576"});
    }
    json file = gpt2_file();
    file.erase(name);
    file.erase("n_ctx");
    expect_refused(file, {"config: ", name, "is absent"});
  }
  for (char const* name : {"num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
                           "hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings"}) {
    json file  = llama_file();
    file[name] = 1 << 30;
    expect_refused(file, {"config: ", name, "1073741824", "1 .. 1048576"});
  }
  json file                   = llama_file();
  file["num_attention_heads"] = file["head_dim"] = 1048576;
  expect_refused(file, {"heads * head_channels is 1099511627776"});
  file             = llama_file();
  file["head_dim"] = 63;
  expect_refused(file, {"head_channels is 63", "even"});
  file                 = llama_file();
  file["rms_norm_eps"] = 0;
  expect_refused(file, {"config: ", "norm_epsilon is 0", "> 0"});
  file["rms_norm_eps"] = "1e-5";
  expect_refused(file, {"rms_norm_eps is \"1e-5\"", "a finite number"});
  file               = llama_file();
  file["rope_theta"] = -1;
  expect_refused(file, {"rotary_base is -1"});
  file["rope_theta"]          = 1;
  file["tie_word_embeddings"] = 1;
  expect_refused(file, {"tie_word_embeddings is 1", "true or false"});
  expect_refused(json::array(), {"config: []", "a JSON object"});
  expect_error<format_error>([] { parse_model_config(R"({"model_type": "gpt2",)", "config"); },
                             {"config: ", "byte 23"});
  expect_error<format_error>([] { parse_model_config(R"({"n_head": 1, "n_head": 2})", "config"); },
                             {"\"n_head\" stands twice"});
}

TEST(ConfigIo, TheWayBack) {
  transformer_config llama = parsed(llama_file());
  std::vector<transformer_config> configs{gpt2(), gpt_nano(100, 12), llama};
  llama.bias = true;
  llama.head = head_kind::own;
  configs.push_back(llama);
  for (transformer_config config : configs) {
    config.norm_epsilon = 0.1 / 3;
    EXPECT_EQ(parse_model_config(model_config_text(config), "text"), config);
    config.scalar_head = true;
    EXPECT_EQ(parse_model_config(model_config_text(config), "text"), config);
    config.head = head_kind::none;
    EXPECT_EQ(parse_model_config(model_config_text(config), "text"), config);
    config.scalar_head = false;
    EXPECT_EQ(parse_model_config(model_config_text(config), "text"), config);
  }
  transformer_config dropped = gpt2();
  dropped.dropout            = 0.25;
  json const written         = json::parse(model_config_text(dropped, "bfloat16"));
  EXPECT_EQ(written["attn_pdrop"], 0.25) << "or transformers would take 0.1";
  EXPECT_EQ(written["torch_dtype"], "bfloat16");
  EXPECT_EQ(parsed(written), gpt2());
}

TEST(ConfigIo, OnlyTheTwoFamiliesAreWritten) {
  auto const expect_neither = [](auto change) {
    transformer_config config = gpt2();
    change(config);
    expect_error<value_error>([&] { model_config_text(config); }, {"config.json", "GPT-2", "Llama"});
  };
  expect_neither([](auto& config) { config.norm = norm_kind::rms; });
  expect_neither([](auto& config) { config.position = position_kind::rotary; });
  expect_neither([](auto& config) { config.mlp = mlp_kind::swiglu; });
  expect_neither([](auto& config) { config.bias = false; });
  expect_neither([](auto& config) { config.kv_heads = 4; });
  expect_neither([](auto& config) { config.head_channels = 32; });
  transformer_config empty;
  expect_error<value_error>([&] { model_config_text(empty); }, {"vocab is 0"});
}

TEST(ConfigIo, FoldersAreNamed) {
  support::scratch_folder const folder("config");
  expect_error<io_error>([&] { load_model_config(folder.path); }, {"cannot open", "config.json"});
  write_whole(folder / "config.json", gpt2_file().dump());
  EXPECT_EQ(load_model_config(folder.path), gpt2());
  write_whole(folder / "config.json", "{");
  expect_error<format_error>([&] { load_model_config(folder.path); },
                             {"config: \"", "config.json\"", "byte 2"});
}

}  // namespace
}  // namespace poft
