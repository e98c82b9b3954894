// From the names of golden files to those of the library, and one objective over columns of numbers.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "golden/poft_golden_case.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/backend/one_by_one.hpp"
#include "poft/batch/evaluate.hpp"

namespace poft::golden {

/// A golden name and what the library calls it; where there are several, the objective has one of them.
struct translation {
  std::string_view golden;
  std::array<std::string_view, 3> ours;
};

inline constexpr translation input_names[] = {
    {"lw", {"chosen"}},
    {"ll", {"rejected"}},
    {"mw", {"chosen"}},  // means: the token counts are 1
    {"ml", {"rejected"}},
    {"rw", {"reference_chosen", "chosen_reward"}},
    {"rl", {"reference_rejected", "rejected_reward"}},
    {"Tw", {"chosen_tokens"}},
    {"Tl", {"rejected_tokens"}},
    {"lt", {"target"}},
    {"l", {"log_prob", "score"}},
    {"r_theta", {"log_prob"}},
    {"r", {"reference_log_prob", "reference"}},
    {"T", {"tokens"}},
    {"p", {"win_probability", "log_prob"}},
    {"score", {"score"}},
    {"target", {"target"}},
    {"ranking", {"ranking"}},
    {"label", {"desirable", "clean"}},
    {"margin", {"margin"}},
    {"l_old", {"old_log_prob"}},
    {"l_ref", {"reference_log_prob"}},
    {"A", {"advantage"}},
    {"V", {"value"}},
    {"V_old", {"old_value"}},
    {"R", {"reward", "target"}},
};

inline constexpr translation hyper_names[] = {
    {"beta", {"beta"}},
    {"gamma", {"gamma"}},
    {"alpha", {"alpha"}},
    {"tau", {"tau"}},
    {"lambda", {"lambda"}},
    {"eps", {"label_smoothing"}},
    {"delta", {"delta", "max_ratio", "baseline"}},
    {"z", {"baseline"}},
    {"w_d", {"desirable_weight"}},
    {"w_u", {"undesirable_weight"}},
    {"nll_coef", {"nll_coefficient"}},
    {"w_dpo", {"first_weight"}},
    {"w_nll", {"second_weight"}},
    {"center", {"center"}},
    {"eps_v", {"clip_range"}},
    {"top_k", {"top_k"}},
    {"eps_low", {"eps_low"}},
    {"eps_high", {"eps_high", "max_ratio"}},
    {"c", {"max_ratio"}},
    {"tau_pos", {"temperature_positive"}},
    {"tau_neg", {"temperature_negative"}},
    {"kl_coef", {"kl_coefficient", "coefficient"}},
    {"entropy_coef", {"entropy_coefficient"}},
};

/// The place in Fields of what a golden file calls `golden`; -1: it has no such field.
template <class Fields, std::size_t Names>
int place_in(translation const (&names)[Names], std::string_view golden) {
  int place = -1;
  for (auto const& [theirs, ours] : names) {
    if (theirs != golden) continue;
    for (auto const name : ours)
      Fields::for_each_index([&]<int K>() {
        if (place < 0 && name == Fields::template at<K>::name) place = K;
      });
  }
  return place;
}

template <class Objective>
void set_parameter(Objective& objective, int place, double value) {
  Objective::parameters::for_each_index([&]<int K>() {
    auto& parameter = Objective::parameters::template get<K>(objective);
    if (K == place) parameter = static_cast<std::remove_reference_t<decltype(parameter)>>(value);
  });
}

/// The objective with the case's hyperparameters; those that it does not have stay unused.
template <class Objective>
Objective configured(golden_case& c, Objective objective = {}) {
  for (auto const& name : c.hyper_names()) {
    int const place = place_in<typename Objective::parameters>(hyper_names, name);
    if (place >= 0) set_parameter(objective, place, c.hyper(name));
  }
  return objective;
}

/// The same objective with one parameter changed, by our name for it.
template <class Objective>
Objective with_parameter(Objective objective, std::string_view name, double value) {
  Objective::parameters::for_each_index([&]<int K>() {
    if (name == Objective::parameters::template at<K>::name)
      Objective::parameters::template get<K>(objective) = value;
  });
  return objective;
}

/// One column of numbers per member of the objective's inputs.
template <class Objective>
struct columns {
  using in     = inputs_of<Objective, double>;
  using live   = typename in::live;
  using frozen = typename in::frozen;

  std::array<std::vector<double>, live::count> live_columns;
  std::array<std::vector<double>, frozen::count + 1> frozen_columns;  // one more, since there may be none
  std::array<std::string, live::count> golden_name;  // of the live ones; empty: not from the file

  std::size_t size() const { return live_columns[0].size(); }

  /// By our name.
  std::vector<double>& operator[](std::string_view name) {
    std::vector<double>* found = nullptr;
    live::for_each_index([&]<int K>() {
      if (name == live::template at<K>::name) found = &live_columns[K];
    });
    frozen::for_each_index([&]<int K>() {
      if (name == frozen::template at<K>::name) found = &frozen_columns[K];
    });
    if (!found) throw format_error(message(Objective::name, " has no input ", name));
    return *found;
  }

  /// Takes what the file has under names that mean a member: inputs, and hyperparameters that are inputs
  /// here.
  void read(golden_case& c) {
    for (auto const& name : c.input_names()) {
      int const at_live = place_in<live>(input_names, name), at_frozen = place_in<frozen>(input_names, name);
      if (at_live >= 0) {
        live_columns[static_cast<std::size_t>(at_live)] = c.input(name);
        golden_name[static_cast<std::size_t>(at_live)]  = name;
      } else if (at_frozen >= 0) {
        frozen_columns[static_cast<std::size_t>(at_frozen)] = c.input(name);
      }
    }
    for (auto const& name : c.hyper_names()) {
      int const at_frozen = place_in<frozen>(hyper_names, name);
      if (at_frozen >= 0 && place_in<typename Objective::parameters>(hyper_names, name) < 0)
        frozen_columns[static_cast<std::size_t>(at_frozen)].assign(size(), c.hyper(name));
    }
  }

  /// A token count that the file does not give is 1: its log-probs are means, or nothing divides by it.
  void fill_token_counts() {
    frozen::for_each_index([&]<int K>() {
      if (std::string_view(frozen::template at<K>::name).ends_with("tokens") && frozen_columns[K].empty())
        frozen_columns[K].assign(size(), 1.0);
    });
  }

  auto spans(std::size_t first, std::size_t count) const {
    using batch = inputs_of<Objective, std::span<double const>>;
    batch out;
    auto const part = [&](char const* name, std::vector<double> const& column) {
      if (column.size() != size())
        throw format_error(message("input ", name, " of ", Objective::name, " has ", column.size(),
                                   " elements, ", live::template at<0>::name, " has ", size()));
      return std::span<double const>(column).subspan(first, count);
    };
    batch::live::for_each_index([&]<int K>() {
      batch::live::template get<K>(out) = part(batch::live::template at<K>::name, live_columns[K]);
    });
    batch::frozen::for_each_index([&]<int K>() {
      batch::frozen::template get<K>(out) = part(batch::frozen::template at<K>::name, frozen_columns[K]);
    });
    return out;
  }

  /// Example i with plain numbers.
  in example(std::size_t i) const {
    in out;
    live::for_each_index([&]<int K>() { live::template get<K>(out) = live_columns[K][i]; });
    frozen::for_each_index([&]<int K>() { frozen::template get<K>(out) = frozen_columns[K][i]; });
    return out;
  }
};

/// What weighs the examples and divides their sum; as in the library, no weights: 1 each, count 0: all of
/// them.
struct reduction {
  std::vector<double> weights{};
  double count = 0;
};

template <class Objective>
struct evaluated {
  double mean = 0;
  std::vector<double> losses;  // as files list them: their average is the mean
  std::array<std::vector<double>, columns<Objective>::live::count> gradient;
};

template <class Backend, class Objective>
evaluated<Objective> evaluate(Backend const& backend, Objective const& objective,
                              columns<Objective> const& in, reduction const& reduce = {}) {
  evaluated<Objective> out;
  std::size_t const n = in.size();
  using targets       = inputs_of<Objective, std::span<double>>;
  targets gradient;
  targets::live::for_each_index([&]<int K>() {
    out.gradient[K].resize(n);
    targets::live::template get<K>(gradient) = out.gradient[K];
  });
  out.losses.resize(n);
  bool const plain = reduce.weights.empty() && reduce.count == 0;
  batch_options<double> options{.count = reduce.count, .weights = reduce.weights};
  if (plain) options.losses = out.losses;
  out.mean = batch_loss_and_gradient(backend, objective, in.spans(0, n), gradient, options);
  for (std::size_t i = 0; i < n && !plain; ++i) {
    batch_options<double> one{.count = (reduce.count == 0 ? 1 : reduce.count / static_cast<double>(n))};
    if (!reduce.weights.empty()) one.weights = std::span(reduce.weights).subspan(i, 1);
    out.losses[i] = batch_loss(backend, objective, in.spans(i, 1), one);
  }
  return out;
}

/// Calls f with each way to run a batch: example by example on plain numbers, and on lanes.
template <class F>
void on_each_backend(F f) {
  f(one_by_one{});
  f(eigen::backend{});
}

/// Losses, their mean and the gradients of an objective on columns that were read from the case.
template <class Objective>
void expect_batch(golden_case& c, Objective const& objective, columns<Objective> const& in,
                  reduction const& reduce = {}) {
  on_each_backend([&](auto const& backend) {
    auto const got = evaluate(backend, objective, in, reduce);
    c.expect("loss", got.losses);
    c.expect("mean", got.mean);
    c.expect("mean", batch_loss(backend, objective, in.spans(0, in.size()),
                                {.count = reduce.count, .weights = reduce.weights}));
    for (std::size_t k = 0; k < in.golden_name.size(); ++k)
      if (!in.golden_name[k].empty()) c.expect_gradient(in.golden_name[k], got.gradient[k]);
  });
}

/// Another objective's losses on the same columns, under the name of an output.
template <class Objective>
void expect_losses(golden_case& c, char const* output, Objective const& objective,
                   columns<Objective> const& in) {
  on_each_backend([&](auto const& backend) { c.expect(output, evaluate(backend, objective, in).losses); });
}

template <class Objective>
columns<Objective> read_columns(golden_case& c) {
  columns<Objective> in;
  in.read(c);
  in.fill_token_counts();
  return in;
}

/// A case whose inputs are the objective's, under other names.
template <class Objective>
void check_batch(golden_case& c) {
  expect_batch(c, configured<Objective>(c), read_columns<Objective>(c));
}

}  // namespace poft::golden
