// Hugging Face folders of the GPT-2 and Llama families: the weights in model.safetensors, whole or in shards, beside config.json.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/core/view.hpp"
#include "poft/core/whole_file.hpp"
#include "poft/model/config.hpp"
#include "poft/model/config_io.hpp"
#include "poft/model/parameters.hpp"
#include "poft/model/safetensors_io.hpp"
#include "poft/model/transformer.hpp"
#include "poft/primitive/backend_copy.hpp"
#include "poft/row/row.hpp"

namespace poft {

/// Where a model.safetensors.index.json says that each tensor stands: the name of a file in the same folder.
inline std::map<std::string, std::string> parse_shard_index(std::string_view text, std::string const& place) {
  auto const json = parse_json(text, place);
  json_fields const in(json, place);
  auto const files = in.fields("weight_map");
  if (!files) throw in.unexpected("weight_map", "an object of file names by tensor");
  std::map<std::string, std::string> out;
  for (auto const& [tensor, file] : json["weight_map"].items()) {
    if (!file.is_string() || file != std::filesystem::path(file.get<std::string>()).filename().string()) {
      throw files->unexpected(tensor.c_str(), "the name of a file beside the index");
    }
    out[tensor] = file;
  }
  return out;
}

namespace detail {

inline constexpr char whole_weights[] = "model.safetensors";
inline constexpr char weights_index[] = "model.safetensors.index.json";

struct stored_tensor {
  safetensors_file* file;
  safetensors_entry const* entry;
};

/// The tensors of a model by name, and the open files that they stand in.
class stored_model {
 public:
  /// From a folder, or from one file.
  explicit stored_model(std::filesystem::path const& path) {
    std::error_code failed;
    if (std::filesystem::is_regular_file(path, failed)) {
      open(path);
    } else if (std::filesystem::exists(path / whole_weights, failed)) {
      open(path / whole_weights);
    } else if (std::filesystem::exists(path / weights_index, failed)) {
      auto const place = message("weights: \"", (path / weights_index).string(), "\"");
      auto const index = parse_shard_index(read_whole(path / weights_index), place);
      std::set<std::string> names;
      for (auto const& [tensor, name] : index) names.insert(name);
      for (auto const& name : names) {
        for (auto const& entry : open(path / name).entries()) {
          auto const found = index.find(entry.name);
          if (found == index.end() || found->second != name) {
            throw format_error(message(place, ": tensor ", in_quotes(entry.name), " stands in ",
                                       in_quotes(name), ", expected the file that weight_map names"));
          }
        }
      }
      for (auto const& [tensor, name] : index) {
        if (!tensors_.contains(tensor)) {
          throw format_error(
              message(place, ": tensor ", in_quotes(tensor), " is missing in ", in_quotes(name)));
        }
      }
    } else {
      throw io_error(message("weights: \"", path.string(),
                             "\", expected a .safetensors file, or a folder with ", whole_weights, " or ",
                             weights_index));
    }
  }

  /// Those that nobody has taken yet.
  std::map<std::string, stored_tensor> const& left() const { return tensors_; }
  std::optional<stored_tensor> take(std::string const& name) {
    auto const found = tensors_.extract(name);
    return found ? std::optional(found.mapped()) : std::nullopt;
  }

 private:
  safetensors_file const& open(std::filesystem::path const& path) {
    safetensors_file& file = files_.emplace_back(path);
    for (auto const& entry : file.entries()) tensors_[entry.name] = {&file, &entry};
    return file;
  }

  std::deque<safetensors_file> files_;
  std::map<std::string, stored_tensor> tensors_;
};

template <class T>
void transpose(view<T const, 2> from, view<T, 2> to) {
  for (std::ptrdiff_t r = 0; r < to.rows(); ++r) {
    for (std::ptrdiff_t c = 0; c < to.columns(); ++c) to(r, c) = from(c, r);
  }
}
/// Calls f(first, block) for views [rows, some] of all columns of a matrix; a block has about a megabyte.
template <class T, class F>
void for_each_block_of_columns(view<T, 2> values, F f) {
  std::ptrdiff_t const most = std::max<std::ptrdiff_t>(1, (1 << 18) / values.rows());
  for (std::ptrdiff_t first = 0; first < values.columns(); first += most) {
    std::ptrdiff_t const count = std::min(most, values.columns() - first);
    f(first, view<T, 2>(values.data() + first, values.rows(), count, values.row_stride()));
  }
}

/// Elements of a tensor from `first` on, rounded where a model of bfloat16 reads a file of more digits.
template <class T>
void read_elements(stored_tensor from, std::ptrdiff_t first, view<T> to) {
  if constexpr (!std::is_same_v<T, compute_t<T>>) {
    if (!is_readable_as<T>(from.entry->type)) {
      constexpr std::ptrdiff_t at_once = 1 << 18;
      std::vector<compute_t<T>> stored;
      for (std::ptrdiff_t k = 0; k < to.size(); k += at_once) {
        stored.resize(static_cast<std::size_t>(std::min(at_once, to.size() - k)));
        from.file->read(*from.entry, first + k, view<compute_t<T>>(stored));
        std::ranges::transform(stored, to.data() + k, [](auto x) { return static_cast<T>(x); });
      }
      return;
    }
  }
  from.file->read(*from.entry, first, to);
}

template <class T>
void read_parameter(named_parameter<T> const& to, stored_tensor from, bool transposed) {
  if (!transposed) return read_elements(from, 0, view<T>(to.values.data(), to.values.size()));
  std::vector<T> stored;
  for_each_block_of_columns(to.values, [&](std::ptrdiff_t first, view<T, 2> block) {
    stored.resize(static_cast<std::size_t>(block.size()));
    read_elements(from, first * block.rows(), view<T>(stored));
    transpose(view<T const, 2>(stored.data(), block.columns(), block.rows()), block);
  });
}

/// The shape in the file: [size], [outputs, inputs], or transposed [inputs, outputs].
template <class T>
std::vector<std::int64_t> stored_shape(named_parameter<T> const& parameter, bool transposed) {
  std::int64_t const rows = parameter.values.rows(), columns = parameter.values.columns();
  if (parameter.is_vector) return {columns};
  return transposed ? std::vector{columns, rows} : std::vector{rows, columns};
}

template <class T>
safetensors_tensor tensor_to_write(named_parameter<T> const& parameter, dtype type) {
  using element     = std::remove_const_t<T>;
  auto const shape  = stored_shape(parameter, parameter.transposed);
  auto const values = view<element const, 2>(parameter.values);
  if (!parameter.transposed) {
    return tensor_of(parameter.name, shape, view<element const>(values.data(), values.size()), type);
  }
  return {parameter.name, type, shape, [=](whole_file& file) {
            std::vector<element> stored;
            for_each_block_of_columns(values, [&](std::ptrdiff_t, view<element const, 2> block) {
              stored.resize(static_cast<std::size_t>(block.size()));
              transpose(block, view<element, 2>(stored.data(), block.columns(), block.rows()));
              write_elements<element>(file, type, stored);
            });
          }};
}

/// Throws where a tensor is not what the config asks for.
template <class T>
void expect_stored_as(stored_tensor from, std::vector<std::int64_t> const& shape) {
  auto const& entry       = *from.entry;
  std::string const place = message(from.file->name(), ": tensor ", in_quotes(entry.name));
  if (entry.shape != shape) {
    bool const is_turned = std::ranges::equal(entry.shape, std::vector(shape.rbegin(), shape.rend()));
    throw shape_error(message(place, " is ", shape_text(entry.shape), ", expected ", shape_text(shape),
                              " by the config", is_turned ? "; see gpt2_linear_layers" : ""));
  }
  if (!is_readable_as<compute_t<T>>(entry.type)) {
    throw format_error(message(place, " is ", name_of(entry.type), ", expected F32, BF16 or F16"));
  }
}

/// Buffers that old files hold beside the parameters: causal masks, the frequencies of rotary positions.
inline bool is_buffer(std::string_view name) {
  return name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias") ||
         name.ends_with(".rotary_emb.inv_freq");
}

inline bool is_head(std::string_view name) { return name == "lm_head.weight" || name == "score.weight"; }

constexpr std::string_view torch_name(dtype type) {
  return type == dtype::f64    ? "float64"
         : type == dtype::bf16 ? "bfloat16"
         : type == dtype::f16  ? "float16"
                               : "float32";
}

template <class T>
void expect_slices_of(transformer_config const& config, transformer_slices<T> const& slices) {
  if (slices.size != parameter_count(config)) {
    throw shape_error(message("weights: slices of ", slices.size, " parameters, expected ",
                              parameter_count(config), " by the config"));
  }
}

/// A tied head that stands in the file all the same holds what the token embedding holds.
template <class T>
void expect_same(stored_tensor head, view<T const, 2> embedding) {
  std::vector<T> row(static_cast<std::size_t>(embedding.columns()));
  for (std::ptrdiff_t r = 0; r < embedding.rows(); ++r) {
    read_elements(head, r * embedding.columns(), view<T>(row));
    auto const number = [](T x) { return static_cast<compute_t<T>>(x); };
    if (!std::ranges::equal(row, embedding.row(r), {}, number, number)) {
      throw format_error(message(head.file->name(), ": row ", r, " of tensor ", in_quotes(head.entry->name),
                                 " is not that of the token embedding, expected by tie_word_embeddings"));
    }
  }
}

}  // namespace detail

struct load_parameters_options {
  /// GPT-2's linear layers stand as [outputs, inputs], as in minGPT's state dicts, not as its Conv1D's [inputs, outputs].
  bool gpt2_linear_layers = false;
  /// A head that the file lacks keeps its values, one that the config lacks is passed over: a reward model or a value head
  /// starts from a language model.
  bool other_heads = false;
};

/// Reads the weights of a folder, or of one .safetensors file, into the slices of this config (host memory). The slices are
/// written once all names, shapes and types are known to be right. GPT-2's names may lack "transformer.", Llama's "model.".
/// Slices of bfloat16 get what the file's numbers round to. Throws format_error (names, types, a corrupt file), shape_error,
/// io_error.
template <class T>
void load_parameters(std::filesystem::path const& path, transformer_config const& config,
                     transformer_slices<T> const& slices, load_parameters_options options = {}) {
  struct assignment {
    named_parameter<T> to;
    detail::stored_tensor from;
    bool transposed;
  };
  std::string const place = message("weights: \"", path.string(), "\"");
  detail::expect_slices_of(config, slices);
  detail::stored_model stored(path);

  std::vector<assignment> assignments;
  std::vector<std::string> missing;
  for (auto const& to : named_parameters(config, slices)) {
    std::size_t const body =
        to.name.starts_with("transformer.") || to.name.starts_with("model.") ? to.name.find('.') + 1 : 0;
    auto from = stored.take(to.name);
    if (!from && body > 0) from = stored.take(to.name.substr(body));
    if (!from) {
      if (!(options.other_heads && detail::is_head(to.name))) missing.push_back(to.name);
      continue;
    }
    bool const transposed = to.transposed && !options.gpt2_linear_layers;
    detail::expect_stored_as<T>(*from, detail::stored_shape(to, transposed));
    assignments.push_back({to, *from, transposed});
  }
  if (!missing.empty()) {
    throw format_error(message(place, ": ", missing.size(),
                               " tensors of the config are missing, the first is ",
                               in_quotes(missing.front())));
  }

  std::optional<detail::stored_tensor> tied_head;
  if (config.head == head_kind::tied && (tied_head = stored.take("lm_head.weight"))) {
    detail::expect_stored_as<T>(*tied_head, {config.vocab, config.channels});
  }
  std::string unknown;
  for (auto const& [name, tensor] : stored.left()) {
    if (detail::is_buffer(name) || (options.other_heads && detail::is_head(name))) continue;
    unknown += (unknown.empty() ? "" : ", ") + in_quotes(name);
  }
  if (!unknown.empty())
    throw format_error(message(place, ": tensors that the config does not have: ", unknown));

  for (auto const& [to, from, transposed] : assignments) detail::read_parameter(to, from, transposed);
  if (tied_head) detail::expect_same<T>(*tied_head, slices.token_embedding);
}

/// The same into a model, wherever its parameters are.
template <class Backend, class T>
void load_parameters(std::filesystem::path const& path, transformer<Backend, T>& model,
                     load_parameters_options options = {}) {
  require_one_network("load_parameters", model);
  change_on_host(model.backend(), model.parameters(), [&](std::span<T> parameters) {
    load_parameters(path, model.config(), transformer_slices<T>(model.config(), parameters.data()), options);
  });
}

struct save_model_options {
  dtype type                   = dtype::f32;     // or bf16, f16, f64
  std::int64_t max_shard_bytes = 5'000'000'000;  // a single tensor may be larger
};

/// Writes config.json and the weights of the slices of this config (host memory) into a folder, which is made where it is
/// missing: one model.safetensors or, above max_shard_bytes, shards and their index. Each file is written whole or not at all; who
/// needs that of all of them together writes into a new folder and renames it. Throws value_error where the config is of
/// neither family, io_error where there is no room.
template <class T>
void save_model(std::filesystem::path const& folder, transformer_config const& config,
                transformer_slices<T> const& slices, save_model_options const& options = {}) {
  namespace fs                  = std::filesystem;
  std::string const config_text = model_config_text(config, detail::torch_name(options.type));
  detail::expect_slices_of(config, slices);
  if (options.max_shard_bytes < 1) {
    throw value_error(message("save_model: max_shard_bytes is ", options.max_shard_bytes, ", expected > 0"));
  }
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) {
    throw io_error(message("save_model: cannot make \"", folder.string(), "\": ", failed.message()));
  }

  std::vector<std::vector<safetensors_tensor>> shards(1);
  std::int64_t total = 0, in_shard = 0;
  for (auto const& parameter : named_parameters(config, slices)) {
    std::int64_t const bytes = parameter.values.size() * bytes_of(options.type);
    if (in_shard > 0 && bytes > options.max_shard_bytes - in_shard) {
      shards.emplace_back();
      in_shard = 0;
    }
    shards.back().push_back(detail::tensor_to_write(parameter, options.type));
    in_shard += bytes;
    total += bytes;
  }

  // What is written last is what a reader looks for first, so that until then it finds the weights that were there.
  std::map<std::string, std::string> const metadata{{"format", "pt"}};  // transformers insists on it
  if (shards.size() == 1) {
    write_safetensors(folder / detail::whole_weights, shards[0], metadata);
    fs::remove(folder / detail::weights_index, failed);
  } else {
    nlohmann::ordered_json index{{"metadata", {{"total_size", total}}}};
    for (std::size_t k = 0; k < shards.size(); ++k) {
      char name[64];
      std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", k + 1, shards.size());
      write_safetensors(folder / name, shards[k], metadata);
      for (auto const& tensor : shards[k]) index["weight_map"][tensor.name] = name;
    }
    write_whole(folder / detail::weights_index, index.dump(2) + "\n");
    fs::remove(folder / detail::whole_weights, failed);
  }
  write_whole(folder / "config.json", config_text);
}

/// The same from a model, wherever its parameters are.
template <class Backend, class T>
void save_model(std::filesystem::path const& folder, transformer<Backend, T> const& model,
                save_model_options const& options = {}) {
  require_one_network("save_model", model);
  auto const parameters = on_host(model.backend(), model.parameters());
  save_model(folder, model.config(), transformer_slices<T const>(model.config(), parameters.data()), options);
}

}  // namespace poft
