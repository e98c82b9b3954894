// config.json of Hugging Face folders: which transformer of the GPT-2 or Llama family it describes, and the way back.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/core/whole_file.hpp"
#include "poft/model/config.hpp"

namespace poft {

namespace detail {

struct model_family {
  char const* model_type;
  char const* language_model;
  char const* scalar_model;  // one number per sequence in place of a language model's head
  char const* bare_model;    // no head
};
inline constexpr model_family gpt2_family{"gpt2", "GPT2LMHeadModel", "GPT2ForSequenceClassification",
                                          "GPT2Model"};
inline constexpr model_family llama_family{"llama", "LlamaForCausalLM", "LlamaForSequenceClassification",
                                           "LlamaModel"};

/// Throws where the formula that a field asks for is not the one we compute.
inline void expect_text(json_fields const& in, char const* name,
                        std::initializer_list<std::string_view> known) {
  if (std::ranges::find(known, in.text(name, std::string(*known.begin()))) == known.end()) {
    std::string names;
    for (std::string_view const one : known) names += (names.empty() ? "" : " or ") + in_quotes(one);
    throw in.unexpected(name, names);
  }
}
inline void expect_flag(json_fields const& in, char const* name, bool known) {
  if (in.flag(name, known) != known) throw in.unexpected(name, known ? "true" : "false");
}

inline std::ptrdiff_t size_field(json_fields const& in, char const* name,
                                 std::optional<std::ptrdiff_t> absent = {}) {
  return in.integer(name, 1, transformer_config::largest_size, absent);
}
/// Heads that divide `whole`.
inline std::ptrdiff_t divisor_field(json_fields const& in, char const* name, char const* whole_name,
                                    std::ptrdiff_t whole, std::optional<std::ptrdiff_t> absent = {}) {
  std::ptrdiff_t const divisor = size_field(in, name, absent);
  if (whole % divisor != 0) throw in.unexpected(name, message("a divisor of ", whole_name, ", ", whole));
  return divisor;
}

inline transformer_config parse_gpt2(json_fields const& in) {
  auto const channels  = size_field(in, "n_embd");
  auto const positions = in.has("n_ctx") && !in.has("n_positions") ? "n_ctx" : "n_positions";
  auto out         = gpt(size_field(in, "n_layer"), divisor_field(in, "n_head", "n_embd", channels), channels,
                         size_field(in, "vocab_size"), size_field(in, positions));
  out.hidden       = size_field(in, "n_inner", out.hidden);
  out.norm_epsilon = in.number("layer_norm_epsilon", 1e-5);
  expect_text(in, "activation_function", {"gelu_new", "gelu_pytorch_tanh"});
  expect_flag(in, "scale_attn_weights", true);
  expect_flag(in, "scale_attn_by_inverse_layer_idx", false);
  expect_flag(in, "add_cross_attention", false);
  return out;
}

inline transformer_config parse_llama(json_fields const& in) {
  transformer_config out;
  out.vocab     = size_field(in, "vocab_size");
  out.positions = size_field(in, "max_position_embeddings");
  out.layers    = size_field(in, "num_hidden_layers");
  out.channels  = size_field(in, "hidden_size");
  out.hidden    = size_field(in, "intermediate_size");
  if (in.has("head_dim")) {
    out.heads         = size_field(in, "num_attention_heads");
    out.head_channels = size_field(in, "head_dim");
  } else {
    out.heads         = divisor_field(in, "num_attention_heads", "hidden_size", out.channels);
    out.head_channels = out.channels / out.heads;
  }
  out.kv_heads = divisor_field(in, "num_key_value_heads", "num_attention_heads", out.heads, out.heads);
  out.norm     = norm_kind::rms;
  out.position = position_kind::rotary;
  out.mlp      = mlp_kind::swiglu;
  out.bias     = in.flag("attention_bias", false);
  expect_flag(in, "mlp_bias", out.bias);
  out.norm_epsilon = in.number("rms_norm_eps", 1e-6);
  out.rotary_base  = in.number("rope_theta", 10000);
  expect_text(in, "hidden_act", {"silu"});
  // Version 5 of transformers renamed the first and moved rope_theta into it.
  for (char const* const name : {"rope_scaling", "rope_parameters"}) {
    if (auto const rope = in.fields(name)) {
      expect_text(*rope, rope->has("rope_type") ? "rope_type" : "type", {"default"});
      out.rotary_base = rope->number("rope_theta", out.rotary_base);
    }
  }
  if (in.number("partial_rotary_factor", 1) != 1) throw in.unexpected("partial_rotary_factor", "1");
  return out;
}

/// The family whose formulas and names the config has; value_error where it is neither.
inline model_family const& family_of(transformer_config const& config) {
  config.validate();
  if (config.norm == norm_kind::layer && config.position == position_kind::learned &&
      config.mlp == mlp_kind::gelu && config.bias && config.kv_heads == config.heads &&
      config.query_channels() == config.channels) {
    return gpt2_family;
  }
  if (config.norm == norm_kind::rms && config.position == position_kind::rotary &&
      config.mlp == mlp_kind::swiglu) {
    return llama_family;
  }
  throw value_error(
      "config.json: expected GPT-2's layer norm, learned positions, GELU, biases and a key-value head for "
      "each "
      "query head, or Llama's RMS norm, rotary positions and SwiGLU");
}

}  // namespace detail

/// What a config.json says; `place` opens the messages. Fields that do not change the formulas are passed over, those that
/// ask for others are refused. Dropout stays 0, as in evaluation: it is a choice of the training run. Throws format_error.
inline transformer_config parse_model_config(std::string_view text, std::string const& place) {
  auto const json = parse_json(text, place);
  json_fields const in(json, place);
  bool const is_gpt2 = in.text("model_type") == detail::gpt2_family.model_type;
  if (!is_gpt2) {
    detail::expect_text(in, "model_type", {detail::llama_family.model_type, detail::gpt2_family.model_type});
  }
  auto const& family = is_gpt2 ? detail::gpt2_family : detail::llama_family;
  auto out           = is_gpt2 ? detail::parse_gpt2(in) : detail::parse_llama(in);

  std::string architecture = family.language_model;
  if (in.has("architectures")) {
    auto const& named = json["architectures"];
    if (!named.is_array() || named.size() != 1 || !named[0].is_string()) {
      throw in.unexpected("architectures", "a list of one text");
    }
    architecture = named[0].get<std::string>();
  }
  if (architecture == family.language_model) {
    out.head = in.flag("tie_word_embeddings", is_gpt2) ? head_kind::tied : head_kind::own;
  } else if (architecture == family.scalar_model || architecture == family.bare_model) {
    out.head = head_kind::none;
  } else {
    throw in.unexpected("architectures",
                        message(family.language_model, ", ", family.scalar_model, " or ", family.bare_model));
  }
  out.scalar_head = in.flag("scalar_head", architecture == family.scalar_model);
  try {
    out.validate();
  } catch (value_error const& problem) {
    throw format_error(message(place, ": ", problem.what()));
  }
  return out;
}

/// The text of a config.json: all that parse_model_config reads and, for other readers, dropout and the type of the weights.
/// Its one field of ours, "scalar_head", stands where a language model has a value head, too. Throws value_error where the
/// config is of neither family.
inline std::string model_config_text(transformer_config const& config,
                                     std::string_view torch_dtype = "float32") {
  auto const& family = detail::family_of(config);
  nlohmann::ordered_json out;
  out["model_type"]    = family.model_type;
  out["architectures"] = {config.head != head_kind::none ? family.language_model
                          : config.scalar_head           ? family.scalar_model
                                                         : family.bare_model};
  if (&family == &detail::gpt2_family) {
    out["vocab_size"]          = config.vocab;
    out["n_positions"]         = config.positions;
    out["n_ctx"]               = config.positions;
    out["n_layer"]             = config.layers;
    out["n_head"]              = config.heads;
    out["n_embd"]              = config.channels;
    out["n_inner"]             = config.hidden;
    out["activation_function"] = "gelu_new";
    out["layer_norm_epsilon"]  = config.norm_epsilon;
    for (char const* name : {"attn_pdrop", "embd_pdrop", "resid_pdrop"}) out[name] = config.dropout;
  } else {
    out["vocab_size"]              = config.vocab;
    out["max_position_embeddings"] = config.positions;
    out["num_hidden_layers"]       = config.layers;
    out["num_attention_heads"]     = config.heads;
    out["num_key_value_heads"]     = config.kv_heads;
    out["head_dim"]                = config.head_channels;
    out["hidden_size"]             = config.channels;
    out["intermediate_size"]       = config.hidden;
    out["hidden_act"]              = "silu";
    out["attention_bias"]          = config.bias;
    out["mlp_bias"]                = config.bias;
    out["rms_norm_eps"]            = config.norm_epsilon;
    out["rope_theta"]              = config.rotary_base;
    out["attention_dropout"]       = config.dropout;
  }
  out["tie_word_embeddings"] = config.head == head_kind::tied;
  if (config.scalar_head) {
    out["scalar_head"] = true;
    out["num_labels"]  = 1;
  }
  out["torch_dtype"] = torch_dtype;
  return out.dump(2) + "\n";
}

/// config.json of a folder. Throws io_error or format_error.
inline transformer_config load_model_config(std::filesystem::path const& folder) {
  auto const path = folder / "config.json";
  return parse_model_config(read_whole(path), message("config: \"", path.string(), "\""));
}

}  // namespace poft
