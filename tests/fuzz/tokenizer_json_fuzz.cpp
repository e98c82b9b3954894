// Any bytes as a tokenizer.json: a format_error, or a tokenizer that gives every text back and survives the way through a file.
// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "poft/text/byte_pair_encoding_io.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const text(data, data + size);
  std::optional<poft::byte_pair_encoding> tokens;
  try {
    tokens.emplace(poft::parse_byte_pair_encoding(text, "fuzz"));
  } catch (poft::format_error const&) {
    return 0;
  }
  std::vector<std::int32_t> ids, again;
  tokens->encode(text, ids);
  if (tokens->decode(ids) != text) std::abort();
  poft::parse_byte_pair_encoding(poft::byte_pair_vocabulary_text(tokens->vocabulary()), "again")
      .encode(text, again);
  if (again != ids) std::abort();
  return 0;
}
