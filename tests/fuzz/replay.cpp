// Runs a fuzz target over the files of a folder: what stands in for libFuzzer where a compiler has none.
// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

#include "poft/core/whole_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

int main(int, char** argv) {
  int files = 0;
  for (auto const& entry : std::filesystem::directory_iterator(argv[1])) {
    std::string const bytes = poft::read_whole(entry.path());
    LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size());
    ++files;
  }
  std::printf("%d files\n", files);
  return files > 0 ? 0 : 1;
}
