// safetensors: bytes written by hand are read and written alike, and whatever is wrong with a file is an error that says so.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "poft/model/safetensors_io.hpp"
#include "support/expect_error.hpp"
#include "support/scratch_folder.hpp"

namespace poft {
namespace {

using support::expect_error;
using support::scratch_folder;

std::string little_endian(std::uint64_t number) {
  std::string bytes;
  for (int k = 0; k < 8; ++k) bytes += static_cast<char>(number >> 8 * k & 255);
  return bytes;
}
std::string file_of(std::string const& header, std::string const& data) {
  return little_endian(header.size()) + header + data;
}
safetensors_file opened(std::string const& bytes) {
  return {std::make_unique<std::istringstream>(bytes), "memory"};
}
template <class T>
std::vector<T> numbers(safetensors_file& file, char const* name) {
  std::vector<T> out(static_cast<std::size_t>(file.entry(name).elements()));
  file.read(name, view<T>(out));
  return out;
}

// "a" F32 [2, 2] = 1, -2, 0.5, 3; "b" I8 [3] = 1, -1, 127. Bits by IEEE 754: 0x3f800000, 0xc0000000, 0x3f000000, 0x40400000.
std::string const two_header =
    R"({"__metadata__":{"k":"value"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
    R"("b":{"dtype":"I8","shape":[3],"data_offsets":[16,19]}}   )";
std::string const two_data("\x00\x00\x80\x3f\x00\x00\x00\xc0\x00\x00\x00\x3f\x00\x00\x40\x40\x01\xff\x7f",
                           19);
std::string const two_tensors = file_of(two_header, two_data);

TEST(Safetensors, ReadsAFileWrittenByHand) {
  safetensors_file file = opened(two_tensors);
  ASSERT_EQ(file.entries().size(), 2u);
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"k", "value"}}));
  EXPECT_EQ(file.entries()[0].name, "a");
  EXPECT_EQ(file.entries()[0].type, dtype::f32);
  EXPECT_EQ(file.entries()[0].shape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(numbers<float>(file, "a"), (std::vector<float>{1, -2, 0.5, 3}));
  EXPECT_EQ(numbers<double>(file, "a"), (std::vector<double>{1, -2, 0.5, 3}));
  EXPECT_EQ(numbers<std::int8_t>(file, "b"), (std::vector<std::int8_t>{1, -1, 127}));
  std::vector<float> middle(2);
  file.read(file.entry("a"), 1, view<float>(middle));
  EXPECT_EQ(middle, (std::vector<float>{-2, 0.5}));
}

TEST(Safetensors, WritesTheSameBytes) {
  scratch_folder const folder("safetensors");
  std::vector<float> const a{1, -2, 0.5, 3};
  std::vector<std::int8_t> const b{1, -1, 127};
  // Given in the other order: wide elements stand first.
  std::vector<safetensors_tensor> const tensors{tensor_of("b", {3}, view<std::int8_t const>(b)),
                                                tensor_of("a", {2, 2}, view<float const>(a))};
  write_safetensors(folder / "f", tensors, {{"k", "value"}});
  std::string header = two_header.substr(0, two_header.find_last_of('}') + 1);
  ASSERT_NE(header.size() % 8, 0u);
  while (header.size() % 8 != 0) header += ' ';
  EXPECT_EQ(read_whole(folder / "f"), file_of(header, two_data));
  EXPECT_EQ(folder.files(), 1u);
}

template <class T>
void expect_bits(char const* name, std::string const& element, T expected) {
  auto const header =
      message(R"({"x":{"dtype":")", name, R"(","shape":[],"data_offsets":[0,)", element.size(), "]}}");
  std::string const bytes = file_of(header, element);
  safetensors_file file   = opened(bytes);
  std::vector<T> x(1);
  file.read("x", view<T>(x));
  EXPECT_EQ(x[0], expected) << name;

  scratch_folder const folder("safetensors");
  std::vector<safetensors_tensor> const tensors{tensor_of("x", {}, view<T const>(x))};
  write_safetensors(folder / "f", tensors);
  std::string const written = read_whole(folder / "f");
  EXPECT_NE(written.find(message("\"dtype\":\"", name, "\"")), std::string::npos) << written;
  EXPECT_EQ(written.substr(written.size() - element.size()), element) << name;
}

TEST(Safetensors, EveryType) {
  expect_bits<double>("F64", std::string("\0\0\0\0\0\0\x04\xc0", 8), -2.5);  // 0xc004000000000000
  expect_bits<float>("F32", std::string("\0\0\x20\xc0", 4), -2.5f);
  expect_bits<std::int64_t>("I64", "\xfe\xff\xff\xff\xff\xff\xff\xff", -2);
  expect_bits<std::int32_t>("I32", std::string("\x01\x02\0\0", 4), 513);
  expect_bits<std::int16_t>("I16", "\xfe\xff", -2);
  expect_bits<std::int8_t>("I8", "\xfe", -2);
  expect_bits<std::uint64_t>("U64", "\xfe\xff\xff\xff\xff\xff\xff\xff", 18446744073709551614u);
  expect_bits<std::uint32_t>("U32", std::string("\xff\xff\xff\xff", 4), 4294967295u);
  expect_bits<std::uint16_t>("U16", "\xfe\xff", 65534);
  expect_bits<std::uint8_t>("U8", "\xfe", 254);
}

// 1, -2.5 and the smallest subnormal number: 0x3c00, 0xc100, 0x0001 as F16; 0x3f80, 0xc020, 0x0001 as BF16.
TEST(Safetensors, HalvesAreReadAsFloats) {
  auto const header = [](char const* type) {
    return message(R"({"x":{"dtype":")", type, R"(","shape":[3],"data_offsets":[0,6]}})");
  };
  safetensors_file f16  = opened(file_of(header("F16"), std::string("\x00\x3c\x00\xc1\x01\x00", 6)));
  safetensors_file bf16 = opened(file_of(header("BF16"), std::string("\x80\x3f\x20\xc0\x01\x00", 6)));
  EXPECT_EQ(numbers<float>(f16, "x"), (std::vector<float>{1, -2.5, 0x1p-24f}));
  EXPECT_EQ(numbers<double>(f16, "x"), (std::vector<double>{1, -2.5, 0x1p-24}));
  EXPECT_EQ(numbers<float>(bf16, "x"), (std::vector<float>{1, -2.5, 0x1p-133f}));
  EXPECT_EQ(numbers<double>(bf16, "x"), (std::vector<double>{1, -2.5, 0x1p-133}));
  std::vector<float16> same(3);
  f16.read("x", view<float16>(same));
  EXPECT_EQ(same[1].bits, 0xc100);
}

// 1 + 2^-9 lies between two bfloat16 numbers 2^-7 apart; 1e6 is above every float16; longer than the blocks of a conversion.
TEST(Safetensors, FloatsAreRoundedOnRequest) {
  scratch_folder const folder("safetensors");
  std::vector<float> x(200'000, 1.001953125f);
  x.back() = 1e6f;
  view<float const> const elements(x);
  std::vector<safetensors_tensor> const tensors{tensor_of("bf16", {200, 1000}, elements, dtype::bf16),
                                                tensor_of("f16", {200'000}, elements, dtype::f16),
                                                tensor_of("f64", {200'000}, elements, dtype::f64),
                                                tensor_of("none", {0, 7}, view<float const>(), dtype::bf16)};
  write_safetensors(folder / "f", tensors);
  safetensors_file file(folder / "f");
  auto const bf16 = numbers<float>(file, "bf16"), f16 = numbers<float>(file, "f16");
  auto const f64 = numbers<double>(file, "f64");
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    ASSERT_EQ(bf16[i], 1.0f);
    ASSERT_EQ(f16[i], x[i]);
    ASSERT_EQ(f64[i], 1.001953125);
  }
  EXPECT_EQ(bf16.back(), 999424.0f);  // 244 * 2^12; the step at 2^19 is 2^12, and 1e6 / 2^12 = 244.14
  EXPECT_EQ(f16.back(), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(numbers<float>(file, "none").empty());
}

TEST(Safetensors, NothingIsConvertedWithLoss) {
  safetensors_file file = opened(file_of(
      R"({"d":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"i":{"dtype":"I32","shape":[1],"data_offsets":[8,12]},)"
      R"("b":{"dtype":"BOOL","shape":[2],"data_offsets":[12,14]}})",
      std::string(14, '\x02')));
  std::vector<float> x(1);
  std::vector<std::uint8_t> bytes(2);
  std::vector<float16> half(1);
  expect_error<format_error>([&] { file.read("d", view<float>(x)); },
                             {"memory", "\"d\" is F64", "F32 holds"});
  expect_error<format_error>([&] { file.read("i", view<float>(x)); }, {"\"i\" is I32"});
  expect_error<format_error>([&] { file.read("b", view<std::uint8_t>(bytes)); }, {"\"b\" is BOOL"});
  expect_error<format_error>([&] { file.read("d", view<float16>(half)); }, {"\"d\" is F64"});
}

TEST(Safetensors, RefusesToReadWhatIsNotThere) {
  safetensors_file file = opened(two_tensors);
  std::vector<float> x(5);
  expect_error<format_error>([&] { file.read("c", view<float>(x)); }, {"memory", "no tensor \"c\""});
  expect_error<shape_error>([&] { file.read("a", view<float>(x)); },
                            {"\"a\" has 4 elements, [2, 2]", "expected 5"});
  view<float> const two(x.data(), 2);
  expect_error<shape_error>([&] { file.read(file.entry("a"), 3, two); }, {"2 elements from 3", "its 4"});
  expect_error<shape_error>([&] { file.read(file.entry("a"), -1, two); }, {"from -1"});
  expect_error<io_error>([] { safetensors_file(std::filesystem::path("missing.safetensors")); },
                         {"missing.safetensors", "cannot open"});
  expect_error<io_error>([] { safetensors_file(std::filesystem::temp_directory_path()); },
                         {"cannot read 8 bytes at 0"});
}

TEST(Safetensors, AFileThatShrinksMeanwhileIsAnIoError) {
  scratch_folder const folder("safetensors");
  write_whole(folder / "f", two_tensors);
  safetensors_file file(folder / "f");
  std::filesystem::resize_file(folder / "f", two_tensors.size() - 4);
  expect_error<io_error>([&] { numbers<float>(file, "a"); }, {"/f\"", "cannot read 16 bytes"});
}

TEST(Safetensors, EveryPrefixIsRefused) {
  for (std::size_t size = 0; size < two_tensors.size(); ++size) {
    EXPECT_THROW(opened(two_tensors.substr(0, size)), format_error) << size;
  }
  EXPECT_THROW(opened(two_tensors + '\0'), format_error);
}

// Whatever one byte becomes, there is an error or a file whose tensors can be read.
TEST(Safetensors, EveryChangedByteIsRefusedOrRead) {
  for (std::size_t place = 0; place < two_tensors.size(); ++place) {
    for (int change = 1; change < 256; ++change) {
      std::string bytes = two_tensors;
      bytes[place]      = static_cast<char>(bytes[place] ^ change);
      try {
        safetensors_file file = opened(bytes);
        for (auto const& entry : file.entries()) {
          std::vector<float> x(static_cast<std::size_t>(entry.elements()));
          if (is_readable_as<float>(entry.type)) file.read(entry, 0, view<float>(x));
        }
      } catch (format_error const&) {
      }
    }
  }
}

void expect_refused(std::string const& header, std::size_t data_bytes,
                    std::initializer_list<char const*> parts) {
  expect_error<format_error>([&] { opened(file_of(header, std::string(data_bytes, '\0'))); }, parts);
}
std::string entry_text(char const* name, char const* type, char const* shape, char const* offsets) {
  return message("\"", name, R"(":{"dtype":)", type, R"(,"shape":)", shape, R"(,"data_offsets":)", offsets,
                 "}");
}
void expect_entry_refused(char const* type, char const* shape, char const* offsets,
                          std::initializer_list<char const*> parts) {
  expect_refused("{" + entry_text("x", type, shape, offsets) + "}", 8, parts);
}

TEST(Safetensors, HeaderLengthsAreChecked) {
  for (std::uint64_t const length : {std::uint64_t{101}, std::uint64_t{100'000'001}, std::uint64_t{1} << 62,
                                     std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    auto const said = message("header of ", length, " bytes");
    expect_error<format_error>([&] { opened(little_endian(length) + std::string(100, ' ')); },
                               {"memory", "byte 0", said.c_str(), "at most 100"});
  }
  // A file that is long enough, in which a header of more than 100 MB still is none.
  scratch_folder const folder("safetensors");
  write_whole(folder / "f", little_endian(100'000'001));
  std::filesystem::resize_file(folder / "f", 200'000'000);
  expect_error<format_error>([&] { safetensors_file(folder / "f"); },
                             {"header of 100000001", "at most 100000000"});
  expect_error<format_error>([&] { opened(little_endian(0)); }, {"byte 8"});
}

TEST(Safetensors, HeadersMustBeJsonObjectsOfEntries) {
  expect_refused("{", 0, {"memory", "header", "byte 2"});
  expect_refused(" {}", 0, {"byte 8"});
  expect_refused("[]", 0, {"byte 8"});
  expect_refused("{} x", 0, {"byte 4"});
  expect_refused(R"({"x":1})", 0, {"tensor \"x\"", "1, expected a JSON object"});
  expect_refused(R"({"__metadata__":1})", 0, {"__metadata__", "1"});
  expect_refused(R"({"__metadata__":{"k":1}})", 0, {"__metadata__", "k is 1", "a text"});
  expect_refused(R"({"x":{"shape":[2],"data_offsets":[0,8]}})", 8, {"\"x\"", "dtype is absent"});
  expect_refused(R"({"x":{"dtype":"F32","data_offsets":[0,8]}})", 8, {"\"x\"", "shape is absent"});
  expect_refused(R"({"x":{"dtype":"F32","shape":[2]}})", 8, {"\"x\"", "data_offsets is absent"});
  EXPECT_TRUE(opened(file_of("{}", "")).entries().empty());
}

TEST(Safetensors, NamesStandOnce) {
  auto const x     = entry_text("x", R"("U8")", "[4]", "[0,4]"),
             again = entry_text("x", R"("U8")", "[4]", "[4,8]");
  expect_refused("{" + x + "," + again + "}", 8, {"header", "\"x\" stands twice"});
  expect_refused(R"({"x":{"dtype":"U8","dtype":"I8","shape":[8],"data_offsets":[0,8]}})", 8,
                 {"\"dtype\" stands twice"});
}

TEST(Safetensors, EntriesAreChecked) {
  expect_entry_refused(R"("F31")", "[2]", "[0,8]", {"\"x\"", "dtype is \"F31\"", "F64, F32, F16"});
  expect_entry_refused("32", "[2]", "[0,8]", {"dtype is 32"});
  expect_entry_refused(R"("F32")", "2", "[0,8]", {"shape is 2", "a list of integers"});
  expect_entry_refused(R"("F32")", "[-2]", "[0,8]", {"shape is [-2]", "0 .. 2^63 - 1"});
  expect_entry_refused(R"("F32")", "[2.0]", "[0,8]", {"shape is [2.0]"});
  expect_entry_refused(R"("F32")", "[18446744073709551618]", "[0,8]", {"shape is [1.84"});
  expect_entry_refused(R"("F32")", "[9223372036854775808]", "[0,8]", {"shape is [9223372036854775808]"});
  // 2^62 * 4 bytes and 2^32 * 2^32 * 4 bytes are 0 modulo 2^64.
  expect_entry_refused(R"("F32")", "[4611686018427387904]", "[0,0]", {"shape is", "2^63 bytes"});
  expect_entry_refused(R"("F32")", "[4294967296,4294967296]", "[0,0]", {"shape is", "2^63 bytes"});
  expect_entry_refused(R"("F32")", "[2]", "[0,7]", {"data_offsets is [0,7]", "8 bytes of F32 [2]"});
  expect_entry_refused(R"("F32")", "[]", "[0,8]", {"4 bytes of F32 []"});
  expect_entry_refused(R"("F32")", "[2]", "[8,0]", {"data_offsets is [8,0]"});
  expect_entry_refused(R"("F32")", "[2]", "[0]", {"data_offsets is [0]", "two"});
  expect_entry_refused(R"("F32")", "[2]", "[0,4,8]", {"data_offsets is [0,4,8]"});
  expect_entry_refused(R"("F32")", "[2]", R"(["0","8"])", {"data_offsets"});
  expect_entry_refused(R"("F32")", "[2]", "[-8,0]", {"data_offsets is [-8,0]"});
  expect_entry_refused(R"("F32")", "[4]", "[0,16]", {"8 bytes of data", "expected 16"});
  expect_entry_refused(R"("F32")", "[1]", "[0,4]", {"8 bytes of data", "expected 4"});
  expect_entry_refused(R"("F32")", "[1]", "[4,8]", {"\"x\"", "start at 4", "expected 0"});
}

TEST(Safetensors, DataHasNeitherGapsNorOverlaps) {
  auto const header = [](char const* x, char const* y) {
    return "{" + entry_text("x", R"("U8")", "[4]", x) + "," + entry_text("y", R"("U8")", "[4]", y) + "}";
  };
  EXPECT_EQ(opened(file_of(header("[4,8]", "[0,4]"), "12345678")).entries()[0].name, "y")
      << "any order is fine";
  expect_refused(header("[0,4]", "[2,6]"), 6, {"\"y\"", "start at 2", "expected 4"});
  expect_refused(header("[0,4]", "[0,4]"), 4, {"start at 0", "expected 4"});
  expect_refused(header("[0,4]", "[6,10]"), 10, {"\"y\"", "start at 6", "expected 4"});
}

TEST(Safetensors, RefusesToWriteWhatCannotBeRead) {
  scratch_folder const folder("safetensors");
  std::vector<float> const x(4);
  std::vector<std::int32_t> const i(4);
  auto const of    = [&](std::string const& name) { return tensor_of(name, {4}, view<float const>(x)); };
  auto const write = [&](std::vector<safetensors_tensor> const& tensors) {
    write_safetensors(folder / "f", tensors);
  };
  expect_error<value_error>([&] { write({of("x"), of("y"), of("x")}); }, {"/f\"", "\"x\"", "a new name"});
  expect_error<value_error>([&] { write({of("__metadata__")}); }, {"__metadata__"});
  expect_error<value_error>([&] { write({of("\xff")}); }, {"UTF-8"});
  expect_error<value_error>([&] { write({tensor_of("i", {4}, view<std::int32_t const>(i), dtype::f32)}); },
                            {"cannot write I32 as F32"});
  expect_error<shape_error>(
      [&] {
        tensor_of("x", {2, 3}, view<float const>(x));
      },
      {"\"x\"", "[2, 3]", "4 elements"});
  expect_error<shape_error>([&] { tensor_of("x", {-4}, view<float const>(x)); }, {"[-4]"});
  safetensors_tensor const short_one{"x", dtype::u8, {4}, [](whole_file& file) { file.write("abc", 3); }};
  expect_error<shape_error>([&] { write({short_one}); }, {"\"x\"", "[4]", "ends at byte"});
  EXPECT_EQ(folder.files(), 0u);
}

TEST(Safetensors, AFullDiskLeavesTheOldFile) {
  scratch_folder const folder("safetensors");
  write_whole(folder / "f", two_tensors);
  std::vector<float> const x(100'000);
  std::vector<safetensors_tensor> const tensors{tensor_of("x", {100'000}, view<float const>(x))};
  {
    support::full_disk const full(200'000);
    expect_error<io_error>([&] { write_safetensors(folder / "f", tensors); }, {"cannot write", "/f\""});
  }
  EXPECT_EQ(read_whole(folder / "f"), two_tensors);
  EXPECT_EQ(folder.files(), 1u);
}

// Sparse, so that it takes no room: offsets beyond 32 bits.
TEST(Safetensors, FilesBeyondFourGigabytes) {
  scratch_folder const folder("safetensors");
  auto const header = "{" + entry_text("x", R"("F32")", "[1250000000]", "[0,5000000000]") + "," +
                      entry_text("y", R"("U8")", "[3]", "[5000000000,5000000003]") + "}";
  write_whole(folder / "f", file_of(header, ""));
  auto const data_begin = std::filesystem::file_size(folder / "f");
  std::filesystem::resize_file(folder / "f", data_begin + 5'000'000'003);
  {
    std::fstream out(folder / "f", std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(data_begin) + 4'999'999'996)
        .write(
            "\x00\x00\x80\x3f"
            "abc",
            7);
  }
  safetensors_file file(folder / "f");
  std::vector<float> last(2);
  file.read(file.entry("x"), 1'249'999'998, view<float>(last));
  EXPECT_EQ(last, (std::vector<float>{0, 1}));
  EXPECT_EQ(numbers<std::uint8_t>(file, "y"), (std::vector<std::uint8_t>{'a', 'b', 'c'}));
}

}  // namespace
}  // namespace poft
