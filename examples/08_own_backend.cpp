// A backend of one's own, plain loops over std::vector, and a transformer that learns to count on it.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "poft/head/hidden.hpp"
#include "poft/model/transformer.hpp"
#include "poft/objective/nll.hpp"
#include "poft/row/one_by_one_group.hpp"
#include "poft/train/adamw.hpp"

struct plain_loops {
  template <class T>
  std::vector<T> allocate(std::int64_t n) const {
    return std::vector<T>(static_cast<std::size_t>(n));
  }
  template <class T>
  void copy(std::type_identity_t<poft::view<T const>> from, poft::view<T> to) const {
    std::copy(from.begin(), from.end(), to.begin());
  }
  template <class T>
  void fill(poft::view<T> to, std::type_identity_t<T> value) const {
    std::fill(to.begin(), to.end(), value);
  }
  template <class T>
  void gemm(poft::primitive::gemm_options const& o, std::type_identity_t<poft::view<T const, 2>> a,
            std::type_identity_t<poft::view<T const, 2>> b, poft::view<T, 2> c) const {
    auto const [rows, columns, depth] = poft::primitive::gemm_extents_of(o, a, b, c);
    for (std::int64_t p = 0; p < o.count; ++p)
      for (std::ptrdiff_t i = 0; i < rows; ++i)
        for (std::ptrdiff_t j = 0; j < columns; ++j) {
          T sum = 0;
          for (std::ptrdiff_t k = 0; k < depth; ++k) {
            sum += (&(o.transpose_a ? a(k, i) : a(i, k)))[p * o.stride_a] *
                   (&(o.transpose_b ? b(j, k) : b(k, j)))[p * o.stride_b];
          }
          T& to = (&c(i, j))[p * o.stride_c];
          to    = static_cast<T>(o.alpha) * sum + (o.beta == 0 ? T(0) : static_cast<T>(o.beta) * to);
        }
  }
  template <class T, class F>
  void for_rows(std::int64_t n, std::int64_t /*width*/, F const& f) const {
    for (std::int64_t r = 0; r < n; ++r) f(poft::one_by_one_group<T>{}, r);
  }
  template <class T, class F>
  double sum(std::int64_t n, F const& f) const {
    return poft::one_by_one_group<double>::sum(0, n, f);
  }
};

int main() {
  poft::transformer<plain_loops, double> model({}, poft::gpt(2, 2, 16, 8, 8));
  poft::initialise(model, 1);
  std::vector<std::int32_t> const tokens{0, 1, 2, 3, 4, 5, 6}, targets{1, 2, 3, 4, 5, 6, 7};
  std::vector<std::int64_t> const offsets{0, 7};
  poft::token_batch<std::int32_t> const batch{targets, offsets};
  poft::inputs_of<poft::objective::nll, std::span<double const>> const none;
  std::vector<double> d_hidden(7 * 16);
  poft::view<double, 2> const d_h(d_hidden.data(), 7, 16);
  poft::hidden_head<plain_loops, double> head;
  poft::adamw_state<double> state(model.parameters().size());
  for (int step = 0; step <= 60; ++step) {
    model.zero_gradient();
    auto const hidden = model.forward(tokens, offsets);
    auto const of = head.loss_and_gradient(poft::objective::nll{}, hidden, model.slices().head, batch, none,
                                           d_h, model.gradient_slices().head);
    model.backward(d_h);
    poft::adamw{.weight_decay = 0}.update(state, model.parameters(), model.gradient(), 1e-2);
    if (step % 20 == 0) std::printf("step %2d   loss %.4f nats per token\n", step, of.loss);
  }
}

// Output:
// step  0   loss 2.0468 nats per token
// step 20   loss 0.1976 nats per token
// step 40   loss 0.0172 nats per token
// step 60   loss 0.0071 nats per token
