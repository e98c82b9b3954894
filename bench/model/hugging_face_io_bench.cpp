// Reading and writing the 124 M parameters of GPT-2, beside a plain read and write of as many bytes; files in the page cache.
// SPDX-License-Identifier: MIT
#include "poft/model/hugging_face_io.hpp"

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "../support/process_memory.hpp"
#include "../support/timed_calls.hpp"

namespace poft::bench {
namespace {

namespace fs = std::filesystem;

struct saved_gpt2 {
  transformer_config config = gpt2();
  std::vector<float> weights;
  transformer_slices<float> slices;
  // In memory where the system has such a folder: the disk is not what is measured.
  fs::path folder = (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) /
                    ("poft_bench_" + std::to_string(getpid()));

  explicit saved_gpt2(dtype type)
      : weights(static_cast<std::size_t>(parameter_count(config))), slices(config, weights.data()) {
    initialise(config, slices, 1);
    save_model(folder, config, slices, {.type = type});
  }
  ~saved_gpt2() { fs::remove_all(folder); }
  fs::path file() const { return folder / "model.safetensors"; }
};

template <class F>
void time_bytes(benchmark::State& state, double bytes, F f) {
  double const seconds              = time_calls(state, f);
  state.counters["gigabytes_per_s"] = 1e-9 * bytes / seconds;
  state.counters["extra_megabytes"] = 1e-6 * extra_memory_of(f);
}

void load(benchmark::State& state, dtype type) {
  saved_gpt2 const saved(type);
  time_bytes(state, static_cast<double>(fs::file_size(saved.file())),
             [&] { load_parameters(saved.folder, saved.config, saved.slices); });
}
void save(benchmark::State& state, dtype type) {
  saved_gpt2 const saved(type);
  time_bytes(state, static_cast<double>(fs::file_size(saved.file())),
             [&] { save_model(saved.folder, saved.config, saved.slices, {.type = type}); });
}
void plain_read(benchmark::State& state) {
  saved_gpt2 saved(dtype::f32);
  time_bytes(state, static_cast<double>(4 * saved.weights.size()), [&] {
    std::FILE* const file = std::fopen(saved.file().c_str(), "rb");
    benchmark::DoNotOptimize(std::fread(saved.weights.data(), 4, saved.weights.size(), file));
    std::fclose(file);
  });
}
void plain_write(benchmark::State& state) {
  saved_gpt2 const saved(dtype::f32);
  time_bytes(state, static_cast<double>(4 * saved.weights.size()), [&] {
    std::FILE* const file = std::fopen((saved.folder / "plain").c_str(), "wb");
    benchmark::DoNotOptimize(std::fwrite(saved.weights.data(), 4, saved.weights.size(), file));
    std::fclose(file);
  });
}

void add(char const* name, auto... arguments) {
  benchmark::RegisterBenchmark(name, arguments...)->UseManualTime()->Unit(benchmark::kMillisecond);
}
[[maybe_unused]] bool const added = [] {
  add("files/gpt2/load/f32", load, dtype::f32);
  add("files/gpt2/load/bf16", load, dtype::bf16);
  add("files/gpt2/plain_read/f32", plain_read);
  add("files/gpt2/save/f32", save, dtype::f32);
  add("files/gpt2/save/bf16", save, dtype::bf16);
  add("files/gpt2/plain_write/f32", plain_write);
  return true;
}();

}  // namespace
}  // namespace poft::bench
