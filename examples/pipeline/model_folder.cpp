// Folders in the form of Hugging Face, and new models of the presets' sizes.
// SPDX-License-Identifier: MIT
#include "model_folder.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>

#include "poft/core/error.hpp"
#include "poft/core/whole_file.hpp"
#include "poft/model/hugging_face_io.hpp"
#include "poft/text/chat_template_io.hpp"
#include "poft/text/open_tokenizer_io.hpp"

namespace pipeline {

using poft::message;

namespace {

/// Layers, heads and channels of minGPT's sizes; a name is a family and a size.
struct size_of_preset {
  char const* name;
  std::ptrdiff_t layers, heads, channels;
};
constexpr size_of_preset sizes[] = {
    {"nano", 3, 3, 48}, {"micro", 4, 4, 128}, {"mini", 6, 6, 192}, {"small", 12, 12, 768}};
constexpr char const* families[] = {"gpt_", "llama_"};

/// The Llama family: its MLP has three matrices instead of two, and so two thirds of the width.
poft::transformer_config llama_of(poft::transformer_config config) {
  config.norm     = poft::norm_kind::rms;
  config.position = poft::position_kind::rotary;
  config.mlp      = poft::mlp_kind::swiglu;
  config.bias     = false;
  config.hidden   = (8 * config.channels / 3 + 7) / 8 * 8;
  return config;
}

constexpr char template_file[] = "poft_chat_template.json";

/// Fills in what turns text into tokens; `folder` "bytes" is no folder.
void open_text(fs::path const& folder, language_model& model) {
  if (folder == "bytes") {
    poft::byte_tokenizer const bytes;
    poft::byte_pair_vocabulary vocabulary;
    for (std::int32_t byte = 0; byte < bytes.bytes; ++byte) {
      vocabulary.tokens.push_back({std::string(1, static_cast<char>(byte)), byte});
    }
    for (auto const& name : bytes.specials()) vocabulary.added.push_back({name, *bytes.special(name), true});
    model.text_files["tokenizer.json"] = poft::byte_pair_vocabulary_text(vocabulary);
    model.words                        = std::make_unique<poft::byte_pair_encoding>(std::move(vocabulary));
  } else {
    model.words = poft::open_tokenizer(folder);
    for (char const* const name :
         {"tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json",
          "vocab.json", "merges.txt", "generation_config.json", template_file}) {
      if (fs::exists(folder / name)) model.text_files[name] = poft::read_whole(folder / name);
    }
  }
  auto const given = model.text_files.find(template_file);
  if (given == model.text_files.end()) {
    model.turns                     = poft::default_chat_template(*model.words);
    model.text_files[template_file] = poft::chat_template_text(model.turns);
  } else {
    model.turns = poft::parse_chat_template(
        given->second, message("chat template: \"", (folder / template_file).string(), "\""));
  }
}

}  // namespace

void model_options::add_to(CLI::App& command, bool required) {
  command
      .add_option("--model", folder,
                  "a folder with config.json, model.safetensors, a tokenizer and a chat template")
      ->required(required);
  command.add_option("--threads", threads, "0: all cores; any number gives the same bits")
      ->capture_default_str();
}

std::int32_t language_model::end_token() const { return poft::chat_encoder(*words, turns).end_token(); }

std::unique_ptr<language_model> open_model(model_options const& options, double dropout) {
  fs::path const folder = options.folder;
  auto config           = poft::load_model_config(folder);
  config.dropout        = dropout;
  auto model            = std::make_unique<language_model>();
  open_text(folder, *model);
  if (model->words->vocab() > config.vocab) {
    throw poft::format_error(message("model: \"", folder.string(), "\": the tokenizer has ",
                                     model->words->vocab(), " ids, expected at most the ", config.vocab,
                                     " of config.json"));
  }
  model->weights = std::make_unique<network>(poft::eigen::backend{options.threads}, config);
  poft::load_parameters(folder, *model->weights);
  return model;
}

std::vector<std::string> preset_names() {
  std::vector<std::string> out;
  for (std::string const family : families) {
    for (auto const& size : sizes) out.push_back(family + size.name);
  }
  return out;
}

std::unique_ptr<language_model> new_model(new_model_options const& options, int threads, double dropout) {
  auto const names = preset_names();
  auto const found = std::find(names.begin(), names.end(), options.preset);
  if (found == names.end()) {
    std::string known;
    for (auto const& name : names) known += " " + name;
    throw poft::value_error(message("preset: \"", options.preset, "\", expected one of", known));
  }
  auto const place = static_cast<std::size_t>(found - names.begin());
  auto const& size = sizes[place % std::size(sizes)];
  auto model       = std::make_unique<language_model>();
  open_text(options.tokenizer, *model);
  auto config = poft::gpt(size.layers, size.heads, size.channels, model->words->vocab(), options.positions);
  if (place >= std::size(sizes)) config = llama_of(config);
  config.dropout = dropout;
  model->weights = std::make_unique<network>(poft::eigen::backend{threads}, config);
  poft::initialise(config, model->weights->slices(), options.seed);
  return model;
}

void save_model(language_model const& model, fs::path const& folder) {
  for (auto const& [name, text] : model.text_files) poft::write_whole(folder / name, text);
  poft::save_model(folder, *model.weights);
}

}  // namespace pipeline
