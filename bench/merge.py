# Makes markdown tables of the results that scripts/bench.sh leaves in a folder: medians over its rounds.
# SPDX-License-Identifier: MIT
#
#   merge.py fastest DIR                the competitor's runs to repeat, one a line: for every case and every way of
#                                       writing it the fastest setting of the first look
#   merge.py tables DIR                 the tables
#   merge.py products DIR               the tables of level 3 and of matrix products
#   merge.py compile_time FILE          one table of what scripts/compile_time.sh prints for every header
#   merge.py write NAME TABLES README   puts the tables between README's two marks of that name: tables, products,
#                                       compile_time
#
# DIR/native-*.json, DIR/blas-*.json and DIR/plain-*.json are google-benchmark's, DIR/look*.jsonl, DIR/round*.jsonl and
# DIR/gemm*.jsonl the competitor's, DIR/machine.md is taken as it is.
import collections
import glob
import json
import os
import statistics
import sys

# The official bandit program (Asap7772/understanding-rlhf) in milliseconds per gradient step with its evaluation, one
# thread; quoted, not measured in this run. Best-of-N there has 5 prompts, half of ours.
official_ms = {"best_of_n/10": 34.7, "ipo/10": 837.3, "ipo/100": 3875.0}


def read_ours(folder, build):
    """{(case, threads): {counter: median over rounds}}; a case is a name and a size: level_1/unpaired/kto/1000000."""
    found = collections.defaultdict(list)
    for path in sorted(glob.glob(f"{folder}/{build}-*.json")):
        with open(path) as file:
            for run in json.load(file)["benchmarks"]:
                parts = [part for part in run["name"].split("/") if part != "manual_time"]
                names = [part for part in parts if ":" not in part]
                numbers = [part.split(":") for part in parts if ":" in part]
                size = next(value for name, value in numbers if name != "threads")
                found["/".join(names + [size]), int(dict(numbers)["threads"])].append(run)
    return {key: {name: statistics.median(run[name] for run in runs)
                  for name, value in runs[0].items() if isinstance(value, float)}
            for key, runs in found.items()}


def read_competitor(folder, pattern):
    """{case: {(variant, setting, threads): [result, ...]}}"""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for path in sorted(glob.glob(f"{folder}/{pattern}")):
        with open(path) as file:
            for result in map(json.loads, file):
                found[result["case"]][result["variant"], result["setting"], result["threads"]].append(result)
    return found


def median_ms(results):
    return statistics.median(result["median_ms"] for result in results)


def fastest(runs, variants=None):
    """The fastest (variant, setting, threads) and its median, of some variants or all."""
    of_interest = {key: median_ms(results) for key, results in runs.items() if variants is None or key[0] in variants}
    return min(of_interest.items(), key=lambda item: item[1]) if of_interest else (None, None)


def print_fastest(folder):
    for case, runs in read_competitor(folder, "look*.jsonl").items():
        for variant in sorted({key[0] for key in runs}):
            (_, setting, threads), _ = fastest(runs, [variant])
            print(*case.split("/"), variant, setting, threads)


def number(value):
    return "—" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def percent(value):
    return f"{100 * value:.0f} %"


def verdict(value, goal):
    return "—" if value is None else "yes" if value >= goal else "no"


def table(title, note, header, rows):
    if not rows:
        return
    print(f"\n### {title}\n\n{note}\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "|".join("---" if i == 0 else "---:" for i in range(len(header))) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")


def against(ours_ms, runs, goal, variants=None):
    """The columns competitor, which, ratio, goal, met?"""
    key, theirs_ms = fastest(runs, variants)
    if key is None:
        return ["—", "not run", "—", f"{goal} x", "—"]
    ratio = theirs_ms / ours_ms
    which = f"{key[0]}, {key[1]}, {key[2]} thread{'s' if key[2] > 1 else ''}"
    return [number(theirs_ms), which, f"{ratio:.3g} x", f"{goal} x", verdict(ratio, goal)]


columns_of_a_race = ["ours, ms", "PyTorch, ms", "which", "ratio", "goal", "met?"]
power = {1_000_000: "10^6", 10_000_000: "10^7"}


def level_1(ours, theirs):
    rows, shares = [], []
    for (case, threads), run in ours.items():
        if not case.startswith("level_1/") or threads != 2:
            continue
        _, family, name, size = case.split("/")
        if name not in ("dpo", "poft"):
            continue
        what = f"{name}, {power[int(size)]}"
        for variant in ("autograd", "by_hand"):
            cells = against(run["median_ms"], theirs.get(f"level_1/{name}/{size}", {}), 3.5, [variant])
            if int(size) != 1_000_000:  # the goal there is a share of the copy
                cells[-2:] = ["", ""]
            rows.append([f"{what}, {variant}", number(run["median_ms"])] + cells)
        if int(size) == 10_000_000:
            shares.append([what, number(run["median_ms"]), number(run["gigabytes_per_s"]),
                           number(run["copy_gigabytes_per_s"]), number(run["scale_gigabytes_per_s"]),
                           percent(run["share_of_copy"]), "70 %", verdict(run["share_of_copy"], 0.7)])
    table("Level 1: loss and gradient of arrays of log-probs, float, 2 threads",
          "PyTorch differentiates the formula (autograd), or the derivative is written out with memory kept for"
          " every operation (by_hand).", ["what"] + columns_of_a_race, rows)
    table("Level 1 and the memory",
          "Bytes are the inputs read and the gradients written. A plain copy loop and an in-place scale over as many"
          " bytes ran in the same program.",
          ["what", "ours, ms", "GB/s", "copy, GB/s", "scale, GB/s", "of the copy", "goal", "met?"], shares)


def level_2(ours, theirs):
    races, bounds = [], []
    for (case, threads), run in ours.items():
        if not case.startswith("level_2/"):
            continue
        _, storage, name, vocab = case.split("/")
        what = f"{name}, {storage}, vocabulary {vocab}"
        if storage == "float" and threads == 2:
            races.append([what, number(run["median_ms"])] +
                         against(run["median_ms"], theirs.get(f"level_2/{name}/{vocab}", {}), 4))
        in_goal = storage == "float" and threads == 2
        bounds.append([what, threads, number(run["median_ms"]), number(run["two_pass_bound_ms"]),
                       percent(run["share_of_two_pass_bound"]), "80 %" if in_goal else "",
                       verdict(run["share_of_two_pass_bound"], 0.8) if in_goal else "",
                       number(run.get("extra_kilobytes"))])
    table("Level 2: from logits to the loss and, in their place, its gradient, float, 2 threads",
          "Two examples, sequences of 256 tokens. The fastest of log_softmax and gather, cross_entropy, and a"
          " gradient written by hand, each at its fastest setting.", ["what"] + columns_of_a_race, races)
    table("Level 2 and the memory",
          "The bound reads the rows that count once, and reads and overwrites all of them once, at the speed of"
          " plain loops in the same program. Extra memory is the most that one call held beyond the logits.",
          ["what", "threads", "ours, ms", "bound, ms", "of the bound", "goal", "met?", "extra memory, kB"], bounds)
    extra = [[case, number(median_extra(runs))] for case, runs in theirs.items()
             if case.startswith("level_2/") and median_extra(runs) is not None]
    table("PyTorch's extra memory at level 2", "The least of the variants above.", ["what", "kB"], extra)


def median_extra(runs):
    known = [statistics.median(r["extra_kilobytes"] for r in results if r.get("extra_kilobytes"))
             for results in runs.values() if any(r.get("extra_kilobytes") for r in results)]
    return min(known, default=None)


def level_3(ours, blas, theirs):
    rows = []
    for (case, threads), run in ours.items():
        if not case.startswith("level_3/") or threads != 2:
            continue
        _, name, mode, vocab = case.split("/")
        competitor = theirs.get(f"level_3/{name}/{vocab}", {})
        key, theirs_ms = fastest(competitor)
        extra = median_extra(competitor)
        for how, found in (("own", run), ("BLAS", blas.get((case, threads)))):
            if not found:
                continue
            times = found["median_ms"] / theirs_ms if theirs_ms else None
            memory = found["extra_kilobytes"] / extra if extra else None
            goal = "" if name != "poft" else "1.25 x, 15 %" if mode == "made_twice" else "1.1 x"
            met = times is not None and (times <= 1.1 or mode == "made_twice" and times <= 1.25 and
                                         memory is not None and memory <= 0.15)
            rows.append([f"{name}, {mode.replace('_', ' ')}, vocabulary {vocab}", how, number(found["median_ms"]),
                         number(theirs_ms), f"{key[0]}, {key[1]}" if key else "not run",
                         "—" if times is None else f"{times:.3g} x", number(found["extra_kilobytes"]), number(extra),
                         "—" if memory is None else percent(memory), percent(found["share_of_peak"]), goal,
                         "" if not goal or times is None else "yes" if met else "no"])
    table("Level 3: from hidden states to the loss and both gradients, float, 2 threads",
          "512 x 768 x 50257 in two sequences, and 10000 x 48 x 100 (poft_nano, one block). Logits are made twice, or kept of one"
          " sequence at a time, or of all. Products by our own tiles, or by OpenBLAS through Eigen's switch. Extra memory is"
          " the most that a call held beside inputs and gradients, of PyTorch the least of its variants. The share of the peak counts three products, of the tokens that count.",
          ["what", "products", "ours, ms", "PyTorch, ms", "which", "times", "extra, kB", "PyTorch's", "share", "of the peak",
           "goal", "met?"], rows)


def gemm(ours, blas, theirs):
    rows = []
    for (case, threads), run in ours.items():
        if not case.startswith("gemm/") or threads != 2:
            continue
        _, layer, of, size = case.split("/")
        cells = [f"{layer}, {of}, {size} rows"]
        for t in (1, 2):
            _, theirs_ms = fastest({key: results for key, results in theirs.get(case, {}).items() if key[2] == t})
            own, other = ours[case, t]["gigaflop_per_s"], blas.get((case, t), {}).get("gigaflop_per_s")
            competitor = theirs_ms and max(r["gigaflop_per_s"] for results in theirs[case].values() for r in results
                                           if r["threads"] == t)
            cells += [number(own), percent(ours[case, t]["share_of_peak"]), number(other), number(competitor)]
        rows.append(cells)
    table("Matrix products, float, GFLOP/s",
          "A linear layer y = x W^T, its d_x = d_y W and d_weight += d_y^T x, with 1 and 2 threads: our tiles, their share of"
          " what the cores multiply in registers, one-threaded OpenBLAS in each of our pieces (Eigen's switch), and"
          " PyTorch's OpenBLAS at its best setting.",
          ["layer"] + [f"{what}, {t}" for t in (1, 2) for what in ("tiles", "of the peak", "switch", "PyTorch")], rows)


def bandit(ours, theirs):
    rows = []
    for case in sorted({case for case, _ in ours if case.startswith("bandit/")}):
        ms, threads = min((run["median_ms"], threads) for (name, threads), run in ours.items() if name == case)
        name = case.removeprefix("bandit/")
        method, prompts = name.split("/")
        what = f"{method}, {prompts} prompts, {threads} thread{'s' if threads > 1 else ''}"
        rows.append([what, number(ms)] + against(ms, theirs.get(case, {}), 5))
        goal = 100 if method == "best_of_n" else 1000
        ratio = official_ms[name] / ms
        rows.append([what, number(ms), number(official_ms[name]), "official program (quoted)", f"{ratio:.3g} x",
                     f"{goal} x", verdict(ratio, goal)])
    table("The bandit: one gradient step with its evaluation",
          "10 samples per prompt, 100 actions, evaluation on 100 held-out contexts (expected reward, both divergences"
          " from the reference, entropy, log-ratios of all pairs). PyTorch is batched, too, at its fastest setting and"
          " thread count. The official program's seconds are quoted: taken on another machine on another day, and for"
          " Best-of-N with 5 prompts.",
          ["what"] + columns_of_a_race, rows)


def objectives(ours):
    # For the goal only pairs count; single responses move fewer bytes for the same mathematics.
    of_dpo = {threads: run["gigabytes_per_s"] for (case, threads), run in ours.items()
              if case == "level_1/pairs_with_reference/dpo/1000000"}
    rows = []
    for (case, threads), run in ours.items():
        if not case.startswith("level_1/") or threads != 2 or not case.endswith("/1000000"):
            continue
        _, family, name, _ = case.split("/")
        alone = ours[case, 1]
        share = run["gigabytes_per_s"] / of_dpo[2]
        is_pair = family.startswith("pairs_") or name == "bt_reward"
        rows.append([name, family.replace("_", " "), f"{run['bytes_per_example']:.0f}", number(alone["median_ms"]),
                     number(run["median_ms"]), number(run["gigabytes_per_s"]), percent(run["share_of_copy"]),
                     percent(share), "33 %" if is_pair else "", verdict(share, 1 / 3) if is_pair else ""])
    table("Level 1, every objective: loss and gradient of 10^6 examples, float",
          "Bytes are the inputs read and the gradients written; the share of a copy of as many bytes, and DPO's bytes"
          " per second, are at 2 threads. Of lists, an example is a response; they have four.",
          ["objective", "family", "bytes each", "1 thread, ms", "2 threads, ms", "GB/s", "of the copy", "of DPO's", "goal",
           "met?"], rows)


def without_march(ours, plain):
    rows = []
    for (case, threads), run in plain.items():
        native = ours.get((case, threads))
        if native and threads == 2:
            rows.append([case, number(native["median_ms"]), number(run["median_ms"]),
                         f"{run['median_ms'] / native['median_ms']:.3g} x"])
    table("Without -march", "The same programs compiled without -march=native, 2 threads: what leaving it out costs.",
          ["what", "native, ms", "without, ms", "ratio"], rows)


def print_compile_time(path):
    with open(path) as file:
        lines = file.read().splitlines()
    how = next(line for line in lines if line and not line.startswith("|"))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][2:]
    objectives = sorted((row for row in rows if row[0].startswith("poft/objective/")), key=lambda row: float(row[2]))
    of_all = []
    if objectives:
        middle, slowest = objectives[len(objectives) // 2], objectives[-1]
        of_all = [["the median of the objectives", *middle[1:]], [f"the slowest, {slowest[0]}", *slowest[1:]]]
        how += f" scripts/compile_time.sh prints the row of each of the {len(objectives)} headers in poft/objective/."
    table("Compile time", how, ["header", "preprocessed lines", "seconds", "goal", "met?"],
          of_all + [row for row in rows if row not in objectives])


def print_tables(folder):
    with open(f"{folder}/machine.md") as file:
        print(file.read().strip())
    ours = read_ours(folder, "native")
    theirs = read_competitor(folder, "round*.jsonl")
    level_1(ours, theirs)
    level_2(ours, theirs)
    bandit(ours, theirs)
    objectives(ours)
    without_march(ours, read_ours(folder, "plain"))


def print_products(folder):
    with open(f"{folder}/machine.md") as file:
        print(file.read().strip())
    ours, blas = read_ours(folder, "native"), read_ours(folder, "blas")
    level_3(ours, blas, read_competitor(folder, "round*.jsonl"))
    gemm(ours, blas, read_competitor(folder, "gemm*.jsonl"))


def write(name, tables, readme):
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    with open(readme) as file:
        text = file.read()
    if text.count(begin) != 1 or text.count(end) != 1:
        raise SystemExit(f"{readme}: expected one {begin.strip()} and one {end}")
    with open(tables) as file:
        new = file.read().strip()
    with open(readme + ".new", "w") as file:
        file.write(text.split(begin)[0] + begin + "\n" + new + "\n\n" + end + text.split(end)[1])
    os.replace(readme + ".new", readme)


if __name__ == "__main__":
    {"fastest": print_fastest, "tables": print_tables, "products": print_products, "compile_time": print_compile_time,
     "write": write}[sys.argv[1]](*sys.argv[2:])
