// SentencePiece models (tokenizer.model) through Google's library: link poft::sentencepiece.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sentencepiece_processor.h>

#include "poft/core/error.hpp"
#include "poft/core/whole_file.hpp"
#include "poft/text/tokenizer.hpp"

namespace poft {

/// Most models normalise, so that decode(encode(text)) is not always the text: bytes that are no UTF-8 become U+FFFD, runs of
/// spaces one space. Special are the model's control symbols, such as "<s>" and "</s>".
class sentence_piece : public tokenizer {
 public:
  /// Throws io_error or format_error.
  explicit sentence_piece(std::filesystem::path const& file) {
    auto const status = model_.LoadFromSerializedProto(read_whole(file));
    if (!status.ok()) {
      throw format_error(message("tokenizer: \"", file.string(), "\", expected a SentencePiece model (",
                                 status.error_message(), ")"));
    }
  }

  void encode(std::string_view text, std::vector<std::int32_t>& ids) const override {
    std::vector<int> own;
    expect_ok(model_.Encode(text, &own), "encode");
    ids.insert(ids.end(), own.begin(), own.end());
  }
  std::string decode(std::span<std::int32_t const> ids) const override {
    for (std::size_t k = 0; k < ids.size(); ++k) {
      if (ids[k] < 0 || ids[k] >= vocab()) {
        throw value_error(
            message("sentence_piece: ids[", k, "] is ", ids[k], ", expected 0 .. ", vocab() - 1));
      }
    }
    std::string text;
    expect_ok(model_.Decode(std::vector<int>(ids.begin(), ids.end()), &text), "decode");
    return text;
  }
  std::int32_t vocab() const override { return model_.GetPieceSize(); }
  std::optional<std::int32_t> special(std::string_view name) const override {
    int const id = model_.PieceToId(name);  // of the unknown piece where there is none of that name
    if (model_.IdToPiece(id) != name || !model_.IsControl(id)) return std::nullopt;
    return id;
  }

 private:
  static void expect_ok(sentencepiece::util::Status const& status, char const* what) {
    if (!status.ok()) {
      throw value_error(message("sentence_piece: cannot ", what, " (", status.error_message(), ")"));
    }
  }

  sentencepiece::SentencePieceProcessor model_;
};

}  // namespace poft
