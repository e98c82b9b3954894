// Any bytes as a JSONL of samples: bad lines are format_errors, and from every good one another reader goes on alike.
// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "poft/text/samples_io.hpp"

namespace {

struct found {
  std::uint64_t content;
  std::uint64_t line;
  poft::line_position after;
};

std::vector<found> samples(std::string const& text, poft::line_position from) {
  poft::sample_options options;
  options.unique_ids = from.offset == 0;  // those before `from` are not known
  poft::sample_reader reader(poft::line_reader(std::make_unique<std::istringstream>(text), "fuzz", from),
                             options, [](poft::format_error const&) {});
  std::vector<found> out;
  for (poft::sample one; reader.next(one);) {
    if (one.responses.empty() && one.response_ids.empty()) std::abort();
    for (auto const& response : one.responses) {
      if (response.back().content.empty()) std::abort();
    }
    out.push_back({one.content, one.line_number, reader.position()});
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const text(data, data + size);
  auto const all = samples(text, {});
  if (all.empty()) return 0;
  auto const rest = samples(text, all[0].after);
  std::size_t k   = 1;
  for (found const& one : rest) {  // with the ids that stand twice, too
    if (k < all.size() && one.line == all[k].line) {
      if (one.content != all[k].content || one.after.offset != all[k].after.offset) std::abort();
      ++k;
    }
  }
  if (k != all.size()) std::abort();
  return 0;
}
