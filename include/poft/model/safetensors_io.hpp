// The safetensors format: tensors by name in one file, read tensor by tensor and written whole or not at all.
// SPDX-License-Identifier: MIT
//
// 8 bytes: the header's length, little endian. The header: one JSON object {name: {"dtype", "shape", "data_offsets"}}, and
// texts under "__metadata__". Then the data: every byte belongs to exactly one tensor.
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <istream>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "poft/core/bfloat16.hpp"
#include "poft/core/error.hpp"
#include "poft/core/float16.hpp"
#include "poft/core/json_io.hpp"
#include "poft/core/view.hpp"
#include "poft/core/whole_file.hpp"

namespace poft {

static_assert(std::endian::native == std::endian::little, "safetensors files are little endian");

/// What the elements of a tensor are. Booleans are only measured: a file may hold any byte for one.
enum class dtype { f64, f32, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean };

namespace detail {
struct dtype_facts {
  std::string_view name;
  std::int64_t bytes;
};
inline constexpr dtype_facts dtypes[] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8},
                                         {"I32", 4}, {"I16", 2}, {"I8", 1},  {"U64", 8},  {"U32", 4},
                                         {"U16", 2}, {"U8", 1},  {"BOOL", 1}};
}  // namespace detail

constexpr std::string_view name_of(dtype type) { return detail::dtypes[static_cast<int>(type)].name; }
constexpr std::int64_t bytes_of(dtype type) { return detail::dtypes[static_cast<int>(type)].bytes; }

/// The dtype of a C++ type.
template <class T>
constexpr dtype dtype_of() {
  if constexpr (std::is_same_v<T, double>) {
    return dtype::f64;
  } else if constexpr (std::is_same_v<T, float>) {
    return dtype::f32;
  } else if constexpr (std::is_same_v<T, float16>) {
    return dtype::f16;
  } else if constexpr (std::is_same_v<T, bfloat16>) {
    return dtype::bf16;
  } else {
    static_assert(std::is_integral_v<T> && !std::is_same_v<T, bool>,
                  "a tensor's elements are double, float, float16, bfloat16, or integers of 8 to 64 bits");
    auto const type = [](dtype with_sign, dtype without) {
      return std::is_signed_v<T> ? with_sign : without;
    };
    return sizeof(T) == 8   ? type(dtype::i64, dtype::u64)
           : sizeof(T) == 4 ? type(dtype::i32, dtype::u32)
           : sizeof(T) == 2 ? type(dtype::i16, dtype::u16)
                            : type(dtype::i8, dtype::u8);
  }
}

/// Whether every number of that dtype is one of type T: the same type, or a narrower floating-point type.
template <class T>
constexpr bool is_readable_as(dtype type) {
  if (type == dtype_of<T>()) return true;
  bool const is_half = type == dtype::f16 || type == dtype::bf16;
  return (std::is_same_v<T, float> && is_half) ||
         (std::is_same_v<T, double> && (is_half || type == dtype::f32));
}

/// One tensor of a file: elements of one type, slowest extent of the shape first.
struct safetensors_entry {
  std::string name;
  dtype type;
  std::vector<std::int64_t> shape;
  std::int64_t begin, end;  // bytes, counted from the first one after the header

  std::int64_t elements() const { return (end - begin) / bytes_of(type); }
};

/// "[24, 8]".
inline std::string shape_text(std::span<std::int64_t const> shape) {
  std::string out = "[";
  for (std::int64_t const extent : shape) out += message(out.size() > 1 ? ", " : "", extent);
  return out + "]";
}

namespace detail {

inline constexpr std::ptrdiff_t converted_at_once = 1 << 16;

// Bytes of a tensor; -1 where there is no such number.
inline std::int64_t bytes_of(dtype type, std::span<std::int64_t const> shape) {
  std::int64_t bytes = poft::bytes_of(type);
  for (std::int64_t const extent : shape) {
    if (extent < 0 || (extent > 0 && bytes > std::numeric_limits<std::int64_t>::max() / extent)) return -1;
    bytes *= extent;
  }
  return bytes;
}

inline safetensors_entry parse_entry(std::string const& name, nlohmann::json const& value,
                                     std::string const& file) {
  std::string const place = message(file, ": tensor ", in_quotes(name));
  json_fields const fields(value, place);
  auto const integers = [&](char const* field) {
    auto const all = value.find(field);
    if (all == value.end() || !all->is_array()) throw fields.unexpected(field, "a list of integers");
    std::vector<std::int64_t> out;
    for (auto const& one : *all) {
      if (!one.is_number_unsigned() || one.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
        throw fields.unexpected(field, "integers in 0 .. 2^63 - 1");
      }
      out.push_back(one.get<std::int64_t>());
    }
    return out;
  };
  std::string const type = fields.text("dtype");
  auto const found       = std::ranges::find(dtypes, type, &dtype_facts::name);
  if (found == std::ranges::end(dtypes)) {
    std::string names;
    for (auto const& one : dtypes) names += message(names.empty() ? "" : ", ", one.name);
    throw fields.unexpected("dtype", message("one of ", names));
  }
  safetensors_entry out{name, static_cast<dtype>(found - dtypes), integers("shape"), 0, 0};
  auto const offsets = integers("data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    throw fields.unexpected("data_offsets", "two, the first not above the second");
  }
  out.begin                = offsets[0];
  out.end                  = offsets[1];
  std::int64_t const bytes = bytes_of(out.type, out.shape);
  if (bytes < 0) throw fields.unexpected("shape", "fewer than 2^63 bytes");
  if (out.end - out.begin != bytes) {
    throw fields.unexpected("data_offsets", message(bytes, " bytes of ", type, " ", shape_text(out.shape)));
  }
  return out;
}

}  // namespace detail

/// What a file says about itself.
struct safetensors_header {
  std::vector<safetensors_entry> entries;  // in the order of their data
  std::map<std::string, std::string> metadata;
};

/// Reads and checks the text of a header in front of `data_bytes` bytes; `file` opens the messages. Throws format_error.
inline safetensors_header parse_safetensors_header(std::string_view text, std::int64_t data_bytes,
                                                   std::string const& file) {
  if (!text.starts_with('{'))
    throw format_error(message(file, ": byte 8, expected {, where the header starts"));
  nlohmann::json const json = parse_json(text, message(file, ": header"));
  safetensors_header out;
  for (auto const& [name, value] : json.items()) {
    if (name != "__metadata__") {
      out.entries.push_back(detail::parse_entry(name, value, file));
      continue;
    }
    json_fields const texts(value, message(file, ": __metadata__"));
    for (auto const& [key, text_value] : value.items()) {
      if (!text_value.is_string()) throw texts.unexpected(key.c_str(), "a text");
      out.metadata[key] = text_value;
    }
  }
  std::ranges::sort(out.entries, {}, [](auto const& entry) { return std::pair(entry.begin, entry.end); });
  std::int64_t end = 0;
  for (auto const& entry : out.entries) {
    if (entry.begin != end) {
      throw format_error(message(file, ": tensor ", in_quotes(entry.name), ": data_offsets start at ",
                                 entry.begin, ", expected ", end,
                                 ", the end of the one before: no gap and no overlap"));
    }
    end = entry.end;
  }
  if (end != data_bytes) {
    throw format_error(message(file, ": ", data_bytes, " bytes of data, expected ", end, " by the header"));
  }
  return out;
}

/// A file to read from. The header is checked when it is opened; data is read when it is asked for.
class safetensors_file {
 public:
  explicit safetensors_file(std::filesystem::path const& path)
      : safetensors_file(std::make_unique<std::ifstream>(path, std::ios::binary), path.string()) {}

  /// From any stream that can seek; `name` stands for it in messages.
  safetensors_file(std::unique_ptr<std::istream> in, std::string const& name)
      : in_(std::move(in)), name_(message("safetensors: \"", name, "\"")) {
    if (!*in_) throw io_error(message(name_, ": cannot open, expected a readable file"));
    auto const file_bytes = static_cast<std::int64_t>(in_->seekg(0, std::ios::end).tellg());
    std::uint64_t length  = 0;
    if (file_bytes < length_bytes) {
      throw format_error(
          message(name_, ": ", file_bytes, " bytes, expected the header's length in the first 8"));
    }
    read_bytes(0, &length, length_bytes);
    auto const longest = static_cast<std::uint64_t>(std::min(file_bytes - length_bytes, longest_header));
    if (length > longest) {
      throw format_error(
          message(name_, ": byte 0: header of ", length, " bytes, expected at most ", longest));
    }
    std::string text(length, '\0');
    read_bytes(length_bytes, text.data(), text.size());
    data_begin_ = length_bytes + static_cast<std::int64_t>(length);
    header_     = parse_safetensors_header(text, file_bytes - data_begin_, name_);
  }

  /// Opens the messages about this file.
  std::string const& name() const { return name_; }
  std::vector<safetensors_entry> const& entries() const { return header_.entries; }
  std::map<std::string, std::string> const& metadata() const { return header_.metadata; }

  safetensors_entry const& entry(std::string_view name) const {
    auto const found = std::ranges::find(header_.entries, name, &safetensors_entry::name);
    if (found == header_.entries.end()) throw format_error(message(name_, ": no tensor ", in_quotes(name)));
    return *found;
  }

  /// All elements of a tensor. format_error where there is none, or where its dtype is not readable as T; shape_error where
  /// `out` has another size.
  template <class T>
  void read(std::string_view name, view<T> out) {
    safetensors_entry const& from = entry(name);
    if (out.size() != from.elements()) {
      throw shape_error(message(name_, ": tensor ", in_quotes(name), " has ", from.elements(), " elements, ",
                                shape_text(from.shape), ", expected ", out.size()));
    }
    read(from, 0, out);
  }

  /// The elements from `first` on.
  template <class T>
  void read(safetensors_entry const& from, std::int64_t first, view<T> out) {
    if (!is_readable_as<T>(from.type)) {
      throw format_error(message(name_, ": tensor ", in_quotes(from.name), " is ", name_of(from.type),
                                 ", expected what ", name_of(dtype_of<T>()), " holds exactly"));
    }
    if (first < 0 || out.size() > from.elements() - first) {
      throw shape_error(message(name_, ": tensor ", in_quotes(from.name), ": ", out.size(), " elements from ",
                                first, " on, expected some of its ", from.elements()));
    }
    if (from.type == dtype_of<T>()) {
      read_bytes(position(from, first), out.data(), out.size() * bytes_of(from.type));
    } else if constexpr (std::floating_point<T>) {
      if (from.type == dtype::f16) read_converted<float16>(from, first, out);
      if (from.type == dtype::bf16) read_converted<bfloat16>(from, first, out);
      if (from.type == dtype::f32) read_converted<float>(from, first, out);
    }
  }

 private:
  static constexpr std::int64_t length_bytes   = 8;
  static constexpr std::int64_t longest_header = 100'000'000;  // the limit of the format's own reader

  std::int64_t position(safetensors_entry const& from, std::int64_t first) const {
    return data_begin_ + from.begin + first * bytes_of(from.type);
  }

  void read_bytes(std::int64_t begin, void* out, std::int64_t count) {
    in_->clear();
    in_->seekg(begin);
    in_->read(static_cast<char*>(out), count);
    if (in_->gcount() != count) {
      throw io_error(
          message(name_, ": cannot read ", count, " bytes at ", begin, ", expected a readable file"));
    }
  }

  template <class Stored, class T>
  void read_converted(safetensors_entry const& from, std::int64_t first, view<T> out) {
    std::ptrdiff_t const block_size = std::min(out.size(), detail::converted_at_once);
    std::vector<Stored> block(static_cast<std::size_t>(block_size));
    for (std::ptrdiff_t begin = 0; begin < out.size(); begin += block_size) {
      std::ptrdiff_t const count = std::min(out.size() - begin, block_size);
      read_bytes(position(from, first + begin), block.data(),
                 count * static_cast<std::ptrdiff_t>(sizeof(Stored)));
      std::transform(block.data(), block.data() + count, out.data() + begin,
                     [](Stored stored) { return static_cast<T>(stored); });
    }
  }

  std::unique_ptr<std::istream> in_;
  std::string name_;
  std::int64_t data_begin_ = 0;
  safetensors_header header_;
};

/// A tensor to be written: its entry, and a function that hands the bytes of its elements to the file.
struct safetensors_tensor {
  std::string name;
  dtype type;
  std::vector<std::int64_t> shape;
  std::function<void(whole_file&)> write;
};

namespace detail {
template <class Stored, class T>
void write_converted(whole_file& file, view<T const> elements) {
  std::ptrdiff_t const block_size = std::min(elements.size(), converted_at_once);
  std::vector<Stored> block(static_cast<std::size_t>(block_size));
  for (std::ptrdiff_t begin = 0; begin < elements.size(); begin += block_size) {
    std::ptrdiff_t const count = std::min(elements.size() - begin, block_size);
    T const* const first       = elements.data() + begin;
    std::transform(first, first + count, block.data(), [](T element) {
      constexpr bool is_half = std::is_same_v<Stored, float16> || std::is_same_v<Stored, bfloat16>;
      return static_cast<Stored>(static_cast<std::conditional_t<is_half, float, Stored>>(element));
    });
    file.write(block.data(), static_cast<std::size_t>(count) * sizeof(Stored));
  }
}
}  // namespace detail

/// Elements as `type` stores them: copied, or rounded from one floating-point type to another (to a half through float).
/// Throws value_error for any other pair.
template <class T>
void write_elements(whole_file& file, dtype type, view<T const> elements) {
  if (type == dtype_of<T>()) {
    return file.write(elements.data(), static_cast<std::size_t>(elements.size()) * sizeof(T));
  }
  if constexpr (std::floating_point<T> || std::is_same_v<T, bfloat16>) {
    if (type == dtype::f16) return detail::write_converted<float16>(file, elements);
    if (type == dtype::bf16) return detail::write_converted<bfloat16>(file, elements);
    if (type == dtype::f32) return detail::write_converted<float>(file, elements);
    if (type == dtype::f64) return detail::write_converted<double>(file, elements);
  }
  throw value_error(message("safetensors: cannot write ", name_of(dtype_of<T>()), " as ", name_of(type),
                            ", expected the same type or two of floating point"));
}

/// A tensor whose elements lie one after the other, in memory that must live until the file is written. Throws shape_error.
template <class T>
safetensors_tensor tensor_of(std::string name, std::vector<std::int64_t> shape, view<T> elements,
                             dtype type = dtype_of<std::remove_const_t<T>>()) {
  if (elements.size() * bytes_of(type) != detail::bytes_of(type, shape)) {
    throw shape_error(message("safetensors: tensor ", in_quotes(name), " of shape ", shape_text(shape),
                              " from ", elements.size(), " elements"));
  }
  using element = std::remove_const_t<T>;
  return {std::move(name), type, std::move(shape),
          [=](whole_file& file) { write_elements<element>(file, type, elements); }};
}

/// Writes the file whole, or throws and leaves what was there. Wide elements stand first, so that all data is aligned; within
/// a width the order is that given. Throws value_error for names that a file cannot hold, io_error where there is no room.
inline void write_safetensors(std::filesystem::path const& path, std::span<safetensors_tensor const> tensors,
                              std::map<std::string, std::string> const& metadata = {}) {
  std::string const place = message("safetensors: \"", path.string(), "\"");
  std::vector<safetensors_tensor const*> order;
  for (auto const& tensor : tensors) order.push_back(&tensor);
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [](auto* tensor) { return bytes_of(tensor->type); });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::set<std::string_view> names{"__metadata__"};
  std::int64_t data_bytes = 0;
  for (auto const* tensor : order) {
    std::int64_t const bytes = detail::bytes_of(tensor->type, tensor->shape);
    if (bytes < 0 || !names.insert(tensor->name).second) {
      throw value_error(message(place, ": tensor ", in_quotes(tensor->name), " of shape ",
                                shape_text(tensor->shape), ", expected a new name and a size"));
    }
    header[tensor->name] = {{"dtype", name_of(tensor->type)},
                            {"shape", tensor->shape},
                            {"data_offsets", {data_bytes, data_bytes + bytes}}};
    data_bytes += bytes;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (nlohmann::json::exception const&) {
    throw value_error(message(place, ": expected names and metadata in UTF-8"));
  }
  text.append(-text.size() % 8, ' ');

  whole_file file(path);
  auto const length = static_cast<std::uint64_t>(text.size());
  file.write(&length, sizeof length);
  file.write(text.data(), text.size());
  for (auto const* tensor : order) {
    std::uint64_t const end =
        file.written() + static_cast<std::uint64_t>(detail::bytes_of(tensor->type, tensor->shape));
    tensor->write(file);
    if (file.written() != end) {
      throw shape_error(message(place, ": tensor ", in_quotes(tensor->name), " of shape ",
                                shape_text(tensor->shape), " ends at byte ", file.written(), ", expected ",
                                end));
    }
  }
  file.commit();
}

}  // namespace poft
