# score and train of the pipeline in PyTorch, on the same files, model and batches; one JSON line.
# SPDX-License-Identifier: MIT
#
#   pytorch_pipeline.py {score|train} MODEL DATA.jsonl OUT [--threads N] [--batch N] [--steps N]
#
# MODEL is a GPT-2 folder with the byte tokenizer that `poft train --tokenizer bytes` writes. score: mean log-prob per token
# of each response with its end token, a JSONL row each. train: so many steps of SFT with AdamW. The clock starts when PyTorch
# is loaded and stops when the output is written.
import argparse
import json
import math
import os
import random
import struct
import time

parser = argparse.ArgumentParser()
parser.add_argument("command", choices=["score", "train"])
parser.add_argument("model")
parser.add_argument("data")
parser.add_argument("out")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--steps", type=int, default=100)
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import numpy  # noqa: E402: after its threads are set
import torch  # noqa: E402
import torch.nn.functional as functional  # noqa: E402

torch.set_num_threads(options.threads)
start = time.perf_counter()

with open(f"{options.model}/config.json") as file:
    config = json.load(file)
with open(f"{options.model}/tokenizer.json") as file:
    special = {token["content"]: token["id"] for token in json.load(file)["added_tokens"]}
with open(f"{options.model}/model.safetensors", "rb") as file:
    size, = struct.unpack("<Q", file.read(8))
    header, body = json.loads(file.read(size)), file.read()
weights = {
    name: torch.from_numpy(numpy.frombuffer(body, numpy.float32, math.prod(entry["shape"]), entry["data_offsets"][0])
                           .reshape(entry["shape"]).copy()).requires_grad_()
    for name, entry in header.items() if name != "__metadata__"}
heads, epsilon = config["n_head"], config["layer_norm_epsilon"]
head = weights.get("lm_head.weight", weights["transformer.wte.weight"])


def forward(tokens):
    """Logits of padded rows; what stands behind a row's end is seen by nobody before it."""
    batch, length = tokens.shape
    x = weights["transformer.wte.weight"][tokens] + weights["transformer.wpe.weight"][:length]
    width = x.shape[2]
    later = torch.ones(length, length, dtype=torch.bool).triu(1)

    def norm(x, name):
        return functional.layer_norm(x, (width,), weights[name + ".weight"], weights[name + ".bias"], epsilon)

    def linear(x, name):  # Hugging Face's Conv1D: [in, out]
        return torch.addmm(weights[name + ".bias"], x.reshape(-1, x.shape[2]), weights[name + ".weight"]).view(
            batch, length, -1)

    for layer in range(config["n_layer"]):
        name = f"transformer.h.{layer}."
        q, k, v = (part.view(batch, length, heads, width // heads).transpose(1, 2)
                   for part in linear(norm(x, name + "ln_1"), name + "attn.c_attn").split(width, 2))
        scores = (q @ k.transpose(-2, -1) / math.sqrt(width // heads)).masked_fill(later, -math.inf)
        y = (functional.softmax(scores, -1) @ v).transpose(1, 2).reshape(batch, length, width)
        x = x + linear(y, name + "attn.c_proj")
        y = functional.gelu(linear(norm(x, name + "ln_2"), name + "mlp.c_fc"), approximate="tanh")
        x = x + linear(y, name + "mlp.c_proj")
    return norm(x, "transformer.ln_f") @ head.T


def response_log_probs(batch):
    """[sum, tokens] of every response of some (prompt, response) token lists."""
    length = max(len(prompt) + len(response) for prompt, response in batch) - 1
    tokens = torch.zeros(len(batch), length, dtype=torch.long)
    targets = torch.full((len(batch), length), -100)
    for row, (prompt, response) in enumerate(batch):
        whole = torch.tensor(prompt + response)
        tokens[row, : len(whole) - 1] = whole[:-1]
        targets[row, len(prompt) - 1: len(whole) - 1] = whole[len(prompt):]
    losses = functional.cross_entropy(forward(tokens).view(-1, head.shape[0]), targets.view(-1), reduction="none")
    return -losses.view(targets.shape).sum(1), (targets >= 0).sum(1)


def encode(sample):
    prompt = [special["<|user|>"], *sample["prompt"].encode(), special["<|end|>"], special["<|assistant|>"]]
    return prompt, [*sample["response"].encode(), special["<|end|>"]]


with open(options.data) as file:
    samples = [json.loads(line) for line in file]
encoded = [encode(sample) for sample in samples]
done = 0
if options.command == "score":
    scores = [None] * len(samples)
    order = sorted(range(len(samples)), key=lambda k: sum(map(len, encoded[k])))  # little padding
    with torch.no_grad():
        for first in range(0, len(order), options.batch):
            places = order[first: first + options.batch]
            sums, counts = response_log_probs([encoded[k] for k in places])
            for k, sum_, count in zip(places, sums.tolist(), counts.tolist()):
                scores[k] = {"id": samples[k]["id"], "logp": sum_ / count, "tokens": count}
            done += sum(len(part) for k in places for part in encoded[k])
    with open(options.out, "w") as file:
        file.writelines(json.dumps(row) + "\n" for row in scores)
else:
    optimiser = torch.optim.AdamW(weights.values(), lr=1e-3, weight_decay=0)
    random.seed(1)
    for step in range(options.steps):
        batch = random.sample(encoded, options.batch)
        sums, counts = response_log_probs(batch)
        optimiser.zero_grad(set_to_none=True)
        (-(sums / counts).mean()).backward()
        torch.nn.utils.clip_grad_norm_(weights.values(), 1)
        optimiser.step()
        done += sum(len(part) for row in batch for part in row)
    torch.save(weights, options.out)
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "tokens": done, "tokens_per_second": done / seconds}))
