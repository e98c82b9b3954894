// Any bytes as a safetensors file: a format_error, or a file whose every tensor can be read.
// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "poft/model/safetensors_io.hpp"

namespace {

template <class T>
void read_if_readable(poft::safetensors_file& file, poft::safetensors_entry const& entry) {
  if (!poft::is_readable_as<T>(entry.type)) return;
  std::vector<T> elements(static_cast<std::size_t>(entry.elements()));
  file.read(entry, 0, poft::view<T>(elements));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::optional<poft::safetensors_file> file;
  try {
    file.emplace(std::make_unique<std::istringstream>(std::string(data, data + size)), "fuzz");
  } catch (poft::format_error const&) {
    return 0;
  }
  for (auto const& entry : file->entries()) {
    read_if_readable<float>(*file, entry);
    read_if_readable<double>(*file, entry);
    read_if_readable<std::int64_t>(*file, entry);
    read_if_readable<std::uint8_t>(*file, entry);
  }
  return 0;
}
