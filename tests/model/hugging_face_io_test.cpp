// Hugging Face folders: the golden models are read exactly and written alike, and files that contradict their config are refused.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "poft/backend/one_by_one.hpp"
#include "poft/core/random.hpp"
#include "poft/model/hugging_face_io.hpp"
#include "support/expect_error.hpp"
#include "support/golden.hpp"
#include "support/scratch_folder.hpp"

namespace poft {
namespace {

namespace fs = std::filesystem;
using support::expect_error;
using support::scratch_folder;

fs::path golden_folder(std::string const& name) { return fs::path(POFT_GOLDEN_DIR "/models") / name; }
std::vector<std::string> const golden_models{"gpt_tiny", "llama_tiny_tied", "llama_tiny_untied"};

template <class T = float>
struct model {
  transformer_config config;
  std::vector<T> weights;
  transformer_slices<T> slices;

  explicit model(transformer_config const& shape)
      : config(shape),
        weights(static_cast<std::size_t>(parameter_count(shape)), static_cast<T>(7.0f)),
        slices(shape, weights.data()) {}
  /// From a folder; of `file` in it, where the weights are not in model.safetensors.
  explicit model(fs::path const& folder, char const* file = "", load_parameters_options options = {})
      : model(load_model_config(folder)) {
    load_parameters(*file ? folder / file : folder, config, slices, options);
  }
  model(model const&) = delete;
  std::map<std::string, std::vector<T>> by_name() const {
    std::map<std::string, std::vector<T>> out;
    for (auto const& parameter : named_parameters(config, slices)) {
      T const* const first = parameter.values.data();
      out[parameter.name].assign(first, first + parameter.values.size());
    }
    return out;
  }
};

// ---- the golden models

template <class T>
void expect_golden(model<T> const& loaded, std::string const& name) {
  std::string const family = name.starts_with("gpt") ? "gpt" : "llama";
  for (auto const& one : golden::cases("J_models", family)) {
    if (one["name"] != name) continue;
    auto const weights   = loaded.by_name();
    auto const& expected = one["inputs"]["weights"];
    ASSERT_EQ(weights.size(), expected.size());
    for (auto const& [tensor, values] : weights) {
      EXPECT_EQ(values, golden::numbers<T>(expected.at(tensor))) << name << ", " << tensor;
    }
    return;
  }
  FAIL() << name;
}

TEST(HuggingFaceIo, GoldenModelsAreReadExactly) {
  for (auto const& name : golden_models) {
    expect_golden(model<float>(golden_folder(name)), name);
    expect_golden(model<double>(golden_folder(name)), name);
  }
}

TEST(HuggingFaceIo, LinearLayersOfMinGptByOption) {
  fs::path const folder = golden_folder("gpt_tiny");
  expect_golden(model<float>(folder, "model_linear.safetensors", {.gpt2_linear_layers = true}), "gpt_tiny");
  expect_error<shape_error>([&] { model<float>(folder, "model_linear.safetensors"); },
                            {"model_linear.safetensors", "\"transformer.h.0.attn.c_attn.weight\" is [24, 8]",
                             "expected [8, 24]", "gpt2_linear_layers"});
  expect_error<shape_error>([&] { model<float>(folder, "", {.gpt2_linear_layers = true}); },
                            {"\"transformer.h.0.attn.c_attn.weight\" is [8, 24]", "expected [24, 8]"});
}

/// The bytes of every tensor, with its type and shape, by name.
std::map<std::string, std::string> contents(std::vector<fs::path> const& files) {
  std::map<std::string, std::string> out;
  for (auto const& path : files) {
    safetensors_file file(path);
    std::string const all        = read_whole(path);
    std::int64_t const data_size = file.entries().back().end;
    std::string const data       = all.substr(all.size() - static_cast<std::size_t>(data_size));
    for (auto const& entry : file.entries()) {
      out[entry.name] = message(name_of(entry.type), shape_text(entry.shape)) +
                        data.substr(static_cast<std::size_t>(entry.begin),
                                    static_cast<std::size_t>(entry.end - entry.begin));
    }
  }
  return out;
}

TEST(HuggingFaceIo, WrittenModelsHoldTheSameBytes) {
  scratch_folder const folder("hugging_face");
  for (auto const& name : golden_models) {
    model<float> const loaded(golden_folder(name));
    save_model(folder.path, loaded.config, loaded.slices);
    EXPECT_EQ(contents({folder / "model.safetensors"}),
              contents({golden_folder(name) / "model.safetensors"}));
    EXPECT_EQ(load_model_config(folder.path), loaded.config);
    EXPECT_EQ(model<float>(folder.path).weights, loaded.weights);
    EXPECT_EQ(folder.files(), 2u);
  }
}

TEST(HuggingFaceIo, ShardsHoldTheSameBytes) {
  scratch_folder const folder("hugging_face");
  model<float> const loaded(golden_folder("gpt_tiny"));
  // 7936 bytes of weights in tensors of at most 1024.
  save_model(folder.path, loaded.config, loaded.slices, {.max_shard_bytes = 3000});
  std::vector<fs::path> shards;
  for (auto const& entry : fs::directory_iterator(folder.path)) {
    if (entry.path().extension() == ".safetensors") shards.push_back(entry.path());
  }
  ASSERT_EQ(shards.size(), 3u);
  EXPECT_TRUE(fs::exists(folder / "model-00001-of-00003.safetensors"));
  for (auto const& shard : shards) EXPECT_LE(safetensors_file(shard).entries().back().end, 3000);
  EXPECT_EQ(contents(shards), contents({golden_folder("gpt_tiny") / "model.safetensors"}));
  auto const index = nlohmann::json::parse(read_whole(folder / "model.safetensors.index.json"));
  EXPECT_EQ(index["metadata"]["total_size"], 7936);
  EXPECT_EQ(index["weight_map"].size(), 29u);
  EXPECT_EQ(model<float>(folder.path).weights, loaded.weights);

  // A tensor that is larger than a shard may be has one of its own.
  save_model(folder.path, loaded.config, loaded.slices, {.max_shard_bytes = 1});
  EXPECT_TRUE(fs::exists(folder / "model-00029-of-00029.safetensors"));
  EXPECT_EQ(model<float>(folder.path).weights, loaded.weights);
}

TEST(HuggingFaceIo, TheLastSaveIsRead) {
  scratch_folder const folder("hugging_face");
  model<float> saved(golden_folder("gpt_tiny"));
  for (std::int64_t const shard : {3000, 1'000'000, 5000, 1'000'000}) {
    saved.weights[3] += 1;
    save_model(folder.path, saved.config, saved.slices, {.max_shard_bytes = shard});
    EXPECT_EQ(model<float>(folder.path).weights, saved.weights) << shard;
  }
}

TEST(HuggingFaceIo, HalvesAreRoundedOnce) {
  scratch_folder const folder("hugging_face");
  for (auto const& name : golden_models) {
    model<float> const loaded(golden_folder(name));
    save_model(folder.path, loaded.config, loaded.slices, {.type = dtype::bf16});
    model<float> const bf16(folder.path);
    save_model(folder.path, loaded.config, loaded.slices, {.type = dtype::f16});
    model<float> const f16(folder.path);
    for (std::size_t i = 0; i < loaded.weights.size(); ++i) {
      ASSERT_EQ(bf16.weights[i], static_cast<float>(bfloat16(loaded.weights[i])));
      ASSERT_EQ(f16.weights[i], static_cast<float>(float16(loaded.weights[i])));
    }
  }
}

// A model in bfloat16 reads files of float, too, and writes what it has exactly.
TEST(HuggingFaceIo, AModelInBfloat16) {
  scratch_folder const folder("hugging_face");
  for (auto const& name : golden_models) {
    model<float> const in_float(golden_folder(name));
    model<bfloat16> const in_bfloat16(golden_folder(name));
    for (dtype const type : {dtype::bf16, dtype::f32}) {
      save_model(folder.path, in_bfloat16.config, in_bfloat16.slices, {.type = type});
      model<float> const back(folder.path);
      model<bfloat16> const same(folder.path);
      for (std::size_t i = 0; i < in_float.weights.size(); ++i) {
        ASSERT_EQ(in_bfloat16.weights[i].bits, bfloat16(in_float.weights[i]).bits);
        ASSERT_EQ(same.weights[i].bits, in_bfloat16.weights[i].bits);
        ASSERT_EQ(back.weights[i], static_cast<float>(in_bfloat16.weights[i]));
      }
    }
  }
}

// Matrices wider and higher than the blocks that are turned at once, 2^18 elements.
TEST(HuggingFaceIo, LargeMatricesAreTurned) {
  scratch_folder const folder("hugging_face");
  model<double> saved(gpt(1, 1, 600, 3, 2));
  for (std::size_t i = 0; i < saved.weights.size(); ++i) saved.weights[i] = static_cast<double>(i) + 0.1;
  save_model(folder.path, saved.config, saved.slices, {.type = dtype::f64});
  safetensors_file file(folder / "model.safetensors");
  std::vector<double> stored(600 * 1800);
  file.read("transformer.h.0.attn.c_attn.weight", view<double>(stored));
  auto const weight = saved.slices.blocks[0].qkv.weight;
  for (std::ptrdiff_t r = 0; r < 1800; ++r) {
    for (std::ptrdiff_t c = 0; c < 600; ++c) {
      ASSERT_EQ(stored[static_cast<std::size_t>(c * 1800 + r)], weight(r, c));
    }
  }
  EXPECT_EQ(model<double>(folder.path).weights, saved.weights);
}

// ---- folders that somebody else wrote

struct held_tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};
using held_tensors = std::map<std::string, held_tensor>;

held_tensors tensors_of(std::string const& name) {
  safetensors_file file(golden_folder(name) / "model.safetensors");
  held_tensors out;
  for (auto const& entry : file.entries()) {
    auto& to = out[entry.name];
    to       = {entry.shape, std::vector<float>(static_cast<std::size_t>(entry.elements()))};
    file.read(entry, 0, view<float>(to.values));
  }
  return out;
}
void write(fs::path const& path, held_tensors const& tensors) {
  std::vector<safetensors_tensor> out;
  for (auto const& [name, held] : tensors)
    out.push_back(tensor_of(name, held.shape, view<float const>(held.values)));
  write_safetensors(path, out);
}

/// A copy of a golden model whose tensors and config a test may change.
struct foreign_folder {
  scratch_folder folder{"hugging_face"};
  std::string name;
  held_tensors tensors;
  nlohmann::json config;

  explicit foreign_folder(std::string const& golden)
      : name(golden),
        tensors(tensors_of(golden)),
        config(nlohmann::json::parse(read_whole(golden_folder(golden) / "config.json"))) {}
  fs::path written() const {
    write(folder / "model.safetensors", tensors);
    write_whole(folder / "config.json", config.dump());
    return folder.path;
  }
  void without_prefix() {
    held_tensors renamed;
    for (auto& [tensor, held] : tensors) {
      bool const in_body = tensor.starts_with("transformer.") || tensor.starts_with("model.");
      renamed[in_body ? tensor.substr(tensor.find('.') + 1) : tensor] = std::move(held);
    }
    tensors = std::move(renamed);
  }
  template <class Error = format_error>
  void expect_refused(std::initializer_list<char const*> parts) {
    fs::path const path = written();
    auto const shape    = load_model_config(path);
    model<float> to(shape);
    expect_error<Error>([&] { load_parameters(path, to.config, to.slices); }, parts);
    EXPECT_EQ(to.weights, std::vector<float>(to.weights.size(), 7)) << "nothing is written before an error";
  }
};

// As openai-community/gpt2: no prefix, causal masks as buffers, no lm_head.
TEST(HuggingFaceIo, NamesWithoutPrefixAndBuffers) {
  for (auto const& name : golden_models) {
    foreign_folder foreign(name);
    foreign.without_prefix();
    if (name == "gpt_tiny") {
      for (std::string const layer : {"h.0.", "h.1."}) {
        foreign.tensors[layer + "attn.bias"]        = {{1, 1, 6, 6}, std::vector<float>(36, 1)};
        foreign.tensors[layer + "attn.masked_bias"] = {{}, {-1e4f}};
      }
    } else {
      foreign.tensors["layers.0.self_attn.rotary_emb.inv_freq"] = {{2}, {1, 0.01f}};
    }
    expect_golden(model<float>(foreign.written()), name);
  }
}

TEST(HuggingFaceIo, ATiedHeadMayBeInTheFile) {
  foreign_folder foreign("llama_tiny_tied");
  foreign.tensors["lm_head.weight"] = foreign.tensors["model.embed_tokens.weight"];
  expect_golden(model<float>(foreign.written()), "llama_tiny_tied");
  foreign.tensors["lm_head.weight"].values[16 * 3 + 5] += 1;
  expect_error<format_error>([&] { model<float>(foreign.written()); },
                             {"row 3 of tensor \"lm_head.weight\"", "tie_word_embeddings"});
  foreign.tensors["lm_head.weight"].shape = {16, 11};
  foreign.expect_refused<shape_error>({"\"lm_head.weight\" is [16, 11]", "expected [11, 16]"});
}

TEST(HuggingFaceIo, MissingAndUnknownTensorsAreNamed) {
  foreign_folder foreign("gpt_tiny");
  foreign.tensors["transformer.h.1.extra"] = {{1}, {1}};
  foreign.tensors["other.weight"]          = {{1}, {1}};
  foreign.expect_refused({"does not have: \"other.weight\", \"transformer.h.1.extra\""});
  foreign.tensors.erase("transformer.h.1.ln_2.bias");
  foreign.tensors.erase("lm_head.weight");
  foreign.expect_refused({"hugging_face", "2 tensors", "missing", "\"transformer.h.1.ln_2.bias\""});

  foreign_folder twice("gpt_tiny");
  twice.tensors["wte.weight"] = twice.tensors["transformer.wte.weight"];
  twice.expect_refused({"does not have: \"wte.weight\""});
}

TEST(HuggingFaceIo, AConfigThatContradictsTheWeightsIsRefused) {
  struct {
    char const *model, *field;
    int value;
    char const* said;
  } const cases[] = {
      {"gpt_tiny", "n_layer", 3,
       "12 tensors of the config are missing, the first is \"transformer.h.2.ln_1.weight\""},
      {"gpt_tiny", "n_layer", 1, "does not have: \"transformer.h.1.attn.c_attn.bias\""},
      {"gpt_tiny", "vocab_size", 12, "\"transformer.wte.weight\" is [11, 8], expected [12, 8]"},
      {"gpt_tiny", "n_positions", 7, "\"transformer.wpe.weight\" is [6, 8], expected [7, 8]"},
      {"gpt_tiny", "n_inner", 16, "\"transformer.h.0.mlp.c_fc.weight\" is [8, 32], expected [8, 16]"},
      {"gpt_tiny", "n_embd", 16, "\"transformer.wte.weight\" is [11, 8], expected [11, 16]"},
      {"llama_tiny_tied", "num_key_value_heads", 4, "k_proj.weight\" is [8, 16], expected [16, 16]"},
      {"llama_tiny_tied", "head_dim", 8, "q_proj.weight\" is [16, 16], expected [32, 16]"},
      {"llama_tiny_tied", "tie_word_embeddings", 0, "the first is \"lm_head.weight\""},
      {"llama_tiny_untied", "tie_word_embeddings", 1, "row 0 of tensor \"lm_head.weight\""}};
  for (auto const& [name, field, value, said] : cases) {
    foreign_folder foreign(name);
    foreign.config[field] = value;
    if (std::string_view(field).starts_with("tie")) foreign.config[field] = value == 1;
    expect_error<error>([&] { model<float>(foreign.written()); }, {said});
  }
  foreign_folder other("llama_tiny_tied");
  other.config = nlohmann::json::parse(read_whole(golden_folder("gpt_tiny") / "config.json"));
  other.expect_refused({"29 tensors of the config are missing, the first is \"transformer.wte.weight\""});
}

TEST(HuggingFaceIo, WeightsAreFloatingPoint) {
  foreign_folder foreign("llama_tiny_tied");
  fs::path const path = foreign.written();
  foreign.tensors.erase("model.norm.weight");
  std::vector<safetensors_tensor> tensors;
  for (auto const& [name, held] : foreign.tensors)
    tensors.push_back(tensor_of(name, held.shape, view<float const>(held.values)));
  std::vector<std::int64_t> const ones(16, 1);
  std::vector<double> const halves(16, 0.5);
  tensors.push_back(tensor_of("model.norm.weight", {16}, view<std::int64_t const>(ones)));
  write_safetensors(path / "model.safetensors", tensors);
  expect_error<format_error>([&] { model<float> m(path); },
                             {"\"model.norm.weight\" is I64", "F32, BF16 or F16"});
  tensors.back() = tensor_of("model.norm.weight", {16}, view<double const>(halves));
  write_safetensors(path / "model.safetensors", tensors);
  expect_error<format_error>([&] { model<float> m(path); }, {"\"model.norm.weight\" is F64"});
  EXPECT_EQ(model<double>(path).slices.last_norm.gain[3], 0.5);
}

TEST(HuggingFaceIo, IndexAndShardsMustAgree) {
  scratch_folder const folder("hugging_face");
  model<float> const saved(golden_folder("gpt_tiny"));
  save_model(folder.path, saved.config, saved.slices, {.max_shard_bytes = 3000});
  fs::path const path     = folder / "model.safetensors.index.json";
  auto const good         = nlohmann::json::parse(read_whole(path));
  std::string const first = "model-00001-of-00003.safetensors", last = "model-00003-of-00003.safetensors";
  auto const expect_refused = [&]<class Error = format_error>(std::function<void(nlohmann::json&)> change,
                                                              std::initializer_list<char const*> parts) {
    auto index = good;
    change(index);
    write_whole(path, index.dump());
    expect_error<Error>([&] { model<float> m(folder.path); }, parts);
  };
  expect_refused([&](auto& index) { index["weight_map"]["lm_head.weight"] = first; },
                 {"index.json", "\"lm_head.weight\" stands in", last.c_str()});
  expect_refused([&](auto& index) { index["weight_map"].erase("lm_head.weight"); },
                 {"\"lm_head.weight\" stands in"});
  expect_refused([&](auto& index) { index["weight_map"]["more"] = first; },
                 {"\"more\" is missing in", first.c_str()});
  expect_refused([](auto& index) { index["weight_map"]["lm_head.weight"] = "../model.safetensors"; },
                 {"weight_map: lm_head.weight is \"../model.safetensors\"", "beside the index"});
  expect_refused([](auto& index) { index["weight_map"]["lm_head.weight"] = 3; }, {"lm_head.weight is 3"});
  expect_refused([](auto& index) { index.erase("weight_map"); }, {"weight_map is absent"});
  expect_refused([](auto& index) { index["weight_map"] = "x"; },
                 {"weight_map", "\"x\", expected a JSON object"});
  expect_refused([](auto& index) { index = 1; }, {"index.json", "1, expected a JSON object"});
  write_whole(path, good.dump());
  fs::remove(folder / first);
  expect_error<io_error>([&] { model<float> m(folder.path); }, {first.c_str(), "cannot open"});
}

TEST(HuggingFaceIo, AFolderWithoutWeightsIsNamed) {
  scratch_folder const folder("hugging_face");
  model<float> to(gpt_nano(5, 4));
  for (auto const& path : {folder.path, folder / "missing"}) {
    expect_error<io_error>([&] { load_parameters(path, to.config, to.slices); },
                           {path.c_str(), "model.safetensors", "index.json"});
  }
  write_whole(folder / "model.safetensors", "12345678");
  expect_error<format_error>([&] { load_parameters(folder.path, to.config, to.slices); },
                             {"model.safetensors\"", "byte 0"});
}

TEST(HuggingFaceIo, OtherHeads) {
  scratch_folder const folder("hugging_face");
  model<float> const language(golden_folder("gpt_tiny"));
  transformer_config reward = language.config;
  reward.head               = head_kind::none;
  reward.scalar_head        = true;
  model<float> to(reward);
  EXPECT_THROW(load_parameters(golden_folder("gpt_tiny"), to.config, to.slices), format_error);
  load_parameters(golden_folder("gpt_tiny"), to.config, to.slices, {.other_heads = true});
  EXPECT_EQ(to.slices.scalar_head.weight(0, 3), 7) << "as it was before";
  auto expected = language.by_name();
  expected.erase("lm_head.weight");
  expected["score.weight"] = std::vector<float>(8, 7);
  EXPECT_EQ(to.by_name(), expected);

  save_model(folder.path, to.config, to.slices);
  EXPECT_EQ(load_model_config(folder.path), reward);
  EXPECT_EQ(model<float>(folder.path).weights, to.weights);
}

// ---- writing

TEST(HuggingFaceIo, AFullDiskLeavesTheOldModel) {
  scratch_folder const folder("hugging_face");
  model<float> const saved(golden_folder("gpt_tiny"));
  save_model(folder.path, saved.config, saved.slices);
  model<float> const large(gpt(2, 2, 64, 11, 6));
  for (std::int64_t const shard : {1'000'000, 100'000}) {
    {
      support::full_disk const full(50'000);
      expect_error<io_error>(
          [&] { save_model(folder.path, large.config, large.slices, {.max_shard_bytes = shard}); },
          {"cannot write", ".safetensors"});
    }
    EXPECT_EQ(model<float>(folder.path).weights, saved.weights);
    EXPECT_EQ(folder.files(), 2u);
  }
}

TEST(HuggingFaceIo, RefusesWhatCannotBeSaved) {
  scratch_folder const folder("hugging_face");
  model<float> saved(golden_folder("gpt_tiny"));
  auto const save = [&](transformer_config const& config, save_model_options options = {}) {
    save_model(folder / "new", config, saved.slices, options);
  };
  auto other   = saved.config;
  other.hidden = 33;
  expect_error<shape_error>([&] { save(other); }, {"slices of"});
  expect_error<shape_error>([&] { load_parameters(golden_folder("gpt_tiny"), other, saved.slices); },
                            {"slices of"});
  other      = saved.config;
  other.norm = norm_kind::rms;
  expect_error<value_error>([&] { save(other); }, {"GPT-2"});
  expect_error<value_error>([&] { save(saved.config, {.max_shard_bytes = 0}); }, {"max_shard_bytes is 0"});
  EXPECT_FALSE(fs::exists(folder / "new"));
  expect_error<value_error>([&] { save(saved.config, {.type = dtype::i32}); }, {"cannot write F32 as I32"});
  write_whole(folder / "file", "");
  expect_error<io_error>([&] { save_model(folder / "file/inside", saved.config, saved.slices); },
                         {"cannot make", "inside"});
}

TEST(HuggingFaceIo, NetworksSideBySideAreNoModel) {
  scratch_folder const folder("hugging_face");
  transformer<one_by_one, float> two({}, gpt(1, 1, 2, 3, 4), 2);
  expect_error<value_error>([&] { save_model(folder.path, two); },
                            {"save_model: the model is 2 networks side by side, expected 1"});
  EXPECT_TRUE(std::filesystem::is_empty(folder.path));
  expect_error<value_error>([&] { load_parameters(folder.path, two); },
                            {"load_parameters: the model is 2 networks side by side, expected 1"});
}

TEST(HuggingFaceIo, ConstantSlicesAreWritten) {
  scratch_folder const folder("hugging_face");
  model<float> const saved(golden_folder("llama_tiny_untied"));
  save_model(folder.path, saved.config, transformer_slices<float const>(saved.config, saved.weights.data()));
  EXPECT_EQ(model<float>(folder.path).weights, saved.weights);
}

}  // namespace
}  // namespace poft
