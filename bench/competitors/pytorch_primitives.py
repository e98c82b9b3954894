# A transformer's primitives in PyTorch, forward or with backward, in shapes of three models; one JSON line per variant.
# SPDX-License-Identifier: MIT
#
#   pytorch_primitives.py PRIMITIVE_{forward|step} MODEL [--threads N] [--seconds S] [--variant NAME]
#
# PRIMITIVE is a name of the table at the end, MODEL one of bench/primitive/model_shapes.hpp. "step" is forward and backward. Without --variant every way of writing
# the same mathematics is timed:
#
#   attention    products    minGPT's: split, two matrix products around a masked softmax
#                broadcast   the same products as sums over a broadcast axis: Debian's PyTorch, built without MKL, makes a
#                            loop of small ones of a batched product
#                fused       torch.nn.functional's own scaled dot-product attention, where this version has it
#   the others   functional  torch.nn.functional's own, or a few operations where it has none
import argparse
import json
import math
import os
import statistics
import time

models = {  # sequences, time, heads, channels of a head
    "gpt_nano": (1000, 10, 3, 16), "gpt_mini": (16, 128, 6, 32), "gpt2": (4, 64, 12, 64), "gpt2_long": (1, 1024, 12, 64),
}
parser = argparse.ArgumentParser()
parser.add_argument("primitive")
parser.add_argument("model", choices=models)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=1.0)
parser.add_argument("--variant")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import torch  # noqa: E402: after its threads are set
import torch.nn.functional as functional  # noqa: E402

torch.set_num_threads(options.threads)
torch.manual_seed(0)

name, _, passes = options.primitive.rpartition("_")
sequences, length, heads, head_channels = models[options.model]
channels, tokens = heads * head_channels, sequences * length
dot_product_attention = getattr(functional, "scaled_dot_product_attention",
                                getattr(functional, "_scaled_dot_product_attention", None))


def heads_of(qkv):
    return [part.view(sequences, length, heads, head_channels).transpose(1, 2) for part in qkv.split(channels, dim=2)]


def joined(y):
    return y.transpose(1, 2).reshape(sequences, length, channels)


class Attention:
    def __init__(self):
        self.inputs = [torch.rand(sequences, length, 3 * channels) * 2 - 1]
        self.output_shape = (sequences, length, channels)
        self.hidden = torch.ones(length, length).tril().view(1, 1, length, length) == 0

    def softmax(self, scores):
        return functional.softmax((scores / math.sqrt(head_channels)).masked_fill(self.hidden, -math.inf), dim=-1)

    def products(self, qkv):
        q, k, v = heads_of(qkv)
        return joined(self.softmax(q @ k.transpose(-2, -1)) @ v)

    def broadcast(self, qkv):
        q, k, v = heads_of(qkv)
        p = self.softmax((q.unsqueeze(3) * k.unsqueeze(2)).sum(-1))
        return joined((p.unsqueeze(-1) * v.unsqueeze(2)).sum(3))

    def fused(self, qkv):
        q, k, v = heads_of(qkv)
        result = dot_product_attention(q, k, v, is_causal=True)
        return joined(result[0] if isinstance(result, tuple) else result)

    # A broadcast axis holds time^2 channels: beyond some hundred MB it is no competitor.
    variants = ["products"] + (["broadcast"] if sequences * heads * length**2 * head_channels < 1e8 else []) + \
        (["fused"] if dot_product_attention else [])


def random(*shape):
    return torch.rand(shape) * 2 - 1


class Primitive:
    """One function of inputs, the first of which has the shape of the output if not said otherwise."""
    variants = ["functional"]

    def __init__(self, function, *inputs, output_shape=None):
        self.functional, self.inputs = function, list(inputs)
        self.output_shape = output_shape or inputs[0].shape


def gelu():
    return Primitive(lambda x: functional.gelu(x, approximate="tanh"), random(tokens, 4 * channels))


def swiglu():
    def function(gate_up):
        gate, up = gate_up.chunk(2, -1)
        return functional.silu(gate) * up
    return Primitive(function, random(tokens, 8 * channels), output_shape=(tokens, 4 * channels))


def layer_norm():
    return Primitive(lambda x, gain, bias: functional.layer_norm(x, (channels,), gain, bias, 1e-5),
                     random(tokens, channels), torch.ones(channels), torch.zeros(channels))


def rms_norm():
    return Primitive(lambda x, gain: x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * gain,
                     random(tokens, channels), torch.ones(channels))


def rotary():
    angles = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, head_channels, 2) / head_channels)
    angles = torch.cat((angles, angles), -1).repeat(sequences, 1)[:, None, :]
    cosine, sine = angles.cos(), angles.sin()

    def function(x):
        x = x.view(tokens, heads, head_channels)
        first, second = x.chunk(2, -1)
        return (x * cosine + torch.cat((-second, first), -1) * sine).view(tokens, channels)
    return Primitive(function, random(tokens, channels))


def embedding():
    items = torch.randint(1000, (tokens,))
    return Primitive(lambda table: functional.embedding(items, table), random(1000, channels),
                     output_shape=(tokens, channels))


def linear():
    return Primitive(functional.linear, random(tokens, channels), random(4 * channels, channels),
                     torch.zeros(4 * channels), output_shape=(tokens, 4 * channels))


def add():
    """A residual connection and a bias, of which only the bias has a gradient that costs anything."""
    x = random(tokens, channels)
    return Primitive(lambda bias: x + bias, torch.zeros(channels), output_shape=(tokens, channels))


primitives = {
    "attention": Attention, "gelu": gelu, "swiglu": swiglu, "layer_norm": layer_norm, "rms_norm": rms_norm, "rotary": rotary,
    "embedding": embedding, "linear": linear, "add": add,
    "relu": lambda: Primitive(functional.relu, random(tokens, 4 * channels)),
    "tanh": lambda: Primitive(torch.tanh, random(tokens, 4 * channels)),
    "log_softmax": lambda: Primitive(lambda x: functional.log_softmax(x, -1), random(tokens, 4 * channels)),
    "dropout": lambda: Primitive(lambda x: functional.dropout(x, 0.1), random(tokens, channels)),
}
if name not in primitives or passes not in ("forward", "step"):
    parser.error(f"PRIMITIVE '{options.primitive}', expected one of {', '.join(primitives)} with _forward or _step")
primitive = primitives[name]()
d_y = torch.rand(primitive.output_shape) * 2 - 1


def run(variant):
    forward = getattr(primitive, variant)
    if passes == "forward":
        with torch.no_grad():
            return [forward(*primitive.inputs)]
    for x in primitive.inputs:
        x.requires_grad_().grad = None
    y = forward(*primitive.inputs)
    y.backward(d_y)
    return [y.detach()] + [x.grad for x in primitive.inputs]


# A competitor that computes something else is none.
expected = run(primitive.variants[0])
for other in primitive.variants[1:]:
    for ours, theirs in zip(expected, run(other)):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)

for variant in [options.variant] if options.variant else primitive.variants:
    run(variant)
    seconds = []
    while sum(seconds) < options.seconds or len(seconds) < 5:
        start = time.perf_counter()
        run(variant)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({
        "case": f"primitive/{options.primitive}/{options.model}",
        "threads": options.threads, "setting": os.environ.get("POFT_SETTING", "default"), "variant": variant,
        "median_ms": 1e3 * statistics.median(seconds), "min_ms": 1e3 * min(seconds), "calls": len(seconds),
    }), flush=True)
