#!/usr/bin/env python3
"""Makes L_extra.json and M_from_logits_extra.json: golden values computed from the papers' formulas with 500 digits.

SPDX-License-Identifier: MIT

    make_extra.py                 write the two files beside this script (a few seconds)
    make_extra.py --check         exit code 1 unless the committed files equal what would be written
    make_extra.py --differences   compare gradients with central differences of the same formula (some minutes)
    make_extra.py --torch         compare losses and gradients with a second text of each formula under float64 autograd
    make_extra.py --list          one line per objective: hyperparameters, inputs, outputs, differentiated inputs

Needs mpmath; PyTorch only for --torch. Each objective appears twice, once as a formula over exact numbers and once as a
PyTorch text that shares no line with it. Every formula is written as in its paper, without regard to overflow or
cancellation: at 500 digits neither happens, and the result is rounded once to float64. Schema: README.md.
"""
import argparse
import json
import os
import random
import sys
from types import SimpleNamespace

import mpmath
from mpmath import mp, mpf

mp.dps = 500
HERE = os.path.dirname(os.path.abspath(__file__))
MINUS_INFINITY = mpf("-inf")


# Exact numbers with reverse-mode derivatives.

class Live:
    """A number that is differentiated: its value and, for each operand, the partial derivative."""
    __slots__ = ("value", "operands", "adjoint")
    tape = []
    tie = 0          # which operand min and max take when both are equal; trying both finds the kinks
    tied = False     # whether that happened
    frozen = None    # values of stop(): recorded at the point, replayed beside it (central differences)

    def __init__(self, value, operands=()):
        self.value, self.operands, self.adjoint = value, operands, mpf(0)
        Live.tape.append(self)

    def __add__(a, b): return apply(a, b, lambda x, y: x + y, lambda x, y: (1, 1))
    def __sub__(a, b): return apply(a, b, lambda x, y: x - y, lambda x, y: (1, -1))
    def __mul__(a, b): return apply(a, b, lambda x, y: x * y, lambda x, y: (y, x))
    def __truediv__(a, b): return apply(a, b, lambda x, y: x / y, lambda x, y: (1 / y, -x / (y * y)))
    def __rsub__(a, b): return apply(b, a, lambda x, y: x - y, lambda x, y: (1, -1))
    def __rtruediv__(a, b): return apply(b, a, lambda x, y: x / y, lambda x, y: (1 / y, -x / (y * y)))
    def __neg__(a): return 0 - a
    __radd__, __rmul__ = __add__, __mul__


def value_of(x):
    return x.value if isinstance(x, Live) else mpf(x)


def apply(a, b, f, partials):
    x, y = value_of(a), value_of(b)
    return Live(f(x, y), [(o, d) for o, d in zip((a, b), partials(x, y)) if isinstance(o, Live)])


def function(f, slope):
    def call(x):
        if not isinstance(x, Live):
            return f(mpf(x))
        return Live(f(x.value), [(x, slope(x.value))])
    return call


exp = function(mpmath.exp, mpmath.exp)
log = function(mpmath.log, lambda x: 1 / x)


def choose(a, b, want_a):
    """a where want_a(a, b) says so, b otherwise; at a tie the operand that Live.tie names."""
    x, y = value_of(a), value_of(b)
    if x == y:
        Live.tied = True
        return (a, b)[Live.tie]
    return a if want_a(x, y) else b


def maximum(a, b): return choose(a, b, lambda x, y: x > y)
def minimum(a, b): return choose(a, b, lambda x, y: x < y)
def absolute(x): return maximum(x, -x)
def clamp(x, low, high): return minimum(maximum(x, low), high)
def square(x): return x * x


def stop(x):
    """The value of x without its derivative."""
    if Live.frozen is None:
        return value_of(x)
    record, replay = Live.frozen
    if replay is not None:
        return next(replay)
    record.append(value_of(x))
    return record[-1]


def total(xs):
    result = mpf(0)
    for x in xs:
        result = result + x
    return result


def mean(xs):
    xs = list(xs)
    return total(xs) / len(xs)


def deviation(xs, ddof):
    m = mean(xs)
    return mpmath.sqrt(total(square(x - m) for x in xs) / (len(xs) - ddof))


def sigmoid(x): return 1 / (1 + exp(-x))
def log_sigmoid(x): return -log(1 + exp(-x))
def log_sum_exp(xs): return log(total(exp(x) for x in xs))
def log_one_minus_exp(x): return log(1 - exp(x))


def backward(output):
    output.adjoint = mpf(1)
    for node in reversed(Live.tape):
        if node.adjoint != 0:
            for operand, partial in node.operands:
                operand.adjoint += node.adjoint * partial


# Objectives and cases.

OBJECTIVES, CASES = {}, {"L_extra": [], "M_from_logits_extra": []}


def objective(name, live, kind, formula, exact, torch=None):
    """exact(h, x) -> outputs with `mean`; torch(h, x, t) -> the same names (or the loss tensor, mean = its average)."""
    OBJECTIVES[name] = SimpleNamespace(name=name, live=live.split(), kind=kind, formula=formula, exact=exact, torch=torch)


def by_row(row):
    """The objective whose row (one example) is given: loss per example, mean = average; other outputs are listed."""
    def compute(h, x):
        columns, n = vars(x), len(next(iter(vars(x).values())))
        rows = [row(h, SimpleNamespace(**{k: c[i] for k, c in columns.items()})) for i in range(n)]
        rows = [r if isinstance(r, dict) else {"loss": r} for r in rows]
        outputs = {k: [r[k] for r in rows] for k in rows[0]}
        outputs["mean"] = mean(outputs["loss"])
        return outputs
    return compute


def case(name, objective_name, hyper, inputs, tags=(), notes=None, file="L_extra"):
    assert all(c["name"] != name for c in CASES[file]), name
    CASES[file].append(dict(name=name, objective=objective_name, hyper=hyper, inputs=inputs, tags=list(tags), notes=notes))


def both(objective_name, hypers, normal, extreme=None, notes=None, **keywords):
    """A normal and, with the same hyperparameters, an extreme case; normal and extreme make the inputs."""
    for h in hypers:
        label = "".join(f"/{k}={v}" for k, v in h.items())
        name = f"{objective_name}/normal{label}"
        case(name, objective_name, h, normal(random.Random(name)), **keywords)
        if extreme is not None:
            case(f"{objective_name}/extreme{label}", objective_name, h, extreme(), ["extreme"], notes, **keywords)


# Arrays: nested lists in, flat lists and shapes out.

def shape_of(a):
    return [len(a)] + (shape_of(a[0]) if isinstance(a[0], list) else []) if isinstance(a, list) else []


def flat(a):
    return [y for x in a for y in flat(x)] if isinstance(a, list) else [a]


def mapped(f, a):
    return [mapped(f, x) for x in a] if isinstance(a, list) else f(a)


def exact_number(v):
    """Integers (masks, labels, targets, lengths) stay integers; float64 numbers become exact."""
    return v if isinstance(v, int) else mpf(v)


def evaluate(c, tie=0, shifted=None, frozen=None):
    """(outputs, live inputs) of a case; shifted = (input, flat index, step) moves one input."""
    o = OBJECTIVES[c["objective"]]
    Live.tape, Live.tie, Live.tied, Live.frozen = [], tie, False, frozen
    arrays, leaves = {}, {}
    for k, a in c["inputs"].items():
        arrays[k] = mapped(exact_number, a)
        if k in o.live:
            arrays[k] = mapped(lambda v: v if v == MINUS_INFINITY else Live(v), arrays[k])
            leaves[k] = flat(arrays[k])
            if shifted and shifted[0] == k:
                leaves[k][shifted[1]].value += shifted[2]
    h = {k: exact_number(v) if isinstance(v, float) else v for k, v in c["hyper"].items()}
    return o.exact(h, SimpleNamespace(**arrays)), leaves


def gradients(c, tie):
    outputs, leaves = evaluate(c, tie)
    if leaves:
        backward(outputs["mean"])
    return outputs, {k: [v.adjoint if isinstance(v, Live) else mpf(0) for v in a] for k, a in leaves.items()}


def float64(x):
    return x if isinstance(x, int) else float(value_of(x))


def golden(c):
    o = OBJECTIVES[c["objective"]]
    outputs, grad = gradients(c, 0)
    other = gradients(c, 1)[1] if Live.tied else grad
    kinks = {k: [i for i, (a, b) in enumerate(zip(grad[k], other[k])) if a != b] for k in grad}
    outputs = {k: mapped(float64, v) for k, v in outputs.items()}
    shapes = {k: shape_of(a) for k, a in {**c["inputs"], **outputs}.items() if len(shape_of(a)) > 1}
    tags = list(c["tags"])
    grad = {k: [float64(v) for v in a] for k, a in grad.items()}
    if any(v in (float("inf"), float("-inf")) for a in [*outputs.values(), *grad.values()] for v in flat(a)):
        tags.append("overflow")
    result = dict(name=c["name"], objective=o.name, formula=o.formula, hyper=c["hyper"], input_kind=o.kind, tags=tags)
    if c["notes"]:
        result["notes"] = c["notes"]
    if shapes:
        result["shapes"] = shapes
    result.update(inputs={k: flat(a) if isinstance(a, list) else a for k, a in c["inputs"].items()},
                  outputs={k: flat(v) if isinstance(v, list) else v for k, v in outputs.items()}, grad=grad)
    if any(kinks.values()):
        result["kinks"] = {k: v for k, v in kinks.items() if v}
    return result


def text_of(v, indent):
    """JSON with one key a line, arrays on one line and 17 significant digits."""
    if isinstance(v, dict):
        lines = [" " * (indent + 1) + json.dumps(k) + ": " + text_of(x, indent + 1) for k, x in v.items()]
        return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}" if lines else "{}"
    if isinstance(v, list):
        if v and isinstance(v[0], dict):
            rows = [" " * (indent + 1) + text_of(x, indent + 1) for x in v]
            return "[\n" + ",\n".join(rows) + "\n" + " " * indent + "]"
        return "[" + ", ".join(text_of(x, indent) for x in v) + "]"
    if isinstance(v, float):
        if v != v:
            raise ValueError("a golden value is not a number")
        if v in (float("inf"), float("-inf")):
            return '"Infinity"' if v > 0 else '"-Infinity"'
        digits = f"{v:.17g}"
        return digits if any(m in digits for m in ".e") else digits + ".0"
    return json.dumps(v)


def document(file):
    cases = [golden(c) for c in CASES[file]]
    head = dict(schema="poft-golden/1", family=file, seed=1, set="shared", n_cases=len(cases), cases=cases)
    return text_of(head, 0) + "\n"


# Inputs. A generator is seeded by the name of its case, so a new case changes no other.

def pair_sums(g, n=16):
    """Summed log-probs of chosen and rejected responses, their lengths, and a reference that is nearby."""
    x = {k: [] for k in ("lw", "ll", "rw", "rl", "Tw", "Tl")}
    for _ in range(n):
        for side in "wl":
            tokens = g.randint(4, 60)
            l = -tokens * g.uniform(0.2, 1.8)
            x["l" + side].append(l)
            x["r" + side].append(min(-0.01, l + g.gauss(0, 3)))
            x["T" + side].append(tokens)
    return x


#                lw         ll         rw         rl        Tw   Tl
EXTREME_PAIRS = [(0.0,      0.0,       0.0,       0.0,      1,   1),
                 (-1e-12,   -1e-12,    -1e-12,    -1e-12,   1,   1),
                 (-1e-12,   -30.0,     -2.0,      -30.5,    2,   7),
                 (-30.0,    -1e-12,    -30.5,     -2.0,     7,   2),
                 (-20.0,    -60.0,     -100.0,    -40.0,    16,  20),
                 (-100.0,   -60.0,     -20.0,     -40.0,    16,  20),
                 (-1.0,     -10001.0,  -10001.0,  -1.0,     1,   1000),
                 (-10001.0, -1.0,      -1.0,      -10001.0, 1000, 1),
                 (-1e5,     -1e5,      -1e5,      -1e5,     4096, 1),
                 (-1e5,     -100000.5, -99999.75, -1e5,     4096, 8192),
                 (0.0,      -1e5,      -1e5,      0.0,      3,   5),
                 (-1e5,     0.0,       0.0,       -1e5,     5,   3),
                 (-7.0,     -9.0,      -7.0,      -9.0,     4,   4),
                 (-8.0,     -9.0,      -8.0 - 2.0**-40, -9.0, 8, 8),
                 (-0.5,     -3.0,      -1.0,      -2.5,     2,   2),
                 (-88.0,    -1.0,      -1.0,      -90.0,    10,  10)]


def extreme_pairs():
    return {k: [row[i] for row in EXTREME_PAIRS] for i, k in enumerate(("lw", "ll", "rw", "rl", "Tw", "Tl"))}


def only(make, names):
    """The inputs of make that the formula names, in this order."""
    def call(*a):
        made = make(*a)
        return {k: made[k] for k in names.split()}
    return call


def unpaired_sums(g, n=16):
    p = pair_sums(g, n)
    return dict(l=p["lw"], r=p["rw"], label=[g.randint(0, 1) for _ in range(n)])


def extreme_unpaired():
    rows = [(r[0], r[2], y) for y in (1, 0) for r in EXTREME_PAIRS]
    return {k: [r[i] for r in rows] for i, k in enumerate(("l", "r", "label"))}


def matrix(f, rows, columns):
    return [[f() for _ in range(columns)] for _ in range(rows)]


def token_log_prob(g):
    return -g.expovariate(0.8) - 1e-3


def prefix_mask(g, b, t):
    """Responses of different lengths, at least one token each; the first is as long as the matrix."""
    lengths = [t] + [g.randint(1, t) for _ in range(b - 1)]
    return [[1 if j < n else 0 for j in range(t)] for n in lengths]


SEQUENCE, LENGTHS, ANY = "sequence sums", "sequence sums + lengths", "any log-prob"
h_text = "h = (lw-rw) - (ll-rl); "


def margin(x): return (x.lw - x.rw) - (x.ll - x.rl)


# Supervised.

objective("nll_sum", "l", "l: sequence sum", "loss_i = -l_i (no division by the length); mean over sequences",
          by_row(lambda h, x: -x.l), lambda h, x, t: -x.l)
both("nll_sum", [{}], lambda g: dict(l=pair_sums(g)["lw"]), lambda: dict(l=[0.0, -1e-12, -30.0, -1e4, -1e5]))

objective("dft", "l", "token log-probs",
          "loss_t = -sg[exp(l_t)]*l_t (Wu et al. 2025, dynamic fine-tuning); d loss_t/d l_t = -exp(l_t); mean over tokens",
          by_row(lambda h, x: -stop(exp(x.l)) * x.l), lambda h, x, t: -x.l.exp().detach() * x.l)
both("dft", [{}], lambda g: dict(l=[token_log_prob(g) for _ in range(16)]),
     lambda: dict(l=[0.0, -1e-12, -1e-6, -1.0, -30.0, -36.75, -100.0, -745.0, -1e4, -1e5]))


def reduced(h, token_losses, mask):
    """Sums of masked token losses: per sequence (its masked mean) and over the batch as hyper.reduction says."""
    sums = [total(v for v, m in zip(row, ms) if m) for row, ms in zip(token_losses, mask)]
    counts = [sum(ms) for ms in mask]
    result = {"sequence_mean": lambda: mean(s / n for s, n in zip(sums, counts)),
              "token_mean": lambda: total(sums) / sum(counts),
              "constant": lambda: total(sums) / (len(sums) * h["max_len"]),
              "sequence_sum": lambda: mean(sums),
              "token_sum": lambda: total(sums)}[h["reduction"]]()
    return {"seq_loss": [s / n for s, n in zip(sums, counts)], "mean": result}


def torch_reduced(h, tok, mask, t):
    tok = t.where(mask > 0, tok, t.zeros_like(tok))
    counts = mask.sum(1)
    seq = tok.sum(1)
    r = h["reduction"]
    m = {"sequence_mean": (seq / counts).mean(), "token_mean": seq.sum() / counts.sum(),
         "constant": seq.sum() / (len(seq) * h.get("max_len", 1)), "sequence_sum": seq.mean(), "token_sum": seq.sum()}[r]
    return {"seq_loss": seq / counts, "mean": m}


REDUCTIONS = ("seq_loss = masked mean per sequence; mean by reduction: sequence_mean: mean over sequences of seq_loss; "
              "token_mean: sum mask*tok / sum mask; constant: sum mask*tok/(B*max_len); "
              "sequence_sum: sum mask*tok / B; token_sum: sum mask*tok")


def per_token(token):
    """Objective on [B,T] token log-probs: token(h, x) of one position, masked and reduced."""
    def compute(h, x):
        per_sequence = {k for k, c in vars(x).items() if not isinstance(c[0], list)}
        losses = [[token(h, SimpleNamespace(**{k: c[i] if k in per_sequence else c[i][j] for k, c in vars(x).items()}))
                   if m else None for j, m in enumerate(ms)] for i, ms in enumerate(x.mask)]
        return reduced(h, losses, x.mask)
    return compute


def ragged_tokens(g, b=6, t=5):
    return dict(lp=matrix(lambda: token_log_prob(g), b, t), mask=prefix_mask(g, b, t))


objective("dft_token", "lp", "token log-probs [B,T]", "tok = -sg[exp(lp)]*lp; " + REDUCTIONS,
          per_token(lambda h, x: -stop(exp(x.lp)) * x.lp),
          lambda h, x, t: torch_reduced(h, -x.lp.exp().detach() * x.lp, x.mask, t))
both("dft_token", [{"reduction": "token_mean"}, {"reduction": "sequence_mean"}], ragged_tokens,
     lambda: dict(lp=[[0.0, -1e-12, -30.0, -1e5], [-1e300, -1.0, -2.0, 0.0]], mask=[[1, 1, 1, 1], [0, 1, 1, 0]]),
     notes="a masked position holds -1e300")

objective("unlikelihood_token", "l lc", "target log-probs l [n], candidate log-probs lc [n,K], candidate mask cmask [n,K]",
          "loss_i = -l_i - alpha*sum_k cmask_ik*log(1-exp(lc_ik)) (Welleck et al. 2020); mean over tokens",
          by_row(lambda h, x: -x.l - h["alpha"] * total(log_one_minus_exp(c) for c, m in zip(x.lc, x.cmask) if m)),
          lambda h, x, t: -x.l - h["alpha"] * (x.cmask * t.log(-t.expm1(x.lc))).sum(1))
both("unlikelihood_token", [{"alpha": 1.0}, {"alpha": 0.25}],
     lambda g: dict(l=[token_log_prob(g) for _ in range(12)], lc=matrix(lambda: -g.expovariate(0.4) - 0.01, 12, 3),
                    cmask=matrix(lambda: g.randint(0, 1), 12, 3)),
     lambda: dict(l=[0.0, -1e-12, -30.0, -1e4, -1e5], lc=[[-1e-12, -30.0], [-1e-6, -0.6931471805599453], [-1e5, 0.0],
                                                         [-1e-300, -745.0], [-36.75, -0.5]],
                  cmask=[[1, 1], [1, 1], [1, 0], [1, 1], [1, 0]]), notes="a masked candidate has probability 1")

objective("unlikelihood_sequence", "lp", "log-probs of sampled tokens [B,T], repeat [B,T] (1: part of a repeated n-gram)",
          "tok = -repeat*log(1-exp(lp)); seq_loss = sum_t mask*tok / sum_t mask; mean = sum mask*tok / sum mask "
          "(Welleck et al. 2020; division by all tokens, repeated or not, as their code)",
          lambda h, x: reduced({"reduction": "token_mean"},
                               [[-log_one_minus_exp(l) if r and m else mpf(0) for l, r, m in zip(*rows)]
                                for rows in zip(x.lp, x.repeat, x.mask)], x.mask),
          lambda h, x, t: torch_reduced({"reduction": "token_mean"}, -x.repeat * t.log1p(-x.lp.exp()), x.mask, t))
both("unlikelihood_sequence", [{}],
     lambda g: dict(lp=matrix(lambda: -g.expovariate(0.8) - 0.02, 6, 7), repeat=matrix(lambda: g.randint(0, 1), 6, 7),
                    mask=prefix_mask(g, 6, 7)),
     lambda: dict(lp=[[-1e-12, -1e-6, -30.0, -1e5], [0.0, -0.6931471805599453, -1e-300, 0.0]],
                  repeat=[[1, 1, 1, 1], [0, 1, 1, 1]], mask=[[1, 1, 1, 1], [1, 1, 1, 0]]),
     notes="log-prob 0 occurs where nothing is repeated and where masked")


def repeated_ngrams(h, x):
    n, result = h["ngram"], []
    for tokens, length in zip(x.tokens, x.T):
        marked = [0] * len(tokens)
        for j in range(length - n + 1):
            if any(tokens[k:k + n] == tokens[j:j + n] for k in range(j)):
                marked[j:j + n] = [1] * n
        result.append(marked)
    return {"repeat": result}


objective("repeated_ngrams", "", "token ids [B,Tmax], the first T of each row count",
          "repeat[t] = 1 where t lies in an n-gram that already occurred at an earlier start in the same sequence "
          "(Welleck et al. 2020; their code stops one n-gram before the end, the definition does not)", repeated_ngrams)
for ngram in (1, 2, 4):
    generator = random.Random(f"repeated_ngrams/{ngram}")
    case(f"repeated_ngrams/ngram={ngram}", "repeated_ngrams", {"ngram": ngram},
         dict(tokens=[[generator.randint(0, 2) for _ in range(14)] for _ in range(4)] + [[1] * 14, list(range(14))],
              T=[14, 9, 3, 14, 14, 14]))


# Pairs with reference.

P6, P4, PN = "lw ll rw rl Tw Tl", "lw ll rw rl", "lw ll Tw Tl"


def torch_h(x): return (x.lw - x.rw) - (x.ll - x.rl)


objective("sppo_soft", "lw ll", "sequence sums; p: probability that the chosen one wins",
          "((lw-rw) - (p-1/2)/beta)^2 + ((ll-rl) - ((1-p)-1/2)/beta)^2 (Wu et al. 2024, arXiv:2405.00675 with "
          "eta = 1/beta, both responses of the pair; p = 1 is sppo_hard)",
          by_row(lambda h, x: square((x.lw - x.rw) - (x.p - mpf(1) / 2) / h["beta"])
                 + square((x.ll - x.rl) - ((1 - x.p) - mpf(1) / 2) / h["beta"])),
          lambda h, x, t: (x.lw - x.rw - (x.p - 0.5) / h["beta"]) ** 2 + (x.ll - x.rl - (0.5 - x.p) / h["beta"]) ** 2)
both("sppo_soft", [{"beta": 0.1}, {"beta": 1.0}],
     lambda g: {**only(pair_sums, P4)(g), "p": [g.random() for _ in range(16)]},
     lambda: {**only(extreme_pairs, P4)(), "p": [0.5, 0.5, 1.0, 0.0, 1e-12, 1.0 - 2.0**-40, 1.0, 0.0] * 2})

objective("dpo_nll", "lw ll", LENGTHS,
          h_text + "preference = -log s(beta*h); nll = -lw/Tw; loss = preference + alpha*nll (Pang et al. 2024, "
          "iterative reasoning preference optimisation)",
          by_row(lambda h, x: dict(loss=-log_sigmoid(h["beta"] * margin(x)) + h["alpha"] * (-x.lw / x.Tw),
                                   preference=-log_sigmoid(h["beta"] * margin(x)), nll=-x.lw / x.Tw)),
          lambda h, x, t: -t.nn.functional.logsigmoid(h["beta"] * torch_h(x)) - h["alpha"] * x.lw / x.Tw)
both("dpo_nll", [{"beta": 0.1, "alpha": 1.0}, {"beta": 1.0, "alpha": 0.2}], only(pair_sums, "lw ll rw rl Tw"),
     only(extreme_pairs, "lw ll rw rl Tw"))

norm_text = "h = (lw-rw)/Tw - (ll-rl)/Tl; "


def mean_margin(x): return (x.lw - x.rw) / x.Tw - (x.ll - x.rl) / x.Tl
def torch_mean_h(x): return (x.lw - x.rw) / x.Tw - (x.ll - x.rl) / x.Tl


objective("dpo_norm", "lw ll", LENGTHS, norm_text + "-log s(beta*h)",
          by_row(lambda h, x: -log_sigmoid(h["beta"] * mean_margin(x))),
          lambda h, x, t: -t.nn.functional.logsigmoid(h["beta"] * torch_mean_h(x)))
objective("ipo_norm", "lw ll", LENGTHS, norm_text + "(h - 1/(2*tau))^2",
          by_row(lambda h, x: square(mean_margin(x) - 1 / (2 * h["tau"]))),
          lambda h, x, t: (torch_mean_h(x) - 0.5 / h["tau"]) ** 2)
objective("hinge_norm", "lw ll", LENGTHS, norm_text + "max(0, 1 - beta*h)",
          by_row(lambda h, x: maximum(0, 1 - h["beta"] * mean_margin(x))),
          lambda h, x, t: t.relu(1 - h["beta"] * torch_mean_h(x)))
both("dpo_norm", [{"beta": 0.1}, {"beta": 5.0}], only(pair_sums, P6), only(extreme_pairs, P6))
both("ipo_norm", [{"tau": 0.1}, {"tau": 1.0}], only(pair_sums, P6), only(extreme_pairs, P6))
both("hinge_norm", [{"beta": 0.1}, {"beta": 1.0}, {"beta": 2.0}], only(pair_sums, P6), only(extreme_pairs, P6))

objective("bco_pair_shifted", "lw ll", SEQUENCE,
          "-log s(beta*(lw-rw) - delta) - log s(-(beta*(ll-rl) - delta)) (Jung et al. 2024, BCO on pairs; delta a given "
          "constant in reward units; delta = 0 is bco_pair)",
          by_row(lambda h, x: -log_sigmoid(h["beta"] * (x.lw - x.rw) - h["delta"])
                 - log_sigmoid(h["delta"] - h["beta"] * (x.ll - x.rl))),
          lambda h, x, t: -t.nn.functional.logsigmoid(h["beta"] * (x.lw - x.rw) - h["delta"])
          - t.nn.functional.logsigmoid(h["delta"] - h["beta"] * (x.ll - x.rl)))
both("bco_pair_shifted", [{"beta": 0.1, "delta": 0.7}, {"beta": 1.0, "delta": -2.0}], only(pair_sums, P4),
     only(extreme_pairs, P4))


def f_score(f, a, alpha):
    """phi(a) of the f-divergences, a = log pi/pi_ref (Wang et al. 2024, arXiv:2309.16240; constants dropped)."""
    return {"forward_kl": lambda: -exp(-a), "js": lambda: log_sigmoid(a),
            "alpha": lambda: exp((alpha - 1) * a) / (alpha - 1)}[f]()


def f_margin(f, h, x): return f_score(f, x.lw - x.rw, h.get("alpha")) - f_score(f, x.ll - x.rl, h.get("alpha"))


def torch_f_margin(f, h, x, t):
    phi = {"forward_kl": lambda a: -(-a).exp(), "js": t.nn.functional.logsigmoid,
           "alpha": lambda a: ((h["alpha"] - 1) * a).exp() / (h["alpha"] - 1)}[f]
    return phi(x.lw - x.rw) - phi(x.ll - x.rl)


F_TEXT = {"forward_kl": "-exp(-a)", "js": "log s(a)", "alpha": "exp((alpha-1)*a)/(alpha-1)"}


def f_extreme():
    rows = [(0.0, 0.0), (-1e-12, 1e-12), (1e-9, 0.0), (30.0, -0.5), (-0.5, 30.0), (-30.0, -29.5), (-30.0, 2.0),
            (2.0, -30.0), (100.0, 90.0), (1e4, 0.25), (0.25, 1e4), (1e4, 1e4), (3.0, 3.0), (-20.0, -20.0)]
    return dict(lw=[-2e4 + a for a, b in rows], ll=[-2e4 + b for a, b in rows], rw=[-2e4] * len(rows), rl=[-2e4] * len(rows))


def near_pairs(g):
    p = only(pair_sums, P4)(g)
    p["rw"], p["rl"] = ([l + 0.5 * g.gauss(0, 1) for l in p[k]] for k in ("lw", "ll"))
    return p


for f in F_TEXT:
    extra = {"alpha": 0.5} if f == "alpha" else {}
    phi_text = f"a = l - l_ref, phi(a) = {F_TEXT[f]}, h = phi(lw-rw) - phi(ll-rl); "
    objective(f"fipo_{f}", "lw ll", SEQUENCE, phi_text + "(h - 1/(2*tau))^2",
              by_row(lambda h, x, f=f: square(f_margin(f, h, x) - 1 / (2 * h["tau"]))),
              lambda h, x, t, f=f: (torch_f_margin(f, h, x, t) - 1 / (2 * h["tau"])) ** 2)
    objective(f"fhinge_{f}", "lw ll", SEQUENCE, phi_text + "max(0, 1 - beta*h)",
              by_row(lambda h, x, f=f: maximum(0, 1 - h["beta"] * f_margin(f, h, x))),
              lambda h, x, t, f=f: t.clamp(1 - h["beta"] * torch_f_margin(f, h, x, t), min=0))
    both(f"fipo_{f}", [{"tau": 0.5, **extra}], near_pairs, f_extreme)
    both(f"fhinge_{f}", [{"beta": 0.8, **extra}], near_pairs, f_extreme)


def ragged_pairs(g, n=8, t=6):
    """Token log-probs of both responses under policy and reference, zero beyond the lengths Tw, Tl."""
    x = {}
    for side in "wl":
        lengths = [g.randint(1, t) for _ in range(n - 1)] + [t]
        x["lp" + side] = [[token_log_prob(g) if j < m else 0.0 for j in range(t)] for m in lengths]
        x["rp" + side] = [[min(-1e-3, v + 0.4 * g.gauss(0, 1)) if j < m else 0.0 for j, v in enumerate(row)]
                          for row, m in zip(x["lp" + side], lengths)]
        x["T" + side] = lengths
    return {k: x[k] for k in "lpw lpl rpw rpl Tw Tl".split()}


def extreme_ragged_pairs():
    return dict(lpw=[[0.0, 0.0, 0.0], [-1e5, -30.0, -1e300], [-1e-12, -1e300, -1e300], [-5e4, -5e4, -1.0]],
                lpl=[[0.0, -1e300, -1e300], [-1e4, -1e4, -1e5], [-40.0, -60.0, -1e-12], [-1.0, -1e300, -1e300]],
                rpw=[[0.0, 0.0, 0.0], [-30.0, -1e5, -7.0], [-2.0, 0.0, 0.0], [-1.0, -1.0, -1e4]],
                rpl=[[0.0, 0.0, 0.0], [-1e5, -1e4, -1e4], [-60.0, -40.0, -1e-12], [-1e5, 0.0, 0.0]],
                Tw=[3, 2, 1, 3], Tl=[1, 3, 3, 1])


def ld_sum(tokens, length, shorter, alpha):
    return total(tokens[:shorter]) + alpha * total(tokens[shorter:length])


def ld_dpo(h, x):
    n = min(x.Tw, x.Tl)
    s = {k: ld_sum(getattr(x, k), getattr(x, "T" + k[-1]), n, h["alpha"]) for k in ("lpw", "lpl", "rpw", "rpl")}
    h_ = (s["lpw"] - s["rpw"]) - (s["lpl"] - s["rpl"])
    return dict(loss=-log_sigmoid(h["beta"] * h_), lw=s["lpw"], ll=s["lpl"], rw=s["rpw"], rl=s["rpl"])


def torch_ld_dpo(h, x, t):
    place = t.arange(x.lpw.shape[1])[None, :]
    n = t.minimum(x.Tw, x.Tl)[:, None]

    def s(v, length):
        weight = (place < n) * 1.0 + h["alpha"] * ((place >= n) & (place < length[:, None]))
        return (weight * v).sum(1)
    return -t.nn.functional.logsigmoid(h["beta"] * (s(x.lpw - x.rpw, x.Tw) - s(x.lpl - x.rpl, x.Tl)))


objective("ld_dpo", "lpw lpl", "token log-probs [n,Tmax] of policy (lp*) and reference (rp*); the first Tw, Tl of a row count",
          "n = min(Tw,Tl); each sum = sum_{t<n} + alpha*sum_{n<=t<T} (policy and reference alike); outputs lw, ll, rw, rl; "
          "h = (lw-rw) - (ll-rl); -log s(beta*h) (Liu et al. 2024, LD-DPO, arXiv:2409.06411)", by_row(ld_dpo), torch_ld_dpo)
both("ld_dpo", [{"beta": 0.1, "alpha": 0.5}, {"beta": 1.0, "alpha": 0.0}, {"beta": 0.5, "alpha": 1.0}], ragged_pairs,
     extreme_ragged_pairs, notes="places beyond a length hold -1e300")


def wpo(h, x):
    w, l = slice(x.Tw), slice(x.Tl)
    sw, sl = (mean(stop(a) - b for a, b in zip(p, q)) for p, q in ((x.lpw[w], x.nw[w]), (x.lpl[l], x.nl[l])))
    weight = minimum(exp(sw + sl), h["w_max"])
    h_ = (total(x.lpw[w]) - total(x.rpw[w])) - (total(x.lpl[l]) - total(x.rpl[l]))
    return dict(loss=-weight * log_sigmoid(h["beta"] * h_), sw=sw, sl=sl, weight=weight)


def torch_wpo(h, x, t):
    place = t.arange(x.lpw.shape[1])[None, :]
    mw, ml = (place < x.Tw[:, None]) * 1.0, (place < x.Tl[:, None]) * 1.0
    s = ((x.lpw - x.nw) * mw).sum(1) / mw.sum(1) + ((x.lpl - x.nl) * ml).sum(1) / ml.sum(1)
    weight = s.exp().clamp(max=h["w_max"]).detach()
    return -weight * t.nn.functional.logsigmoid(h["beta"] * (((x.lpw - x.rpw) * mw).sum(1) - ((x.lpl - x.rpl) * ml).sum(1)))


def wpo_inputs(g):
    x = ragged_pairs(g)
    for s in "wl":      # log sum_v pi_v^2 lies between 2*max(log pi) and max(log pi)
        x["n" + s] = [[v * g.uniform(0.2, 1.2) for v in row] for row in x["lp" + s]]
    return x


objective("wpo", "lpw lpl", "token log-probs [n,Tmax] of policy (lp*) and reference (rp*), n* = log sum_v pi_v^2 at each token",
          "s = mean over a response's tokens of (lp - n); weight = sg[min(exp(sw + sl), w_max)]; h on the sums of all tokens; "
          "-weight*log s(beta*h) (Zhou et al. 2024, WPO, arXiv:2406.11827; TRL has w_max = 1, the paper none)",
          by_row(wpo), torch_wpo)
both("wpo", [{"beta": 0.1, "w_max": float("inf")}, {"beta": 0.5, "w_max": 1.0}], wpo_inputs,
     lambda: {**extreme_ragged_pairs(), "nw": [[0.0, 0.0, 0.0], [-1e5, -1.0, 0.0], [-1e-12, 0.0, 0.0], [-100.0, -5e4, -0.5]],
              "nl": [[0.0, 0.0, 0.0], [-1e4, -40.0, -200.0], [-1.0, -1.0, -1.0], [-1.0, 0.0, 0.0]]},
     notes="places beyond a length hold -1e300")

objective("weighted_sum", "lw ll", LENGTHS,
          h_text + "dpo = -log s(beta*h); nll = -lw/Tw; loss = w_dpo*dpo + w_nll*nll",
          by_row(lambda h, x: h["w_dpo"] * -log_sigmoid(h["beta"] * margin(x)) + h["w_nll"] * -x.lw / x.Tw),
          lambda h, x, t: -h["w_dpo"] * t.nn.functional.logsigmoid(h["beta"] * torch_h(x)) - h["w_nll"] * x.lw / x.Tw)
both("weighted_sum", [{"beta": 0.1, "w_dpo": 0.7, "w_nll": 0.3}], only(pair_sums, "lw ll rw rl Tw"),
     only(extreme_pairs, "lw ll rw rl Tw"))


# Pairs without reference.

def simpo_preference(h, w, l): return -log_sigmoid(h["beta"] * (w - l) - h["gamma"])


def alpha_reward(h, p):
    return p if h["alpha"] == 0 else (1 - exp(-h["alpha"] * p)) / h["alpha"]


objective("alphapo", "lw ll", LENGTHS,
          "p = l/T; r(p) = (1 - exp(-alpha*p))/alpha, r(p) = p for alpha = 0; -log s(beta*(r(lw/Tw) - r(ll/Tl)) - gamma) "
          "(Gupta et al. 2025, AlphaPO)",
          by_row(lambda h, x: simpo_preference(h, alpha_reward(h, x.lw / x.Tw), alpha_reward(h, x.ll / x.Tl))),
          lambda h, x, t: -t.nn.functional.logsigmoid(
              h["beta"] * ((x.lw / x.Tw - x.ll / x.Tl) if h["alpha"] == 0 else
                           (t.expm1(-h["alpha"] * x.ll / x.Tl) - t.expm1(-h["alpha"] * x.lw / x.Tw)) / h["alpha"])
              - h["gamma"]))
both("alphapo", [{"beta": 2.5, "gamma": 0.5, "alpha": a} for a in (0.25, -0.5, 0.0, 1e-9)], only(pair_sums, PN))
alpha_rows = [(0.0, 0.0, 1, 1), (-1e-12, -1e-12, 1, 1), (-1e-12, -30.0, 1, 1), (-30.0, -1e-12, 1, 1), (-100.0, -99.0, 1, 1),
              (-1e4, -1e4, 10, 10), (-1e5, -1e4, 100, 10), (-1e4, -1e5, 100, 1000), (-5.0, -5.0, 2, 2), (-1e5, -1.0, 500, 1)]
for alpha in (0.25, -0.5, 1e-9):
    hyper = {"beta": 2.5, "gamma": 0.5, "alpha": alpha}
    case(f"alphapo/extreme/alpha={alpha}", "alphapo", hyper,
         {k: [r[i] for r in alpha_rows] for i, k in enumerate(PN.split())}, ["extreme"])
overflow = {"beta": 2.5, "gamma": 0.5, "alpha": 1.0}
case("alphapo/overflow", "alphapo", overflow,
     dict(lw=[-1000.0, -1.0, -0.5], ll=[-1.0, -1000.0, -0.25], Tw=[1, 1, 1], Tl=[1, 1, 1]),
     ["extreme"], "row 0: the loss exceeds float64; row 1: the loss is 0")
case("alphapo/overflow_tie", "alphapo", overflow,
     dict(lw=[-1000.0, -0.5], ll=[-1000.0, -0.25], Tw=[1, 1], Tl=[1, 1]), ["extreme"],
     "row 0: exp(1000) on both sides cancels exactly; the loss is that of x = -gamma, the derivatives exceed float64")

objective("cpo_simpo", "lw ll", LENGTHS,
          "preference = -log s(beta*(lw/Tw - ll/Tl) - gamma); nll = -lw/Tw; loss = preference + nll_coef*nll",
          by_row(lambda h, x: dict(loss=simpo_preference(h, x.lw / x.Tw, x.ll / x.Tl) + h["nll_coef"] * (-x.lw / x.Tw),
                                   preference=simpo_preference(h, x.lw / x.Tw, x.ll / x.Tl), nll=-x.lw / x.Tw)),
          lambda h, x, t: -t.nn.functional.logsigmoid(h["beta"] * (x.lw / x.Tw - x.ll / x.Tl) - h["gamma"])
          - h["nll_coef"] * x.lw / x.Tw)
both("cpo_simpo", [{"beta": 2.0, "gamma": 0.5, "nll_coef": 1.0}, {"beta": 10.0, "gamma": 3.0, "nll_coef": 0.1}],
     only(pair_sums, PN), only(extreme_pairs, PN))

objective("cpo_hinge", "lw ll", "sequence sums; NLL length-normalised per sequence",
          "preference = max(0, 1 - beta*(lw-ll)); nll = -lw/Tw; loss = preference + nll_coef*nll",
          by_row(lambda h, x: dict(loss=maximum(0, 1 - h["beta"] * (x.lw - x.ll)) + h["nll_coef"] * (-x.lw / x.Tw),
                                   preference=maximum(0, 1 - h["beta"] * (x.lw - x.ll)), nll=-x.lw / x.Tw)),
          lambda h, x, t: t.relu(1 - h["beta"] * (x.lw - x.ll)) - h["nll_coef"] * x.lw / x.Tw)
both("cpo_hinge", [{"beta": 0.1, "nll_coef": 1.0}, {"beta": 1.0, "nll_coef": 0.0}], only(pair_sums, "lw ll Tw"),
     only(extreme_pairs, "lw ll Tw"))

objective("cpo_ipo", "lw ll", LENGTHS,
          "preference = (lw/Tw - ll/Tl - 1/(2*beta))^2; nll = -lw/Tw; loss = preference + nll_coef*nll (TRL: means, not sums)",
          by_row(lambda h, x: dict(loss=square(x.lw / x.Tw - x.ll / x.Tl - 1 / (2 * h["beta"]))
                                   + h["nll_coef"] * (-x.lw / x.Tw),
                                   preference=square(x.lw / x.Tw - x.ll / x.Tl - 1 / (2 * h["beta"])), nll=-x.lw / x.Tw)),
          lambda h, x, t: (x.lw / x.Tw - x.ll / x.Tl - 0.5 / h["beta"]) ** 2 - h["nll_coef"] * x.lw / x.Tw)
both("cpo_ipo", [{"beta": 0.1, "nll_coef": 1.0}, {"beta": 1.0, "nll_coef": 0.0}], only(pair_sums, PN),
     only(extreme_pairs, PN))


def smoothed(h, x): return -(1 - h["eps"]) * log_sigmoid(x) - h["eps"] * log_sigmoid(-x)


def torch_smoothed(h, x, t):
    return h["eps"] * x - t.nn.functional.logsigmoid(x)


objective("cpo_nll_sum", "lw ll", SEQUENCE,
          "preference = -(1-eps)*log s(beta*(lw-ll)) - eps*log s(-beta*(lw-ll)); nll = -lw (sequence sum, as in Xu et al. 2024, "
          "CPO); loss = preference + nll_coef*nll",
          by_row(lambda h, x: dict(loss=smoothed(h, h["beta"] * (x.lw - x.ll)) - h["nll_coef"] * x.lw,
                                   preference=smoothed(h, h["beta"] * (x.lw - x.ll)), nll=-x.lw)),
          lambda h, x, t: torch_smoothed(h, h["beta"] * (x.lw - x.ll), t) - h["nll_coef"] * x.lw)
both("cpo_nll_sum", [{"beta": 0.1, "eps": 0.0, "nll_coef": 1.0}, {"beta": 1.0, "eps": 0.1, "nll_coef": 0.5}],
     only(pair_sums, "lw ll"), only(extreme_pairs, "lw ll"))


# Unpaired.

objective("apo_zero_unpaired", "l", SEQUENCE,
          "rho = l - r; label 1: w_d*(1 - s(beta*rho)); label 0: w_u*s(beta*rho) (D'Oosterlinck et al. 2024, APO-zero per response)",
          by_row(lambda h, x: h["w_d"] * (1 - sigmoid(h["beta"] * (x.l - x.r))) if x.label else
                 h["w_u"] * sigmoid(h["beta"] * (x.l - x.r))),
          lambda h, x, t: t.where(x.label > 0, h["w_d"] * t.sigmoid(-h["beta"] * (x.l - x.r)),
                                  h["w_u"] * t.sigmoid(h["beta"] * (x.l - x.r))))
both("apo_zero_unpaired", [{"beta": 0.1, "w_d": 1.33, "w_u": 0.75}, {"beta": 1.0, "w_d": 0.5, "w_u": 2.0}], unpaired_sums,
     extreme_unpaired)


def kto_loss(h, rho, label, z):
    return h["w_d"] * (1 - sigmoid(h["beta"] * (rho - z))) if label else h["w_u"] * (1 - sigmoid(h["beta"] * (z - rho)))


def kto_mismatched(h, x):
    z = max(mpf(0), mean(a - b for a, b in zip(x.l_kl, x.r_kl)))
    loss = [kto_loss(h, a - b, y, z) for a, b, y in zip(x.l, x.r, x.label)]
    return {"loss": loss, "z": z, "mean": mean(loss)}


def torch_kto(h, rho, good, z, t):
    return t.where(good, h["w_d"] * t.sigmoid(-h["beta"] * (rho - z)), h["w_u"] * t.sigmoid(h["beta"] * (rho - z)))


objective("kto_mismatched", "l", "sequence sums; l_kl, r_kl: log-probs of the mismatched completions (x_i, y_j)",
          "z = max(0, mean_i(l_kl - r_kl)), a constant; rho = l - r; label 1: w_d*(1 - s(beta*(rho - z))); "
          "label 0: w_u*(1 - s(beta*(z - rho))); mean over all examples (Ethayarajh et al. 2024, KTO)",
          kto_mismatched, lambda h, x, t: torch_kto(h, x.l - x.r, x.label > 0, (x.l_kl - x.r_kl).mean().clamp(min=0), t))
both("kto_mismatched", [{"beta": 0.1, "w_d": 1.0, "w_u": 1.0}, {"beta": 0.5, "w_d": 1.33, "w_u": 0.75}],
     lambda g: {**unpaired_sums(g), **dict(zip(("l_kl", "r_kl"), (
         lambda r: ([v + 1.5 + g.gauss(0, 1) for v in r], r))([-g.uniform(20, 90) for _ in range(16)])))},
     lambda: {**extreme_unpaired(), "l_kl": [-1e5, -3.0] * 16, "r_kl": [-1.0, -1e5] * 16},
     notes="the mean of the mismatched log-ratios is negative, so z = 0")


def kto_pair(h, x):
    w, l = [a - b for a, b in zip(x.lw, x.rw)], [a - b for a, b in zip(x.ll, x.rl)]
    zw, zl = (max(mpf(0), mean(stop(v) for v in a)) for a in (w, l))
    loss = [1 - sigmoid(h["beta"] * (a - zl)) for a in w] + [1 - sigmoid(h["beta"] * (zw - a)) for a in l]
    return {"loss": loss, "z_chosen": zw, "z_rejected": zl, "mean": mean(loss)}


def torch_kto_pair(h, x, t):
    w, l = x.lw - x.rw, x.ll - x.rl
    zw, zl = w.mean().clamp(min=0).detach(), l.mean().clamp(min=0).detach()
    return t.cat([t.sigmoid(-h["beta"] * (w - zl)), t.sigmoid(h["beta"] * (l - zw))])


objective("kto_pair", "lw ll", SEQUENCE,
          "a_w = lw-rw, a_l = ll-rl; z_chosen = max(0, mean a_w), z_rejected = max(0, mean a_l), constants; "
          "loss[0..n-1] = 1 - s(beta*(a_w - z_rejected)), loss[n..2n-1] = 1 - s(beta*(z_chosen - a_l)); mean over 2n",
          kto_pair, torch_kto_pair)
both("kto_pair", [{"beta": 0.1}, {"beta": 0.5}], only(pair_sums, P4), only(extreme_pairs, P4))


def bco_running(h, x):
    count, mean_so_far, deltas, counts, start = 0, mpf(0), [], [], 0
    for n in x.batch:
        batch, start = x.R[start:start + n], start + n
        mean_so_far = (mean_so_far * count + total(batch)) / (count + n)
        count += n
        deltas.append(mean_so_far)
        counts.append(count)
    return {"delta": deltas, "count": counts}


objective("bco_running_shift", "", "rewards beta*(l - r) of successive batches; batch: how many in each",
          "delta after batch k = mean of all rewards of batches 0..k; count = how many (Jung et al. 2024, BCO; "
          "TRL's RunningMoments)", bco_running)
both("bco_running_shift", [{}], lambda g: dict(R=[g.gauss(0.5, 2) for _ in range(20)], batch=[4, 1, 7, 8]),
     lambda: dict(R=[1e5, -1e5, 0.0, 1e-12, -30.0, 30.0, 1e4, 1e5, 1e5, -1e5], batch=[1, 2, 3, 4]))


# Lists.

def scores_and_targets(g, n=8, k=5):
    raw = matrix(lambda: g.random() ** 2, n, k)
    return dict(score=matrix(lambda: g.gauss(0, 2), n, k), target=[[v / sum(row) for v in row] for row in raw])


objective("softmax_soft", "score", "scores [n,K] (for preferences: log-ratios a = l - r), target distribution [n,K]",
          "-sum_k target_k*[beta*score_k - logsumexp_j(beta*score_j)] (targets are used as given, they need not sum to 1)",
          by_row(lambda h, x: -total(p * (h["beta"] * s - log_sum_exp(h["beta"] * v for v in x.score))
                                     for p, s in zip(x.target, x.score))),
          lambda h, x, t: -(x.target * t.log_softmax(h["beta"] * x.score, 1)).sum(1))
both("softmax_soft", [{"beta": 0.1}, {"beta": 1.0}], scores_and_targets,
     lambda: dict(score=[[0.0, 0.0, 0.0], [1e-12, -1e-12, 0.0], [30.0, -30.0, 0.0], [100.0, -100.0, -100.0], [1e4, -1e4, 0.0],
                         [1e5, 1e5, -1e5], [-1e5, -1e5, -1e5], [1e5, 0.0, -1e5]],
                  target=[[0.25, 0.25, 0.5], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0],
                          [0.5, 0.5, 0.0], [0.25, 0.5, 0.25], [1.0, 0.0, 0.0]]),
     notes="a target of 0 contributes exactly 0")


def reference_lists(g, n=8, k=4):
    l = matrix(lambda: -g.uniform(3, 40), n, k)
    return dict(l=l, r=mapped(lambda v: min(-0.1, v + g.gauss(0, 2)), l))


def extreme_lists():
    l = [[0.0, 0.0, 0.0], [-1e-12, -1e-12, 0.0], [-30.0, -1e-12, -2.0], [-1e-12, -30.0, -31.0], [-1e4, -1.0, -100.0],
         [-1.0, -1e4, -100.0], [-1e5, -1e5, -1e5], [-1e5, 0.0, -1.0], [0.0, -1e5, -1e5]]
    r = [[0.0, 0.0, 0.0], [-1e-12, 0.0, -1e-12], [-2.0, -2.0, -2.0], [-30.0, 0.0, -1.0], [-1.0, -1e4, -100.0],
         [-1e4, -1.0, -1e4], [-1e5, -1e5, -99999.5], [0.0, -1e5, -1.0], [-1e5, 0.0, -1e5]]
    return dict(l=l, r=r)


objective("multi_negative_dpo", "l", "sequence sums [n,K], column 0 is the chosen response",
          "a = l - r; log(1 + sum_{j>=1} exp(beta*(a_j - a_0))) (Plackett-Luce top-1; K = 2 is dpo)",
          by_row(lambda h, x: log(1 + total(exp(h["beta"] * ((l - r) - (x.l[0] - x.r[0])))
                                            for l, r in zip(x.l[1:], x.r[1:])))),
          lambda h, x, t: t.logsumexp(h["beta"] * (x.l - x.r), 1) - h["beta"] * (x.l - x.r)[:, 0])
both("multi_negative_dpo", [{"beta": 0.1}, {"beta": 1.0}], reference_lists, extreme_lists)
both("multi_negative_dpo", [{"beta": 0.3}], lambda g: reference_lists(g, 8, 2))


def plackett_luce_ref(h, x):
    s = [h["beta"] * (x.l[i] - x.r[i]) for i in x.ranking]
    return total(log_sum_exp(s[j:]) - s[j] for j in range(h["top_k"]))


def torch_plackett_luce_ref(h, x, t):
    s = (h["beta"] * (x.l - x.r)).gather(1, x.ranking)
    tails = t.logcumsumexp(s.flip(1), 1).flip(1)
    return (tails - s)[:, :h["top_k"]].sum(1)


objective("plackett_luce_ref", "l", "sequence sums [n,K]; ranking = item indices, best first",
          "score = beta*(l - r); sum_{j<top_k} [logsumexp(score of ranking[j..K-1]) - score[ranking[j]]] "
          "(Rafailov et al. 2023, appendix A.3; top_k = K: full, its last term is 0)",
          by_row(plackett_luce_ref), torch_plackett_luce_ref)
both("plackett_luce_ref", [{"beta": 0.1, "top_k": 4}, {"beta": 1.0, "top_k": 4}, {"beta": 0.5, "top_k": 2}],
     lambda g: {**reference_lists(g), "ranking": [g.sample(range(4), 4) for _ in range(8)]})
for hyper in ({"beta": 0.1, "top_k": 3}, {"beta": 1.0, "top_k": 1}):
    case(f"plackett_luce_ref/extreme/beta={hyper['beta']}/top_k={hyper['top_k']}", "plackett_luce_ref", hyper,
         {**extreme_lists(), "ranking": [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 1, 0], [0, 2, 1], [1, 0, 2], [0, 1, 2],
                                         [0, 2, 1], [0, 1, 2]]}, ["extreme"])


def pro(h, x):
    s = [l / n for l, n in zip(x.l, x.T)]
    rank = mpf(0)
    for k in range(len(s) - 1):
        factors = [x.R[k] - r for r in x.R[k + 1:]]
        top = max(factors)
        rank = rank + log(exp(top * s[k]) + total(exp(f * v) for f, v in zip(factors, s[k + 1:]))) - top * s[k]
    return dict(loss=rank + h["nll_coef"] * -x.l[0], rank=rank)


def torch_pro(h, x, t):
    s, loss = x.l / x.T, 0
    for k in range(s.shape[1] - 1):
        f = x.R[:, k:k + 1] - x.R[:, k + 1:]
        top = f.max(1, keepdim=True).values
        loss = loss + t.logsumexp(t.cat([top * s[:, k:k + 1], f * s[:, k + 1:]], 1), 1) - (top * s[:, k:k + 1])[:, 0]
    return loss - h["nll_coef"] * x.l[:, 0]


objective("pro", "l", "sequence sums l [n,K], lengths T [n,K], rewards R [n,K] in descending order (column 0 is the best)",
          "s = l/T; rank = sum_{k<K-1} { log[exp(t_kk*s_k) + sum_{j>k} exp(t_kj*s_j)] - t_kk*s_k }, t_kj = R_k - R_j, "
          "t_kk = max_{j>k} t_kj; loss = rank + nll_coef*(-l_0) (Song et al. 2024, PRO; without the 1e-10 their code "
          "adds inside the log; their nll_coef is 0.05*(K-1)^2)", by_row(pro), torch_pro)


def pro_inputs(g, n=8, k=4):
    tokens = matrix(lambda: g.randint(3, 40), n, k)
    return dict(l=mapped(lambda m: -m * g.uniform(0.2, 1.8), tokens), T=tokens,
                R=[sorted((g.gauss(0, 2) for _ in range(k)), reverse=True) for _ in range(n)])


both("pro", [{"nll_coef": 0.0}, {"nll_coef": 0.45}], pro_inputs,
     lambda: dict(l=[[0.0, 0.0, 0.0], [-1e-12, -1e-12, -30.0], [-30.0, -1e-12, -100.0], [-1e4, -1.0, -1e4], [-1e5, 0.0, -1e5],
                     [0.0, -1e5, -1e5], [-1e5, -1e5, -1e5]],
                  T=[[1, 1, 1], [1, 1, 1], [2, 1, 5], [10, 1, 1000], [1, 1, 1], [1, 1, 1], [4, 4, 4]],
                  R=[[1.0, 1.0, 1.0], [2.0, 1.0, 0.0], [3.0, 0.0, -3.0], [0.5, 0.5, 0.0], [10.0, 0.0, 0.0], [1.0, 0.0, -1.0],
                     [2.0, 1.0, 1.0]]),
     notes="row 0: all rewards tie, every factor is 0; scores far below -23, where a floor of 1e-10 would distort")


# Reward and value models.

objective("bt_reward_smoothed", "rw rl", "rewards",
          "x = rw - rl - margin; -(1-eps)*log s(x) - eps*log s(-x) + center*(rw + rl)^2",
          by_row(lambda h, x: smoothed(h, x.rw - x.rl - x.margin) + h["center"] * square(x.rw + x.rl)),
          lambda h, x, t: torch_smoothed(h, x.rw - x.rl - x.margin, t) + h["center"] * (x.rw + x.rl) ** 2)
both("bt_reward_smoothed", [{"center": 0.0, "eps": 0.1}, {"center": 0.01, "eps": 0.0}, {"center": 0.1, "eps": 0.3}],
     lambda g: dict(rw=[g.gauss(0.5, 2) for _ in range(16)], rl=[g.gauss(-0.5, 2) for _ in range(16)],
                    margin=[g.choice([0.0, 0.5, 1.0, 2.0]) for _ in range(16)]),
     lambda: dict(rw=[0.0, 1e-12, 30.0, -30.0, 100.0, -100.0, 1e4, -1e4, 1e5, 1e5, 3.0, -1e5],
                  rl=[0.0, -1e-12, -30.0, 30.0, -100.0, 100.0, -1e4, 1e4, 1e5, -1e5, 3.0, -99999.0],
                  margin=[0.0, 0.0, 1.0, 1.0, 0.0, 0.5, 3.0, 3.0, 0.0, 1.0, 0.0, 1e-6]))

objective("value_clip", "V", "values V, values before the update V_old, returns R",
          "0.5*max((V - R)^2, (clip(V, V_old - eps_v, V_old + eps_v) - R)^2)",
          by_row(lambda h, x: maximum(square(x.V - x.R),
                                      square(clamp(x.V, x.V_old - h["eps_v"], x.V_old + h["eps_v"]) - x.R)) / 2),
          lambda h, x, t: 0.5 * t.maximum((x.V - x.R) ** 2,
                                          (x.V_old + (x.V - x.V_old).clamp(-h["eps_v"], h["eps_v"]) - x.R) ** 2))
objective("value_mse", "V", "values V, returns R", "0.5*(V - R)^2", by_row(lambda h, x: square(x.V - x.R) / 2),
          lambda h, x, t: 0.5 * (x.V - x.R) ** 2)


def values(g):
    old = [g.gauss(0, 1) for _ in range(16)]
    return dict(V=[v + 0.4 * g.gauss(0, 1) for v in old], V_old=old, R=[g.gauss(0, 1) for _ in range(16)])


def extreme_values():
    return dict(V=[0.0, 1e-12, 30.0, -100.0, 1e4, -1e5, 1e5, 5.0, 1e5],
                V_old=[0.0, 0.0, 29.0, -99.5, 1e4, 1e5, 99999.875, 5.0, 0.0],
                R=[0.0, 0.0, 30.0, 100.0, -1e4, 1e5, 0.0, 5.0, 1e5])


both("value_clip", [{"eps_v": 0.2}, {"eps_v": 0.5}], values, extreme_values)
both("value_mse", [{}], only(values, "V R"), only(extreme_values, "V R"))


# Reward-weighted likelihood and filters.

def rewarded(g, n=16):
    return dict(l=pair_sums(g, n)["lw"], R=[g.gauss(0.3, 1) for _ in range(n)])


def extreme_rewarded():
    return dict(l=[0.0, -1e-12, -30.0, -100.0, -1e4, -1e5, -2.0, -2.0, -3.0, -1.0],
                R=[0.0, 1e-12, -1e-12, 30.0, -30.0, 100.0, 1e4, -1e4, 1e5, -1e5])


objective("rwr_sigmoid", "l", ANY, "w_i = s((R_i - b)/beta); loss_i = -w_i*l_i; no gradient through w",
          by_row(lambda h, x: dict(loss=-sigmoid((x.R - h["b"]) / h["beta"]) * x.l, weights=sigmoid((x.R - h["b"]) / h["beta"]))),
          lambda h, x, t: -t.sigmoid((x.R - h["b"]) / h["beta"]) * x.l)
both("rwr_sigmoid", [{"beta": 1.0, "b": 0.0}, {"beta": 0.3, "b": 0.25}], rewarded, extreme_rewarded)

objective("rwr_clipped", "l", ANY, "w_i = min(max(exp(R_i/beta), w_min), w_max); loss_i = -w_i*l_i; no gradient through w",
          by_row(lambda h, x: (lambda w: dict(loss=-w * x.l, weights=w))(clamp(exp(x.R / h["beta"]), h["w_min"], h["w_max"]))),
          lambda h, x, t: -(x.R / h["beta"]).exp().clamp(h["w_min"], h["w_max"]) * x.l)
both("rwr_clipped", [{"beta": 1.0, "w_min": 0.5, "w_max": 2.0}, {"beta": 0.3, "w_min": 0.0, "w_max": 20.0}], rewarded,
     extreme_rewarded)


def kept_likelihood(x, keep):
    n, k = len(keep), sum(keep)
    loss = [-l * n / k if m else l * 0 for l, m in zip(x.l, keep)]
    return {"loss": loss, "keep": keep, "mean": mean(loss)}


def top_fraction(h, x):
    k = int(mpmath.floor(h["alpha"] * len(x.R)))
    best = sorted(range(len(x.R)), key=lambda i: (-x.R[i], i))[:k]
    return kept_likelihood(x, [1 if i in best else 0 for i in range(len(x.R))])


def torch_kept(x, keep): return -x.l * keep * len(keep) / keep.sum()


def torch_top_fraction(h, x, t):
    order = t.sort(x.R, descending=True, stable=True).indices
    keep = t.zeros_like(x.R)
    keep[order[:int(h["alpha"] * len(x.R))]] = 1
    return torch_kept(x, keep)


objective("filter_top_fraction", "l", ANY,
          "keep the floor(alpha*n) samples of highest R over the whole batch (ties: the lower index first); mean = average of -l over "
          "the kept; listed loss_i = -n/kept*keep_i*l_i so that their average is the mean (Dong et al. 2023, RAFT)",
          top_fraction, torch_top_fraction)
objective("filter_threshold", "l", ANY,
          "keep R >= threshold; mean = average of -l over the kept; listed loss_i = -n/kept*keep_i*l_i",
          lambda h, x: kept_likelihood(x, [1 if r >= h["threshold"] else 0 for r in x.R]),
          lambda h, x, t: torch_kept(x, (x.R >= h["threshold"]) * 1.0))
both("filter_top_fraction", [{"alpha": 0.25}, {"alpha": 0.5}, {"alpha": 1.0}], rewarded, extreme_rewarded)
case("filter_top_fraction/ties", "filter_top_fraction", {"alpha": 0.5},
     dict(l=[-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0], R=[0.0, 1.0, 0.0, 1.0, 1.0, 1.0, -1.0]),
     notes="floor(3.5) = 3 are kept; of the four tied at 1 the first three")
both("filter_threshold", [{"threshold": 0.0}, {"threshold": 1e-12}], rewarded, extreme_rewarded,
     notes="a reward equal to the threshold is kept")


def best_of_n(negative):
    """-(l_best - r_best) + beta*(l - r) of the negative ones; best and worst are the first of equal rewards."""
    def row(h, x):
        best, worst = x.R.index(max(x.R)), x.R.index(min(x.R))
        a = [l - r for l, r in zip(x.l, x.r)]
        return dict(loss=-a[best] + h["beta"] * negative(a, best, worst), best=best, worst=worst)
    return row


def torch_best_of_n(h, x, t, worst_only):
    a, rows = x.l - x.r, range(len(x.R))
    best, worst = (t.tensor([row.tolist().index(pick(row.tolist())) for row in x.R]) for pick in (max, min))
    negative = a[rows, worst] if worst_only else (a.sum(1) - a[rows, best]) / (a.shape[1] - 1)
    return -a[rows, best] + h["beta"] * negative


bon_text = "best/worst = FIRST argmax/argmin of R in the row; loss = -(l_best - r_best) + "
objective("best_of_n_worst_constrained", "l", "l, R, r: [prompts, N]", bon_text + "beta*(l_worst - r_worst)",
          by_row(best_of_n(lambda a, best, worst: a[worst])), lambda h, x, t: torch_best_of_n(h, x, t, True))
objective("best_of_n_average_constrained", "l", "l, R, r: [prompts, N]", bon_text + "beta/(N-1)*sum_{i!=best} (l_i - r_i)",
          by_row(best_of_n(lambda a, best, worst: total(v for i, v in enumerate(a) if i != best) / (len(a) - 1))),
          lambda h, x, t: torch_best_of_n(h, x, t, False))
for which in ("worst", "average"):
    both(f"best_of_n_{which}_constrained", [{"beta": 0.25}],
         lambda g: {**reference_lists(g), "R": matrix(lambda: g.gauss(0, 1), 8, 4)},
         lambda: {**extreme_lists(), "R": [[1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [2.0, 0.0, 0.0], [1e5, -1e5, 0.0], [0.0, 1.0, 2.0],
                                           [3.0, 2.0, 1.0], [0.0, 0.0, 1e-12], [1.0, 2.0, 3.0], [-1.0, -1.0, -2.0]]},
         notes="tied rewards: first index wins, also for worst")


# Policy gradient.

def ratio(x): return exp(x.l - x.l_old)
def band(h, r): return clamp(r, 1 - h["eps_low"], 1 + h["eps_high"])
def clipped(h, r, A): return minimum(r * A, band(h, r) * A)


SURROGATES = {
    "reinforce": lambda h, A, l, r: -A * l,
    "clip": lambda h, A, l, r: -clipped(h, r, A),
    "dual_clip": lambda h, A, l, r: -maximum(clipped(h, r, A), h["c"] * A) if A < 0 else -clipped(h, r, A),
    "two_sided": lambda h, A, l, r: -minimum(minimum(r, h["delta"]) * A, band(h, r) * A),
    "cispo_absolute": lambda h, A, l, r: -stop(minimum(r, h["eps_high"])) * A * l,
    "cispo_relative": lambda h, A, l, r: -stop(band(h, r)) * A * l,
    "sapo": lambda h, A, l, r: (lambda tau: -(4 / tau) * sigmoid(tau * (r - 1)) * A)(h["tau_pos" if A > 0 else "tau_neg"]),
}


def torch_surrogate(name, h, A, l, r, t):
    if name == "reinforce":
        return -A * l
    if name.startswith("cispo"):
        w = r.clamp(max=h["eps_high"]) if name == "cispo_absolute" else r.clamp(1 - h["eps_low"], 1 + h["eps_high"])
        return -w.detach() * A * l
    if name == "sapo":
        tau = t.where(A > 0, t.full_like(A, h["tau_pos"]), t.full_like(A, h["tau_neg"]))
        return -4 / tau * t.sigmoid(tau * (r - 1)) * A
    inner = t.minimum((r.clamp(max=h["delta"]) if name == "two_sided" else r) * A,
                      r.clamp(1 - h["eps_low"], 1 + h["eps_high"]) * A)
    return -t.where(A < 0, t.maximum(inner, h["c"] * A), inner) if name == "dual_clip" else -inner


SURROGATE_TEXT = {
    "dual_clip": "-max(min(ratio*A, clip(ratio, 1-eps_low, 1+eps_high)*A), c*A) where A < 0, "
                 "-min(ratio*A, clip(ratio, 1-eps_low, 1+eps_high)*A) elsewhere (Ye et al. 2020, dual-clip PPO)",
    "two_sided": "-min(min(ratio, delta)*A, clip(ratio, 1-eps_low, 1+eps_high)*A) (INTELLECT-2, 2025)",
    "cispo_absolute": "-sg[min(ratio, eps_high)]*A*l (MiniMax-M1 2025, CISPO; eps_high is the bound itself, as in TRL)",
    "cispo_relative": "-sg[clip(ratio, 1-eps_low, 1+eps_high)]*A*l (CISPO; bounds relative to 1, as in verl)",
    "sapo": "-(4/tau)*s(tau*(ratio - 1))*A, tau = tau_pos where A > 0, else tau_neg (Gao et al. 2025, SAPO)",
    "reinforce": "-A*l", "clip": "-min(ratio*A, clip(ratio, 1-eps_low, 1+eps_high)*A)"}


def on_policy(g, n=16):
    l = [-g.uniform(0.1, 4) for _ in range(n)]
    return dict(l=l, l_old=[v + 0.5 * g.gauss(0, 1) for v in l], A=[g.gauss(0, 1.2) for _ in range(n)])


def extreme_policy():
    rows = [(0.0, 0.0, 1.0), (-1e-12, -1e-12, -1.0), (-1.0, -2.0, 0.0), (-1.0, -31.0, 1.0), (-1.0, -31.0, -1.0),
            (-31.0, -1.0, 1.0), (-31.0, -1.0, -1.0), (-1.0, -101.0, 0.5), (-101.0, -1.0, -0.5), (-1e5, -1e5, 2.0),
            (-1e5, -1.0, 1.0), (-1e5, -1.0, -1.0), (-1.0, -801.0, 1.0), (-5.0, -5.0 - 2.0**-30, 1.0), (-5.0 - 2.0**-30, -5.0, -1.0)]
    return {k: [r[i] for r in rows] for i, k in enumerate(("l", "l_old", "A"))}


for surrogate, hypers in {"dual_clip": [{"eps_low": 0.2, "eps_high": 0.2, "c": 3.0}, {"eps_low": 0.2, "eps_high": 0.28, "c": 1.5}],
                          "two_sided": [{"eps_low": 0.2, "eps_high": 0.2, "delta": 4.0},
                                        {"eps_low": 0.2, "eps_high": 0.28, "delta": 1.5}],
                          "cispo_absolute": [{"eps_high": 5.0}, {"eps_high": 1.0}],
                          "cispo_relative": [{"eps_low": 0.2, "eps_high": 0.2}, {"eps_low": 1.0, "eps_high": 4.0}],
                          "sapo": [{"tau_pos": 1.0, "tau_neg": 1.05}, {"tau_pos": 0.5, "tau_neg": 2.0}]}.items():
    name = "ppo_" + surrogate if surrogate in ("dual_clip", "two_sided") else surrogate
    objective(name, "l", "any log-prob, A: advantages", "ratio = exp(l - l_old); " + SURROGATE_TEXT[surrogate],
              by_row(lambda h, x, s=surrogate: dict(loss=SURROGATES[s](h, x.A, x.l, ratio(x)), ratio=ratio(x))),
              lambda h, x, t, s=surrogate: torch_surrogate(s, h, x.A, x.l, (x.l - x.l_old).exp(), t))
    both(name, hypers, on_policy, extreme_policy, notes="the ratio of row 12 exceeds float64")
case("ppo_two_sided/overflow", "ppo_two_sided", {"eps_low": 0.2, "eps_high": 0.2, "delta": 4.0},
     dict(l=[-1.0, -1.0, -1.0], l_old=[-1e4, -1e4, -2.0], A=[-1.0, 1.0, -1.0]), ["extreme"],
     "the ratio of rows 0 and 1 exceeds float64; the loss does not, because delta and the clip bound it")
case("ppo_dual_clip/overflow", "ppo_dual_clip", {"eps_low": 0.2, "eps_high": 0.2, "c": 3.0},
     dict(l=[-1.0, -1.0, -1.0], l_old=[-1e4, -1e4, -2.0], A=[-1.0, 1.0, -1.0]), ["extreme"],
     "the ratio of rows 0 and 1 exceeds float64; the loss does not, because c and the clip bound it")

KL = {"k1": lambda d: d, "k2": lambda d: d * d / 2, "k3": lambda d: exp(-d) - 1 + d, "abs": absolute}


def straight_through(value, slope):
    """The value of one estimator with the gradient of another."""
    return stop(value) + slope - stop(slope)


KL_ALL = {**KL, "k1_straight_through": lambda d: straight_through(d, d * d / 2),
          "k3_straight_through": lambda d: straight_through(exp(-d) - 1 + d, d * d / 2)}
KL_TEXT = {"k1": "d", "k2": "d^2/2", "k3": "exp(-d) - 1 + d", "abs": "|d|",
           "k1_straight_through": "value d, derivative d (that of k2)",
           "k3_straight_through": "value exp(-d) - 1 + d, derivative d (that of k2)"}
KL_DISTANCES = [1e-8, -1e-8, 1e-4, -1e-4, 0.5, -0.5, 1.0, -1.0, 10.0, -10.0, 30.0, -30.0, 88.0, -88.0]


def torch_kl(name, d, t):
    k = {"k1": d, "k2": d * d / 2, "k3": t.expm1(-d) + d, "abs": d.abs()}
    if name.endswith("_straight_through"):
        return k[name[:2]].detach() + k["k2"] - k["k2"].detach()
    return k[name]


for estimator in KL_ALL:
    name = "kl_" + estimator
    objective(name, "l", "token log-probs of policy and reference", f"d = l - l_ref; loss = kl_coef*k(d), k: {KL_TEXT[estimator]}",
              by_row(lambda h, x, k=estimator: h["kl_coef"] * KL_ALL[k](x.l - x.l_ref)),
              lambda h, x, t, k=estimator: h["kl_coef"] * torch_kl(k, x.l - x.l_ref, t))
    both(name, [{"kl_coef": 1.0}, {"kl_coef": 0.04}], lambda g: dict(l=[token_log_prob(g) for _ in range(16)],
                                                                     l_ref=[token_log_prob(g) for _ in range(16)]))
    case(f"{name}/extreme", name, {"kl_coef": 1.0}, dict(l=[0.0, -1e5, -1e5] + [-100.0] * 4 + KL_DISTANCES,
                                                         l_ref=[0.0, -1e5, -99999.5, 0.0, -1e4, -1e5, -800.0] + [0.0] * 14),
         ["extreme"], "the last 14 rows: l is d itself and l_ref = 0, so that d is exact")
    case(f"{name}/near_zero", name, {"kl_coef": 1e16}, dict(l=[1e-8, -1e-8, 3e-9, -2e-8, 0.0], l_ref=[0.0] * 5), ["extreme"],
         "kl_coef = 1e16 lifts values near 1e-17 to order 1, so that the tolerance asks for their relative accuracy")
case("kl_k3/overflow", "kl_k3", {"kl_coef": 1.0}, dict(l=[-800.0, -1000.0, -1.0, 0.0, -700.0], l_ref=[0.0, -1.0, -1e5, -1e4, 0.0]),
     ["extreme"], "rows 0 and 1: exp(-d) exceeds float64")


def token_policy(h, x):
    """Surrogate and KL of one token of pg_token; A is the sequence's advantage."""
    loss = SURROGATES[h["surrogate"]](h, x.A, x.lp, exp(x.lp - x.lp_old))
    return loss if h["kl"] == "none" else loss + h["kl_coef"] * KL[h["kl"]](x.lp - x.lp_ref)


def torch_token_policy(h, x, t):
    A = x.A if x.A.dim() == 2 else x.A[:, None].expand_as(x.lp)
    tok = torch_surrogate(h["surrogate"], h, A, x.lp, t.where(x.mask > 0, x.lp - x.lp_old, x.lp * 0).exp(), t)
    if h["kl"] != "none":
        tok = tok + h["kl_coef"] * torch_kl(h["kl"], x.lp - x.lp_ref, t)
    return torch_reduced(h, tok, x.mask, t)


TOKENS = "token log-probs [B,T], mask [B,T]"
KL_DEFINED = "kl_coef*k(d), d = lp - lp_ref, k1 = d, k2 = d^2/2, k3 = exp(-d) - 1 + d (gradient flows through it)"
objective("pg_token", "lp", TOKENS + ", A per sequence",
          "ratio = exp(lp - lp_old); tok = surrogate + " + KL_DEFINED + "; surrogate (with l = lp): "
          + "; ".join(f"{k}: {v}" for k, v in SURROGATE_TEXT.items()) + ". " + REDUCTIONS,
          per_token(token_policy), torch_token_policy)


def token_batch(g, b=6, t=5):
    lp = matrix(lambda: token_log_prob(g), b, t)
    return dict(lp=lp, lp_old=mapped(lambda v: min(-1e-3, v + 0.35 * g.gauss(0, 1)), lp),
                lp_ref=mapped(lambda v: min(-1e-3, v + 0.35 * g.gauss(0, 1)), lp), mask=prefix_mask(g, b, t),
                A=[g.gauss(0, 1) for _ in range(b)])


def extreme_token_batch():
    return dict(lp=[[0.0, -1e-12, -1.0, -1e5], [-1.0, -31.0, -1e300, -1.0], [-1e5, -2.0, -3.0, -1e300]],
                lp_old=[[0.0, -1e-12, -31.0, -1e5], [-31.0, -1.0, -1.0, -1e300], [-1e5, -102.0, -0.25, -1.0]],
                lp_ref=[[0.0, -1e-12, -11.0, -99999.5], [-3.0, -1.0, -1e300, -1.0], [-1e5, -1.0, -2.5, 0.0]],
                mask=[[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]], A=[1.0, -1.0, 0.75])


band_02, band_28 = {"eps_low": 0.2, "eps_high": 0.2}, {"eps_low": 0.2, "eps_high": 0.28}
PG_TOKEN = [{"surrogate": "reinforce", "reduction": "sequence_mean", "kl": "none", "kl_coef": 0.0},
            {"surrogate": "reinforce", "reduction": "token_mean", "kl": "k2", "kl_coef": 0.1},
            {"surrogate": "clip", **band_28, "reduction": "token_mean", "kl": "none", "kl_coef": 0.0},
            {"surrogate": "clip", **band_02, "reduction": "sequence_sum", "kl": "k1", "kl_coef": 0.05},
            {"surrogate": "clip", **band_02, "reduction": "token_sum", "kl": "k3", "kl_coef": 0.04},
            {"surrogate": "dual_clip", **band_02, "c": 3.0, "reduction": "token_mean", "kl": "none", "kl_coef": 0.0},
            {"surrogate": "two_sided", **band_28, "delta": 1.4, "reduction": "sequence_mean", "kl": "k3", "kl_coef": 0.04},
            {"surrogate": "cispo_absolute", "eps_high": 1.25, "reduction": "token_mean", "kl": "none", "kl_coef": 0.0},
            {"surrogate": "cispo_relative", **band_28, "reduction": "constant", "max_len": 8, "kl": "none", "kl_coef": 0.0},
            {"surrogate": "sapo", "tau_pos": 1.0, "tau_neg": 1.05, "reduction": "sequence_mean", "kl": "k3", "kl_coef": 0.01}]
for hyper in PG_TOKEN:
    label = f"pg_token/{hyper['surrogate']}/{hyper['reduction']}/kl={hyper['kl']}"
    case(label, "pg_token", hyper, token_batch(random.Random(label)))
    case(label + "/extreme", "pg_token", hyper, extreme_token_batch(), ["extreme"],
         "masked positions hold log-probs whose ratio exceeds float64 and must contribute exactly 0")


def sequence_ratio(lp, lp_old, mask):
    return exp(total(a - b for a, b, m in zip(lp, lp_old, mask) if m) / sum(mask))


def gspo(h, x):
    r = [sequence_ratio(*rows) for rows in zip(x.lp, x.lp_old, x.mask)]
    loss = [-clipped(h, s, A) for s, A in zip(r, x.A)]
    return {"loss": loss, "ratio": r, "mean": mean(loss)}


def torch_gspo(h, x, t):
    d = t.where(x.mask > 0, x.lp - x.lp_old, x.lp * 0)
    r = (d.sum(1) / x.mask.sum(1)).exp()
    return torch_surrogate("clip", h, x.A, None, r, t)


def gspo_token(h, x):
    losses, ratios = [], []
    for lp, lp_old, mask, A in zip(x.lp, x.lp_old, x.mask, x.A):
        s = stop(sequence_ratio(lp, lp_old, mask))
        losses.append([-clipped(h, s * exp(l - stop(l)), a) if m else None for l, m, a in zip(lp, mask, A)])
        ratios.append(s)
    return {**reduced({"reduction": "sequence_mean"}, losses, x.mask), "ratio": ratios}


def torch_gspo_token(h, x, t):
    d = t.where(x.mask > 0, x.lp - x.lp_old, x.lp * 0)
    s = (d.sum(1) / x.mask.sum(1)).detach()[:, None]
    return torch_reduced({"reduction": "sequence_mean"},
                         torch_surrogate("clip", h, x.A, None, (x.lp - x.lp.detach() + s).exp(), t), x.mask, t)


GSPO_HYPER = [{"eps_low": 3e-4, "eps_high": 4e-4}, {"eps_low": 0.2, "eps_high": 0.2}]
objective("gspo", "lp", TOKENS + ", A per sequence",
          "ratio = exp(sum_t mask*(lp - lp_old) / sum_t mask); loss_i = -min(ratio*A, clip(ratio, 1-eps_low, 1+eps_high)*A); "
          "mean over sequences; the gradient spreads 1/T to the tokens (Zheng et al. 2025, GSPO)", gspo, torch_gspo)
objective("gspo_token", "lp", TOKENS + ", A per token [B,T]",
          "s_t = sg[ratio of gspo]*exp(lp - sg[lp]); tok = -min(s_t*A_t, clip(s_t, 1-eps_low, 1+eps_high)*A_t); seq_loss = masked "
          "mean; mean over sequences (GSPO)", gspo_token, torch_gspo_token)


def with_token_advantages(make):
    def call(*a):
        x = make(*a)
        return {**x, "A": [[v * (1 - 0.25 * j) for j in range(len(x["lp"][0]))] for v in x["A"]]}
    return call


both("gspo", GSPO_HYPER, only(token_batch, "lp lp_old mask A"), only(extreme_token_batch, "lp lp_old mask A"),
     notes="masked positions hold log-probs whose ratio exceeds float64")
both("gspo_token", GSPO_HYPER, only(with_token_advantages(token_batch), "lp lp_old mask A"),
     only(with_token_advantages(extreme_token_batch), "lp lp_old mask A"),
     notes="masked positions hold log-probs whose ratio exceeds float64")


def group_advantage(h, R):
    n, result = h["group"], []
    batch = deviation(R, h["std_ddof"]) if h["scale"] == "batch" else None
    for g in range(0, len(R), n):
        group = R[g:g + n]
        m = mean(group)
        scale = {"none": lambda: 1, "batch": lambda: batch + h["std_eps"],
                 "group": lambda: deviation(group, h["std_ddof"]) + h["std_eps"]}[h["scale"]]()
        result += [(r - m) / scale for r in group]
    return result


def grouped(h, x):
    A = group_advantage({**h, "scale": "group" if h["scale"] else "none"}, x.R)
    inner = SimpleNamespace(lp=x.lp, lp_old=x.lp_old, lp_ref=x.lp_ref, mask=x.mask, A=A)
    out = per_token(token_policy)({**h, "surrogate": "clip"}, inner)
    return {"seq_loss": out["seq_loss"], "advantage": A, "mean": out["mean"]}


def torch_grouped(h, x, t):
    R = x.R.reshape(-1, h["group"])
    A = R - R.mean(1, keepdim=True)
    if h["scale"]:
        A = A / (R.std(1, keepdim=True, unbiased=h["std_ddof"] == 1) + h["std_eps"])
    x.A = A.reshape(-1)
    return torch_token_policy({**h, "surrogate": "clip"}, x, t)


for name, text in {"drgrpo": "Liu et al. 2025, Dr. GRPO: scale false, reduction constant",
                   "dapo": "Yu et al. 2025, DAPO: eps_high > eps_low, reduction token_mean, no KL",
                   "grpo": "Shao et al. 2024, GRPO"}.items():
    objective(name, "lp", TOKENS + ", R per sequence, groups are consecutive",
              "A_i = (R_i - mean of its group)/(std of its group + std_eps) (std with ddof; scale=false: no division); ratio = "
              "exp(lp - lp_old); tok = -min(ratio*A, clip(ratio,1-eps_low,1+eps_high)*A) + " + KL_DEFINED + "; " + REDUCTIONS
              + f" ({text})", grouped, torch_grouped)


def group_batch(g):
    x = token_batch(g, 8, 6)
    R = [g.choice([0.0, 0.25, 0.5, 1.0]) for _ in range(4)] + [0.5] * 4
    return {k: x[k] for k in ("lp", "lp_old", "lp_ref", "mask")} | {"R": [1.0] + R[1:]}


def extreme_group_batch():
    x = extreme_token_batch()
    return {k: x[k] + [x[k][0]] for k in ("lp", "lp_old", "lp_ref", "mask")} | {"R": [1.0, -1e5, 1e-12, 0.0]}


group_base = {"group": 4, "std_eps": 1e-4, "eps_low": 0.2, "eps_high": 0.2, "max_len": 6, "std_ddof": 1, "scale": True}
for name, hyper in {"drgrpo": {**group_base, "scale": False, "reduction": "constant", "kl": "none", "kl_coef": 0.0},
                    "dapo": {**group_base, "eps_high": 0.28, "reduction": "token_mean", "kl": "none", "kl_coef": 0.0},
                    "grpo": {**group_base, "reduction": "sequence_mean", "kl": "k3", "kl_coef": 0.04}}.items():
    case(f"{name}/normal", name, hyper, group_batch(random.Random(name)), notes="the second group has zero variance (A=0)")
    case(f"{name}/extreme", name, {**hyper, "group": 2}, extreme_group_batch(), ["extreme"],
         "masked positions hold log-probs whose ratio exceeds float64")

objective("group_advantage", "", "rewards, groups are consecutive",
          "A_i = (R_i - mean of its group)/(std + std_eps), std (with ddof) of its group (scale = group), of the whole batch's R "
          "(scale = batch); scale = none: no division", lambda h, x: {"advantage": group_advantage(h, x.R)})
for hyper in ({"group": 4, "std_eps": 1e-4, "std_ddof": 1, "scale": "group"},
              {"group": 2, "std_eps": 1e-6, "std_ddof": 0, "scale": "group"},
              {"group": 4, "std_eps": 1e-4, "std_ddof": 1, "scale": "batch"},
              {"group": 8, "std_eps": 0.0, "std_ddof": 1, "scale": "none"}):
    label = f"group_advantage/group={hyper['group']}/scale={hyper['scale']}/ddof={hyper['std_ddof']}"
    generator = random.Random(label)
    case(label, "group_advantage", hyper, dict(R=[generator.gauss(0, 1) for _ in range(12)] + [0.5] * 4))
case("group_advantage/extreme", "group_advantage", {"group": 2, "std_eps": 1e-4, "std_ddof": 1, "scale": "group"},
     dict(R=[0.0, 0.0, 1e-12, -1e-12, 1e5, -1e5, 1e5, 1e5, 30.0, -1e4, 1e5, 99999.5]), ["extreme"])

objective("whitening", "", "any numbers x", "(x - mean)/sqrt(var + eps), var with ddof",
          lambda h, x: (lambda m, s: {"advantage": [(v - m) / mpmath.sqrt(s * s + h["eps"]) for v in x.x]})(
              mean(x.x), deviation(x.x, h["std_ddof"])))
both("whitening", [{"eps": 1e-8, "std_ddof": 1}, {"eps": 0.0, "std_ddof": 0}],
     lambda g: dict(x=[g.gauss(3, 2) for _ in range(12)]),
     lambda: dict(x=[1e5, 1e5, 1e5, 99999.0, 1e5 + 1e-3]))


def gae(h, x):
    advantages = []
    for r, V, last, n in zip(x.r, x.V, x.V_last, x.T):
        after, A, row = last, mpf(0), []
        for t in reversed(range(n)):
            A = r[t] + h["gamma"] * after - V[t] + h["gamma"] * h["lambda"] * A
            after = V[t]
            row.insert(0, A)
        advantages.append(row + [mpf(0)] * (len(r) - n))
    returns = [[a + v if t < n else mpf(0) for t, (a, v) in enumerate(zip(A, V))] for A, V, n in zip(advantages, x.V, x.T)]
    return {"advantage": advantages, "return": returns}


objective("gae", "", "rewards r [B,Tmax], values V [B,Tmax], V_last [B] (value after the last step; 0 if it ended), T [B]",
          "delta_t = r_t + gamma*V_{t+1} - V_t (V_T = V_last); A_t = delta_t + gamma*lambda*A_{t+1}; return = A + V; 0 beyond T "
          "(Schulman et al. 2016)", gae)


def episodes(g, b=4, t=7):
    return dict(r=matrix(lambda: g.gauss(0, 1), b, t), V=matrix(lambda: g.gauss(0, 1), b, t),
                V_last=[0.0 if i % 2 else g.gauss(0, 1) for i in range(b)], T=[t] + [g.randint(1, t) for _ in range(b - 1)])


both("gae", [{"gamma": 1.0, "lambda": 0.95}, {"gamma": 0.99, "lambda": 0.95}, {"gamma": 0.9, "lambda": 0.0},
             {"gamma": 1.0, "lambda": 1.0}],
     episodes, lambda: dict(r=[[0.0, 0.0, 1e5], [-1e5, 1e-12, 30.0], [-100.0, 1e300, 1e300]],
                            V=[[0.0, 1e-12, -1e5], [1e4, -1e4, 1e5], [1.0, -1e300, 1e300]], V_last=[0.0, -1e5, 0.5], T=[3, 3, 1]),
     notes="places beyond T hold +-1e300")


# Strengths from comparisons.

def newton(gradient_and_information, n):
    """The stationary point of mean 0, by Newton's method in the space of vectors of mean 0, and the information there."""
    t = [mpf(0)] * n
    for _ in range(60):
        g, information = gradient_and_information(t)
        shifted = mpmath.matrix(n, n)
        for i in range(n):
            for j in range(n):
                shifted[i, j] = information[i][j] + mpf(1) / n
        step = mpmath.lu_solve(shifted, mpmath.matrix(g))
        size = max(abs(v) for v in step)
        t = [a + b * min(mpf(1), 1 / size if size else mpf(1)) for a, b in zip(t, step)]
        if size < mpf(10) ** -300:
            break
    inverse = shifted ** -1
    return t, [mpmath.sqrt(inverse[i, i] - mpf(1) / n) for i in range(n)]


def choices_fit(h, x):
    """Plackett-Luce by maximum likelihood; a match of two is a ranking of two, so Bradley-Terry is a special case."""
    n = h["items"]
    choices = [r[j:] for r in x.rankings for j in range(len(r) - 1)]

    def derivatives(t):
        g, information = [mpf(0)] * n, [[mpf(0)] * n for _ in range(n)]
        for c in choices:
            z = total(exp(t[i]) for i in c)
            p = {i: exp(t[i]) / z for i in c}
            g[c[0]] += 1
            for i in c:
                g[i] -= p[i]
                for j in c:
                    information[i][j] += p[i] * ((i == j) - p[j])
        return g, information
    t, errors = newton(derivatives, n)
    likelihood = total(t[c[0]] - log_sum_exp(t[i] for i in c) for c in choices)
    return {"log_strength": t, "standard_error": errors, "log_likelihood": likelihood}


fit_text = ("maximise sum over rankings and places j of t[r_j] - logsumexp(t[r_j..r_{K-1}]), mean of t is 0; standard_error = "
            "sqrt of the diagonal of the pseudo-inverse of the observed information (the covariance under mean 0)")
objective("plackett_luce_mle", "", "rankings [n,K] of item indices, best first", fit_text, choices_fit)
objective("bt_standard_error", "", "rankings [n,2]: winner, loser (one row a match)", fit_text + "; Bradley-Terry", choices_fit)
generator = random.Random("plackett_luce_mle")
case("plackett_luce_mle/5 items", "plackett_luce_mle", {"items": 5},
     dict(rankings=[sorted(generator.sample(range(5), 3), key=lambda i: i + 2.5 * generator.gauss(0, 1)) for _ in range(40)]))
case("bt_standard_error/4 items", "bt_standard_error", {"items": 4},
     dict(rankings=[sorted(generator.sample(range(4), 2), key=lambda i: 0.7 * i + generator.gauss(0, 1.5)) for _ in range(30)]))
case("bt_standard_error/3 wins of 4", "bt_standard_error", {"items": 2}, dict(rankings=[[0, 1]] * 3 + [[1, 0]]),
     notes="by hand: t = +-log(3)/2, information of t0 - t1 is 4*(3/4)*(1/4) = 3/4, so each error is sqrt(4/3)/2")


def elo(h, x):
    ratings, history = [h["initial"]] * h["items"], []
    for w, l in zip(x.winner, x.loser):
        expected = 1 / (1 + mpf(10) ** ((ratings[l] - ratings[w]) / h["scale"]))
        ratings = list(ratings)
        ratings[w], ratings[l] = ratings[w] + h["k"] * (1 - expected), ratings[l] - h["k"] * (1 - expected)
        history.append(ratings)
    return {"rating": history}


objective("elo", "", "winner and loser of each match, in order",
          "expected = 1/(1 + 10^((R_loser - R_winner)/scale)); winner += k*(1 - expected), loser -= the same; rating [n, items] after "
          "each match (Elo 1978)", elo)
for k in (32.0, 4.0):
    case(f"elo/k={k}", "elo", {"items": 4, "k": k, "scale": 400.0, "initial": 1000.0},
         dict(winner=[generator.randrange(2) for _ in range(12)], loser=[2 + generator.randrange(2) for _ in range(12)]))


# Divergences between rows of logits.

def log_softmax(z):
    """Log-probabilities of the finite logits, None where a logit is -inf."""
    lse = log_sum_exp(v for v in z if not is_minus_infinity(v))
    return [None if is_minus_infinity(v) else v - lse for v in z]


def is_minus_infinity(v): return not isinstance(v, Live) and v == MINUS_INFINITY


def kl_divergence(log_p, log_q): return total(exp(a) * (a - b) for a, b in zip(log_p, log_q))
def total_variation(log_p, log_q): return total(absolute(exp(a) - exp(b)) for a, b in zip(log_p, log_q)) / 2


def jensen_shannon(beta, log_p, log_q):
    log_m = [log(beta * exp(a) + (1 - beta) * exp(b)) for a, b in zip(log_p, log_q)]
    return beta * kl_divergence(log_p, log_m) + (1 - beta) * kl_divergence(log_q, log_m)


def entropy(log_q): return -total(exp(v) * v for v in log_q if v is not None)


DIVERGENCES = {"forward_kl": lambda h, p, q: kl_divergence(p, q), "reverse_kl": lambda h, p, q: kl_divergence(q, p),
               "symmetric_kl": lambda h, p, q: h["weight"] * kl_divergence(p, q) + (1 - h["weight"]) * kl_divergence(q, p),
               "tvd": lambda h, p, q: total_variation(p, q), "jsd": lambda h, p, q: jensen_shannon(h["beta"], p, q)}


def torch_divergence(name, h, zt, z, t):
    p, q = zt.softmax(-1), z.softmax(-1)
    if name == "tvd":
        return 0.5 * (p - q).abs().sum(-1)
    lp, lq = zt.log_softmax(-1), z.log_softmax(-1)
    fwd, rev = (p * (lp - lq)).sum(-1), (q * (lq - lp)).sum(-1)
    if name == "jsd":
        m = (h["beta"] * p + (1 - h["beta"]) * q).log()
        return h["beta"] * (p * (lp - m)).sum(-1) + (1 - h["beta"]) * (q * (lq - m)).sum(-1)
    return {"forward_kl": lambda: fwd, "reverse_kl": lambda: rev,
            "symmetric_kl": lambda: h["weight"] * fwd + (1 - h["weight"]) * rev}[name]()


def two_rows(g, n=6, v=9):
    zt = matrix(lambda: 2 * g.gauss(0, 1), n, v)
    return dict(z=mapped(lambda x: x + g.gauss(0, 1), zt), zt=zt)


def extreme_rows():
    return dict(z=[[0.0, 0.0, 0.0, 0.0], [1e-12, -1e-12, 0.0, 0.0], [30.0, -30.0, 0.0, 1.0], [100.0, 0.0, -100.0, 1.0],
                   [1e4, 0.0, -1e4, 1.0], [1e5, 1e5, 1e5, 1e5], [-1e5, 0.0, 0.0, -1e5], [3.0, 1.0, 2.0, 0.0]],
                zt=[[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, -1e-12, 1e-12], [-30.0, 30.0, 1.0, 0.0], [0.0, 100.0, 1.0, -100.0],
                    [0.0, 1e4, 1.0, -1e4], [0.0, 1.0, 2.0, 3.0], [0.0, -1e5, -1e5, 0.0], [3.0, 1.0, 2.0, 0.0]])


objective("symmetric_kl", "z", "logits", "q = softmax(z), p = softmax(zt) (constant): weight*KL(p||q) + (1-weight)*KL(q||p)",
          by_row(lambda h, x: DIVERGENCES["symmetric_kl"](h, log_softmax(x.zt), log_softmax(x.z))),
          lambda h, x, t: torch_divergence("symmetric_kl", h, x.zt, x.z, t))
objective("tvd", "z", "logits", "q = softmax(z), p = softmax(zt) (constant): 0.5*sum_v |p_v - q_v|",
          by_row(lambda h, x: DIVERGENCES["tvd"](h, log_softmax(x.zt), log_softmax(x.z))),
          lambda h, x, t: torch_divergence("tvd", h, x.zt, x.z, t))
both("symmetric_kl", [{"weight": 0.5}, {"weight": 0.9}, {"weight": 0.0}, {"weight": 1.0}], two_rows, extreme_rows)
both("tvd", [{}], two_rows, extreme_rows, notes="where p_v = q_v the derivative of |p_v - q_v| is not unique: see kinks")


# From logits.

LOGITS = "logits [B,T,V], targets, response mask"
LOGITS_TEXT = ("logits[b,t] scores targets[b,t] (already shifted); token_logp = mask ? log_softmax(logits)[target] : 0; "
               "seq_sum = sum_t; seq_mean = seq_sum/sum_t mask; ")


def rows_of(x, f):
    """f(log-probabilities, target, b, t) at every response token; None where masked."""
    return [[f(log_softmax(z), y, b, t) if m else None for t, (z, y, m) in enumerate(zip(*row))]
            for b, row in enumerate(zip(x.logits, x.targets, x.mask))]


def scored(x):
    lp = rows_of(x, lambda logp, y, b, t: logp[y])
    sums = [total(v for v in row if v is not None) for row in lp]
    means = [s / sum(m) for s, m in zip(sums, x.mask)]
    return lp, sums, means, {"token_logp": [[mpf(0) if v is None else v for v in row] for row in lp],
                             "seq_sum": sums, "seq_mean": means}


def torch_scored(x, t):
    z = t.where(x.mask[:, :, None] > 0, x.logits, t.zeros_like(x.logits))
    logp = z.log_softmax(-1)
    token = logp.gather(2, x.targets[:, :, None])[:, :, 0] * x.mask
    return logp, token, token.sum(1), token.sum(1) / x.mask.sum(1)


def torch_entropy(logp, t):
    return -(logp.exp() * t.where(logp > -1e30, logp, t.zeros_like(logp))).sum(-1)


def halves(v): return v[:len(v) // 2], v[len(v) // 2:]


def per_sequence(loss):
    """Objective from logits with one loss per sequence or pair: loss(h, x, sums, means) -> (losses, more outputs)."""
    def compute(h, x):
        _, sums, means, listed = scored(x)
        losses, more = loss(h, x, sums, means)
        return {"loss": losses, **more, **listed, "mean": mean(losses)}
    return compute


PAIR_TEXT = "rows 0..B/2-1 chosen, B/2..B-1 the matching rejected; "


def margins(x, s, scale=lambda i: 1):
    a = [(v - r) / scale(i) for i, (v, r) in enumerate(zip(s, x.ref_sum))]
    return [w - l for w, l in zip(*halves(a))]


def from_logits(name, formula, exact, torch, hypers, more, extreme_more):
    """A family from logits: normal, extreme (huge logits, 1e300 where masked) and with logits of -inf."""
    objective("from_logits_" + name, "logits", LOGITS, LOGITS_TEXT + formula, exact, torch)
    for i, h in enumerate(hypers):
        label = name + "".join(f"/{k}={v}" for k, v in h.items())
        g = random.Random("from_logits_" + label)
        x = logits_batch(g)
        add = dict(objective_name="from_logits_" + name, hyper=h, file="M_from_logits_extra")
        case(f"{label}/normal", inputs={**x, **more(g, x)}, **add)
        if i == 0:
            x = extreme_logits()
            case(f"{label}/extreme", inputs={**x, **extreme_more(x)}, tags=["extreme"],
                 notes="masked positions hold logits of 1e300 and must contribute exactly 0 to loss and gradient", **add)
            x = logits_batch(g)
            for b in range(4):
                for t in range(5):
                    v = g.randrange(6)
                    if v != x["targets"][b][t]:
                        x["logits"][b][t][v] = float("-inf")
            case(f"{label}/minus_infinity", inputs={**x, **more(g, x)}, tags=["extreme"],
                 notes="logits of -inf have probability 0 and a gradient of exactly 0", **add)


def logits_batch(g, b=4, t=5, v=6):
    mask = prefix_mask(g, b, t)
    mask[1] = [0] + [1] * (t - 1)       # a prompt position before the response
    return dict(logits=[matrix(lambda: 1.5 * g.gauss(0, 1), t, v) for _ in range(b)],
                targets=[[g.randrange(v) for _ in range(t)] for _ in range(b)], mask=mask)


def extreme_logits():
    g = random.Random("extreme logits")
    wild = [1e300] * 4
    rows = [[[1e4, -1e4, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0], [30.0, -30.0, 1.0, 2.0]],
            [[-1e5, -1e5, -1e5, -1e5], [1e-12, -1e-12, 0.0, 1.0], wild],
            [[100.0, 99.0, -100.0, 0.0], wild, wild],
            [wild, [g.gauss(0, 1) for _ in range(4)], [1e5, 99999.5, 0.0, 1e5]]]
    return dict(logits=rows, targets=[[0, 2, 0], [3, 1, 0], [1, 0, 0], [2, 3, 1]],
                mask=[[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 1, 1]])


def ref_sums(g, x):
    return dict(ref_sum=[-sum(m) * g.uniform(1.0, 2.2) for m in x["mask"]])


def extreme_refs(x): return dict(ref_sum=[-2.0, -3.0, -1e4, -2.5])


from_logits("kto", "rho = seq_sum - ref_sum; label 1: w_d*(1 - s(beta*(rho - z))); label 0: w_u*(1 - s(beta*(z - rho))); z given; "
            "mean over sequences",
            per_sequence(lambda h, x, s, m: ([kto_loss(h, a - r, y, h["z"]) for a, r, y in zip(s, x.ref_sum, x.label)], {})),
            lambda h, x, t: torch_kto(h, torch_scored(x, t)[2] - x.ref_sum, x.label > 0, h["z"], t),
            [{"beta": 0.1, "z": 0.5, "w_d": 1.0, "w_u": 1.0}, {"beta": 1.0, "z": 0.0, "w_d": 1.33, "w_u": 0.75}],
            lambda g, x: {**ref_sums(g, x), "label": [1, 0, 0, 1]}, lambda x: {**extreme_refs(x), "label": [1, 0, 1, 0]})
from_logits("ipo", PAIR_TEXT + "h = (seq_sum_w - ref_w) - (seq_sum_l - ref_l): (h - 1/(2*tau))^2",
            per_sequence(lambda h, x, s, m: ([square(d - 1 / (2 * h["tau"])) for d in margins(x, s)], {})),
            lambda h, x, t: (lambda a: (a[:len(a) // 2] - a[len(a) // 2:] - 0.5 / h["tau"]) ** 2)(torch_scored(x, t)[2] - x.ref_sum),
            [{"tau": 0.1}, {"tau": 1.0}], ref_sums, extreme_refs)
from_logits("ipo_norm", PAIR_TEXT + "a = (seq_sum - ref_sum)/sum_t mask: (a_w - a_l - 1/(2*tau))^2",
            per_sequence(lambda h, x, s, m: ([square(d - 1 / (2 * h["tau"])) for d in margins(x, s, lambda i: sum(x.mask[i]))], {})),
            lambda h, x, t: (lambda a: (a[:len(a) // 2] - a[len(a) // 2:] - 0.5 / h["tau"]) ** 2)(
                (torch_scored(x, t)[2] - x.ref_sum) / x.mask.sum(1)),
            [{"tau": 0.5}], ref_sums, extreme_refs)


def from_logits_wpo(h, x, sums, means):
    twice = rows_of(x, lambda logp, y, b, t: stop(logp[y]) - log(total(exp(2 * stop(v)) for v in logp if v is not None)))
    s = [total(v for v in row if v is not None) / sum(m) for row, m in zip(twice, x.mask)]
    weight = [minimum(exp(a + b), h["w_max"]) for a, b in zip(*halves(s))]
    return [-w * log_sigmoid(h["beta"] * d) for w, d in zip(weight, margins(x, sums))], {"weight": weight}


def torch_from_logits_wpo(h, x, t):
    logp, token, sums, _ = torch_scored(x, t)
    s = ((token - (2 * logp).logsumexp(-1)) * x.mask).sum(1) / x.mask.sum(1)
    n = len(s) // 2
    a = sums - x.ref_sum
    return -(s[:n] + s[n:]).exp().clamp(max=h["w_max"]).detach() * t.nn.functional.logsigmoid(h["beta"] * (a[:n] - a[n:]))


from_logits("wpo", PAIR_TEXT + "s = mean over response tokens of (token_logp - log sum_v pi_v^2); "
            "weight = sg[min(exp(s_w + s_l), w_max)]; "
            "h = (seq_sum_w - ref_w) - (seq_sum_l - ref_l); -weight*log s(beta*h)", per_sequence(from_logits_wpo), torch_from_logits_wpo,
            [{"beta": 0.1, "w_max": float("inf")}, {"beta": 0.5, "w_max": 1.0}], ref_sums, extreme_refs)


def token_reduced(token):
    """Objective from logits with one loss per token: token(h, x, log-probabilities, target, b, t)."""
    def compute(h, x):
        tok = rows_of(x, lambda logp, y, b, t: token(h, x, logp, y, b, t))
        out = reduced(h, tok, x.mask)
        return {"token_loss": [[mpf(0) if v is None else v for v in row] for row in tok],
                "seq_loss": out["seq_loss"], "mean": out["mean"]}
    return compute


from_logits("dft", "tok = -sg[exp(token_logp)]*token_logp; " + REDUCTIONS,
            token_reduced(lambda h, x, logp, y, b, t: -stop(exp(logp[y])) * logp[y]),
            lambda h, x, t: (lambda l: torch_reduced(h, -l.detach().exp() * l, x.mask, t))(torch_scored(x, t)[1]),
            [{"reduction": "token_mean"}], lambda g, x: {}, lambda x: {})


def logits_ppo_token(h, x, logp, y, b, t):
    inner = SimpleNamespace(lp=logp[y], lp_old=x.lp_old[b][t], lp_ref=x.lp_ref[b][t], A=x.A[b])
    return token_policy({**h, "surrogate": "clip"}, inner) - h["entropy_coef"] * entropy(logp)


def torch_logits_ppo_token(h, x, t):
    logp, token, _, _ = torch_scored(x, t)
    r = t.where(x.mask > 0, token - x.lp_old, token * 0).exp()
    tok = torch_surrogate("clip", h, x.A[:, None].expand_as(token), None, r, t)
    if h["kl"] != "none":
        tok = tok + h["kl_coef"] * torch_kl(h["kl"], token - x.lp_ref, t)
    return torch_reduced(h, tok - h["entropy_coef"] * torch_entropy(logp, t), x.mask, t)


def old_log_probs(g, x):
    b, t = len(x["mask"]), len(x["mask"][0])
    return dict(lp_old=matrix(lambda: -g.uniform(0.8, 2.6), b, t), lp_ref=matrix(lambda: -g.uniform(0.8, 2.6), b, t),
                A=[g.gauss(0, 1) for _ in range(b)])


def extreme_old(x):
    return dict(lp_old=[[0.0, -1.25, -30.0], [-1.5, -1.0, -1e300], [-1.0, 0.0, -1e300], [-1e300, -1.75, -2.0]],
                lp_ref=[[-1.0, -1.5, -3.0], [-1.25, -2.0, 0.0], [-2.0, -1e300, 0.0], [0.0, -1.0, -1.5]], A=[1.0, -1.0, 0.5, -2.0])


ppo = {"eps_low": 0.2, "eps_high": 0.28}
from_logits("ppo_token", "lp = token_logp; ratio = exp(lp - lp_old); tok = -min(ratio*A, clip(ratio,1-eps_low,1+eps_high)*A) + " + KL_DEFINED
            + " - entropy_coef*H(softmax(logits[b,t])); A per sequence; " + REDUCTIONS,
            token_reduced(logits_ppo_token), torch_logits_ppo_token,
            [{**ppo, "kl": "k3", "kl_coef": 0.04, "entropy_coef": 0.01, "reduction": "sequence_mean"},
             {**ppo, "kl": "none", "kl_coef": 0.0, "entropy_coef": 0.0, "reduction": "token_mean"},
             {**ppo, "kl": "k1", "kl_coef": 0.1, "entropy_coef": 0.1, "reduction": "constant", "max_len": 8}],
            old_log_probs, extreme_old)
from_logits("pg_entropy", "tok = -A*token_logp - c*H(softmax(logits[b,t])); A per sequence; " + REDUCTIONS,
            token_reduced(lambda h, x, logp, y, b, t: -x.A[b] * logp[y] - h["c"] * entropy(logp)),
            lambda h, x, t: (lambda logp, l: torch_reduced(h, -x.A[:, None] * l - h["c"] * torch_entropy(logp, t), x.mask, t))(
                *torch_scored(x, t)[:2]),
            [{"c": 0.01, "reduction": "token_mean"}, {"c": 1.0, "reduction": "sequence_mean"}],
            only(old_log_probs, "A"), only(extreme_old, "A"))


def from_logits_gspo(h, x, sums, means):
    r = [exp(total(l - o for l, o, m in zip(*rows) if m) / sum(rows[2])) for rows in zip(scored(x)[0], x.lp_old, x.mask)]
    return [-clipped(h, s, A) for s, A in zip(r, x.A)], {"ratio": r}


from_logits("gspo", "ratio = exp(sum_t mask*(token_logp - lp_old)/sum_t mask); loss_i = -min(ratio*A, clip(ratio,1-eps_low,1+eps_high)*A)",
            per_sequence(from_logits_gspo),
            lambda h, x, t: torch_gspo(h, SimpleNamespace(lp=torch_scored(x, t)[1], lp_old=x.lp_old, mask=x.mask, A=x.A), t),
            [{"eps_low": 0.2, "eps_high": 0.2}], only(old_log_probs, "lp_old A"), only(extreme_old, "lp_old A"))


def earlier_targets(x, b, t):
    """The distinct response tokens before place t of sequence b, without the target itself."""
    return sorted({y for y, m in zip(x.targets[b][:t], x.mask[b][:t]) if m} - {x.targets[b][t]})


def from_logits_unlikelihood(h, x):
    out = token_reduced(lambda h, x, logp, y, b, t: -logp[y] - h["alpha"] * total(
        log_one_minus_exp(logp[c]) for c in earlier_targets(x, b, t) if logp[c] is not None))({"reduction": "token_mean", **h}, x)
    vocabulary = range(len(x.logits[0][0]))
    out["candidates"] = [[[1 if m and v in earlier_targets(x, b, t) else 0 for v in vocabulary] for t, m in enumerate(ms)]
                         for b, ms in enumerate(x.mask)]
    return out


def torch_from_logits_unlikelihood(h, x, t):
    logp, token, _, _ = torch_scored(x, t)
    one_hot = t.nn.functional.one_hot(x.targets, logp.shape[2]) * x.mask[:, :, None]
    earlier = ((one_hot.cumsum(1) - one_hot) > 0) & (t.nn.functional.one_hot(x.targets, logp.shape[2]) == 0)
    return torch_reduced({"reduction": "token_mean"}, -token - h["alpha"] * (earlier * t.log1p(-logp.exp() * earlier)).sum(-1), x.mask, t)


from_logits("unlikelihood", "C_t = distinct targets at earlier places of the same sequence where mask = 1, without targets[b,t] (outputs."
            "candidates [B,T,V]); tok = -token_logp - alpha*sum_{c in C_t} log(1 - softmax(logits[b,t])_c); seq_loss = masked mean; "
            "mean = sum mask*tok / sum mask (Welleck et al. 2020)", from_logits_unlikelihood, torch_from_logits_unlikelihood,
            [{"alpha": 1.0}, {"alpha": 0.25}], lambda g, x: {}, lambda x: {})


def from_logits_distill(h, x):
    rows = [[DIVERGENCES[h["divergence"]](h, log_softmax(zt), log_softmax(z)) if m else None for z, zt, m in zip(*row)]
            for row in zip(x.logits, x.teacher, x.mask)]
    return {"token_loss": [[mpf(0) if v is None else v for v in row] for row in rows],
            **reduced({"reduction": "token_mean"}, rows, x.mask)}


def torch_from_logits_distill(h, x, t):
    live = x.mask[:, :, None] > 0
    z, zt = (t.where(live, v, t.zeros_like(v)) for v in (x.logits, x.teacher))
    return torch_reduced({"reduction": "token_mean"}, torch_divergence(h["divergence"], h, zt, z, t), x.mask, t)


objective("from_logits_distill", "logits", "logits [B,T,V], teacher logits [B,T,V], response mask",
          "q = softmax(logits[b,t]), p = softmax(teacher[b,t]) (constant); tok by divergence: forward_kl KL(p||q); reverse_kl KL(q||p); "
          "symmetric_kl weight*KL(p||q) + (1-weight)*KL(q||p); tvd 0.5*sum|p-q|; jsd m = beta*p + (1-beta)*q, beta*KL(p||m) + "
          "(1-beta)*KL(q||m); seq_loss = masked mean; mean = sum mask*tok / sum mask", from_logits_distill, torch_from_logits_distill)
for hyper in ({"divergence": "forward_kl"}, {"divergence": "reverse_kl"}, {"divergence": "symmetric_kl", "weight": 0.7},
              {"divergence": "tvd"}, {"divergence": "jsd", "beta": 0.3}):
    label = f"distill/{hyper['divergence']}"
    generator = random.Random(label)
    batch = logits_batch(generator, 3, 4, 6)
    inputs = dict(logits=batch["logits"], teacher=mapped(lambda v: v + generator.gauss(0, 1), batch["logits"]), mask=batch["mask"][:3])
    case(f"{label}/normal", "from_logits_distill", hyper, inputs, file="M_from_logits_extra")
    batch = extreme_logits()
    case(f"{label}/extreme", "from_logits_distill", hyper,
         dict(logits=batch["logits"], teacher=[[[r[1], r[0], *r[2:]] for r in s] for s in batch["logits"]], mask=batch["mask"]),
         ["extreme"], "masked positions hold logits of 1e300", file="M_from_logits_extra")


# Checks.

def distance_to_differences(c, step):
    """Worst relative distance between the derivatives above and (f(x+s) - f(x-s))/2s, with sg[] held at the point."""
    grad, other, record, worst = gradients(c, 0)[1], gradients(c, 1)[1], [], mpf(0)
    evaluate(c, frozen=(record, None))
    for k, want in grad.items():
        for i in range(0, len(want), len(want) // 16 | 1):      # about 16 places, not all in one column
            w = want[i]
            if flat(c["inputs"][k])[i] == float("-inf") or w != other[k][i]:
                continue
            beside = [value_of(evaluate(c, shifted=(k, i, s), frozen=(None, iter(record)))[0]["mean"]) for s in (step, -step)]
            worst = max(worst, abs((beside[0] - beside[1]) / (2 * step) - w) / max(abs(w), mpf(10) ** -330))
    return worst


def central_differences():
    """Where a step of 1e-60 is too long (curvature of exp(1000), log-probs of -1e-300), a far shorter one decides."""
    worst = mpf(0)
    for c in (c for file in CASES.values() for c in file):
        distance = distance_to_differences(c, mpf(10) ** -60)
        if distance > mpf(10) ** -30:
            mp.dps = 2500
            distance = distance_to_differences(c, mpf(10) ** -1200)
            mp.dps = 500
            print(f"{c['name']}: {mpmath.nstr(distance, 3)} with step 1e-1200", flush=True)
        worst = max(worst, distance)
    print(f"central differences: worst relative distance {mpmath.nstr(worst, 3)}")
    return worst <= mpf(10) ** -30


def with_torch():
    """Worst distance to the PyTorch text relative to the array's largest element; extreme cases are printed, not judged."""
    import torch
    torch.set_default_dtype(torch.float64)
    worst, compared, without, extremes = {"loss": (0.0, ""), "grad": (0.0, "")}, 0, set(), 0
    for c in (c for file in CASES.values() for c in file):
        o, want = OBJECTIVES[c["objective"]], golden(c)
        if o.torch is None:
            without.add(o.name)
            continue
        x = SimpleNamespace(**{k: torch.tensor(a) for k, a in c["inputs"].items()})
        for k in o.live:
            getattr(x, k).requires_grad_()
        out = o.torch(c["hyper"], x, torch)
        if not isinstance(out, dict):
            out = {"loss": out, "mean": out.mean()}
        live = [getattr(x, k) for k in o.live]
        grads = dict(zip(o.live, torch.autograd.grad(out["mean"], live, allow_unused=True)))
        pairs = [("loss", k, v.detach().reshape(-1).tolist(), want["outputs"][k]) for k, v in out.items()]
        pairs += [("grad", k, v.reshape(-1).tolist(), want["grad"][k]) for k, v in grads.items() if v is not None]
        bad = 0.0
        for what, k, got, ref in pairs:
            ref = ref if isinstance(ref, list) else [ref]
            skip = set(want.get("kinks", {}).get(k, [])) if what == "grad" else set()
            size = max([abs(v) for v in ref if abs(v) < float("inf")] + [1e-300])
            for i, (a, b) in enumerate(zip(got, ref)):
                if i in skip or a == b:
                    continue
                distance = abs(a - b) / size if a == a else float("nan")
                bad = distance if distance != distance else max(bad, distance)
                if not c["tags"] and not distance <= worst[what][0]:
                    worst[what] = (distance, c["name"])
        if c["tags"]:
            extremes += 0 if bad <= 1e-10 else 1
            if not bad <= 1e-10:
                print(f"  extreme, PyTorch is off: {c['name']} ({bad:.1e})")
        else:
            compared += 1
    print(f"torch {torch.__version__}: {compared} normal cases, worst loss {worst['loss']}, worst gradient {worst['grad']}")
    print(f"no PyTorch text (no gradient): {', '.join(sorted(without))}; extreme cases where PyTorch is off: {extremes}")
    return all(v <= 1e-11 for v, _ in worst.values())


def listing():
    for o in OBJECTIVES.values():
        cs = [c for file in CASES.values() for c in file if c["objective"] == o.name]
        made = golden(cs[0])
        shapes = made.get("shapes", {})
        named = [k + (str(shapes[k]) if k in shapes else "") for k in cs[0]["inputs"]]
        keys = list(dict.fromkeys(k for c in cs for k in c["hyper"]))
        print(f"{o.name} ({len(cs)}) hyper[{' '.join(keys)}] in[{' '.join(named)}] "
              f"out[{' '.join(made['outputs'])}] d[{' '.join(o.live)}]")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for flag in ("check", "differences", "torch", "list"):
        parser.add_argument("--" + flag, action="store_true")
    a = parser.parse_args()
    if a.list:
        return listing()
    if a.differences or a.torch:
        ok = (not a.differences or central_differences()) and (not a.torch or with_torch())
        return 0 if ok else 1
    differing = []
    for file in CASES:
        path = os.path.join(HERE, file + ".json")
        text = document(file)
        if a.check:
            if not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
                differing.append(file)
        else:
            with open(path + ".part", "w", encoding="utf-8") as f:
                f.write(text)
            os.replace(path + ".part", path)
            print(f"{file}.json: {len(CASES[file])} cases")
    if differing:
        print("differs from what make_extra.py makes: " + ", ".join(differing), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
