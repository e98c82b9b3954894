// Checkpoints: everything that a run needs to go on bit for bit, in one safetensors file, whole or not at all.
// SPDX-License-Identifier: MIT
//
// What belongs to a checkpoint is listed once, in a visit(state) function of whoever owns it: it calls state(name, x) for
// each number, text and array. Written and read by the same list, nothing can be forgotten on one side.
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/core/view.hpp"
#include "poft/model/config.hpp"
#include "poft/model/safetensors_io.hpp"
#include "poft/primitive/backend_copy.hpp"

namespace poft {

template <class Number>
concept plain_number = std::integral<Number> || std::floating_point<Number>;

/// Collects; arrays and their backends are looked at when write() is called, and must be alive until then.
class checkpoint_writer {
 public:
  void operator()(std::string const& name, std::string const& text) { metadata_[name] = text; }
  template <plain_number Number>
  void operator()(std::string const& name, Number const& number) {
    metadata_[name] = message(number);  // the shortest text that reads back
  }
  template <class T>
  void operator()(std::string const& name, std::span<T> array) {
    view<std::remove_const_t<T> const> const elements(array);
    tensors_.push_back(tensor_of(name, {elements.size()}, elements));
  }
  template <class T>
  void operator()(std::string const& name, std::vector<T> const& array) {
    (*this)(name, std::span<T const>(array));
  }

  /// An array in a backend's memory.
  template <class Backend, class T>
  void operator()(std::string const& name, Backend const& backend, std::span<T> array) {
    tensors_.push_back({name, dtype_of<T>(), {std::ssize(array)}, [&backend, array](whole_file& file) {
                          auto const elements = on_host(backend, std::span<T const>(array));
                          write_elements<T>(file, dtype_of<T>(), view<T const>(elements));
                        }});
  }

  void write(std::filesystem::path const& path) const { write_safetensors(path, tensors_, metadata_); }

 private:
  std::map<std::string, std::string> metadata_;
  std::vector<safetensors_tensor> tensors_;
};

/// Puts what the file holds in the place of what is there. Throws format_error where something is missing or of another
/// kind, shape_error where a span has another size.
class checkpoint_reader {
 public:
  explicit checkpoint_reader(std::filesystem::path const& path) : file_(path) {}

  void operator()(std::string const& name, std::string& text) { text = entry(name); }
  template <plain_number Number>
  void operator()(std::string const& name, Number& number) {
    std::string const& text = entry(name);
    auto const [end, bad]   = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad != std::errc() || end != text.data() + text.size()) {
      throw format_error(
          message(file_.name(), ": \"", name, "\" is ", in_quotes(text), ", expected a number"));
    }
  }
  template <class T>
  void operator()(std::string const& name, std::span<T> array) {
    file_.read(name, view<T>(array));
  }
  template <class T>
  void operator()(std::string const& name, std::vector<T>& array) {
    array.resize(static_cast<std::size_t>(file_.entry(name).elements()));
    file_.read(name, view<T>(array));
  }

  template <class Backend, class T>
  void operator()(std::string const& name, Backend const& backend, std::span<T> array) {
    change_on_host(backend, array, [&](std::span<T> elements) { (*this)(name, elements); });
  }

  std::string const& name() const { return file_.name(); }

 private:
  std::string const& entry(std::string const& name) const {
    auto const found = file_.metadata().find(name);
    if (found != file_.metadata().end()) return found->second;
    throw format_error(
        message(file_.name(), ": it has no \"", name, "\", expected a checkpoint of this kind of run"));
  }

  safetensors_file file_;
};

/// Writes the config; reading, throws format_error where the checkpoint's differs: it is of another model.
template <class State>
void visit_same_config(transformer_config const& config, State& state) {
  auto const field = [&](char const* name, auto const expected) {
    auto value = expected;
    state(std::string("model.") + name, value);
    if (value != expected) {
      throw format_error(message("checkpoint: it is of another model, whose ", name, " is ", value,
                                 ", expected ", expected));
    }
  };
  field("vocab", config.vocab);
  field("positions", config.positions);
  field("layers", config.layers);
  field("heads", config.heads);
  field("kv_heads", config.kv_heads);
  field("head_channels", config.head_channels);
  field("channels", config.channels);
  field("hidden", config.hidden);
  field("norm", static_cast<int>(config.norm));
  field("position", static_cast<int>(config.position));
  field("mlp", static_cast<int>(config.mlp));
  field("head", static_cast<int>(config.head));
  field("bias", static_cast<int>(config.bias));
  field("scalar_head", static_cast<int>(config.scalar_head));
  field("norm_epsilon", config.norm_epsilon);
  field("rotary_base", config.rotary_base);
  field("dropout", config.dropout);
}

/// The files FOLDER/checkpoint-STEP.safetensors of a run. The newest `keep` stay, so that one is whole at any time.
class checkpoint_folder {
 public:
  explicit checkpoint_folder(std::filesystem::path folder, int keep = 2)
      : folder_(std::move(folder)), keep_(keep) {
    if (keep < 1) throw value_error(message("checkpoint: keep is ", keep, ", expected >= 1"));
    std::error_code failed;
    std::filesystem::create_directories(folder_, failed);
    if (failed) {
      throw io_error(message("checkpoint: cannot make \"", folder_.string(), "\": ", failed.message()));
    }
  }

  std::filesystem::path const& path() const { return folder_; }

  std::optional<std::filesystem::path> newest() const {
    auto const all = files();
    return all.empty() ? std::nullopt : std::optional(all.rbegin()->second);
  }

  void save(std::int64_t step, checkpoint_writer const& state) const {
    std::string digits = std::to_string(step);
    digits.insert(0, digits.size() < 9 ? 9 - digits.size() : 0, '0');
    state.write(folder_ / (std::string(prefix) + digits + std::string(suffix)));
    auto all = files();
    std::error_code ignored;
    while (static_cast<int>(all.size()) > keep_) {
      std::filesystem::remove(all.begin()->second, ignored);
      all.erase(all.begin());
    }
  }

  /// What a killed run may have left half written.
  void remove_parts() const {
    std::error_code ignored;
    for (auto const& file : std::filesystem::directory_iterator(folder_)) {
      std::string const name = file.path().filename().string();
      if (name.starts_with(prefix) && name.ends_with(".part")) std::filesystem::remove(file.path(), ignored);
    }
  }

 private:
  static constexpr std::string_view prefix = "checkpoint-", suffix = ".safetensors";

  std::map<std::int64_t, std::filesystem::path> files() const {
    std::map<std::int64_t, std::filesystem::path> out;
    for (auto const& file : std::filesystem::directory_iterator(folder_)) {
      std::string const name = file.path().filename().string();
      if (!name.starts_with(prefix) || !name.ends_with(suffix)) continue;
      std::int64_t step     = 0;
      char const* const end = name.data() + name.size() - suffix.size();
      auto const result     = std::from_chars(name.data() + prefix.size(), end, step);
      if (result.ec == std::errc() && result.ptr == end) out[step] = file.path();
    }
    return out;
  }

  std::filesystem::path folder_;
  int keep_;
};

}  // namespace poft
