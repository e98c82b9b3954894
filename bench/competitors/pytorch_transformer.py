# A training step of a minGPT in PyTorch: forward, cross-entropy, backward, AdamW; one JSON line per variant.
# SPDX-License-Identifier: MIT
#
#   pytorch_transformer.py {gpt_nano|gpt_nano_dropout|gpt_mini|gpt2} BATCHxTIME [--threads N] [--seconds S]
#                          [--variant NAME]
#
# The models and the step of bench/model/transformer_bench.cpp: pre-norm blocks, learned positions, tanh-GELU, biases, a
# head of its own (gpt2: that of the tokens), every position a target. Without --variant every way of writing the
# attention is timed:
#
#   products    two batched matrix products around a masked softmax (minGPT)
#   broadcast   the same products as sums over a broadcast axis: this PyTorch's batched product is a loop over small ones
#               where it was built without MKL, as Debian's is
import argparse
import json
import os
import statistics
import time

parser = argparse.ArgumentParser()
parser.add_argument("model", choices=["gpt_nano", "gpt_nano_dropout", "gpt_mini", "gpt2"])
parser.add_argument("batch_x_time")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=5.0)
parser.add_argument("--variant", choices=["products", "broadcast"])
options = parser.parse_args()
batch_size, length = map(int, options.batch_x_time.split("x"))
dropout = 0.1 if options.model.endswith("_dropout") else 0.0
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import torch  # noqa: E402: after its threads are set
from torch import nn  # noqa: E402
import torch.nn.functional as functional  # noqa: E402
from attention import attention  # noqa: E402

torch.set_num_threads(options.threads)

layers, heads, channels, vocab, tied = {
    "gpt_nano": (3, 3, 48, 100, False), "gpt_mini": (6, 6, 192, 256, False), "gpt2": (12, 12, 768, 50257, True),
}[options.model.removesuffix("_dropout")]


class Attention(nn.Module):
    def __init__(self, variant):
        super().__init__()
        self.variant = variant
        self.qkv = nn.Linear(channels, 3 * channels)
        self.projection = nn.Linear(channels, channels)
        self.register_buffer("is_later", torch.ones(length, length, dtype=torch.bool).triu(1))

    def forward(self, x):
        batch, time_, _ = x.shape
        q, k, v = (part.view(batch, time_, heads, channels // heads).transpose(1, 2)
                   for part in self.qkv(x).split(channels, 2))
        y = attention(q, k, v, self.is_later, self.variant)
        y = self.projection(y.transpose(1, 2).reshape(batch, time_, channels))
        return functional.dropout(y, dropout, self.training)


class Block(nn.Module):
    def __init__(self, variant):
        super().__init__()
        self.attention_norm, self.mlp_norm = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.attention = Attention(variant)
        self.up, self.down = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        y = self.down(functional.gelu(self.up(self.mlp_norm(x)), approximate="tanh"))
        return x + functional.dropout(y, dropout, self.training)


class Transformer(nn.Module):
    def __init__(self, variant):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocab, channels), nn.Embedding(length, channels)
        self.blocks = nn.Sequential(*(Block(variant) for _ in range(layers)))
        self.last_norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, vocab, bias=False)
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, 0, 0.02)
        if tied:
            self.head.weight = self.tokens.weight

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        x = functional.dropout(x, dropout, self.training)
        return self.head(self.last_norm(self.blocks(x)))


def loss_of(model, tokens, targets):
    return functional.cross_entropy(model(tokens).view(-1, vocab), targets.view(-1))


def refuse_different_variants():
    """A competitor that computes something else is none."""
    found = []
    tokens, targets = torch.randint(vocab, (2, length)), torch.randint(vocab, (2, length))
    for variant in variants:
        torch.manual_seed(0)
        model = Transformer(variant).eval()
        loss = loss_of(model, tokens, targets)
        loss.backward()
        found.append([loss.detach()] + [parameter.grad for parameter in model.parameters()])
    for other in found[1:]:
        for ours, theirs in zip(found[0], other):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def memory(line):
    with open("/proc/self/status") as status:
        return next(1024 * int(entry.split()[1]) for entry in status if entry.startswith(line))


# A broadcast axis holds time^2 channels: beyond a hundred MB it is several times slower, and no competitor.
names = ["products"] + (["broadcast"] if batch_size * channels * length**2 < 3e7 else [])
variants = [options.variant] if options.variant else names
before = memory("VmRSS:")  # malloc may keep what the comparison took, and the steps use it again
refuse_different_variants()
for variant in variants:
    torch.manual_seed(0)
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5\n")
    model = Transformer(variant)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)
    tokens = torch.randint(vocab, (batch_size, length))
    targets = torch.randint(vocab, (batch_size, length))
    parts = {"forward_ms": [], "backward_ms": [], "optimiser_ms": []}
    seconds = []
    while sum(seconds) < options.seconds or len(seconds) < 5:
        start = time.perf_counter()
        loss = loss_of(model, tokens, targets)
        after_forward = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        after_backward = time.perf_counter()
        optimiser.step()
        end = time.perf_counter()
        if len(parts["forward_ms"]) >= 3:  # steps that make the memory
            seconds.append(end - start)
        for name, part in zip(parts, (after_forward - start, after_backward - after_forward, end - after_backward)):
            parts[name].append(1e3 * part)
    median = statistics.median(seconds)
    print(json.dumps({
        "case": f"train_step/{options.model}/{options.batch_x_time}",
        "threads": options.threads, "setting": os.environ.get("POFT_SETTING", "default"), "variant": variant,
        "parameters": sum(p.numel() for p in model.parameters()),
        "median_ms": 1e3 * median, "min_ms": 1e3 * min(seconds), "calls": len(seconds),
        **{name: statistics.median(part[3:]) for name, part in parts.items()},
        "tokens_per_second": batch_size * length / median,
        # What an earlier variant left in malloc's hands is not seen: only a single variant's is the truth.
        "peak_megabytes": (memory("VmHWM:") - before) / 2**20 if options.variant else None, "loss": loss.item(),
    }), flush=True)
