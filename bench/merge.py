# Makes markdown tables of the results that scripts/bench.sh leaves in a folder for a group: medians over its rounds.
# SPDX-License-Identifier: MIT
#
#   merge.py fastest DIR              the competitor's runs to repeat, one a line: for every case and every way of writing
#                                     it the fastest setting of the first look
#   merge.py tables GROUP DIR         the group's tables; of compile_time one table of DIR/of_each.md, which is what
#                                     scripts/compile_time.sh prints for every header; of pipeline DIR/of_each.md itself
#   merge.py short GROUP DIR          those of them that the README shows, or nothing
#   merge.py write GROUP TABLES FILE  puts the tables between FILE's two marks of that group
#
# DIR/native-*.json, DIR/blas-*.json and DIR/plain-*.json are google-benchmark's, DIR/look*.jsonl and DIR/round*.jsonl the
# competitor's, DIR/machine.md is taken as it is.
import collections
import glob
import json
import os
import statistics
import sys

# The official program (Asap7772/understanding-rlhf) in milliseconds per gradient step with its evaluation, one thread;
# quoted, not measured in this run. Best-of-N of single actions has 5 prompts there, half of ours.
official_ms = {"bandit/best_of_n/10": 34.7, "bandit/ipo/10": 837.3, "bandit/ipo/100": 3875.0,
               "bandit_tokens/best_of_n/10": 10020.0, "bandit_tokens/ipo/10": 11725.0}


def read_ours(folder, build):
    """{(case, threads): {counter: median over rounds}}; a case is a name and a size: level_1/unpaired/kto/1000000."""
    found = collections.defaultdict(list)
    for path in sorted(glob.glob(f"{folder}/{build}-*.json")):
        with open(path) as file:
            for run in json.load(file)["benchmarks"]:
                parts = [part for part in run["name"].split("/") if part != "manual_time"]
                names = [part for part in parts if ":" not in part]
                numbers = [part.split(":") for part in parts if ":" in part]
                size = [value for name, value in numbers if name != "threads"][:1]
                found["/".join(names + size), int(dict(numbers).get("threads", 1))].append(run)
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
        if case.startswith("gemm/"):
            continue  # one program has all of them, and every setting is in the table
        for variant in sorted({key[0] for key in runs}):
            (_, setting, threads), _ = fastest(runs, [variant])
            print(case, variant, setting, threads)


def memory(value):
    """What was too little to be seen, or taken from what malloc held, is not known."""
    return number(value if value and value > 1 else None)


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
        return ["—", "not run", "—", f"{goal} x" if goal else "", "—" if goal else ""]
    ratio = theirs_ms / ours_ms
    which = f"{key[0]}, {key[1]}, {key[2]} thread{'s' if key[2] > 1 else ''}"
    return [number(theirs_ms), which, f"{ratio:.3g} x", f"{goal} x" if goal else "", verdict(ratio, goal) if goal else ""]


def least(runs, what):
    """The least of a figure over the variants, each the median over its rounds; None where no run has it."""
    return min((statistics.median(r[what] for r in results if r.get(what))
                for results in runs.values() if any(r.get(what) for r in results)), default=None)


columns_of_a_race = ["ours, ms", "PyTorch, ms", "which", "ratio", "goal", "met?"]
power = {"1000000": "10^6", "10000000": "10^7"}


class Results:
    def __init__(self, folder):
        self.ours, self.blas, self.plain = (read_ours(folder, build) for build in ("native", "blas", "plain"))
        self.look, self.theirs = (read_competitor(folder, f"{name}*.jsonl") for name in ("look", "round"))

    def share_of_peak(self, run, threads):
        """Of the most multiplications a second that any program found its threads to do; two do at least twice as many as
        one, whatever a neighbour took from them while they were measured."""
        found = collections.defaultdict(float)
        for (_, of), one in self.ours.items():
            if one.get("share_of_peak"):
                found[of] = max(found[of], one["gigaflop_per_s"] / one["share_of_peak"])
        return run["gigaflop_per_s"] / max(found[threads], threads * found[1])


def name_of(case, words=1):
    return ", ".join(part.replace("_", " ") for part in case.split("/")[words:])


def level_1(results):
    rows = []
    for (case, threads), run in results.ours.items():
        what = case.split("/")
        if threads == 2 and what[0] == "level_1" and what[2] in ("dpo", "poft"):
            for variant in ("autograd", "by_hand"):
                goal = 3.5 if what[3] == "1000000" else None  # that of 10^7 is a share of the copy
                rows.append([f"{what[2]}, {power[what[3]]}, {variant}", number(run["median_ms"])] +
                            against(run["median_ms"], results.theirs[f"level_1/{what[2]}/{what[3]}"], goal, [variant]))
    table("Level 1: loss and gradient of arrays of log-probs, float, 2 threads",
          "PyTorch differentiates the formula (autograd), or the derivative is written out with memory kept for"
          " every operation (by_hand).", ["what"] + columns_of_a_race, rows)


def level_1_and_memory(results):
    rows = []
    for (case, threads), run in results.ours.items():
        what = case.split("/")
        if threads == 2 and what[0] == "level_1" and what[2] in ("dpo", "poft") and what[3] == "10000000":
            rows.append([f"{what[2]}, {power[what[3]]}", number(run["median_ms"]), number(run["gigabytes_per_s"]),
                         number(run["copy_gigabytes_per_s"]), number(run["scale_gigabytes_per_s"]),
                         percent(run["share_of_copy"]), "70 %", verdict(run["share_of_copy"], 0.7)])
    table("Level 1 and the memory",
          "Bytes are the inputs read and the gradients written. A plain copy loop and an in-place scale over as many"
          " bytes ran in the same program.",
          ["what", "ours, ms", "GB/s", "copy, GB/s", "scale, GB/s", "of the copy", "goal", "met?"], rows)


def level_2(results):
    rows = []
    for (case, threads), run in results.ours.items():
        if case.startswith("level_2/float/") and threads == 2:
            _, _, name, vocab = case.split("/")
            rows.append([f"{name}, vocabulary {vocab}", number(run["median_ms"])] +
                        against(run["median_ms"], results.theirs[f"level_2/{name}/{vocab}"], 4))
    table("Level 2: from logits to the loss and, in their place, its gradient, float, 2 threads",
          "Two examples, sequences of 256 tokens. The fastest of log_softmax and gather, cross_entropy, and a"
          " gradient written by hand, each at its fastest setting.", ["what"] + columns_of_a_race, rows)


def level_2_and_memory(results):
    rows = []
    for (case, threads), run in results.ours.items():
        if case.startswith("level_2/"):
            _, storage, name, vocab = case.split("/")
            in_goal = storage == "float" and threads == 2
            share = run["share_of_two_pass_bound"]
            rows.append([f"{name}, {storage}, vocabulary {vocab}", threads, number(run["median_ms"]),
                         number(run["two_pass_bound_ms"]), percent(share), "80 %" if in_goal else "",
                         verdict(share, 0.8) if in_goal else "", number(run.get("extra_kilobytes"))])
    table("Level 2 and the memory",
          "The bound reads the rows that count once, and reads and overwrites all of them once, at the speed of"
          " plain loops in the same program. Extra memory is the most that one call held beyond the logits.",
          ["what", "threads", "ours, ms", "bound, ms", "of the bound", "goal", "met?", "extra memory, kB"], rows)
    table("PyTorch's extra memory at level 2", "The least of the variants above.", ["what", "kB"],
          [[case, number(least(runs, "extra_kilobytes"))] for case, runs in results.theirs.items()
           if case.startswith("level_2/") and least(runs, "extra_kilobytes") is not None])


def objectives(results):
    # For the goal only pairs count; single responses move fewer bytes for the same mathematics.
    of_dpo = results.ours["level_1/pairs_with_reference/dpo/1000000", 2]["gigabytes_per_s"]
    rows = []
    for (case, threads), run in results.ours.items():
        if not case.startswith("level_1/") or threads != 2 or not case.endswith("/1000000"):
            continue
        _, family, name, _ = case.split("/")
        share = run["gigabytes_per_s"] / of_dpo
        is_pair = family.startswith("pairs_") or name == "bt_reward"
        rows.append([name, family.replace("_", " "), f"{run['bytes_per_example']:.0f}",
                     number(results.ours[case, 1]["median_ms"]), number(run["median_ms"]), number(run["gigabytes_per_s"]),
                     percent(run["share_of_copy"]), percent(share), "33 %" if is_pair else "",
                     verdict(share, 1 / 3) if is_pair else ""])
    table("Level 1, every objective: loss and gradient of 10^6 examples, float",
          "Bytes are the inputs read and the gradients written; the share of a copy of as many bytes, and DPO's bytes"
          " per second, are at 2 threads. Of lists, an example is a response; they have four.",
          ["objective", "family", "bytes each", "1 thread, ms", "2 threads, ms", "GB/s", "of the copy", "of DPO's", "goal",
           "met?"], rows)


def without_march(results):
    rows = []
    for (case, threads), run in results.plain.items():
        native = results.ours.get((case, threads))
        if native:
            rows.append([case, number(native["median_ms"]), number(run["median_ms"]),
                         f"{run['median_ms'] / native['median_ms']:.3g} x"])
    table("Without -march", "The same programs compiled without -march=native, 2 threads: what leaving it out costs.",
          ["what", "native, ms", "without, ms", "ratio"], rows)


def bandit(results):
    rows = []
    for case in dict.fromkeys(case for case, _ in results.ours):
        ms, threads = min((run["median_ms"], threads) for (name, threads), run in results.ours.items() if name == case)
        kind, method, prompts = case.split("/")
        of_tokens = kind == "bandit_tokens"
        what = (f"{'sequences of 10 tokens' if of_tokens else 'single actions'}, {method}, {prompts} prompts, "
                f"{threads} thread{'s' if threads > 1 else ''}")
        rows.append([what, number(ms)] + against(ms, results.theirs[case], 4 if of_tokens else 5))
        goal = (150 if of_tokens else 100) if method == "best_of_n" else (500 if of_tokens else 1000)
        ratio = official_ms[case] / ms
        rows.append([what, number(ms), number(official_ms[case]), "official program (quoted)", f"{ratio:.3g} x",
                     f"{goal} x", verdict(ratio, goal)])
    table("The bandits: one gradient step with its evaluation",
          "10 samples per prompt, 100 actions or tokens, evaluation on 100 held-out contexts or prompts (expected reward, both"
          " divergences from the reference, entropy, log-ratios of all pairs). PyTorch is batched, too, at its fastest"
          " setting and thread count. The official program's seconds are quoted: taken on another machine on another day,"
          " for Best-of-N over single actions with 5 prompts; of sequences, half of them and more are its metrics, which it"
          " samples where ours are sums over the vocabulary.",
          ["what"] + columns_of_a_race, rows)


def level_3(results):
    rows = []
    for (case, threads), run in results.ours.items():
        if not case.startswith("level_3/") or threads != 2:
            continue
        _, name, mode, vocab = case.split("/")
        competitor = results.theirs[f"level_3/{name}/{vocab}"]
        key, theirs_ms = fastest(competitor)
        extra = least(competitor, "extra_kilobytes")
        for how, found in (("tiles", run), ("switch", results.blas.get((case, threads)))):
            if not found:
                continue
            times = found["median_ms"] / theirs_ms if theirs_ms else None
            share = found["extra_kilobytes"] / extra if extra and extra > 1 and found["extra_kilobytes"] > 1 else None
            goal, met = "", ""
            if name == "poft" and mode == "made_twice":
                goal, met = "1.25 x, 15 %", verdict(min(1.25 - times, 0.15 - share), 0) if times is not None and share is not None else "—"
            elif name == "poft":
                goal, met = "1.1 x", verdict(1.1 - times, 0) if times is not None else "—"
            rows.append([f"{name}, {mode.replace('_', ' ')}, vocabulary {vocab}", how, number(found["median_ms"]),
                         number(theirs_ms), "not run" if key is None else f"{key[0]}, {key[1]}",
                         "—" if times is None else f"{times:.3g} x", memory(found["extra_kilobytes"]), memory(extra),
                         "—" if share is None else percent(share), percent(results.share_of_peak(found, threads)), goal, met])
    table("Level 3: from hidden states to the loss and both gradients, float, 2 threads",
          "512 x 768 x 50257 in two sequences, and 10000 x 48 x 100 (poft_nano, one block). Logits are made twice, or kept of"
          " one sequence at a time, or of all. Products by our own tiles, or by OpenBLAS through Eigen's switch. Time and"
          " extra memory (the most that a call held beside inputs and gradients) as multiples of PyTorch's, whose memory is the"
          " least of its variants. The share of the peak counts three products, of the tokens that count.",
          ["what", "products", "ours, ms", "PyTorch, ms", "which", "time", "extra, kB", "PyTorch's, kB", "memory",
           "of the peak", "goal", "met?"], rows)


def gemm(results):
    rows = []
    for (case, threads), run in results.ours.items():
        if not case.startswith("gemm/") or threads != 2:
            continue
        _, layer, of, size = case.split("/")
        cells = [f"{layer}, {of}, {size} rows"]
        for t in (1, 2):
            theirs = [r["gigaflop_per_s"] for runs in results.look[case].values() for r in runs if r["threads"] == t]
            cells += [number(results.ours[case, t]["gigaflop_per_s"]), percent(results.share_of_peak(results.ours[case, t], t)),
                      number(results.blas.get((case, t), {}).get("gigaflop_per_s")), number(max(theirs, default=None))]
        rows.append(cells)
    table("Matrix products, float, GFLOP/s",
          "A linear layer y = x W^T, its d_x = d_y W and d_weight += d_y^T x, with 1 and 2 threads: our tiles, their share of"
          " what the cores multiply in registers, one-threaded OpenBLAS in each of our pieces (Eigen's switch), and"
          " PyTorch's OpenBLAS at its best setting.",
          ["layer"] + [f"{what}, {t}" for t in (1, 2) for what in ("tiles", "of the peak", "switch", "PyTorch")], rows)


def primitives(results):
    rows = []
    for (case, threads), run in results.ours.items():
        if threads == 2 and case.split("/")[1].endswith("_step"):
            cells = against(run["median_ms"], results.theirs[case], None)
            rows.append([name_of(case), number(run["median_ms"]), *cells[:3], number(run.get("gigaflop_per_s")),
                         number(run.get("nanoseconds_per_element"))])
    table("Primitives: forward and backward, float, 2 threads",
          "In the shapes of a batch of gpt-nano (1000 x 10), gpt-mini (16 x 128), GPT-2 (4 x 64), and one sequence of 1024"
          " tokens of GPT-2's (attention and linear). The linear layer is the one into the hidden layer of the MLP, whose"
          " width activations and log_softmax have, too; add is a residual connection forward and the gradient of a bias backward; PyTorch's rotary has its sines and"
          " cosines ready.",
          ["what", "ours, ms", "PyTorch, ms", "which", "ratio", "GFLOP/s", "ns per element"], rows)


goal_of_step = {"train_step/gpt_nano/1000x10": 3, "train_step/gpt_mini/16x128": 1.5, "train_step/gpt2/4x64": 1}


def train_step(results):
    rows = []
    for (case, threads), run in results.ours.items():
        if not case.startswith("train_step/") or threads != 2:
            continue
        goal, theirs = goal_of_step.get(case), results.theirs[case]
        blas = results.blas.get((case, threads))
        trainer = results.ours.get((case.replace("train_step", "trainer_step"), threads))
        for how, found in (("", run), (", OpenBLAS by Eigen's switch", blas), (", by the trainer", trainer)):
            if found:
                cells = against(found["median_ms"], {k: v for k, v in theirs.items() if k[0] != "llm.c"},
                                None if found is trainer else goal)
                rows.append([name_of(case) + how, number(found["median_ms"]), *cells])
        if any(key[0] == "llm.c" for key in theirs):
            rows.append([name_of(case) + ", llm.c", number(run["median_ms"]), *against(run["median_ms"], theirs, 3, ["llm.c"])])
    table("A training step: forward, cross-entropy of every token, backward, AdamW; float, 2 threads",
          "Batch x tokens. PyTorch is minGPT's text with the faster of two ways to write the attention, at its fastest setting;"
          " the trainer clips and reports, too. Products are by our own tiles if not said otherwise; where a row says llm.c, it"
          " stands in PyTorch's columns.", ["what"] + columns_of_a_race, rows)


def train_step_profile(results):
    rows = []
    for how, runs in (("tiles", results.ours), ("switch", results.blas)):
        for (case, threads), run in runs.items():
            if case.startswith("train_step/"):
                theirs = {k: v for k, v in results.theirs[case].items() if k[0] != "llm.c"}
                rows.append([name_of(case), how, threads, number(run["tokens_per_second"]), percent(results.share_of_peak(run, threads))] +
                            [number(run[f"{part}_ms"]) for part in ("forward", "head", "backward", "optimiser")] +
                            [memory(run.get("peak_megabytes")),
                             memory(least(theirs, "peak_megabytes")) if threads == 2 else ""])
    table("Where the time of a training step goes, and its memory",
          "The share of the peak counts six operations for each weight of a product and token, so neither attention nor what is"
          " not a product. Memory is the peak beyond what the process had before model, optimiser and batch were made.",
          ["what", "products", "threads", "tokens/s", "of the peak", "forward, ms", "head, ms", "backward, ms", "AdamW, ms",
           "memory, MB", "PyTorch's"], rows)


def generation(results):
    rows = []
    for (case, threads), run in results.ours.items():
        if case.startswith("generate/") and threads == 2:
            theirs = results.theirs.get(case, {})
            for context, note in (("whole", "without a cache"), ("cache", "with a cache")):
                variants = [f"{context}_{product}" for product in ("products", "broadcast")]
                if theirs or context == "whole":
                    goal = 10 if context == "whole" and case.startswith("generate/gpt_nano/") and theirs else None
                    rows.append([f"{name_of(case)}; PyTorch {note}", number(run["new_tokens_per_second"]),
                                 number(run["median_ms"])] + against(run["median_ms"], theirs, goal, variants))
    table("Generation at temperature 1, float, 2 threads",
          "Prompts x their tokens + new tokens. Ours keeps keys and values; PyTorch takes the whole context through the model at"
          " every step, as minGPT does, or keeps them, too.", ["what", "tokens/s"] + columns_of_a_race, rows)


def ppo(results):
    rows = []
    for (case, threads), run in results.ours.items():
        rows.append([f"{name_of(case)}, {threads} thread{'s' if threads > 1 else ''}", number(run["tokens_per_second"]),
                     number(run["median_ms"] / run["steps"])] + [number(run["median_ms"])] +
                    against(run["median_ms"], results.theirs[case], 2 if threads == 2 else None))
    table("A round of PPO over the tokens of responses, float",
          "Responses x tokens of a prompt + new tokens. A round draws the responses, asks a reward model, the reference and the value"
          " head, and takes 8 gradient steps of 32 responses (two passes); a step's time is the round's over 8. PyTorch is batched,"
          " with a cache of keys and values.", ["what", "tokens/s", "a step, ms"] + columns_of_a_race, rows)


def files(results):
    table("Files: GPT-2's 124 M parameters, in the page cache",
          "A plain read or write of as many bytes as float32 has ran in the same program.",
          ["what", "ms", "GB/s", "extra memory, MB"],
          [[name_of(case), number(run["median_ms"]), number(run["gigabytes_per_s"]), memory(run.get("extra_megabytes"))]
           for (case, _), run in results.ours.items() if case.startswith("files/")])


def print_compile_time(folder):
    with open(f"{folder}/of_each.md") as file:
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


# All tables of a group, and those that the README shows.
groups = {
    "losses": ([level_1, level_1_and_memory, level_2, level_2_and_memory, objectives, without_march], [level_1, level_2]),
    "bandit": ([bandit, without_march], [bandit]),
    "products": ([level_3, gemm], [level_3]),
    "primitives": ([primitives], []),
    "ppo": ([ppo], [ppo]),
    "model": ([train_step, train_step_profile, generation, files], [train_step, generation]),
}


def print_tables(group, folder):
    if group == "compile_time":
        print_compile_time(folder)
        return
    if group == "pipeline":
        with open(f"{folder}/of_each.md") as file:
            print(file.read().strip())
        return
    with open(f"{folder}/machine.md") as file:
        print(file.read().strip())
    results = Results(folder)
    for table_of in groups[group][0]:
        table_of(results)


def print_short(group, folder):
    if group in groups and groups[group][1]:
        with open(f"{folder}/machine.md") as file:
            print(file.read().strip())
        results = Results(folder)
        for table_of in groups[group][1]:
            table_of(results)


def write(group, tables, page):
    begin, end = f"<!-- {group}: begin -->\n", f"<!-- {group}: end -->"
    with open(page) as file:
        text = file.read()
    if text.count(begin) != 1 or text.count(end) != 1:
        raise SystemExit(f"{page}: expected one {begin.strip()} and one {end}")
    with open(tables) as file:
        new = file.read().strip()
    with open(page + ".new", "w") as file:
        file.write(text.split(begin)[0] + begin + "\n" + new + "\n\n" + end + text.split(end)[1])
    os.replace(page + ".new", page)


if __name__ == "__main__":
    {"fastest": print_fastest, "tables": print_tables, "short": print_short, "write": write}[sys.argv[1]](*sys.argv[2:])
