# The token bandit's gradient step with its evaluation in PyTorch, batched; one JSON line per variant.
# SPDX-License-Identifier: MIT
#
#   pytorch_bandit_tokens.py {best_of_n|ipo} PROMPTS [--threads N] [--seconds S] [--variant NAME]
#
# The network, optimiser, samples and metrics of bench/bandit/step_bench.cpp: all sequences of a step go through gpt-nano
# at once (Best-of-N: the best ones only), all pairs of a prompt are indexed at once; the metrics are sums over the
# vocabulary at every prefix of one fresh sequence for each held-out prompt, and at those of the reference's sequences.
# Nothing here loops over samples. Sampling keeps keys and values. Without --variant every way of writing the attention
# is timed: `products`, two batched matrix products, and `broadcast`, the same as sums over a broadcast axis (where
# PyTorch was built without MKL, as Debian's is, its batched product is a loop over small ones).
import argparse
import json
import math
import os
import statistics
import time

names = ["products", "broadcast"]
parser = argparse.ArgumentParser()
parser.add_argument("method", choices=["best_of_n", "ipo"])
parser.add_argument("prompts", type=int)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seconds", type=float, default=1.0)
parser.add_argument("--variant", choices=names)
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import torch  # noqa: E402: after its threads are set
from torch import nn  # noqa: E402
import torch.nn.functional as functional  # noqa: E402
from attention import attention  # noqa: E402

torch.set_num_threads(options.threads)

layers, heads, channels, vocab, tokens = 3, 3, 48, 100, 10
held_out = 100
samples = 10
target_margin = 10


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.qkv, self.projection = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.up, self.down = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)


class Policy(nn.Module):
    def __init__(self, variant):
        super().__init__()
        self.variant = variant
        self.token_table, self.position_table = nn.Embedding(vocab, channels), nn.Embedding(tokens, channels)
        self.blocks = nn.ModuleList(Block() for _ in range(layers))
        self.last_norm, self.head = nn.LayerNorm(channels), nn.Linear(channels, vocab, bias=False)
        self.register_buffer("is_later", torch.ones(tokens, tokens, dtype=torch.bool).triu(1))
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * layers) if "projection" in name or "down" in name
                                else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, inputs, cache=None, held=0):
        """inputs [batch, time] behind the `held` tokens whose keys and values the cache has -> logits [batch, time, vocab]"""
        batch, time_ = inputs.shape
        x = self.token_table(inputs) + self.position_table.weight[held:held + time_]
        for number, block in enumerate(self.blocks):
            q, k, v = (part.view(batch, time_, heads, channels // heads).transpose(1, 2)
                       for part in block.qkv(block.attention_norm(x)).split(channels, 2))
            if cache is not None:
                cache[number, 0, :, :, held:held + time_], cache[number, 1, :, :, held:held + time_] = k, v
                k, v = cache[number, :, :, :, :held + time_]
            x = x + block.projection(attention(q, k, v, self.is_later, self.variant).transpose(1, 2).reshape(batch, time_, channels))
            x = x + block.down(functional.gelu(block.up(block.mlp_norm(x)), approximate="tanh"))
        return self.head(self.last_norm(x))

    def rows(self, prompts, actions):
        """log pi of every token at every prefix: prompts [batch], actions [batch, tokens] -> [batch, tokens, vocab]"""
        return functional.log_softmax(self(torch.cat((prompts[:, None], actions[:, :-1]), 1)), -1)

    def log_prob(self, prompts, actions):
        return self.rows(prompts, actions).gather(-1, actions[..., None]).sum((-2, -1))

    def sample(self, prompts):
        cache = torch.empty(layers, 2, len(prompts), heads, tokens, channels // heads)
        drawn = [prompts[:, None]]
        for step in range(tokens):
            logits = self(drawn[-1], cache, step)[:, -1]
            drawn.append(torch.multinomial(functional.softmax(logits, -1), 1))
        return torch.cat(drawn[1:], 1)


edges = torch.linspace(-1, 1, vocab + 1)
below = 0.5 + torch.atan((torch.atanh(edges) + 0.7) / 0.4) / torch.pi
log_data = (below[1:] - below[:-1]).log()
reward_of_token = torch.exp(-((torch.arange(vocab) - 20) / 10) ** 2)


def fit(policy):
    optimiser = torch.optim.Adam(policy.parameters(), lr=0.01)
    for _ in range(100):
        actions = torch.distributions.Categorical(logits=log_data).sample((20, tokens))
        log_pi = policy.rows(torch.randint(vocab, (20,)), actions)
        optimiser.zero_grad()
        (log_pi.exp() * (log_pi - log_data)).sum(-1).mean().backward()
        optimiser.step()


def refuse_different_variants():
    """A competitor that computes something else is none."""
    with torch.no_grad():
        prompts, actions = torch.randint(vocab, (4,)), torch.randint(vocab, (4, tokens))
        products, broadcast = Policy("products"), Policy("broadcast")
        broadcast.load_state_dict(products.state_dict())
        torch.testing.assert_close(products.rows(prompts, actions), broadcast.rows(prompts, actions), rtol=1e-4, atol=1e-5)


def run(variant):
    torch.manual_seed(0)
    policy, reference = Policy(variant), Policy(variant)
    fit(policy)
    reference.load_state_dict(policy.state_dict())
    optimiser = torch.optim.Adam(policy.parameters(), lr=1e-3)

    with torch.no_grad():
        held_out_prompts = torch.randint(vocab, (held_out,))
        held_out_actions = reference.sample(held_out_prompts)
        held_out_reference = reference.rows(held_out_prompts, held_out_actions)
        prompts = torch.randint(vocab, (options.prompts,)).repeat_interleave(samples)
        actions = policy.sample(prompts)
        reference_log_prob = reference.log_prob(prompts, actions)
        rewards = reward_of_token[actions].mean(-1).view(-1, samples)
        start = samples * torch.arange(options.prompts)[:, None]
        best = (start[:, 0] + rewards.argmax(-1))
        # All pairs of each prompt as positions among all sequences; the chosen one has the higher reward.
        one, other = torch.combinations(torch.arange(samples)).T
        first_is_better = rewards[:, one] >= rewards[:, other]
        chosen = (start + torch.where(first_is_better, one, other)).flatten()
        rejected = (start + torch.where(first_is_better, other, one)).flatten()
        no_tie = (rewards[:, one] != rewards[:, other]).flatten()

    def pair_log_ratios(log_prob):
        log_ratio = log_prob - reference_log_prob
        return log_ratio[chosen], log_ratio[rejected]

    def descend():
        if options.method == "best_of_n":
            loss = -policy.log_prob(prompts[best], actions[best]).mean()
        else:
            of_chosen, of_rejected = pair_log_ratios(policy.log_prob(prompts, actions))
            loss = (of_chosen - of_rejected - target_margin).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def measure():
        with torch.no_grad():
            drawn = policy.sample(held_out_prompts)
            log_pi, log_reference = policy.rows(held_out_prompts, drawn), reference.rows(held_out_prompts, drawn)
            pi = log_pi.exp()
            log_pi_there = policy.rows(held_out_prompts, held_out_actions)
            of_chosen, of_rejected = pair_log_ratios(policy.log_prob(prompts, actions))
            return [x.item() for x in (
                (pi @ reward_of_token).mean(),
                (pi * (log_pi - log_reference)).sum((-2, -1)).mean(),
                (held_out_reference.exp() * (held_out_reference - log_pi_there)).sum((-2, -1)).mean(),
                -(pi * log_pi).sum((-2, -1)).mean(),
                of_chosen[no_tie].mean(),
                of_rejected[no_tie].mean())]

    first = measure()
    seconds = []
    while sum(seconds) < options.seconds or len(seconds) < 20:
        start_of_step = time.perf_counter()
        descend()
        last = measure()
        seconds.append(time.perf_counter() - start_of_step)
        if len(seconds) == 20:
            twentieth = last
    print(json.dumps({
        "case": f"bandit_tokens/{options.method}/{options.prompts}",
        "threads": options.threads, "setting": os.environ.get("POFT_SETTING", "default"), "variant": variant,
        "median_ms": 1e3 * statistics.median(seconds), "min_ms": 1e3 * min(seconds), "calls": len(seconds),
        "reward_before": first[0], "reward_after": twentieth[0], "kl_after": twentieth[1],
    }), flush=True)


refuse_different_variants()
for variant in [options.variant] if options.variant else names:
    run(variant)
