# Joins the JSON lines of bench/cuda and of pytorch_cuda.py into one table: ours, PyTorch eager and compiled, goals.
# SPDX-License-Identifier: MIT
#
#   table.py FILE ...
import json
import sys

# Share of the measured bound (copy bandwidth, or the rate of one large product), and how much faster than which PyTorch.
goals = {"level_1": (0.85, 5, "eager"), "level_2": (0.85, 1, "compiled"), "level_3": (0.85, 1, "either"),
         "train_step/gpt2": (0.6, 1, "compiled"), "train_step": (None, None, None), "generate": (None, None, None), "bandit": (None, None, None)}

found = {}
for path in sys.argv[1:]:
    with open(path) as file:
        for line in file:
            if line.startswith("{"):
                result = json.loads(line)
                found.setdefault(result["case"], {})[result["variant"]] = result


def fastest(variants, start):
    """The fastest variant whose name begins so."""
    of_these = [result for name, result in variants.items() if name.startswith(start)]
    return min(of_these, key=lambda result: result["median_ms"], default=None)


def number(value):
    return "-" if value is None else f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def goal_of(case):
    return next(goal for name, goal in goals.items() if case.startswith(name))


rows = [["case", "ours, ms", "right?", "of the bound", "goal", "eager, ms", "compiled, ms", "ratio", "goal", "met?"]]
for case, variants in sorted(found.items()):
    ours, eager, compiled = (fastest(variants, start) for start in ("ours", "eager", "compiled"))
    share_goal, ratio_goal, against = goal_of(case)
    rivals = {"eager": [eager], "compiled": [compiled]}.get(against, [eager, compiled])
    rival = min((one["median_ms"] for one in rivals if one), default=None)
    share = ours and ours.get("share")
    ratio = rival / ours["median_ms"] if ours and rival else None
    wanted = [(value, goal) for value, goal in ((share, share_goal), (ratio, ratio_goal)) if goal]
    if not wanted or not ours:
        met = "-"
    elif not ours["right"] or any(value is not None and value < goal for value, goal in wanted):
        met = "no"
    else:
        met = "yes" if all(value is not None for value, _ in wanted) else "-"
    rows.append([case + (ours["variant"][4:] if ours else ""), number(ours and ours["median_ms"]),
                 "-" if not ours else "yes" if ours["right"] else f"NO, {ours['error']:.1e}",
                 f"{100 * share:.0f} %" if share else "-", f"{100 * share_goal:.0f} %" if share_goal else "",
                 number(eager and eager["median_ms"]), number(compiled and compiled["median_ms"]),
                 f"{ratio:.3g} x" if ratio else "-", f"{ratio_goal} x" if ratio_goal else "", met])
widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
for row in rows:
    print("  ".join(cell.ljust(width) if k == 0 else cell.rjust(width) for k, (cell, width) in enumerate(zip(row, widths))))
wrong = [case for case, variants in found.items() for name, result in variants.items() if result.get("right") is False]
sys.exit(f"table: wrong against float64: {', '.join(sorted(set(wrong)))}" if wrong else 0)
