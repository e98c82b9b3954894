// Samples of prompt and response: where they come from, what is wrong with some of them, and who may see them.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dictionary.hpp"
#include "tasks.hpp"

namespace text_study {

struct sample {
  std::string prompt, response;
  bool clean = true;  ///< false: the response was spoilt on purpose
};

/// Every prompt belongs to one pool, whatever the seed: nobody is tested on what anybody was trained on, and the aligned
/// models have seen no prompt of the target's.
enum class pool { base, aligned, target, held_out };
pool pool_of(std::string_view prompt);

/// The dictionaries that are there.
class library {
 public:
  library() = default;
  /// Those of `names` that the folder has; none is legal.
  explicit library(fs::path const& folder);

  static constexpr char const* names[] = {"foldoc", "jargon", "gcide", "devil"};

  bool empty() const { return books_.empty(); }
  /// Differs between dictionaries that differ.
  std::string fingerprint() const;
  /// A definition of a pool, from the careful or the careless collection.
  sample draw(pool from, bool careful, poft::random_stream& random) const;

 private:
  struct collection {
    std::array<std::vector<sample>, 4> of_pool;
  };
  std::vector<std::string> books_;
  collection careful_, careless_;
};

inline constexpr std::size_t longest_definition = 24;  ///< [bytes]

/// What a data set is made of. The shares of noise are of all samples and do not overlap.
struct recipe {
  std::string name;
  double definitions                 = 0.2;   ///< share of "define WORD"; the rest are tasks
  bool careful                       = true;  ///< which definitions
  double pairing                     = 0;     ///< the response is that of another sample
  double characters                  = 0;     ///< one to three characters inserted, deleted or modified
  double slips                       = 0;     ///< of the tasks: a hasty writer's
  std::array<double, task_count> mix = {1, 1, 1, 1, 1, 1};  ///< of the tasks
};

/// `count` samples with different prompts of a pool, as long as the pool has them.
std::vector<sample> draw_samples(recipe const& what, pool from, int count, library const& books,
                                 std::uint64_t seed);

/// The data sets of the study, by name; value_error for any other.
recipe const& recipe_of(std::string const& name);

/// Exactly round(share * size) clean samples get the response of another one, which differs.
void pair_at_random(std::vector<sample>& samples, double share, poft::random_stream& random);
/// Exactly round(share * size) clean samples get one to three characters inserted, deleted or modified.
void change_characters(std::vector<sample>& samples, double share, poft::random_stream& random);

}  // namespace text_study
