# The cases of bench/cuda in PyTorch on the same GPU: as written (eager), and by torch.compile; one JSON line each.
# SPDX-License-Identifier: MIT
#
#   pytorch_cuda.py [CASE ...] [--calls N] [--try]
#
# CASE: level_1, level_2, level_3, train_step, generate; all of them otherwise. --try runs small shapes on the CPU, to see that the program does.
# Attention is PyTorch's fused scaled_dot_product_attention, the loss its cross_entropy; level 3 stores the logits, in pieces
# where the memory is short. Numbers are bfloat16 where ours are to be: autocast around float parameters in the training step.
import argparse
import json
import math
import statistics
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("cases", nargs="*")
parser.add_argument("--calls", type=int, default=20)
parser.add_argument("--try", action="store_true", dest="tried")
options = parser.parse_args()

try:
    import torch
    import torch.nn.functional as functional
except ImportError:
    sys.exit("pytorch_cuda: there is no PyTorch for this Python, its column stays empty")
if not options.tried and not torch.cuda.is_available():
    sys.exit("pytorch_cuda: this PyTorch sees no GPU, its column stays empty")

device = "cpu" if options.tried else "cuda"
torch.manual_seed(0)
torch.backends.cuda.matmul.allow_tf32 = True
beta = 0.1


def wanted(case):
    return not options.cases or case.split("/")[0] in options.cases


def milliseconds(call):
    if device == "cpu":
        start = time.perf_counter()
        call()
        return 1e3 * (time.perf_counter() - start)
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    call()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end)


def report(case, variant, prepare, call):
    """The median of calls, each after an untimed prepare(); a variant that cannot be run says why and is left out."""
    try:
        ms = []
        if device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        for k in range(3 + options.calls):
            prepare()
            ms.append(milliseconds(call))
        peak = torch.cuda.max_memory_allocated() / 1e6 if device == "cuda" else math.nan
        print(json.dumps({"case": case, "variant": variant, "median_ms": statistics.median(ms[3:]), "min_ms": min(ms[3:]),
                          "peak_mb": peak if peak == peak else 0}), flush=True)
    except Exception as problem:  # of many kinds: out of memory, a compiler that is missing
        print(f"pytorch_cuda: {case}, {variant}: {str(problem).splitlines()[0] if str(problem) else problem!r}", file=sys.stderr)


def both(case, prepare, step):
    """step(function) makes a call; eager, and compiled where PyTorch can."""
    report(case, "eager", prepare, lambda: step(lambda f: f))
    if hasattr(torch, "compile"):
        kept = {}
        report(case, "compiled", prepare,
               lambda: step(lambda f: kept.setdefault(f.__name__, torch.compile(f, dynamic=False))))


def dpo_loss(chosen, rejected, reference_chosen, reference_rejected):
    return -functional.logsigmoid(beta * ((chosen - rejected) - (reference_chosen - reference_rejected))).mean()


def poft_loss(log_prob, tokens, aligned_score):
    return -functional.logsigmoid(log_prob / tokens - aligned_score).mean()


def level_1(objective):
    size = 1000 if options.tried else 10_000_000
    loss = dpo_loss if objective == "dpo" else poft_loss
    live_count = 2 if objective == "dpo" else 1
    numbers = [torch.empty(size, device=device) for _ in range(4 if objective == "dpo" else 3)]
    live = [x.requires_grad_() for x in numbers[:live_count]]

    def prepare():
        with torch.no_grad():
            for x in numbers:
                x.uniform_(-60, -10)
            if objective == "poft":
                numbers[1].uniform_(10, 100)
        for x in live:
            x.grad = None

    both(f"level_1/{objective}", prepare, lambda how: how(loss)(*numbers).backward())


length = 64


def sequence_loss(objective, token_log_probs):
    log_probs = token_log_probs.float().view(-1, length).sum(-1)
    if objective == "dpo":
        return dpo_loss(log_probs[0::2], log_probs[1::2], torch.full_like(log_probs[0::2], -9),
                        torch.full_like(log_probs[1::2], -9))
    return poft_loss(log_probs, length, -9)


def level_2(objective):
    rows, vocab = (128, 100) if options.tried else (8192, 128256)
    logits = torch.empty(rows, vocab, device=device, dtype=torch.bfloat16, requires_grad=True)
    targets = torch.empty(rows, device=device, dtype=torch.int64)

    def prepare():
        with torch.no_grad():
            logits.normal_(0, 2)
            targets.random_(vocab)
        logits.grad = None

    def from_logits(z, wanted_tokens):
        return sequence_loss(objective, -functional.cross_entropy(z.float(), wanted_tokens, reduction="none"))

    def from_logits_in_bfloat16(z, wanted_tokens):
        return sequence_loss(objective, -functional.cross_entropy(z, wanted_tokens, reduction="none"))

    case = f"level_2/{objective}"
    both(case, prepare, lambda how: how(from_logits)(logits, targets).backward())
    report(case, "eager, bfloat16 throughout", prepare, lambda: from_logits_in_bfloat16(logits, targets).backward())


def level_3(objective):
    rows, channels, vocab = (128, 16, 100) if options.tried else (8192, 4096, 128256)
    dtype = torch.bfloat16
    hidden = torch.empty(rows, channels, device=device, dtype=dtype, requires_grad=True)
    weight = torch.empty(vocab, channels, device=device, dtype=dtype, requires_grad=True)
    targets = torch.empty(rows, device=device, dtype=torch.int64)

    def prepare():
        with torch.no_grad():
            hidden.normal_()
            weight.normal_(0, 0.02)
            targets.random_(vocab)
        hidden.grad = weight.grad = None

    def from_hidden(x, w, wanted_tokens):
        return sequence_loss(objective,
                             -functional.cross_entropy(functional.linear(x, w).float(), wanted_tokens, reduction="none"))

    both(f"level_3/{objective}", prepare, lambda how: how(from_hidden)(hidden, weight, targets).backward())


class Block(torch.nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        linear = torch.nn.Linear
        self.heads = heads
        self.attention_norm, self.mlp_norm = torch.nn.LayerNorm(channels), torch.nn.LayerNorm(channels)
        self.qkv, self.projection = linear(channels, 3 * channels), linear(channels, channels)
        self.up, self.down = linear(channels, 4 * channels), linear(4 * channels, channels)

    def forward(self, x):
        batch, steps, channels = x.shape
        q, k, v = (part.view(batch, steps, self.heads, -1).transpose(1, 2)
                   for part in self.qkv(self.attention_norm(x)).split(channels, 2))
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.projection(y.transpose(1, 2).reshape(batch, steps, channels))
        return x + self.down(functional.gelu(self.up(self.mlp_norm(x)), approximate="tanh"))


class Transformer(torch.nn.Module):
    def __init__(self, layers, heads, channels, vocab, positions, tied):
        super().__init__()
        self.tokens, self.positions = torch.nn.Embedding(vocab, channels), torch.nn.Embedding(positions, channels)
        self.blocks = torch.nn.Sequential(*(Block(channels, heads) for _ in range(layers)))
        self.last_norm = torch.nn.LayerNorm(channels)
        self.head = torch.nn.Linear(channels, vocab, bias=False)
        for parameter in self.parameters():
            if parameter.dim() == 2:
                torch.nn.init.normal_(parameter, 0, 0.02)
        if tied:
            self.head.weight = self.tokens.weight

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1], device=tokens.device))
        return self.head(self.last_norm(self.blocks(x)))


shapes = {"gpt_nano": (3, 3, 48, 100, 11, False), "gpt2": (12, 12, 768, 50257, 1024, True)}
if options.tried:
    shapes["gpt2"] = (1, 2, 16, 50, 64, True)


def train_step(name, batch, steps):
    vocab = shapes[name][3]
    case = f"train_step/{name}/{batch}x{steps}"
    if options.tried:
        batch, steps = 2, min(steps, 8)
    model = Transformer(*shapes[name]).to(device)
    kinds = {"fused": True} if device == "cuda" else {}
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01, **kinds)
    tokens, targets = (torch.empty(batch, steps, device=device, dtype=torch.int64) for _ in range(2))

    def prepare():
        tokens.random_(vocab)
        targets.random_(vocab)

    def loss_of(inputs, outputs):
        with torch.autocast(device, dtype=torch.bfloat16):
            logits = model(inputs)
        return functional.cross_entropy(logits.float().view(-1, vocab), outputs.view(-1))

    def step(how):
        how(loss_of)(tokens, targets).backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    both(case, prepare, step)


def generate(name, prompts, given, new):
    """The whole context through the model for every token, as minGPT does."""
    vocab = shapes[name][3]
    case = f"generate/{name}/{prompts}x{given}+{new}"
    if options.tried:
        prompts, given, new = 2, 1, 2
    model = Transformer(*shapes[name]).to(device)
    first = torch.empty(prompts, given, device=device, dtype=torch.int64)

    def call():
        with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16):
            tokens = first
            for _ in range(new):
                drawn = torch.multinomial(functional.softmax(model(tokens)[:, -1].float(), -1), 1)
                tokens = torch.cat((tokens, drawn), 1)

    report(case, "eager", lambda: first.random_(vocab), call)


cases = [(f"{level}/{objective}", function, (objective,))
         for level, function in (("level_1", level_1), ("level_2", level_2), ("level_3", level_3))
         for objective in ("dpo", "poft")]
cases += [("train_step", train_step, shape) for shape in (("gpt2", 8, 1024), ("gpt_nano", 1000, 10), ("gpt_nano", 100, 10))]
cases += [("generate", generate, shape) for shape in (("gpt_nano", 1000, 1, 10), ("gpt2", 16, 16, 64))]
for case, function, arguments in cases:
    if wanted(case):
        try:
            function(*arguments)
        except Exception as problem:  # out of memory before the first call
            print(f"pytorch_cuda: {case}: {str(problem).splitlines()[0] if str(problem) else problem!r}", file=sys.stderr)
