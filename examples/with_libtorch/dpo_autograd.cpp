// poft inside PyTorch's C++ API: a custom autograd function whose backward pass costs nothing more than its forward pass.
// SPDX-License-Identifier: MIT
#include <torch/torch.h>

#include <cstdio>

#include "poft/backend/eigen/backend.hpp"
#include "poft/batch/evaluate.hpp"
#include "poft/head/logits.hpp"
#include "poft/objective/dpo.hpp"

using torch::Tensor;

std::span<float const> read(Tensor const& t) {
  return {t.data_ptr<float>(), static_cast<std::size_t>(t.numel())};
}
std::span<float> write(Tensor const& t) { return {t.data_ptr<float>(), static_cast<std::size_t>(t.numel())}; }

// Level 2: logits [sequences * time, vocab], chosen sequences first, to DPO's loss; the gradient is made in the forward pass.
struct dpo_from_logits : torch::autograd::Function<dpo_from_logits> {
  static Tensor forward(torch::autograd::AutogradContext* saved, Tensor logits, Tensor targets,
                        Tensor offsets, Tensor reference_chosen, Tensor reference_rejected, double beta) {
    Tensor gradient = torch::empty_like(logits);
    poft::logits_head<poft::eigen::backend> head;
    poft::token_batch<std::int64_t> const batch{
        .targets = {targets.data_ptr<std::int64_t>(), static_cast<std::size_t>(targets.numel())},
        .offsets = {offsets.data_ptr<std::int64_t>(), static_cast<std::size_t>(offsets.numel())}};
    auto const result = head.loss_and_gradient(
        poft::objective::dpo{.beta = beta},
        poft::view<float const, 2>(logits.data_ptr<float>(), logits.size(0), logits.size(1)), batch,
        poft::preference_pair<std::span<float const>>{
            {}, {}, read(reference_chosen), read(reference_rejected)},
        poft::view<float, 2>(gradient.data_ptr<float>(), logits.size(0), logits.size(1)));
    saved->save_for_backward({gradient});
    return torch::tensor(static_cast<float>(result.loss));
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* saved,
                                               torch::autograd::tensor_list upstream) {
    return {saved->get_saved_variables()[0] * upstream[0], {}, {}, {}, {}, {}};
  }
};

// Level 1: the same from summed log-probs [pairs].
struct dpo_from_log_probs : torch::autograd::Function<dpo_from_log_probs> {
  static Tensor forward(torch::autograd::AutogradContext* saved, Tensor chosen, Tensor rejected,
                        Tensor reference_chosen, Tensor reference_rejected, double beta) {
    Tensor d_chosen = torch::empty_like(chosen), d_rejected = torch::empty_like(rejected);
    double const loss = poft::batch_loss_and_gradient(
        poft::eigen::backend{}, poft::objective::dpo{.beta = beta},
        poft::preference_pair<std::span<float const>>{read(chosen), read(rejected), read(reference_chosen),
                                                      read(reference_rejected)},
        poft::preference_pair<std::span<float>>{write(d_chosen), write(d_rejected), {}, {}});
    saved->save_for_backward({d_chosen, d_rejected});
    return torch::tensor(static_cast<float>(loss));
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* saved,
                                               torch::autograd::tensor_list upstream) {
    auto const gradient = saved->get_saved_variables();
    return {gradient[0] * upstream[0], gradient[1] * upstream[0], {}, {}, {}};
  }
};

int main() {
  torch::manual_seed(1);
  std::int64_t const pairs = 3, time = 5, vocab = 1001, sequences = 2 * pairs;
  Tensor logits          = torch::randn({sequences * time, vocab}).requires_grad_();
  Tensor const targets   = torch::randint(vocab, {sequences * time}),
               offsets   = torch::arange(sequences + 1) * time;
  Tensor const reference = -30 - torch::rand({sequences});

  // What PyTorch's own operations give.
  Tensor const sums =
      logits.log_softmax(-1).gather(-1, targets.unsqueeze(-1)).view({sequences, time}).sum(-1);
  Tensor const ratio = sums - reference;
  Tensor const wanted =
      -torch::nn::functional::logsigmoid(0.1 * (ratio.slice(0, 0, pairs) - ratio.slice(0, pairs))).mean();
  Tensor const wanted_gradient = torch::autograd::grad({3 * wanted}, {logits})[0];

  Tensor const loss     = dpo_from_logits::apply(logits, targets, offsets, reference.slice(0, 0, pairs),
                                                 reference.slice(0, pairs), 0.1);
  Tensor const gradient = torch::autograd::grad({3 * loss}, {logits})[0];
  Tensor chosen         = sums.detach().slice(0, 0, pairs).clone().requires_grad_(),
         rejected       = sums.detach().slice(0, pairs).clone().requires_grad_();
  Tensor const level1   = dpo_from_log_probs::apply(chosen, rejected, reference.slice(0, 0, pairs),
                                                    reference.slice(0, pairs), 0.1);
  level1.backward();

  double const loss_difference =
      std::abs((loss - wanted).item<double>()) + std::abs((level1 - wanted).item<double>());
  double const gradient_difference = (gradient - wanted_gradient).abs().max().item<double>();
  bool const equal =
      loss_difference < 1e-6 && gradient_difference < 1e-7 && chosen.grad().sum().item<double>() < 0;
  std::printf("loss %.6f, differences from torch: loss %.1e, gradient %.1e: %s\n", loss.item<double>(),
              loss_difference, gradient_difference, equal ? "equal" : "DIFFERENT");
  return equal ? 0 : 1;
}
