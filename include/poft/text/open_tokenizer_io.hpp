// The tokenizer of a model's folder, whatever kind it is.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <system_error>

#include "poft/core/error.hpp"
#include "poft/text/byte_pair_encoding_io.hpp"
#include "poft/text/tokenizer.hpp"

#if defined(POFT_SENTENCEPIECE)
#include "poft/text/sentence_piece.hpp"
#endif

namespace poft {

/// A file, or of a folder tokenizer.model, which wins where both are there (the other is made from it), or tokenizer.json.
/// tokenizer.model needs a program linked with poft::sentencepiece. Throws io_error or format_error.
inline std::unique_ptr<tokenizer> open_tokenizer(std::filesystem::path const& path) {
#if defined(POFT_SENTENCEPIECE)
  constexpr bool has_sentence_piece = true;
  auto const open_model             = [](auto const& file) { return std::make_unique<sentence_piece>(file); };
#else
  constexpr bool has_sentence_piece = false;
  auto const open_model             = [](auto const& file) -> std::unique_ptr<tokenizer> {
    throw format_error(message(
                    "tokenizer: \"", file.string(),
                    "\" is a SentencePiece model, expected a tokenizer.json or a program built with SentencePiece"));
  };
#endif
  std::error_code failed;
  auto const json = path / "tokenizer.json", model = path / "tokenizer.model";
  if (std::filesystem::is_directory(path, failed)) {
    bool const has_json  = std::filesystem::exists(json, failed),
               has_model = std::filesystem::exists(model, failed);
    if (has_model && (has_sentence_piece || !has_json)) return open_model(model);
    if (has_json) return std::make_unique<byte_pair_encoding>(load_byte_pair_encoding(json));
    throw io_error(message("tokenizer: \"", path.string(),
                           "\" has no tokenizer, expected a file tokenizer.json or tokenizer.model in it"));
  }
  if (path.extension() == ".model") return open_model(path);
  return std::make_unique<byte_pair_encoding>(load_byte_pair_encoding(path));
}

}  // namespace poft
