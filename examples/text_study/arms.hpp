// The arms of the study: every training run that a claim, a figure or a table of it needs, and the models they start from.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "models.hpp"

namespace text_study {

/// What an arm is trained by.
enum class method { sft, poft, bi_poft, dpo };
inline constexpr char const* method_names[] = {"sft", "poft", "bi_poft", "dpo"};

/// Which samples of its data set it sees.
enum class selection {
  all,
  preference,  ///< the top share by r_LLM: arXiv:2412.12865, fig. 4
  difficulty,  ///< by instruction-following difficulty under the model it starts from
  external,    ///< by a rater's score: 1 for a clean sample, 0 for a spoilt one, and standard normal error
  effective,  ///< the top by r_LLM, as many as PoFT's coefficients are worth (Kish): its soft filter made hard
  clean       ///< those that were not spoilt: nobody has them, an upper bound
};
/// What stands for r_LLM in PoFT, or for its coefficient.
enum class scores { aligned, permuted, constant };

/// The numbers that quick and full differ in.
struct scale {
  std::string name = "quick";
  int seeds        = 5;
  int samples      = 1440;
  int epochs       = 10;
  int batch        = 16;
  int test_prompts = 480, validation_prompts = 240;
  int pairs = 480, pair_epochs = 3;  ///< of DPO
  int model_samples = 40000;         ///< of every model that is trained first
  int base_steps = 1500, aligned_steps = 6000;

  bool is_measured(int epoch) const { return epoch <= 4 || epoch % 2 == 0 || epoch == epochs; }
  std::string text() const;
};
scale quick_scale();
scale full_scale();

/// The two targets, GPT-2- and Llama-like, as they are before fine-tuning, and the three aligned models.
std::vector<model_plan> target_plans(scale const& of);
std::vector<model_plan> aligned_plans(scale const& of);
inline constexpr char const* target_names[] = {"gpt", "llama"};

struct arm {
  std::string id;                      ///< method.data.target.how, in files and claims
  std::vector<std::string> studies{};  ///< p2 ... p9, controls
  method by = method::sft;
  std::string data{};
  int target         = 0;
  selection keep     = selection::all;
  double share       = 1;  ///< of the samples that are kept
  scores judged_by   = scores::aligned;
  int distilled_from = -1;       ///< the aligned model that has answered all prompts anew; -1: none
  std::string starts_from{};     ///< the arm whose model it goes on from; empty: the target as it was
  std::string tuned_as{};        ///< the arm whose tuned settings it takes; empty: its own
  std::string beta_of{};         ///< the arm whose tuned beta it takes, where that is another one
  bool keep_beta       = false;  ///< take the tuned learning rate alone
  double learning_rate = 1e-3;
  double beta          = 1;  ///< of PoFT and DPO

  std::string const& settings_of() const { return tuned_as.empty() ? id : tuned_as; }
};

inline constexpr char const* study_names[] = {"p1", "p2", "p3", "p4", "p5",
                                              "p6", "p7", "p8", "p9", "controls"};

/// The data sets by their names, as P3 takes them, and the kept percentages of P5.
inline constexpr char const* data_names[] = {"curated",   "mixed",     "poor",        "pairing20",
                                             "pairing40", "pairing60", "characters40"};
std::vector<int> kept_percentages(bool full);

/// Every arm; arms that others start from are there with them. full contains the quick one.
std::vector<arm> grid(bool full);

/// The grids that every tuned arm is tried on; DPO's rates are smaller: it starts from a trained model.
std::vector<double> learning_rates(method by);
std::vector<double> betas(method by);

}  // namespace text_study
