# The bandit's gradient step with its evaluation in PyTorch, batched; one JSON line on standard output.
# SPDX-License-Identifier: MIT
#
#   pytorch_bandit.py {best_of_n|ipo} PROMPTS [--threads N] [--seconds S] [--variant batched]
#
# The network, optimiser, samples and metrics of bench/bandit/step_bench.cpp: every prompt goes through the
# network once, all of its pairs are indexed at once, the metrics are exact sums over the actions. Nothing here
# loops over samples.
import argparse
import json
import os
import statistics
import time

parser = argparse.ArgumentParser()
parser.add_argument("method", choices=["best_of_n", "ipo"])
parser.add_argument("prompts", type=int)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seconds", type=float, default=1.0)
parser.add_argument("--variant", choices=["batched"])
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import torch  # noqa: E402: after its threads are set
from torch import nn  # noqa: E402
import torch.nn.functional as functional  # noqa: E402

torch.set_num_threads(options.threads)
torch.manual_seed(0)

features = actions = held_out = 100
samples = 10
target_margin = 10


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(features, 50), nn.LayerNorm(50), nn.ReLU(), nn.Linear(50, 256), nn.ReLU(),
            nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, actions))
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight, gain=0.01)
                nn.init.zeros_(layer.bias)

    def forward(self, contexts):
        return functional.log_softmax(self.layers(contexts), -1)


def fit(policy, log_data):
    optimiser = torch.optim.Adam(policy.parameters(), lr=0.01)
    for _ in range(100):
        log_pi = policy(torch.rand(20, features))
        optimiser.zero_grad()
        (log_pi.exp() * (log_pi - log_data)).sum(-1).mean().backward()
        optimiser.step()


edges = torch.linspace(-1, 1, actions + 1)
below = 0.5 + torch.atan((torch.atanh(edges) + 0.7) / 0.4) / torch.pi
log_data = (below[1:] - below[:-1]).log()
reward_of_action = torch.exp(-((torch.arange(actions) - 20) / 10) ** 2)

policy = Policy()
fit(policy, log_data)
optimiser = torch.optim.Adam(policy.parameters(), lr=1e-3)

with torch.no_grad():
    contexts = torch.rand(options.prompts, features)
    evaluation_contexts = torch.rand(held_out, features)
    log_pi = policy(contexts)
    drawn = torch.distributions.Categorical(logits=log_pi).sample((samples,)).T.contiguous()
    reference = log_pi.gather(-1, drawn)
    evaluation_reference = policy(evaluation_contexts)
    rewards = reward_of_action[drawn]
    best = rewards.argmax(-1, keepdim=True)
    # All pairs of each prompt as positions in [prompts, samples], flattened; the chosen one has the higher reward.
    one, other = torch.combinations(torch.arange(samples)).T
    first_is_better = rewards[:, one] >= rewards[:, other]
    start = samples * torch.arange(options.prompts)[:, None]
    chosen = (start + torch.where(first_is_better, one, other)).flatten()
    rejected = (start + torch.where(first_is_better, other, one)).flatten()
    no_tie = (rewards[:, one] != rewards[:, other]).flatten()
    reference_chosen, reference_rejected = reference.flatten()[chosen], reference.flatten()[rejected]


def pair_log_ratios(log_prob):
    log_prob = log_prob.flatten()
    return log_prob[chosen] - reference_chosen, log_prob[rejected] - reference_rejected


def descend():
    log_prob = policy(contexts).gather(-1, drawn)
    if options.method == "best_of_n":
        loss = -log_prob.gather(-1, best).mean()
    else:
        of_chosen, of_rejected = pair_log_ratios(log_prob)
        loss = (of_chosen - of_rejected - target_margin).square().mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def measure():
    with torch.no_grad():
        log_pi = policy(evaluation_contexts)
        pi = log_pi.exp()
        of_chosen, of_rejected = pair_log_ratios(policy(contexts).gather(-1, drawn))
        return [x.item() for x in (
            (pi @ reward_of_action).mean(),
            (pi * (log_pi - evaluation_reference)).sum(-1).mean(),
            (evaluation_reference.exp() * (evaluation_reference - log_pi)).sum(-1).mean(),
            -(pi * log_pi).sum(-1).mean(),
            of_chosen[no_tie].mean(),
            of_rejected[no_tie].mean())]


first = measure()
seconds = []
while sum(seconds) < options.seconds or len(seconds) < 50:
    start_of_step = time.perf_counter()
    descend()
    last = measure()
    seconds.append(time.perf_counter() - start_of_step)
    if len(seconds) == 50:
        fiftieth = last
print(json.dumps({
    "case": f"bandit/{options.method}/{options.prompts}",
    "threads": options.threads, "setting": os.environ.get("POFT_SETTING", "default"), "variant": "batched",
    "median_ms": 1e3 * statistics.median(seconds), "min_ms": 1e3 * min(seconds), "calls": len(seconds),
    "reward_before": first[0], "reward_after": fiftieth[0],
}), flush=True)
