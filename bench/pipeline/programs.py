# Times `poft score` and `poft train` as whole programs beside PyTorch doing the same, and prints the tables.
# SPDX-License-Identifier: MIT
#
#   programs.py POFT FOLDER [--rounds N] [--large]
#
# Data and models are made in FOLDER. Ours and PyTorch run in turn; ours is timed from its start to its end, PyTorch from the
# moment it is loaded. Memory is the process's peak. --large: score over a file of 1 GB, and what memory that takes.
import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("poft")
parser.add_argument("folder")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--large", action="store_true")
options = parser.parse_args()
here = os.path.dirname(os.path.abspath(__file__))
os.makedirs(options.folder, exist_ok=True)
os.chdir(options.folder)
threads, batch, steps = 2, 32, 50


def timed(command):
    """seconds, seconds of CPU, peak megabytes, what it printed"""
    start = time.perf_counter()
    with open("said.txt", "w") as said:
        child = subprocess.Popen(command, stdout=said, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    with open("said.txt") as said:
        return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said.read()


def ours(command, *more):
    return timed([options.poft, command, "--threads", str(threads), *more])


strong = f"{here}/../competitors/strong_pytorch.sh"
settings = subprocess.run([strong, "--list"], capture_output=True, text=True, check=True).stdout.split()


def pytorch(setting, command, *more):
    return timed([strong, setting, sys.executable, f"{here}/../competitors/pytorch_pipeline.py", command, *more,
                  "--threads", str(threads), "--batch", str(batch)])


def speed_of(said):
    return json.loads(said)["tokens_per_second"]


def write_data(name, samples, filler=0):
    random.seed(1)
    letters = "abcdefghijklmnopqrstuvwxyz    "

    def text(shortest, longest):
        return "".join(random.choices(letters, k=random.randint(shortest, longest))).strip() or "x"

    with open(name, "w") as file:
        for k in range(samples):
            row = {"id": str(k), "prompt": text(8, 60), "response": text(8, 60), "logp": -random.random()}
            if filler:
                row["note"] = "n" * filler
            file.write(json.dumps(row) + "\n")


def tokens_of(name, samples=None):
    with open(name) as file:
        rows = [json.loads(line) for line in file]
    return sum(len(row["prompt"]) + len(row["response"]) + 4 for row in rows) * (samples or len(rows)) / len(rows)


write_data("data.jsonl", 2000)
shape = ["--tokenizer", "bytes", "--positions", "128", "--data", "data.jsonl", "--batch", str(batch), "--checkpoint-every", "100000"]
of_run = ["--restart"]
rows, memory_rows = [], []
for preset in "gpt_nano", "gpt_mini":
    ours("train", "--preset", preset, *shape, "--objective", "sft", "--steps", "1", "--out", preset, *of_run)
    score = ["score", preset, "data.jsonl", "theirs.jsonl"]
    train = ["train", preset, "data.jsonl", "trained.pt", "--steps", str(steps)]
    best = {command[0]: max(settings, key=lambda setting: speed_of(pytorch(setting, *command)[3]))
            for command in (score, train)}
    found = {name: [] for name in ("score", "train", "pytorch score", "pytorch train")}
    for _ in range(options.rounds):
        seconds, _, peak, _ = ours("score", "--model", preset, "--data", "data.jsonl", "--out", "ours.jsonl", *of_run)
        found["score"].append((tokens_of("data.jsonl") / seconds, peak))
        _, _, peak, said = pytorch(best["score"], *score)
        found["pytorch score"].append((speed_of(said), peak))
        seconds, _, peak, _ = ours("train", "--model", preset, *shape[4:], "--objective", "sft", "--steps", str(steps),
                                   "--out", "trained", *of_run)
        found["train"].append((tokens_of("data.jsonl", steps * batch) / seconds, peak))
        _, _, peak, said = pytorch(best["train"], *train)
        found["pytorch train"].append((speed_of(said), peak))
    with open("ours.jsonl") as mine, open("theirs.jsonl") as theirs:  # a competitor that computes something else is none
        for a, b in zip(map(json.loads, mine), map(json.loads, theirs)):
            if a["id"] != b["id"] or a["tokens"] != b["tokens"] or abs(a["logp"] - b["logp"]) > 1e-3:
                raise SystemExit(f"the scores differ: ours {a}, PyTorch's {b}")
    for command in "score", "train":
        speed, peak = map(statistics.median, zip(*found[command]))
        its_speed, its_peak = map(statistics.median, zip(*found["pytorch " + command]))
        rows.append(f"| `{command}`, {preset} | {speed:.0f} | {its_speed:.0f} | {speed / its_speed:.2f} x | 1.5 x | "
                    f"{'yes' if speed >= 1.5 * its_speed else 'no'} | {peak:.0f} | {its_peak:.0f} | {best[command]} |")

# The same steps with the aligned scores of the lines.
ratios = []
for _ in range(2 * options.rounds + 1):
    cpu = {}
    for objective in "sft", "poft=beta:1":
        _, cpu[objective], _, _ = ours("train", "--model", "gpt_mini", *shape[4:], "--objective", objective, "--steps",
                                       str(steps), "--out", "trained", *of_run)
    ratios.append(100 * (cpu["poft=beta:1"] / cpu["sft"] - 1))
overhead = statistics.median(ratios)

print(f"""### Whole programs

{threads} threads, {time.strftime('%Y-%m-%d')}, {options.rounds} rounds in turn, medians; 2000 samples of 20 to 124 bytes, batches of {batch}, \
{steps} steps; load average after {os.getloadavg()[0]:.2f}. Tokens are those of prompts and responses. `poft` is timed from start to end, PyTorch without the time
that it takes to load; its scores differ from ours by less than 1e-3 nats. Batches of PyTorch's `score` are sorted by length.

| program | tokens/s | PyTorch | ratio | goal | met? | peak MB | PyTorch's | its setting |
|---|---:|---:|---:|---:|---:|---:|---:|---|
""" + "\n".join(rows) + f"""

`poft train` with PoFT instead of SFT, gpt_mini: {overhead:+.2f} % of CPU time (median of {len(ratios)} pairs, {min(ratios):+.2f} to \
{max(ratios):+.2f}; goal < 1 %, {'met' if overhead < 1 else 'missed'}).""")

if options.large:
    peaks = []
    for samples, filler in (10_000, 10_000), (100_000, 10_000):
        write_data("large.jsonl", samples, filler)
        seconds, _, peak, _ = ours("score", "--model", "gpt_nano", "--data", "large.jsonl", "--out", "large_scores.jsonl", *of_run)
        peaks.append(f"{os.path.getsize('large.jsonl') / 1e9:.2f} GB, {samples} samples: {peak:.0f} MB in {seconds:.0f} s")
    os.remove("large.jsonl")
    print(f"\nPeak memory of `poft score`, gpt_nano: {'; '.join(peaks)} (16 to 32 bytes of it for each id).")
