# The matrix products of bench/backend/gemm_bench.cpp by PyTorch's BLAS; one JSON line each.
# SPDX-License-Identifier: MIT
#
#   pytorch_gemm.py [--threads N] [--seconds S]
#
# A linear layer y [rows, outputs] = x [rows, inputs] W^T has three: forward, d_x = d_y W and d_weight += d_y^T x.
import argparse
import json
import os
import statistics
import time

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=0.2)
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import torch  # noqa: E402: after its threads are set

torch.set_num_threads(options.threads)
torch.manual_seed(0)

layers = [("lm_head", 512, 768, 50257)]
for rows in (320, 10000):
    layers += [("gpt_nano_qkv", rows, 48, 144), ("gpt_nano_mlp_in", rows, 48, 192), ("gpt_nano_mlp_out", rows, 192, 48)]
layers += [("gpt_nano_head", 10000, 48, 100), ("gpt_mini_qkv", 2048, 192, 576), ("gpt_mini_mlp_in", 2048, 192, 768),
           ("gpt2_qkv", 256, 768, 2304), ("gpt2_mlp_in", 256, 768, 3072), ("gpt2_mlp_out", 256, 3072, 768),
           ("bandit_first", 100, 50, 256), ("bandit_hidden", 100, 256, 256), ("square", 1024, 1024, 1024)]

for layer, rows, inputs, outputs in layers:
    x, weight, y = torch.randn(rows, inputs), torch.randn(outputs, inputs), torch.randn(rows, outputs)
    for name, product in {"forward": lambda: torch.mm(x, weight.t(), out=y), "d_x": lambda: torch.mm(y, weight, out=x),
                          "d_weight": lambda: weight.addmm_(y.t(), x)}.items():
        operations = 2 * rows * inputs * outputs
        calls = 1 + int(2e7 / operations)
        product()
        seconds = []
        while sum(seconds) * calls < options.seconds or len(seconds) < 5:
            start = time.perf_counter()
            for _ in range(calls):
                product()
            seconds.append((time.perf_counter() - start) / calls)
        middle = statistics.median(seconds)
        print(json.dumps({
            "case": f"gemm/{layer}/{name}/{rows}", "threads": options.threads, "variant": "mm",
            "setting": os.environ.get("POFT_SETTING", "default"), "median_ms": 1e3 * middle, "calls": len(seconds),
            "gigaflop_per_s": 1e-9 * operations / middle,
        }), flush=True)
