// The static table of claims.
// SPDX-License-Identifier: MIT
#include "claims.hpp"

namespace text_study {

using poft::bandit::direction;
using study::claim;
using study::contrast;
using study::difference;

namespace {

constexpr char const* accuracy = "accuracy, share of held-out prompts";

contrast poft_against_sft(std::string const& what, std::string const& label) {
  return difference("PoFT - SFT, " + label, "poft." + what, "sft." + what);
}

}  // namespace

std::vector<claim> claims(bool full) {
  std::vector<claim> out;
  std::string const epochs = "10 epochs, equal steps, cosine from a tuned learning rate";
  std::vector<std::string> const targets(std::begin(target_names), std::end(target_names));

  claim ratio{.id        = "P1",
              .part      = "a",
              .text      = "The gradient of PoFT is tau times that of SFT, parameter by parameter (eq. 7-9).",
              .metric    = "error",
              .unit      = "largest deviation, relative to the gradient",
              .budget    = "none: gradients of single samples in double",
              .direction = direction::within,
              .smallest_effect = 1e-9};
  claim inside{.id              = "P1",
               .part            = "b",
               .text            = "tau lies between 0 and 1.",
               .metric          = "inside",
               .unit            = "tau, 1 - tau",
               .budget          = ratio.budget,
               .smallest_effect = 0};
  claim rise = inside;
  rise.part = "c", rise.text = "tau rises with r_LLM.", rise.metric = "rise", rise.unit = "tau";
  for (claim* one : {&ratio, &inside, &rise}) {
    for (std::string const& target : targets) one->contrasts.push_back({target, {{1, "gradient." + target}}});
    one->tried = "models of both families, random samples and scores.";
    out.push_back(*one);
  }

  claim better{.id              = "P2",
               .part            = "a",
               .text            = "PoFT is at least as good as SFT on every target and data set.",
               .metric          = "final",
               .unit            = accuracy,
               .budget          = epochs,
               .smallest_effect = 0};
  claim calmer = better;
  calmer.part = "b", calmer.text = "PoFT's accuracy varies less between epochs (shown, does not decide).";
  calmer.metric = "spread", calmer.decides = false;
  for (std::string const& target : targets) {
    for (std::string const data : {"curated", "mixed", "poor"}) {
      std::string const what = data + "." + target;
      better.contrasts.push_back(poft_against_sft(what, data + ", " + target));
      calmer.contrasts.push_back(
          difference("SFT - PoFT, " + data + ", " + target, "sft." + what, "poft." + what));
    }
  }
  out.push_back(better);
  out.push_back(calmer);

  claim wider{
      .id     = "P3",
      .text   = "The wider the distribution of preference scores of a data set, the larger PoFT's gain.",
      .metric = "final",
      .unit   = "Spearman's correlation of std(r_LLM) with PoFT - SFT",
      .budget = epochs,
      .judged = study::statistic::rank_correlation,
      .smallest_effect = 0.3};
  for (std::string const data : data_names) {
    contrast one = poft_against_sft(data + ".gpt", data);
    one.against  = {{1, "data." + data, "score_spread"}};
    wider.contrasts.push_back(one);
  }
  out.push_back(wider);

  claim last{
      .id   = "P4",
      .part = "a",
      .text = "On quality-limited data and on data with made noise, PoFT's last epoch is better than SFT's.",
      .metric = "final",
      .unit   = accuracy,
      .budget = epochs};
  claim falls{.id   = "P4",
              .part = "b",
              .text =
                  "On such data SFT's accuracy falls by more than 2 points from its best epoch (chosen on "
                  "other prompts) "
                  "to its last.",
              .metric = "fall",
              .unit   = accuracy,
              .budget = epochs};
  claim stays{.id              = "P4",
              .part            = "c",
              .text            = "PoFT's falls by less than 1 point.",
              .metric          = "room",
              .unit            = "0.01 - fall of accuracy",
              .budget          = epochs,
              .smallest_effect = 0};
  for (std::string const data : {"poor", "pairing40", "characters40"}) {
    std::string const what = data + ".gpt";
    last.contrasts.push_back(poft_against_sft(what, data));
    falls.contrasts.push_back({"SFT, best - last, " + data, {{1, "sft." + what}}});
    stays.contrasts.push_back({"PoFT, 0.01 - (best - last), " + data, {{1, "poft." + what}}});
  }
  claim widens{.id     = "P4",
               .part   = "d",
               .text   = "The gap between PoFT and SFT widens with noise.",
               .metric = "final",
               .unit   = accuracy,
               .budget = epochs};
  widens.contrasts.push_back({"(PoFT - SFT), 60 % - 20 % random pairing",
                              {{1, "poft.pairing60.gpt"},
                               {-1, "sft.pairing60.gpt"},
                               {-1, "poft.pairing20.gpt"},
                               {1, "sft.pairing20.gpt"}}});
  for (claim* one : {&last, &falls, &stays, &widens}) out.push_back(*one);

  std::string const noisy = "pairing40.gpt";
  claim less{.id     = "P5",
             .part   = "a",
             .text   = "SFT on the 40 % with the highest preference scores is better than on all data.",
             .metric = "final",
             .unit   = accuracy,
             .budget = "10 epochs over what is kept"};
  less.contrasts.push_back(difference("SFT, 40 % - 100 %", "sft." + noisy + ".keep40", "sft." + noisy));
  claim every = less;
  every.contrasts.clear();
  every.part = "b", every.text = "PoFT is better than SFT at every kept percentage.";
  for (int const percent : kept_percentages(full)) {
    every.contrasts.push_back(
        poft_against_sft(noisy + ".keep" + std::to_string(percent), std::to_string(percent) + " %"));
  }
  every.contrasts.push_back(poft_against_sft(noisy, "100 %"));
  out.push_back(less);
  out.push_back(every);

  claim filters = less;
  filters.contrasts.clear();
  filters.id = "P6", filters.part = "";
  filters.text = "Filter and PoFT are better than filter and SFT (20 % removed).";
  for (auto const& [how, label] :
       {std::pair<std::string, std::string>{"keep80", "preference score"},
        std::pair<std::string, std::string>{"difficulty80", "instruction-following difficulty"},
        std::pair<std::string, std::string>{"external80", "a rater with errors"}}) {
    filters.contrasts.push_back(poft_against_sft(noisy + "." + how, label));
  }
  out.push_back(filters);

  claim original{.id = "P7",
                 .text =
                     "PoFT on the original data is better than SFT on responses regenerated by any of the "
                     "aligned models.",
                 .metric = "final",
                 .unit   = accuracy,
                 .budget = epochs};
  for (std::string const j : {"1", "2", "3"}) {
    original.contrasts.push_back(
        difference("PoFT - SFT on answers of aligned" + j, "poft.mixed.gpt", "sft.mixed.gpt.distilled" + j));
  }
  out.push_back(original);

  claim then{.id     = "P8",
             .text   = "PoFT then DPO is better than SFT then DPO.",
             .metric = "final",
             .unit   = accuracy,
             .budget =
                 "the same pairs (right answer, wrong answer of one of both models), 3 epochs; rate and beta "
                 "tuned for "
                 "each start"};
  then.contrasts.push_back(
      difference("PoFT, DPO - SFT, DPO", "dpo.mixed.gpt.after_poft", "dpo.mixed.gpt.after_sft"));
  out.push_back(then);

  claim stable{.id     = "P9",
               .part   = "a",
               .text   = "bi-PoFT with known noise stays stable over epochs (falls by less than 1 point).",
               .metric = "room",
               .unit   = "0.01 - fall of accuracy",
               .budget = epochs,
               .smallest_effect = 0};
  stable.contrasts.push_back({"bi-PoFT, 0.01 - (best - last)", {{1, "bi_poft." + noisy}}});
  claim alone{
      .id   = "P9",
      .part = "b",
      .text =
          "bi-PoFT with known noise is better than PoFT on the clean part alone (shown, does not decide).",
      .metric  = "final",
      .unit    = accuracy,
      .budget  = epochs,
      .decides = false};
  alone.contrasts.push_back(
      difference("bi-PoFT - PoFT, clean part", "bi_poft." + noisy, "poft." + noisy + ".clean"));
  out.push_back(stable);
  out.push_back(alone);

  claim controls{
      .id      = "C",
      .text    = "On 40 % random pairing, PoFT is better than every control (shown, decides nothing).",
      .metric  = "final",
      .unit    = accuracy,
      .budget  = epochs,
      .decides = false};
  std::string const judged = "poft." + noisy;
  controls.contrasts       = {
            difference("PoFT - permuted scores", judged, judged + ".permuted"),
            difference("PoFT - constant coefficient", judged, judged + ".constant"),
            difference("PoFT - hard filter of the same effective share", judged, "sft." + noisy + ".effective"),
            difference("PoFT - SFT on the clean subset", judged, "sft." + noisy + ".clean"),
            {"PoFT - SFT stopped early", {{1, judged}, {-1, "sft." + noisy, "best"}}},
            difference("PoFT - PoFT with beta 1", judged, judged + ".beta1")};
  out.push_back(controls);

  for (claim& one : out) {
    one.least_seeds = 5;
    if (one.smallest_effect == 0.05) one.smallest_effect = 0.02;
    if (one.tried.empty())
      one.tried =
          "SFT and PoFT on one grid of 3 learning rates, PoFT with beta 0.5, 1, 2, 4, 8, on a seed that is "
          "not "
          "reported; data sets of a kind share settings (settings_of in arms.csv).";
  }
  return out;
}

}  // namespace text_study
