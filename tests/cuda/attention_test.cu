// Attention by tiles on the device, in every type: that by rows in double.
// SPDX-License-Identifier: MIT
#include "cuda/on_device.cuh"
#include "primitive/flash_attention_example.hpp"

namespace {

using poft_test::flash_example;

class cuda_attention : public poft_test::on_device {
 protected:
  template <class T>
  void expect_that_of_rows() {
    for (std::ptrdiff_t const channels : {8, 24, 64, 80, 128, 192}) {
      flash_example<T>({4, 2, channels}, {300, 1, 0, 128, 65}).expect_on(device());
    }
    flash_example<T>({4, 2, 64}, {65, 3}, 1).expect_on(device());
    flash_example<T> const longer({8, 1, 64}, {1000});
    longer.expect_on(device());
    EXPECT_TRUE(longer.by_tiles(device()).has_bits_of(longer.by_tiles(device())));
  }
};

TEST_F(cuda_attention, of_float) { expect_that_of_rows<float>(); }
TEST_F(cuda_attention, of_double) { expect_that_of_rows<double>(); }
TEST_F(cuda_attention, of_bfloat16) { expect_that_of_rows<poft::bfloat16>(); }

}  // namespace
