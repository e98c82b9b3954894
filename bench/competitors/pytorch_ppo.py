# A round of PPO over token responses in PyTorch: samples, rewards, advantages, gradient steps; one JSON line per variant.
# SPDX-License-Identifier: MIT
#
#   pytorch_ppo.py gpt_length RESPONSESxPROMPT+NEW [--threads N] [--seconds S] [--variant NAME]
#
# The round of bench/length_study/ppo_bench.cpp, everything batched: responses are drawn with a cache of keys and values; a
# reward model scores them; values and the reference's log-probs come from one forward pass each; generalised advantages with
# gamma = 1 and lambda = 0.95, whitened; then 2 passes in minibatches of 32 responses: clipped surrogate, 0.5 times the
# squared error of the value, clipping, AdamW. Without --variant every way of writing the attention is timed: products and
# broadcast as in attention.py.
import argparse
import json
import os
import re
import statistics
import time

parser = argparse.ArgumentParser()
parser.add_argument("model", choices=["gpt_length"])
parser.add_argument("size", help="RESPONSESxPROMPT+NEW: 128x8+32")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=5.0)
parser.add_argument("--variant", choices=["products", "broadcast"])
options = parser.parse_args()
responses, length, new = map(int, re.fullmatch(r"(\d+)x(\d+)\+(\d+)", options.size).groups())
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import torch  # noqa: E402: after its threads are set
from torch import nn  # noqa: E402
import torch.nn.functional as functional  # noqa: E402
from attention import attention  # noqa: E402

torch.set_num_threads(options.threads)

layers, heads, channels, vocab = 2, 3, 48, 10
minibatch, passes, beta, lambda_, clip = 32, 2, 0.03, 0.95, 0.2
positions = length + new
is_later = torch.ones(positions, positions, dtype=torch.bool).triu(1)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.qkv, self.projection = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.up, self.down = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)

    def forward(self, x, variant, cache, held):
        batch, time_, _ = x.shape
        q, k, v = (part.view(batch, time_, heads, channels // heads).transpose(1, 2)
                   for part in self.qkv(self.attention_norm(x)).split(channels, 2))
        if cache is not None:
            cache[0, :, :, held:held + time_], cache[1, :, :, held:held + time_] = k, v
            k, v = cache[0, :, :, :held + time_], cache[1, :, :, :held + time_]
        y = attention(q, k, v, is_later, variant).transpose(1, 2).reshape(batch, time_, channels)
        x = x + self.projection(y)
        return x + self.down(functional.gelu(self.up(self.mlp_norm(x)), approximate="tanh"))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocab, channels), nn.Embedding(positions, channels)
        self.blocks = nn.ModuleList(Block() for _ in range(layers))
        self.last_norm = nn.LayerNorm(channels)
        self.head, self.value = nn.Linear(channels, vocab, bias=False), nn.Linear(channels, 1, bias=False)
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, 0, 0.02)

    def forward(self, tokens, variant, caches=None, held=0):
        x = self.tokens(tokens) + self.positions(torch.arange(held, held + tokens.shape[1]))
        for number, block in enumerate(self.blocks):
            x = block(x, variant, caches[number] if caches else None, held)
        return self.last_norm(x)


def log_probs_of(hidden, model, tokens):
    """Of the new tokens, [responses, new]."""
    logits = model.head(hidden[:, length - 1:-1])
    return functional.log_softmax(logits, -1).gather(2, tokens[:, length:, None]).squeeze(2)


def draw(model, prompts, variant):
    """tokens [responses, length + new], and the new ones' log-probs"""
    caches = [torch.empty(2, len(prompts), heads, positions, channels // heads) for _ in range(layers)]
    tokens, seen, held, log_probs = prompts, prompts, 0, []
    for _ in range(new):
        of_all = functional.log_softmax(model.head(model(seen, variant, caches, held)[:, -1]), -1)
        held += seen.shape[1]
        seen = torch.multinomial(of_all.exp(), 1)
        log_probs.append(of_all.gather(1, seen))
        tokens = torch.cat((tokens, seen), 1)
    return tokens, torch.cat(log_probs, 1)


def collect(policy, reference, judge, prompts, variant):
    with torch.no_grad():
        tokens, old = draw(policy, prompts, variant)
        reward = judge.value(judge(tokens, variant)[:, -1]).squeeze(1)
        values = policy.value(policy(tokens, variant)[:, length - 1:-1]).squeeze(2)
        paid = -beta * (old - log_probs_of(reference(tokens, variant), reference, tokens))
        paid[:, -1] += reward
        advantage, later = torch.empty_like(paid), torch.zeros(len(prompts))
        for t in reversed(range(new)):
            following = values[:, t + 1] if t + 1 < new else 0
            later = paid[:, t] + following - values[:, t] + lambda_ * later
            advantage[:, t] = later
        target = advantage + values
        return tokens, old, (advantage - advantage.mean()) / (advantage.std(unbiased=False) + 1e-8), target


def loss_of(policy, variant, tokens, old, advantage, target):
    hidden = policy(tokens, variant)
    ratio = (log_probs_of(hidden, policy, tokens) - old).exp()
    surrogate = torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()
    values = policy.value(hidden[:, length - 1:-1]).squeeze(2)
    return 0.5 * (values - target).square().mean() - surrogate


def refuse_different_variants():
    """A competitor that computes something else is none; one that draws without its cache would be caught here, too."""
    torch.manual_seed(0)
    policy = Transformer()
    prompts = torch.randint(vocab, (4, length))
    with torch.no_grad():
        tokens, old = draw(policy, prompts, variants[0])
        torch.testing.assert_close(old, log_probs_of(policy(tokens, variants[0]), policy, tokens), rtol=1e-4, atol=1e-5)
    found = [loss_of(policy, variant, tokens, old, torch.randn(4, new, generator=torch.Generator().manual_seed(1)),
                     torch.zeros(4, new)) for variant in variants]
    for other in found[1:]:
        torch.testing.assert_close(found[0], other, rtol=1e-4, atol=1e-6)


variants = [options.variant] if options.variant else ["products", "broadcast"]
refuse_different_variants()
for variant in variants:
    torch.manual_seed(0)
    policy, judge = Transformer(), Transformer()
    reference = Transformer()
    reference.load_state_dict(policy.state_dict())
    optimiser = torch.optim.AdamW(policy.parameters(), lr=1e-4)
    prompts = torch.randint(vocab, (responses // 4, length)).repeat_interleave(4, 0)
    seconds = []
    for call in range(1000000):
        if sum(seconds) >= options.seconds and len(seconds) >= 5:
            break
        start = time.perf_counter()
        data = collect(policy, reference, judge, prompts, variant)
        for _ in range(passes):
            for rows in torch.randperm(responses).split(minibatch):
                loss = loss_of(policy, variant, *(column[rows] for column in data))
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(policy.parameters(), 1)
                optimiser.step()
        if call > 0:  # that makes the memory
            seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    print(json.dumps({
        "case": f"ppo_round/gpt_length/{options.size}",
        "threads": options.threads, "setting": os.environ.get("POFT_SETTING", "default"), "variant": variant,
        "median_ms": 1e3 * median, "min_ms": 1e3 * min(seconds), "calls": len(seconds),
        "tokens_per_second": responses * new / median,
    }), flush=True)
