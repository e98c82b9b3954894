// Memory, rows, sums and matrix products of the CUDA backend, against the one-by-one oracle.
// SPDX-License-Identifier: MIT
#include <array>
#include <cmath>
#include <numeric>

#include "cuda/on_device.cuh"
#include "poft/backend/concept.hpp"
#include "poft/backend/one_by_one.hpp"
#include "poft/row/layer_norm.hpp"
#include "poft/row/token_statistics.hpp"

namespace {

using poft_test::on_device;
using poft_test::some_numbers;
using poft_test::travelling;

static_assert(poft::backend_for<poft::cuda::backend, float> &&
              poft::backend_for<poft::cuda::backend, double>);

class cuda_backend : public on_device {};

TEST(cuda_errors, no_device_is_said_in_words) {
  try {
    poft::cuda::backend const device(1 << 20);
    FAIL() << "a millionth device";
  } catch (poft::cuda_error const& problem) {
    std::string const text = problem.what();
    EXPECT_TRUE(text.starts_with("cuda: ")) << text;
    EXPECT_NE(text.find("expected"), text.npos) << text;
  }
}

TEST_F(cuda_backend, new_memory_is_zero_and_comes_back) {
  auto made = device().allocate<float>(1000);
  std::vector<float> found(1000, 1.0f);
  device().read<float>({made.data(), 1000}, found);
  EXPECT_EQ(found, std::vector<float>(1000));
  device().fill<float>({made.data(), 1000}, 2.5f);
  device().read<float>({made.data(), 1000}, found);
  EXPECT_EQ(found, std::vector<float>(1000, 2.5f));
}

TEST_F(cuda_backend, more_memory_than_there_is) {
  try {
    (void)device().allocate<double>(std::int64_t{1} << 50);
    FAIL() << "8 PiB";
  } catch (poft::cuda_error const& problem) {
    std::string const text = problem.what();
    EXPECT_NE(text.find(std::to_string(std::int64_t{8} << 50)), text.npos) << text;
    EXPECT_NE(text.find("free"), text.npos) << text;
  }
  (void)device().allocate<float>(10);  // and goes on
}

struct numbers_of {
  poft::row<float const> x;
  template <class Index>
  POFT_FN auto operator()(Index i) const {
    return x[i];
  }
};

TEST_F(cuda_backend, sums) {
  for (std::ptrdiff_t const size : {1, 31, 1000, 1'000'003}) {
    travelling<float> x(device(), some_numbers<float>(size, 1));
    double const want = std::accumulate(x.host.begin(), x.host.end(), 0.0);
    double const got  = device().sum<float>(size, numbers_of{{x.there().data()}});
    EXPECT_NEAR(got, want, 1e-4 * std::sqrt(double(size)));
    EXPECT_EQ(got, device().sum<float>(size, numbers_of{{x.there().data()}}));
  }
  EXPECT_EQ(device().sum<float>(0, numbers_of{}), 0);
}

struct add_to_each {
  poft::row<float> x;
  float amount;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    group.each(100 * r, 100 * (r + 1), [this](auto i) { x.set(i, x[i] + amount); });
  }
};

// Rows, a fill and a product, five times: as they are, recorded, and three times by the record alone.
TEST_F(cuda_backend, replays_what_it_recorded) {
  auto const replaying = device().replaying();
  std::vector<float> const ones(2500, 1.0f);
  travelling<float> x(device(), ones), y(device(), ones), product(device(), ones);
  int calls      = 0;
  auto const key = [&] {
    return std::vector<std::uint64_t>{reinterpret_cast<std::uintptr_t>(x.there().data()), 25};
  };
  for (int k = 0; k < 5; ++k) {
    poft::replayed(replaying, key, [&](poft::cuda::backend const& b) {
      ++calls;
      b.for_rows<float>(25, 100, add_to_each{{x.there().data()}, 2.0f});
      b.fill(y.there(), 3.0f);
      b.gemm({}, x.there(50, 50), y.there(50, 50), product.there(50, 50));
    });
  }
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(x.back(), std::vector<float>(2500, 11.0f));
  EXPECT_EQ(product.back(), std::vector<float>(2500, 50 * 11.0f * 3.0f));
  device().scratch<float>(
      1 << 20);  // takes the memory that a record may have used: nothing is repeated blindly
  poft::replayed(replaying, key, [&](poft::cuda::backend const&) { ++calls; });
  EXPECT_EQ(calls, 3);
  poft::replayed(device(), key, [&](poft::cuda::backend const&) { ++calls; });
  EXPECT_EQ(calls, 4);
}

// What a record cannot hold is an error where it stands, and the backend goes on.
TEST_F(cuda_backend, refuses_to_record_what_waits) {
  auto const replaying = device().replaying();
  travelling<float> x(device(), std::vector<float>(100, 1.0f));
  auto const key   = [] { return std::vector<std::uint64_t>{7}; };
  auto const waits = [&](poft::cuda::backend const& b) {
    b.fill(x.there(), 2.0f);
    b.synchronise();
  };
  poft::replayed(replaying, key, waits);
  EXPECT_THROW(poft::replayed(replaying, key, waits), poft::cuda_error);
  device().fill(x.there(), 5.0f);
  EXPECT_EQ(x.back(), std::vector<float>(100, 5.0f));
}

template <class T>
struct statistics_of_each_row {
  poft::view<T const, 2> z;
  poft::row_statistics<T>* out;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    auto const found = poft::read_row(group, poft::row<T const>{z.row(r).data()}, z.columns(),
                                      poft::statistics_wanted{.entropy = true, .sum_of_squares = true});
    group.once([&] { out[r] = found; });
  }
};

TEST_F(cuda_backend, rows_on_warps_and_blocks) {
  for (std::ptrdiff_t const width : {1, 31, 100, 1024, 1025, 50257}) {
    std::ptrdiff_t const rows = width > 10000 ? 5 : 37;
    travelling<double> z(device(), some_numbers<double>(rows * width, 2, 8));
    travelling<poft::row_statistics<double>> found(
        device(), std::vector<poft::row_statistics<double>>(static_cast<std::size_t>(rows)));
    device().for_rows<double>(rows, width,
                              statistics_of_each_row<double>{z.there(rows, width), found.there().data()});
    std::vector<poft::row_statistics<double>> want(static_cast<std::size_t>(rows));
    poft::one_by_one{}.for_rows<double>(
        rows, width, statistics_of_each_row<double>{{z.host.data(), rows, width}, want.data()});
    found.back();
    for (std::size_t r = 0; r < want.size(); ++r) {
      EXPECT_EQ(found.host[r].peak, want[r].peak);
      EXPECT_NEAR(found.host[r].log_sum, want[r].log_sum, 1e-12);
      EXPECT_NEAR(found.host[r].entropy, want[r].entropy, 1e-11);
      EXPECT_NEAR(found.host[r].log_sum_of_squares, want[r].log_sum_of_squares, 1e-11);
    }
  }
}

/// The mean, and the mean of the squares around it: two sums of one kind, one after the other.
struct moments_of_each_row {
  poft::view<float const, 2> x;
  poft::row<float> mean, variance;

  template <class Group>
  POFT_FN void operator()(Group group, std::int64_t r) const {
    poft::row<float const> const own{x.row(r).data()};
    float const n = static_cast<float>(x.columns());
    float const m = group.sum(0, x.columns(), [=](auto i) { return own[i]; }) / n;
    float const v = group.sum(0, x.columns(), [=](auto i) { return (own[i] - m) * (own[i] - m); }) / n;
    group.once([&] {
      mean.set(r, m);
      variance.set(r, v);
    });
  }
};

TEST_F(cuda_backend, sums_one_after_the_other) {
  for (std::ptrdiff_t const width : {100, 3000}) {
    travelling<float> x(device(), some_numbers<float>(7 * width, 2)), mean(device(), std::vector<float>(7)),
        variance(device(), std::vector<float>(7));
    device().for_rows<float>(
        7, width, moments_of_each_row{x.there(7, width), {mean.there().data()}, {variance.there().data()}});
    mean.back(), variance.back();
    for (std::size_t r = 0; r < 7; ++r) {
      double m = 0, v = 0;
      auto const at = [&](std::ptrdiff_t i) {
        return static_cast<double>(x.host[r * static_cast<std::size_t>(width) + static_cast<std::size_t>(i)]);
      };
      for (std::ptrdiff_t i = 0; i < width; ++i) m += at(i) / static_cast<double>(width);
      for (std::ptrdiff_t i = 0; i < width; ++i) v += (at(i) - m) * (at(i) - m) / static_cast<double>(width);
      EXPECT_NEAR(mean.host[r], m, 1e-6);
      EXPECT_NEAR(variance.host[r], v, 1e-6);
    }
  }
}

// An algorithm that was found for operands on large boundaries is not for those that begin one element later.
TEST_F(cuda_backend, products_of_operands_that_begin_anywhere) {
  travelling<float> a(device(), std::vector<float>(65, 1.0f)), b(device(), std::vector<float>(65, 2.0f)),
      c(device(), std::vector<float>(65));
  for (int const moved : {0, 1, 2, 3}) {
    auto const from = [&](auto& one, int which) {
      return poft::view<float, 2>(one.there().data() + (which == moved), 8, 8);
    };
    device().gemm({}, from(a, 1), from(b, 2), from(c, 3));
  }
  EXPECT_EQ(c.back(), std::vector<float>(65, 16.0f));
}

template <class T, class Out>
void expect_products(poft::cuda::backend const& device, double tolerance) {
  for (auto const [rows, columns, depth] :
       {std::array{1, 1, 1}, std::array{17, 5, 33}, std::array{64, 144, 48}, std::array{100, 257, 300}}) {
    for (bool const transpose_a : {false, true}) {
      for (bool const transpose_b : {false, true}) {
        for (double const beta : {0.0, 1.0, 0.5}) {
          int const stride_a = (transpose_a ? rows : depth) + 3,
                    stride_b = (transpose_b ? depth : columns) + 1;
          travelling<T> a(device, some_numbers<T>((transpose_a ? depth : rows) * stride_a, 1)),
              b(device, some_numbers<T>((transpose_b ? columns : depth) * stride_b, 2));
          travelling<Out> c(device, some_numbers<Out>(rows * columns, 3));
          poft::primitive::gemm_options const options{
              .transpose_a = transpose_a, .transpose_b = transpose_b, .alpha = 0.75, .beta = beta};
          auto const extents_a = [&](auto* data) {
            using U = std::remove_reference_t<decltype(*data)>;
            return poft::view<U const, 2>(data, transpose_a ? depth : rows, transpose_a ? rows : depth,
                                          stride_a);
          };
          auto const extents_b = [&](auto* data) {
            using U = std::remove_reference_t<decltype(*data)>;
            return poft::view<U const, 2>(data, transpose_b ? columns : depth, transpose_b ? depth : columns,
                                          stride_b);
          };
          auto const exact = [](auto const& numbers) {
            std::vector<double> out;
            for (auto const x : numbers) out.push_back(static_cast<double>(x));
            return out;
          };
          auto const a_exact = exact(a.host), b_exact = exact(b.host);
          auto want = exact(c.host);
          poft::one_by_one{}.gemm<double>(options, extents_a(a_exact.data()), extents_b(b_exact.data()),
                                          {want.data(), rows, columns});
          device.gemm(options, extents_a(a.there().data()), extents_b(b.there().data()),
                      c.there(rows, columns));
          c.back();
          for (std::size_t k = 0; k < want.size(); ++k) {
            ASSERT_NEAR(static_cast<double>(c.host[k]), want[k], tolerance * depth);
          }
        }
      }
    }
  }
}

TEST_F(cuda_backend, matrix_products_of_float) { expect_products<float, float>(device(), 1e-6); }
TEST_F(cuda_backend, matrix_products_of_double) { expect_products<double, double>(device(), 1e-15); }
TEST_F(cuda_backend, matrix_products_of_bfloat16_into_float) {
  expect_products<poft::bfloat16, float>(device(), 1e-6);
}

}  // namespace
