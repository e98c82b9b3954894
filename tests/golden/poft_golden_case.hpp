// One case of a golden file: what it gives, what it wants, and a record of which of its keys were used.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace poft::golden {

/// What the cases of one file came to.
struct verdict {
  int cases    = 0;
  double worst = 0;                   // largest error, in tolerances
  std::vector<std::string> misses{};  // one line each
};

/// Numbers come flat, in row-major order. Every key that a case has must be asked for: finish() calls the
/// others unknown.
class golden_case {
 public:
  /// `folder`: that of the golden file.
  golden_case(nlohmann::json const& file_case, std::filesystem::path folder, verdict& result);

  std::string const& name() const { return name_; }
  std::string const& objective() const { return objective_; }
  std::filesystem::path const& folder() const { return folder_; }

  bool has_hyper(std::string const& key) const { return hyper_.contains(key); }
  bool has_input(std::string const& key) const { return inputs_.contains(key); }
  bool wants(std::string const& output) const { return outputs_.contains(output); }
  std::vector<std::string> hyper_names() const;
  std::vector<std::string> input_names() const;
  std::vector<std::string> output_names() const;

  double hyper(std::string const& key);
  double hyper(std::string const& key, double otherwise) { return has_hyper(key) ? hyper(key) : otherwise; }
  bool flag(std::string const& key);
  std::string text(std::string const& key);
  /// A key that does not matter to this case: another of its hyperparameters switches it off.
  void pass_over_hyper(std::string const& key) { used_hyper_.insert(key); }
  void pass_over_input(std::string const& key) { used_inputs_.insert(key); }
  /// A key that only tells how the file was made.
  void pass_over_output(std::string const& key) { compared_outputs_.insert(key); }

  std::vector<double> input(std::string const& key);
  template <class Integer>
  std::vector<Integer> integers(std::string const& key) {
    auto const numbers = input(key);
    return {numbers.begin(), numbers.end()};
  }
  /// A model's tensors: the input `weights`.
  std::vector<std::string> weight_names() const;
  std::vector<double> weight(std::string const& name);
  /// Extents of an input or output; [size] where the file gives none.
  std::vector<std::size_t> shape(std::string const& key) const;

  // Each does nothing where the file does not list the key.
  void expect(std::string const& output, std::span<double const> got);
  void expect(std::string const& output, double got) { expect(output, std::span(&got, 1)); }
  template <class Integer>
  void expect_integers(std::string const& output, std::vector<Integer> const& got) {
    compare_output(output, std::vector<double>(got.begin(), got.end()), true);
  }
  void expect_gradient(std::string const& input, std::span<double const> got);

  /// Misses for keys that nothing asked for, and for a case that compared nothing.
  void finish();
  void miss(std::string const& what);

 private:
  struct comparison {
    bool exactly        = false;
    bool may_stop_short = false;  // of infinity
    std::set<std::size_t> skipped{};
  };
  void compare_output(std::string const& key, std::span<double const> got, bool exactly);
  void compare(std::string const& what, nlohmann::json const& wanted, std::span<double const> got,
               comparison const& how);

  std::string name_, objective_;
  std::filesystem::path folder_;
  nlohmann::json hyper_, inputs_, outputs_, gradient_, kinks_, shapes_;
  bool overflows_;
  std::set<std::string> used_hyper_{}, used_inputs_{}, compared_outputs_{}, compared_gradients_{};
  verdict& result_;
};

/// Checks every case of one objective against the library.
using check  = void (*)(golden_case&);
using checks = std::map<std::string, check>;

void add_supervised(checks&);
void add_pairs_with_reference(checks&);
void add_f_divergences(checks&);
void add_pairs_without_reference(checks&);
void add_unpaired(checks&);
void add_reward_models(checks&);
void add_lists(checks&);
void add_reward_weighted(checks&);
void add_policy_gradient(checks&);
void add_policy_tokens(checks&);
void add_tokens(checks&);
void add_advantages(checks&);
void add_strengths(checks&);
void add_divergences(checks&);
void add_from_logits(checks&);
void add_tokens_from_logits(checks&);
void add_training(checks&);
void add_models(checks&);

}  // namespace poft::golden
