// The grid.
// SPDX-License-Identifier: MIT
#include "arms.hpp"

#include <algorithm>

#include "study/files.hpp"

namespace text_study {
namespace {

using names = std::vector<std::string>;

/// Adds an arm, or the study to an arm that is there.
class collected_arms {
 public:
  arm& add(arm one, names const& studies) {
    auto found =
        std::find_if(arms_.begin(), arms_.end(), [&](arm const& other) { return other.id == one.id; });
    if (found == arms_.end()) found = arms_.insert(arms_.end(), std::move(one));
    for (std::string const& study : studies) {
      if (std::find(found->studies.begin(), found->studies.end(), study) == found->studies.end())
        found->studies.push_back(study);
    }
    return *found;
  }
  std::vector<arm> take() { return std::move(arms_); }

 private:
  std::vector<arm> arms_;
};

/// The data set whose tuned settings these take: that of the nearest quality which is tuned.
std::string tuned_data(std::string const& data) {
  if (data == "mixed") return "poor";
  if (data.starts_with("pairing") || data.starts_with("characters")) return "pairing40";
  return data;
}

arm plain(method by, std::string const& data, int target) {
  std::string const begin = method_names[static_cast<int>(by)] + std::string("."),
                    end   = std::string(".") + target_names[target];
  arm one{.id = begin + data + end, .by = by, .data = data, .target = target};
  if (tuned_data(data) != data) one.tuned_as = begin + tuned_data(data) + end;
  return one;
}

/// A plain arm with one thing changed, and its settings.
arm changed(method by, std::string const& data, std::string const& how) {
  arm one      = plain(by, data, 0);
  one.tuned_as = one.settings_of();
  one.id += "." + how;
  return one;
}

}  // namespace

std::string scale::text() const {
  std::string out = name;
  for (int const number : {samples, epochs, batch, test_prompts, validation_prompts, pairs, pair_epochs,
                           model_samples, base_steps, aligned_steps}) {
    out += " " + std::to_string(number);
  }
  return out;
}

scale quick_scale() { return {}; }
scale full_scale() {
  scale out;
  out.name = "full", out.seeds = 10, out.samples = 2880, out.test_prompts = 1200,
  out.validation_prompts = 480;
  out.pairs              = 960;
  return out;
}

std::vector<model_plan> target_plans(scale const& of) {
  recipe const data{.name = "base"};
  std::vector<model_plan> out;
  for (family const kind : {family::gpt, family::llama}) {
    out.push_back({.name    = target_names[static_cast<int>(kind)],
                   .kind    = kind,
                   .from    = pool::base,
                   .data    = data,
                   .samples = of.model_samples,
                   .steps   = of.base_steps});
  }
  return out;
}

std::vector<model_plan> aligned_plans(scale const& of) {
  // Of other sizes, families, tokenizers and mixes of tasks, each with noise of its own.
  return {
      {.name    = "aligned1",
       .kind    = family::gpt,
       .layers  = 3,
       .data    = {.name = "aligned1", .pairing = 0.1},
       .samples = of.model_samples,
       .steps   = of.aligned_steps},
      {.name     = "aligned2",
       .kind     = family::llama,
       .channels = 96,
       .merges   = 40,
       .data     = {.name        = "aligned2",
                    .definitions = 0.3,
                    .careful     = false,
                    .characters  = 0.15,
                    .mix         = {1, 2, 1, 2, 1, 1}},
       .samples  = of.model_samples,
       .steps    = of.aligned_steps},
      {.name     = "aligned3",
       .kind     = family::gpt,
       .channels = 80,
       .merges   = 120,
       .data =
           {.name = "aligned3", .definitions = 0.1, .pairing = 0.1, .slips = 0.1, .mix = {2, 1, 1, 1, 2, 1}},
       .samples = of.model_samples,
       .steps   = of.aligned_steps}};
}

std::vector<int> kept_percentages(bool full) {
  return full ? std::vector{10, 20, 30, 40, 50, 60, 70, 80, 90} : std::vector{20, 40, 60, 80};
}

std::vector<arm> grid(bool full) {
  collected_arms all;
  method const both[] = {method::sft, method::poft};
  for (method const by : both) {
    for (std::string const data : data_names) {
      names studies{"p3"};
      if (data == "curated" || data == "mixed" || data == "poor") studies.push_back("p2");
      if (data != "mixed") studies.push_back("p4");
      all.add(plain(by, data, 0), studies);
      // On the Llama-like target quick takes the three data sets of P2.
      if (full || studies[1] == "p2") all.add(plain(by, data, 1), full ? studies : names{"p2"});
    }

    std::string const noisy = "pairing40";
    all.add(plain(by, noisy, 0), {"p5", "p6", "p9", "controls"});
    for (int const percent : kept_percentages(full)) {
      arm one  = changed(by, noisy, "keep" + std::to_string(percent));
      one.keep = selection::preference, one.share = percent / 100.0;
      all.add(one, percent == 80 ? names{"p5", "p6"} : names{"p5"});
    }
    for (auto const& [how, keep] :
         {std::pair{"difficulty80", selection::difficulty}, std::pair{"external80", selection::external}}) {
      arm one  = changed(by, noisy, how);
      one.keep = keep, one.share = 0.8;
      all.add(one, {"p6"});
    }
    arm clean  = changed(by, noisy, "clean");
    clean.keep = selection::clean;
    all.add(clean, by == method::sft ? names{"controls"} : names{"p9"});

    all.add(plain(by, "mixed", 0), {"p7", "p8"});
    arm dpo         = plain(method::dpo, "mixed", 0);
    dpo.tuned_as    = {};
    dpo.starts_from = plain(by, "mixed", 0).id;
    dpo.id += std::string(".after_") + method_names[static_cast<int>(by)];
    dpo.learning_rate = 1e-4, dpo.beta = 0.1;
    all.add(dpo, {"p8"});
  }
  for (int j = 0; j < 3; ++j) {
    arm one            = changed(method::sft, "mixed", "distilled" + std::to_string(j + 1));
    one.distilled_from = j;
    all.add(one, {"p7"});
  }
  arm bi      = plain(method::bi_poft, "pairing40", 0);
  bi.tuned_as = plain(method::poft, "pairing40", 0).id;
  all.add(bi, {"p9"});

  for (auto const& [how, by] :
       {std::pair{"permuted", scores::permuted}, std::pair{"constant", scores::constant}}) {
    arm one       = changed(method::poft, "pairing40", how);
    one.judged_by = by;
    all.add(one, {"controls"});
  }
  arm hard  = changed(method::sft, "pairing40", "effective");
  hard.keep = selection::effective, hard.beta_of = plain(method::poft, "pairing40", 0).id;
  all.add(hard, {"controls"});
  for (double const beta : betas(method::poft)) {
    if (!full && beta != 1) continue;
    arm one       = changed(method::poft, "pairing40", "beta" + study::number_text(beta));
    one.keep_beta = true, one.beta = beta;
    all.add(one, {"controls"});
  }
  return all.take();
}

std::vector<double> learning_rates(method by) {
  return by == method::dpo ? std::vector{3e-5, 1e-4, 3e-4} : std::vector{1e-4, 3e-4, 1e-3};
}
std::vector<double> betas(method by) {
  if (by == method::sft) return {1};
  return by == method::dpo ? std::vector{0.1, 0.5} : std::vector{0.5, 1.0, 2.0, 4.0, 8.0};
}

}  // namespace text_study
