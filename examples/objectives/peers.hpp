// What the list of objectives cannot say of each: its formula, and how TRL and HALOs call and set it.
// SPDX-License-Identifier: MIT
//
// Read in TRL 1.10 (development, July 2026) and HALOs (September 2025). "-": it has none.
#pragma once

#include <string_view>

namespace objectives {

struct peer_row {
  std::string_view name;
  std::string_view formula;
  std::string_view trl, halos;  // the name there, and its parameters with their defaults
  std::string_view difference;  // where our default or formula is another one, and why; empty: nowhere
};

inline constexpr peer_row peer_rows[] = {
    // supervised
    {"nll", "-p / T", "-", "-",
     "A mean per sequence (OpenRLHF has it as an option); TRL and HALOs take the mean over tokens, which is "
     "nll_sum."},
    {"nll_sum", "-p", "SFTConfig(loss_type=\"nll\")", "sft",
     "With count = the number of tokens of the whole optimiser step it is TRL's mean over "
     "num_items_in_batch. HALOs takes the "
     "mean over the micro-batch's tokens whose log-prob is not 0."},
    {"poft", "-log s(beta (p / T - r) + gamma)", "-", "-",
     "r = aligned_score. beta 1 and gamma 0 as in the authors' code, whose literal -log(sigmoid(x)) is "
     "infinite for x < -90 in "
     "float; here a softplus."},
    {"bi_poft", "clean: -log s(beta (p / T - r) + gamma); noise: -log s(beta (r - p / T) + gamma)", "-", "-",
     "r = aligned_score. The reading of the paper's figure is ours."},
    {"dft", "-sg[exp p] p", "SFTConfig(loss_type=\"dft\")", "-", ""},
    {"unlikelihood", "-log(1 - exp p)", "-", "-",
     "The authors' code clips 1 - exp p at 1e-5 (tokens) and 1e-20 (sequences), where the gradient then is "
     "0; here exact."},

    // pairs with a reference
    {"dpo", "-log s(beta h)", "DPOConfig(loss_type=\"sigmoid\", beta=0.1)", "dpo: beta 0.1", ""},
    {"cdpo", "-(1 - eps) log s(beta h) - eps log s(-beta h)",
     "- (since 2026; loss_type=\"sigmoid\" ignores label_smoothing)", "cdpo: beta 0.1, epsilon 0.2",
     "label_smoothing 0.1: it is the share of wrong labels in the data, so set it; 0 is dpo."},
    {"robust_dpo", "[-(1 - eps) log s(beta h) + eps log s(-beta h)] / (1 - 2 eps)",
     "DPOConfig(loss_type=\"robust\", beta=0.1, label_smoothing=0)", "-",
     "label_smoothing 0.1: 0 would be dpo without saying so."},
    {"dpo_norm", "-log s(beta (a_w / T_w - a_l / T_l))", "DPOConfig(loss_type=\"sigmoid_norm\", beta=0.1)",
     "-", "The same default; margins per token are small, Tulu 3 took beta 5."},
    {"dpo_nll", "-log s(beta h) - alpha p_w / T_w",
     "DPOConfig(loss_type=[\"sigmoid\", \"sft\"]), formerly rpo_alpha", "-",
     "alpha 1 as in the paper; TRL's rpo_alpha was off. The likelihood is each sequence's mean, in TRL the "
     "mean over the "
     "batch's tokens."},
    {"dpop", "-log s(beta (h - lambda max(0, -a_w)))", "-", "-", "lambda 50 as in the paper and PaddleNLP."},
    {"ipo", "(h - 1 / (2 tau))^2", "-", "-",
     "Summed log-probs as in the paper, DPO's original code and OpenRLHF; TRL and HALOs take means, which is "
     "ipo_norm."},
    {"ipo_norm", "(a_w / T_w - a_l / T_l - 1 / (2 tau))^2", "DPOConfig(loss_type=\"ipo\", beta=0.1)",
     "ipo: tau 0.1",
     "tau is TRL's beta. HALOs counts tokens by log-ratio != 0, which is 0 / 0 while the policy is the "
     "reference."},
    {"ipo_bandit", "(h - beta)^2", "-", "-",
     "The form of the code of arXiv:2404.14367: ipo with tau = 1 / (2 beta)."},
    {"hinge", "max(0, 1 - beta h)", "DPOConfig(loss_type=\"hinge\", beta=0.1)", "-", ""},
    {"hinge_norm", "max(0, 1 - beta (a_w / T_w - a_l / T_l))", "-", "-", ""},
    {"exo_pair", "s(x) [log s(x) - log(1 - eps)] + s(-x) [log s(-x) - log eps], x = beta h",
     "DPOConfig(loss_type=\"exo_pair\", beta=0.1, label_smoothing)", "-",
     "label_smoothing 1e-3 as in the paper; TRL's own default, 0, is an error there."},
    {"nca_pair", "-log s(r_w) - 1/2 log s(-r_w) - 1/2 log s(-r_l), r = beta a",
     "DPOConfig(loss_type=\"nca_pair\", beta=0.1)", "-", ""},
    {"bco_pair", "-log s(beta a_w - delta) - log s(delta - beta a_l)",
     "DPOConfig(loss_type=\"bco_pair\", beta=0.1)", "-",
     "delta 0 as TRL now; TRL before 2026 and LLaMA-Factory take the running mean of all rewards "
     "(preference::running_shift)."},
    {"sppo_hard", "(a_w - 1 / (2 beta))^2 + (a_l + 1 / (2 beta))^2",
     "DPOConfig(loss_type=\"sppo_hard\", beta=0.1)", "-", ""},
    {"sppo_soft", "(a_w - (P - 1/2) / beta)^2 + (a_l + (P - 1/2) / beta)^2", "-", "-",
     "P = win_probability."},
    {"apo_zero", "1 - s(beta a_w) + s(beta a_l)", "DPOConfig(loss_type=\"apo_zero\", beta=0.1)", "-", ""},
    {"apo_down", "s(beta a_w) + 1 - s(beta h)", "DPOConfig(loss_type=\"apo_down\", beta=0.1)", "-", ""},
    {"aot", "cdpo on sort(p_w - p_l) - sort(q_w - q_l)", "DPOConfig(loss_type=\"aot\", beta=0.1)", "-",
     "The caller sorts (preference::sort_margins), so what counts as the batch is visible."},
    {"aot_unpaired", "cdpo on sort(a_w) - sort(a_l)", "DPOConfig(loss_type=\"aot_unpaired\", beta=0.1)", "-",
     "The caller sorts (preference::sort_log_ratios)."},
    {"discopop", "-(1 - m) log s(x) + m exp(-x), x = beta h, m = s(x / tau)",
     "DPOConfig(loss_type=\"discopop\", beta=0.1, discopop_tau=0.05)", "-",
     "TRL's literal product is NaN for x < -89 in float; here the factors meet in the exponent."},
    {"fdpo_forward_kl", "dpo with h = exp(-a_l) - exp(-a_w)", "DPOConfig(f_divergence_type=\"forward_kl\")",
     "-", "TRL's margin is NaN where both sides overflow; here only the difference is formed."},
    {"fdpo_js", "dpo with h = log s(a_w) - log s(a_l)", "DPOConfig(f_divergence_type=\"js_divergence\")", "-",
     ""},
    {"fdpo_alpha", "dpo with h = [exp((alpha - 1) a_w) - exp((alpha - 1) a_l)] / (alpha - 1)",
     "DPOConfig(f_divergence_type=\"alpha_divergence\"), alpha 0.5", "-",
     "Before 2026 TRL's parameter was 1 - alpha, default 1. TRL clamps the exponent at 80; here nothing is "
     "clamped."},
    {"fipo_forward_kl", "ipo with h = exp(-a_l) - exp(-a_w)", "-", "-",
     "TRL applies the link to the means of ipo_norm."},
    {"fipo_js", "ipo with h = log s(a_w) - log s(a_l)", "-", "-",
     "TRL applies the link to the means of ipo_norm."},
    {"fipo_alpha", "ipo with h = [exp((alpha - 1) a_w) - exp((alpha - 1) a_l)] / (alpha - 1)", "-", "-",
     "TRL applies the link to the means of ipo_norm."},
    {"fhinge_forward_kl", "hinge with h = exp(-a_l) - exp(-a_w)",
     "DPOConfig(loss_type=\"hinge\", f_divergence_type=\"forward_kl\")", "-", ""},
    {"fhinge_js", "hinge with h = log s(a_w) - log s(a_l)",
     "DPOConfig(loss_type=\"hinge\", f_divergence_type=\"js_divergence\")", "-", ""},
    {"fhinge_alpha", "hinge with h = [exp((alpha - 1) a_w) - exp((alpha - 1) a_l)] / (alpha - 1)",
     "DPOConfig(loss_type=\"hinge\", f_divergence_type=\"alpha_divergence\")", "-", ""},
    {"dpo_chosen_nll", "-v log s(beta h) - w p_w / T_w",
     "DPOConfig(loss_type=[\"sigmoid\", \"sft\"], loss_weights)", "-",
     "v = first_weight, w = second_weight. TRL's likelihood is the mean over the batch's tokens."},

    // pairs without a reference
    {"cpo", "-(1 - eps) log s(beta d) - eps log s(-beta d) - c p_w / T_w, d = p_w - p_l",
     "CPOConfig(beta=0.1, label_smoothing=0, cpo_alpha=1)", "-",
     "c = nll_coefficient. The likelihood is a sum in the paper (a token count of 1 gives it), each "
     "sequence's mean here, the "
     "mean over the batch's tokens in TRL."},
    {"cpo_hinge", "max(0, 1 - beta (p_w - p_l)) - c p_w / T_w",
     "CPOConfig(loss_type=\"hinge\", beta=0.1, cpo_alpha=1)", "-", "As for cpo."},
    {"cpo_ipo", "(p_w / T_w - p_l / T_l - 1 / (2 beta))^2 - c p_w / T_w",
     "CPOConfig(loss_type=\"ipo\", beta=0.1, cpo_alpha=1)", "-", "As for cpo."},
    {"simpo", "-(1 - eps) log s(x) - eps log s(-x), x = beta (p_w / T_w - p_l / T_l) - gamma",
     "CPOConfig(loss_type=\"simpo\", beta=0.1, simpo_gamma=0.5, cpo_alpha=0)",
     "simpo: beta 10, gamma_beta_ratio 0.3",
     "beta 2, gamma 0.5: the authors' code (gamma / beta = 0.25). TRL's defaults are a ratio of 5, twenty "
     "times that, and need "
     "cpo_alpha=0, else it is cpo_simpo."},
    {"cpo_simpo", "simpo - c p_w / T_w",
     "CPOConfig(loss_type=\"simpo\", beta=0.1, simpo_gamma=0.5, cpo_alpha=1)", "-",
     "beta and gamma as for simpo."},
    {"alphapo", "-log s(beta [R(p_w / T_w) - R(p_l / T_l)] - gamma), R(m) = (1 - exp(-alpha m)) / alpha",
     "CPOConfig(loss_type=\"alphapo\", beta=0.1, simpo_gamma=0.5, alpha=0)", "-",
     "beta 2.5, gamma 0.5, alpha 0.25: TRL's defaults, alpha 0, are its simpo."},
    {"orpo", "-c p_w / T_w - lambda log s(o(p_w / T_w) - o(p_l / T_l)), o(m) = m - log(1 - exp m)",
     "ORPOConfig(beta=0.1)", "-",
     "lambda is TRL's beta. The likelihood is the response's as in LLaMA-Factory; TRL's runs over prompt and "
     "response."},
    {"slic", "max(0, delta - p_w + p_l) - lambda p_t", "-", "slic: beta 1 (our delta), lambda_coef 0.1",
     "HALOs takes the calibration on sums, the regulariser per token; here each log-prob is what the caller "
     "gives."},

    // unpaired
    {"kto", "desirable: w_D (1 - s(beta (a - z))); undesirable: w_U (1 - s(beta (z - a)))",
     "KTOConfig(loss_type=\"kto\", beta=0.1, desirable_weight=1, undesirable_weight=1)",
     "kto: beta 0.1, desirable_weight 1, undesirable_weight 1",
     "z = baseline, one of preference/kl_baseline.hpp; both estimate it from mismatched pairs of the "
     "micro-batch."},
    {"bco", "desirable: -log s(beta a - delta); undesirable: -log s(delta - beta a)", "BCOConfig(beta=0.1)",
     "-",
     "delta = baseline, the running mean of all rewards, which is state that the caller keeps "
     "(preference::running_shift)."},
    {"apo_zero_unpaired", "desirable: w_D (1 - s(beta a)); undesirable: w_U s(beta a)",
     "KTOConfig(loss_type=\"apo_zero_unpaired\", beta=0.1)", "-", ""},

    // reward models
    {"bt_reward", "-(1 - eps) log s(x) - eps log s(-x) + c (r_w + r_l)^2, x = r_w - r_l - margin",
     "RewardConfig(center_rewards_coefficient=None)", "bradley-terry",
     "c = center, off as in TRL (which recommends 0.01)."},
    {"value_clip", "1/2 max((V - R)^2, (clip(V, V_old - eps, V_old + eps) - R)^2)",
     "PPOConfig(cliprange_value=0.2)", "-",
     "OpenRLHF clips at 0.5. The weight beside the policy's loss (TRL 0.1) is the caller's."},
    {"value_mse", "1/2 (V - R)^2", "-", "ppo: critic_coef 0.01", "The weight is the caller's."},

    // reward-weighted
    {"weighted_nll", "-w p", "-", "-",
     "The weights are made by preference/: exponential (RWR), clipped (AWR), sigmoid, normalised; 1 and 0 "
     "for filters, best-of-n "
     "and Pref-FT."},

    // policy gradient
    {"reinforce", "-A p + c p", "RLOOConfig (with leave-one-out advantages)", "-",
     "c = entropy_coefficient estimates the entropy bonus from the sample; the exact one is logits_head's "
     "entropy_coefficient."},
    {"ppo_clip", "-min(rho A, clip(rho, 1 - eps_low, 1 + eps_high) A), rho = exp(p - o)",
     "PPOConfig(cliprange=0.2), GRPOConfig(loss_type=\"grpo\" or \"dapo\", epsilon=0.2, epsilon_high=0.2)",
     "ppo: cliprange 0.5; grpo: epsilon 0.01",
     "TRL's loss types differ in the reduction (objective/aggregation.hpp). DAPO takes eps_high 0.28."},
    {"ppo_dual_clip", "A < 0: min(max(-rho A, -clip(rho) A), -c A); else ppo_clip", "-", "-",
     "c = max_ratio, 3 as in verl."},
    {"ppo_two_sided", "-min(min(rho, delta) A, clip(rho, 1 - eps_low, 1 + eps_high) A)",
     "GRPOConfig(delta=None)", "-",
     "delta = max_ratio, 4 as in INTELLECT-2; off in TRL, which is ppo_clip here."},
    {"cispo_relative", "-sg[clip(rho, 1 - eps_low, 1 + eps_high)] A p", "-", "-",
     "Bounds relative to 1 as in verl; TRL has the absolute form."},
    {"cispo_absolute", "-sg[min(rho, max_ratio)] A p", "GRPOConfig(loss_type=\"cispo\", epsilon_high=0.2)",
     "-",
     "5, which TRL's documentation recommends; its default of 0.2 scales every gradient by at most 0.2."},
    {"sapo", "-(4 / tau) s(tau (rho - 1)) A, tau by the sign of A",
     "GRPOConfig(loss_type=\"sapo\", sapo_temperature_pos=1.0, sapo_temperature_neg=1.05)", "-", ""},
    {"gspo", "ppo_clip with rho = exp((p - o) / T)",
     "GRPOConfig(importance_sampling_level=\"sequence\", epsilon=0.2)", "grpo with sequence_level",
     "The paper's range, 3e-4 and 4e-4: means vary far less than tokens; TRL keeps PPO's 0.2."},
    {"gspo_token", "ppo_clip with rho_t = sg[rho] exp(p_t - sg[p_t])", "trl.experimental.gspo_token", "-",
     "As for gspo."},
    {"reinforce_k2", "reinforce + b d^2 / 2, d = p - q", "-", "-",
     "b = kl_coefficient. The form of the code of arXiv:2404.14367, whose d is to the old policy."},
    {"ppo_clip_k1", "ppo_clip + b d, d = p - q", "- (k1 only in the reward)",
     "ppo: KL_coef 0.1 (in the reward)",
     "b = kl_coefficient, 0.04 as in the GRPO paper; TRL 0.0. In the loss k1's gradient is 0 on average: "
     "prefer k2."},
    {"ppo_clip_k2", "ppo_clip + b d^2 / 2", "-", "-", "b = kl_coefficient, 0.04 as in the GRPO paper."},
    {"ppo_clip_k3", "ppo_clip + b (exp(-d) - 1 + d)", "GRPOConfig(beta=0.0)", "grpo: beta 0.01",
     "b = kl_coefficient, 0.04 as in the GRPO paper. Accurate near d = 0, where exp(d) - d - 1 cancels."},
    {"ppo_clip_k3_straight_through", "ppo_clip + b k, k = k3 in value and k2 in gradient", "-", "-",
     "verl's \"k3+\". b = kl_coefficient."},
    {"ppo_two_sided_k3", "ppo_two_sided + b (exp(-d) - 1 + d)", "GRPOConfig(delta, beta=0.0)", "-",
     "b = kl_coefficient."},
    {"sapo_k3", "sapo + b (exp(-d) - 1 + d)", "GRPOConfig(loss_type=\"sapo\", beta=0.0)", "-",
     "b = kl_coefficient."},
    {"kl_k1", "b d, d = p - q", "PPOConfig(kl_coef=0.05, kl_estimator=\"k1\"), in the reward", "-",
     "b = coefficient."},
    {"kl_k2", "b d^2 / 2", "-", "-", "b = coefficient."},
    {"kl_k3", "b (exp(-d) - 1 + d)",
     "PPOConfig(kl_estimator=\"k3\"), in the reward; GRPOConfig(beta=0.0), in the loss", "-",
     "b = coefficient. Not clamped: verl and OpenRLHF clamp at +-10."},
    {"kl_abs", "b |d|", "-", "-", "b = coefficient. verl: \"abs\"."},
    {"kl_k1_straight_through", "b k, k = d in value and d^2 / 2 in gradient", "-", "-", "b = coefficient."},
    {"kl_k3_straight_through", "b k, k = k3 in value and d^2 / 2 in gradient", "-", "-",
     "b = coefficient. verl: \"k3+\"."},

    // lists
    {"plackett_luce", "sum_{j<k} [log sum_{i>=j} exp s_i - s_j], s = beta (score - reference)", "-", "-",
     "k = top_k, 0: all places. Two items with a reference: dpo."},
    {"softmax_list", "-sum_k t_k [s_k - log sum_j exp s_j], s = beta (score - reference)", "-", "-",
     "t = target."},
    {"multi_negative_dpo", "log(1 + sum_{j>0} exp(beta (a_j - a_0)))", "-", "-",
     "One rejected response: dpo."},
    {"pro",
     "sum_k {log[exp(t_kk m_k) + sum_{j>k} exp(t_kj m_j)] - t_kk m_k} - c p_0, t_kj = R_k - R_j, t_kk = "
     "max_j t_kj",
     "-", "-",
     "m = p / T. c = nll_coefficient, 0: the authors weight the likelihood by 0.05 (K - 1)^2 and add 1e-10 "
     "inside the "
     "logarithm, which distorts."},
    {"rrhf", "sum_{R_i < R_j} max(0, m_i - m_j) - c m_best", "-", "-",
     "m = p / T. c = nll_coefficient, 1; the authors weight the ranking by 100 instead."},
    {"best_of_n_none", "-p_best", "-", "-", "With references p - q takes the place of p in all of these."},
    {"best_of_n_worst", "-p_best + beta p_worst", "-", "-",
     "beta 0.1: unbounded below, so keep it small, or set gate."},
    {"best_of_n_average", "-p_best + beta / (N - 1) sum_{i != best} p_i", "-", "-",
     "As for best_of_n_worst."},
    {"best_of_n_sum", "-p_best + beta sum_{i != best} p_i", "-", "-", "As for best_of_n_worst."},
    {"best_of_n_log_complement", "-p_best - beta sum_{i != best} log(1 - exp p_i)", "-", "-",
     "Bounded below, unlike the others."},
};

/// nullptr: the table has no row of this name.
constexpr peer_row const* find_peer_row(std::string_view name) {
  for (auto const& row : peer_rows)
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace objectives
