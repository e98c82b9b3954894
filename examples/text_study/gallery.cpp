// The figures.
// SPDX-License-Identifier: MIT
#include "gallery.hpp"

#include <cmath>
#include <map>
#include <tuple>

#include "arms.hpp"

namespace text_study {
namespace {

using study::figure;
using study::series;

/// A smooth density of the values at 120 places from `least` to `most`: Gaussian kernels of Silverman's width.
series density(std::string const& label, std::vector<double> const& values, double least, double most,
               int colour) {
  double mean = 0, squares = 0;
  auto const n = static_cast<double>(values.size());
  for (double const v : values) mean += v / n;
  for (double const v : values) squares += (v - mean) * (v - mean) / n;
  double const width = 1.06 * std::sqrt(squares) * std::pow(n, -0.2) + 1e-9;
  series out{label, {}, colour};
  for (int k = 0; k <= 120; ++k) {
    double const x = least + (most - least) * k / 120;
    double sum     = 0;
    for (double const v : values) sum += std::exp(-0.5 * (x - v) * (x - v) / (width * width));
    sum /= n * width * std::sqrt(2 * 3.141592653589793);
    out.points.push_back({x, sum, sum, sum});
  }
  return out;
}

void show_scores(text_gallery& to) {
  fs::path const file = to.folder() / "scores.csv";
  if (!fs::exists(file)) return;
  study::table const from = study::table::read(file);
  std::map<std::string, std::map<bool, std::vector<double>>> scores;
  double least = 0;
  for (auto const& row : from.rows) {
    double const score = study::text_number(row[3], file.string());
    scores[row[0]][row[2] == "1"].push_back(score);
    least = std::min(least, score);
  }
  figure all{"scores", "Preference scores of the data sets, seed 1", "r_LLM [nats per token]", "density", {}};
  int colour = 0;
  for (std::string const name : data_names) {
    if (!scores.contains(name)) continue;
    auto const &clean = scores[name][true], &spoilt = scores[name][false];
    std::vector<double> both = clean;
    both.insert(both.end(), spoilt.begin(), spoilt.end());
    all.curves.push_back(density(name, both, least, 0, colour++));
    if (clean.empty() || spoilt.empty()) continue;
    double const auroc = to.mean_of("data." + name, "auroc");
    figure one{
        "scores_" + name,
        name + ": clean and spoilt samples, AUROC " + study::number_text(std::round(auroc * 1000) / 1000),
        "r_LLM [nats per token]",
        "density",
        {}};
    one.curves = {density("clean", clean, least, 0, 2), density("spoilt", spoilt, least, 0, 1)};
    to.show(one);
  }
  to.show(all);
}

void show_epochs(text_gallery& to) {
  for (std::string const data : data_names) {
    for (std::string const target : target_names) {
      figure f{"epochs_" + data + "_" + target,
               "Accuracy over epochs, " + data + ", " + target,
               "epoch",
               "accuracy",
               {}};
      to.add_curve(f, "sft." + data + "." + target, "SFT", 1, &measurement::epoch, &measurement::accuracy);
      to.add_curve(f, "poft." + data + "." + target, "PoFT", 0, &measurement::epoch, &measurement::accuracy);
      to.show(f);
    }
  }
}

void show_gains(text_gallery& to) {
  figure f{"gains",
           "P3: PoFT's gain and the spread of the scores",
           "std of r_LLM [nats per token]",
           "PoFT - SFT, accuracy",
           {}};
  int colour = 0;
  for (std::string const data : data_names) {
    double const x    = to.mean_of("data." + data, "score_spread"),
                 gain = to.mean_of("poft." + data + ".gpt", "final") -
                        to.mean_of("sft." + data + ".gpt", "final");
    if (std::isnan(x) || std::isnan(gain)) continue;
    f.curves.push_back({data, {{x, gain, gain, gain}}, colour++});
  }
  to.show(f);
}

void show_percentages(text_gallery& to) {
  figure f{"kept", "P5: the top by preference score, 40 % random pairing", "kept [%]", "accuracy", {}};
  for (auto const& [by, label, colour] : {std::tuple{"sft", "SFT", 1}, std::tuple{"poft", "PoFT", 0}}) {
    std::string const arm = std::string(by) + ".pairing40.gpt";
    std::vector<std::pair<double, std::string>> arms;
    for (int const percent : kept_percentages(true))
      arms.emplace_back(percent, arm + ".keep" + std::to_string(percent));
    arms.emplace_back(100, arm);
    to.add_points(f, label, colour, "final", arms);
  }
  to.show(f);
}

void show_controls(text_gallery& to) {
  figure f{"controls", "Controls on 40 % random pairing", "epoch", "accuracy", {}};
  int colour = 0;
  for (auto const& [arm, label] :
       {std::pair{"poft.pairing40.gpt", "PoFT"}, std::pair{"sft.pairing40.gpt", "SFT"},
        std::pair{"sft.pairing40.gpt.clean", "SFT, clean subset"},
        std::pair{"sft.pairing40.gpt.effective", "SFT, hard filter"},
        std::pair{"poft.pairing40.gpt.permuted", "PoFT, permuted scores"},
        std::pair{"poft.pairing40.gpt.constant", "constant coefficient"},
        std::pair{"poft.pairing40.gpt.beta1", "PoFT, beta 1"},
        std::pair{"bi_poft.pairing40.gpt", "bi-PoFT, noise known"}}) {
    to.add_curve(f, arm, label, colour++, &measurement::epoch, &measurement::accuracy);
  }
  to.show(f);
  figure sweep{"beta", "PoFT's beta on 40 % random pairing", "beta", "accuracy", {}};
  std::vector<std::pair<double, std::string>> arms;
  for (double const beta : betas(method::poft))
    arms.emplace_back(beta, "poft.pairing40.gpt.beta" + study::number_text(beta));
  to.add_points(sweep, "PoFT", 0, "final", arms);
  sweep.logarithmic_x = true;
  if (!sweep.curves.empty() && sweep.curves[0].points.size() > 1) to.show(sweep);
}

void show_preferences(text_gallery& to) {
  figure f{"dpo", "P8: DPO after SFT and after PoFT", "epoch over the pairs", "accuracy", {}};
  to.add_curve(f, "dpo.mixed.gpt.after_sft", "SFT, then DPO", 1, &measurement::epoch, &measurement::accuracy);
  to.add_curve(f, "dpo.mixed.gpt.after_poft", "PoFT, then DPO", 0, &measurement::epoch,
               &measurement::accuracy);
  to.show(f);
}

}  // namespace

void show_figures(text_gallery& to) {
  for (auto* const part :
       {show_scores, show_epochs, show_gains, show_percentages, show_controls, show_preferences})
    part(to);
}

}  // namespace text_study
