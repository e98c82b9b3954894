// Any bytes as a model.safetensors.index.json: a format_error, or names of files that lie in no other folder.
// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "poft/model/hugging_face_io.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  try {
    for (auto const& [tensor, file] : poft::parse_shard_index(std::string(data, data + size), "fuzz")) {
      if (file.find('/') != std::string::npos) std::abort();
    }
  } catch (poft::format_error const&) {
  }
  return 0;
}
