// Level 2 for row-against-row objectives: a divergence between a student's and a teacher's logits, and its gradient.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "poft/core/error.hpp"
#include "poft/core/view.hpp"
#include "poft/row/divergence.hpp"

namespace poft {

template <class T>
struct distillation_options {
  double count               = 0;   // rows of the whole optimiser step; 0: the rows of this call that count
  double factor              = 1;   // upstream factor of the gradient
  std::span<T const> weights = {};  // [tokens]; empty: 1
  std::span<std::uint8_t const> mask = {};  // [tokens], 0: the row counts for nothing; empty: all count
  bool accumulate                    = false;
};

namespace detail {

template <class Divergence, class Stored, class StoredTeacher>
struct distil_rows {
  using T = compute_t<Stored>;

  Divergence divergence;
  view<Stored const, 2> student;
  view<StoredTeacher const, 2> teacher;
  view<Stored, 2> d_student;
  distillation_options<T> options;
  double count;
  T* losses;

  template <class Group>
  void operator()(Group group, std::int64_t r) const {
    auto const at = static_cast<std::size_t>(r);
    row<Stored> const d_z{d_student.row(r).data()};
    std::int64_t const vocab = student.columns();
    if (!options.mask.empty() && options.mask[at] == 0) {
      losses[r] = T(0);
      for (std::int64_t v = 0; v < vocab && !options.accumulate; ++v) d_z.data[v] = static_cast<Stored>(T(0));
      return;
    }
    T const weight = options.weights.empty() ? T(1) : options.weights[at];
    auto const q   = softmax_of(group, row<Stored const>{student.row(r).data()}, vocab);
    auto const p   = softmax_of(group, row<StoredTeacher const>{teacher.row(r).data()}, vocab);
    losses[r]      = weight * value_and_gradient_of(divergence, group, vocab, d_z,
                                                    static_cast<T>(options.factor / count) * weight,
                                                    options.accumulate, q, p);
  }
};

}  // namespace detail

/// Weighted mean over the rows of divergence(student row, teacher row) [nats]; its gradient with respect to the student's
/// logits [tokens, vocab] is written (or added) to d_student, which may be the student's logits; masked rows get exactly 0.
/// Temperatures: divide both logits before, the gradient after. A teacher may be stored in another type (bfloat16).
/// Throws shape_error and value_error for extents that differ, no counted row, and a loss that is NaN.
template <class Backend, class Divergence, class Stored, class StoredTeacher>
double distillation_loss_and_gradient(Backend const& backend, Divergence const& divergence,
                                      view<Stored const, 2> student, view<StoredTeacher const, 2> teacher,
                                      view<Stored, 2> d_student,
                                      distillation_options<compute_t<Stored>> const& options = {}) {
  using T = compute_t<Stored>;
  if (char const* problem = divergence.invalid()) throw value_error(problem);
  auto require_shape = [&](char const* name, std::int64_t rows, std::int64_t columns) {
    if (rows != student.rows() || columns != student.columns()) {
      throw shape_error(message("distillation: ", name, " is [", rows, ", ", columns, "], student is [",
                                student.rows(), ", ", student.columns(), "]"));
    }
  };
  require_shape("teacher", teacher.rows(), teacher.columns());
  require_shape("d_student", d_student.rows(), d_student.columns());
  auto const rows = static_cast<std::size_t>(student.rows());
  auto require    = [&](char const* name, std::size_t size) {
    if (size != 0 && size != rows) {
      throw shape_error(
             message("distillation: ", name, " has ", size, " elements, expected ", rows, " or none"));
    }
  };
  require("weights", options.weights.size());
  require("mask", options.mask.size());
  double counted = static_cast<double>(rows);
  if (!options.mask.empty()) {
    counted = 0;
    for (auto m : options.mask) counted += m != 0;
  }
  if (counted == 0) throw value_error("distillation: no row counts; expected at least 1");
  double const count = options.count > 0 ? options.count : counted;
  std::vector<T> losses(rows);
  detail::distil_rows<Divergence, Stored, StoredTeacher> const distil{
      divergence, student, teacher, d_student, options, count, losses.data()};
  backend.template for_rows<T>(student.rows(), student.columns(), distil);
  double total = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    if (std::isnan(losses[r])) {
      throw value_error(message("distillation: the loss of row ", r,
                                " is NaN; its logits must not be NaN or inf and need a finite one"));
    }
    total += static_cast<double>(losses[r]);
  }
  return total / count;
}

}  // namespace poft
