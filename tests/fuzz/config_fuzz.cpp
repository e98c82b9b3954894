// Any bytes as a config.json: a format_error, or a transformer that survives the way through another config.json.
// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "poft/model/config_io.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  poft::transformer_config config;
  try {
    config = poft::parse_model_config(std::string(data, data + size), "fuzz");
  } catch (poft::format_error const&) {
    return 0;
  }
  if (poft::parse_model_config(poft::model_config_text(config), "fuzz") != config) std::abort();
  return 0;
}
