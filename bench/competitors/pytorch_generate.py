# Sampling from a minGPT in PyTorch at temperature 1; one JSON line per variant.
# SPDX-License-Identifier: MIT
#
#   pytorch_generate.py {gpt_nano|gpt_mini|gpt2} PROMPTSxLENGTH+NEW [--threads N] [--seconds S] [--variant NAME]
#
# The models of bench/model/generate_bench.cpp. Without --variant every way of writing it is timed:
#
#   whole   every step takes the whole context through the model, as minGPT and nanoGPT do; the head sees the last token
#   cache   keys and values are kept, and a step takes the last token only
#
# each with two ways of writing the attention: _products, two batched matrix products around a masked softmax, and
# _broadcast, the same as sums over a broadcast axis (where PyTorch was built without MKL, as Debian's is, its batched
# product is a loop over small ones).
import argparse
import json
import os
import re
import statistics
import time

names = [f"{context}_{product}" for context in ("whole", "cache") for product in ("products", "broadcast")]
parser = argparse.ArgumentParser()
parser.add_argument("model", choices=["gpt_nano", "gpt_mini", "gpt2"])
parser.add_argument("size", help="PROMPTSxLENGTH+NEW: 1000x1+10")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=5.0)
parser.add_argument("--variant", choices=names)
options = parser.parse_args()
prompt_count, length, new = map(int, re.fullmatch(r"(\d+)x(\d+)\+(\d+)", options.size).groups())
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import torch  # noqa: E402: after its threads are set
import torch.nn.functional as functional  # noqa: E402
from attention import attention  # noqa: E402

torch.set_num_threads(options.threads)
torch.set_grad_enabled(False)

layers, heads, channels, vocab, tied = {
    "gpt_nano": (3, 3, 48, 100, False), "gpt_mini": (6, 6, 192, 256, False), "gpt2": (12, 12, 768, 50257, True),
}[options.model]
positions = length + new - 1


def matrix(*shape):
    return 0.02 * torch.randn(*shape)


def linear(outputs, inputs):
    return matrix(outputs, inputs), torch.zeros(outputs)


def norm():
    return (channels,), torch.ones(channels), torch.zeros(channels)


torch.manual_seed(0)
token_table, position_table = matrix(vocab, channels), matrix(positions, channels)
head = token_table if tied else matrix(vocab, channels)
blocks = [(norm(), linear(3 * channels, channels), linear(channels, channels), norm(),
           linear(4 * channels, channels), linear(channels, 4 * channels)) for _ in range(layers)]
last_norm = norm()
is_later = torch.ones(positions, positions, dtype=torch.bool).triu(1)


def logits_after(tokens, cache, product):
    """tokens [batch, time] that follow what the cache holds -> [batch, vocab]. cache: None, or a list of tensors
    [2, batch, heads, positions, channels / heads], one for each block, and how many positions are held."""
    batch, time_ = tokens.shape
    held = cache["held"] if cache else 0
    x = token_table[tokens] + position_table[held:held + time_]
    for number, (attention_norm, qkv, projection, mlp_norm, up, down) in enumerate(blocks):
        q, k, v = (part.view(batch, time_, heads, channels // heads).transpose(1, 2) for part in
                   functional.linear(functional.layer_norm(x, *attention_norm), *qkv).split(channels, 2))
        if cache:
            kept = cache["blocks"][number]
            kept[0, :, :, held:held + time_], kept[1, :, :, held:held + time_] = k, v
            k, v = kept[0, :, :, :held + time_], kept[1, :, :, :held + time_]
        y = attention(q, k, v, is_later, product).transpose(1, 2).reshape(batch, time_, channels)
        x = x + functional.linear(y, *projection)
        y = functional.gelu(functional.linear(functional.layer_norm(x, *mlp_norm), *up), approximate="tanh")
        x = x + functional.linear(y, *down)
    if cache:
        cache["held"] += time_
    return functional.linear(functional.layer_norm(x[:, -1], *last_norm), head)


def generate(tokens, variant, choose):
    context, product = variant.split("_")
    cache = {"held": 0, "blocks": [torch.empty(2, len(tokens), heads, positions, channels // heads)
                                   for _ in blocks]} if context == "cache" else None
    for step in range(new):
        seen = tokens[:, -1:] if cache and step > 0 else tokens
        tokens = torch.cat((tokens, choose(logits_after(seen, cache, product))), 1)
    return tokens


def draw(logits):
    return torch.multinomial(functional.softmax(logits, -1), 1)


def prompts(count):
    return torch.randint(vocab, (count, length))


variants = [options.variant] if options.variant else names
# A competitor that computes something else is none.
some = prompts(2)
found = [generate(some, variant, lambda logits: logits.argmax(-1, keepdim=True)) for variant in variants]
assert all(torch.equal(found[0], other) for other in found[1:])

for variant in variants:
    seconds = []
    for call in range(1000000):
        if sum(seconds) >= options.seconds and len(seconds) >= 3:
            break
        tokens = prompts(prompt_count)
        start = time.perf_counter()
        generate(tokens, variant, draw)
        if call > 0:  # that makes the memory
            seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    print(json.dumps({
        "case": f"generate/{options.model}/{options.size}",
        "threads": options.threads, "setting": os.environ.get("POFT_SETTING", "default"), "variant": variant,
        "median_ms": 1e3 * median, "min_ms": 1e3 * min(seconds), "calls": len(seconds),
        "new_tokens_per_second": prompt_count * new / median,
    }), flush=True)
