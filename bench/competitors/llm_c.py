# GPT-2's training step by llm.c (github.com/karpathy/llm.c, train_gpt2.c) on the CPU; one JSON line on standard output.
# SPDX-License-Identifier: MIT
#
#   llm_c.py FOLDER [--threads N] [--steps N]
#
# FOLDER is a clone of llm.c. Its program is compiled as its Makefile says for one machine, in a temporary folder beside a
# checkpoint of random weights and random tokens; a batch there is 4 sequences of 64 tokens. The first two steps make the
# memory and don't count; the run is ended after the last.
import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile

import numpy

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--steps", type=int, default=6)
options = parser.parse_args()
if not os.path.exists(f"{options.folder}/train_gpt2.c"):
    parser.error(f"'{options.folder}' has no train_gpt2.c, expected a clone of llm.c")
if not 1 <= options.steps <= 18:
    parser.error(f"--steps {options.steps}, expected 1 to 18: its 20th step is followed by text")

positions, vocab, layers, heads, channels, padded_vocab = 1024, 50257, 12, 12, 768, 50304
random = numpy.random.default_rng(0)


def normal(*shape, deviation=0.02):
    return random.standard_normal(shape, dtype=numpy.float32) * numpy.float32(deviation)


def zeros(*shape):
    return numpy.zeros(shape, numpy.float32)


def ones(*shape):
    return numpy.ones(shape, numpy.float32)


def write(path, magic_and_sizes, parts):
    header = numpy.zeros(256, numpy.int32)
    header[:len(magic_and_sizes)] = magic_and_sizes
    with open(path, "wb") as file:
        for part in [header, *parts]:
            part.tofile(file)


def write_checkpoint(path):
    of_residual = 0.02 / numpy.sqrt(2 * layers)
    tokens = normal(padded_vocab, channels)
    tokens[vocab:] = 0
    write(path, [20240326, 3, positions, vocab, layers, heads, channels, padded_vocab], [
        tokens, normal(positions, channels), ones(layers, channels), zeros(layers, channels),
        normal(layers, 3 * channels, channels), zeros(layers, 3 * channels),
        normal(layers, channels, channels, deviation=of_residual), zeros(layers, channels),
        ones(layers, channels), zeros(layers, channels), normal(layers, 4 * channels, channels), zeros(layers, 4 * channels),
        normal(layers, channels, 4 * channels, deviation=of_residual), zeros(layers, channels),
        ones(channels), zeros(channels)])


def peak_megabytes(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))


with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["gcc", "-O3", "-march=native", "-Ofast", "-fopenmp", "-DOMP", "-w", "train_gpt2.c", "-o",
                    f"{folder}/train_gpt2", "-lm"], cwd=options.folder, check=True)
    os.makedirs(f"{folder}/dev/data/tinyshakespeare")
    write_checkpoint(f"{folder}/gpt2_124M.bin")
    for name in ("train", "val"):
        tokens = random.integers(0, vocab, 30000).astype(numpy.uint16)
        write(f"{folder}/dev/data/tinyshakespeare/tiny_shakespeare_{name}.bin", [20240520, 1, len(tokens)], [tokens])
    milliseconds = []
    with subprocess.Popen(["stdbuf", "-oL", "./train_gpt2"], cwd=folder, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": str(options.threads)}) as process:
        for line in process.stdout:
            step = re.match(r"step \d+: train loss (\S+) \(took (\S+) ms\)", line)
            if step:
                loss = float(step[1])
                milliseconds.append(float(step[2]))
            if len(milliseconds) == 2 + options.steps:
                peak = peak_megabytes(process)
                process.kill()
    if len(milliseconds) != 2 + options.steps:
        raise SystemExit(f"llm.c ended after {len(milliseconds)} steps, expected {2 + options.steps}")
print(json.dumps({
    "case": "train_step/gpt2/4x64", "threads": options.threads, "setting": "its Makefile's", "variant": "llm.c",
    "median_ms": statistics.median(milliseconds[2:]), "min_ms": min(milliseconds[2:]), "calls": options.steps,
    "peak_megabytes": peak, "loss": loss,
}), flush=True)
