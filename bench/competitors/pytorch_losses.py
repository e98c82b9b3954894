# DPO and PoFT in PyTorch, loss and gradient: elementwise, from logits, from hidden states; one JSON line per variant.
# SPDX-License-Identifier: MIT
#
#   pytorch_losses.py {level_1|level_2|level_3} {dpo|poft|poft_nano} SIZE [--threads N] [--seconds S] [--variant NAME]
#
# SIZE is the number of pairs or sequences at level 1, the vocabulary at levels 2 and 3, where two examples have
# sequences of 256 tokens; level 3 has 768 channels. poft_nano is PoFT with 1000 sequences of 10 tokens and 48 channels.
# Without --variant every way of writing the same mathematics is timed:
#
#   level 1       autograd       the formula, differentiated by PyTorch
#                 by_hand        the derivative written out, every operation into memory that is kept
#   levels 2, 3   gather         log_softmax and gather, differentiated by PyTorch
#                 cross_entropy  cross_entropy(reduction="none"), differentiated by PyTorch
#                 by_hand        logsumexp, then softmax times the coefficient, without autograd over the logits
import argparse
import json
import os
import statistics
import time

parser = argparse.ArgumentParser()
parser.add_argument("level", choices=["level_1", "level_2", "level_3"])
parser.add_argument("objective", choices=["dpo", "poft", "poft_nano"])
parser.add_argument("size", type=int)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=1.0)
parser.add_argument("--variant")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import torch  # noqa: E402: after its threads are set
import torch.nn.functional as functional  # noqa: E402

torch.set_num_threads(options.threads)
torch.manual_seed(0)

beta = 0.1
gamma = 0.5


def dpo_loss(chosen, rejected, reference_chosen, reference_rejected):
    return -functional.logsigmoid(beta * ((chosen - rejected) - (reference_chosen - reference_rejected))).mean()


def poft_loss(log_prob, tokens, aligned_score):
    return -functional.logsigmoid(beta * (log_prob / tokens - aligned_score) + gamma).mean()


class Level1:
    """Arrays of log-probs; the gradient is left in self.gradient."""

    variants = ("autograd", "by_hand")

    def __init__(self, objective, size):
        live = [-50 * torch.rand(size) - 1 for _ in range(2 if objective == "dpo" else 1)]
        beside = [x + 2 * torch.rand(size) - 1 for x in live]
        self.is_dpo = objective == "dpo"
        self.live = [x.requires_grad_() for x in live]
        tokens, score = torch.randint(10, 100, (size,)).float(), 4 * torch.rand(size) - 2
        self.frozen = [x.detach() for x in beside] if self.is_dpo else [tokens, score]
        self.kept = [torch.empty(size) for _ in range(4)]

    def autograd(self):
        for x in self.live:
            x.grad = None
        loss = (dpo_loss if self.is_dpo else poft_loss)(*self.live, *self.frozen)
        loss.backward()
        self.gradient = [x.grad for x in self.live]
        return loss.item()

    def by_hand(self):
        margin, slope, opposite, work = self.kept
        size = margin.numel()
        with torch.no_grad():
            if self.is_dpo:
                torch.sub(self.live[0], self.live[1], out=margin)
                margin.sub_(self.frozen[0]).add_(self.frozen[1]).mul_(beta)
            else:
                torch.div(self.live[0], self.frozen[0], out=margin)
                margin.sub_(self.frozen[1]).mul_(beta).add_(gamma)
            torch.sigmoid(torch.neg(margin, out=work), out=slope)
            slope.mul_(-beta / size)
            if self.is_dpo:
                torch.neg(slope, out=opposite)
                self.gradient = [slope, opposite]
            else:
                self.gradient = [slope.div_(self.frozen[0])]
            return -functional.logsigmoid(margin).mean().item()


class Level2:
    """Logits of two examples, whose sequences' first tokens, a few more in each, are masked."""

    variants = ("gather", "cross_entropy", "by_hand")

    def __init__(self, objective, vocab):
        self.is_dpo = objective == "dpo"
        examples, self.tokens, self.channels = (1000, 10, 48) if objective == "poft_nano" else (2, 256, 768)
        self.examples, self.sequences = examples, examples * (2 if self.is_dpo else 1)
        rows = self.sequences * self.tokens
        self.live = self.make_live(rows, vocab)
        self.targets = torch.randint(vocab, (rows,))
        first = torch.tensor([7 * s % (self.tokens // 2) for s in range(self.sequences)])
        self.mask = (torch.arange(self.tokens) >= first[:, None]).float()
        self.score = torch.full((self.sequences,), -9.0)

    def make_live(self, rows, vocab):
        return [torch.randn(rows, vocab)]

    def logits(self):
        return self.live[0]

    def gradient_of(self, d_logits):
        return [d_logits]

    def loss_of(self, token_log_probs):
        log_prob = (token_log_probs.view(self.sequences, self.tokens) * self.mask).sum(-1)
        if not self.is_dpo:
            return poft_loss(log_prob, self.mask.sum(-1), self.score)
        pairs = self.examples
        return dpo_loss(log_prob[:pairs], log_prob[pairs:], self.score[:pairs], self.score[pairs:])

    def differentiated(self, token_log_probs):
        for x in self.live:
            x.requires_grad_().grad = None
        loss = self.loss_of(token_log_probs(self.logits()))
        loss.backward()
        self.gradient = [x.grad for x in self.live]
        return loss.item()

    def gather(self):
        return self.differentiated(
            lambda logits: functional.log_softmax(logits, -1).gather(-1, self.targets[:, None]).squeeze(-1))

    def cross_entropy(self):
        return self.differentiated(
            lambda logits: -functional.cross_entropy(logits, self.targets, reduction="none"))

    def by_hand(self):
        self.gradient = None
        with torch.no_grad():
            logits = self.logits()
            normaliser = torch.logsumexp(logits, -1)
            token_log_probs = logits.gather(-1, self.targets[:, None]).squeeze(-1) - normaliser
        token_log_probs.requires_grad_()
        loss = self.loss_of(token_log_probs)
        loss.backward()
        with torch.no_grad():
            slope = token_log_probs.grad[:, None]
            d_logits = torch.sub(logits, normaliser[:, None]).exp_().mul_(-slope)
            d_logits.scatter_add_(1, self.targets[:, None], slope)
            self.gradient = self.gradient_of(d_logits)
        return loss.item()


class Level3(Level2):
    """The same from hidden states and the weight of the head."""

    def make_live(self, rows, vocab):
        return [torch.randn(rows, self.channels), 0.02 * torch.randn(vocab, self.channels)]

    def logits(self):
        return self.live[0] @ self.live[1].t()

    def gradient_of(self, d_logits):
        return [d_logits @ self.live[1], d_logits.t() @ self.live[0]]


def memory(line):
    with open("/proc/self/status") as status:
        return next(1024 * int(entry.split()[1]) for entry in status if entry.startswith(line))


def refuse_different_variants(kind):
    """A competitor that computes something else is none."""
    small = kind(options.objective, 100)
    found = []
    for variant in kind.variants:
        loss = getattr(small, variant)()
        found.append([torch.tensor(loss)] + [g.detach().clone() for g in small.gradient])
    for other in found[1:]:
        for ours, theirs in zip(found[0], other):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


kind = {"level_1": Level1, "level_2": Level2, "level_3": Level3}[options.level]
refuse_different_variants(kind)  # and fills in whatever PyTorch does once
problem = kind(options.objective, options.size)
for variant in [options.variant] if options.variant else kind.variants:
    step = getattr(problem, variant)
    before = memory("VmRSS:")
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5\n")
    step()
    extra = memory("VmHWM:") - before
    if options.level == "level_3":  # there ours writes to the caller's gradients
        extra -= sum(gradient.numel() * gradient.element_size() for gradient in problem.gradient)
    step()
    seconds = []
    while sum(seconds) < options.seconds or len(seconds) < 5:
        start = time.perf_counter()
        loss = step()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({
        "case": f"{options.level}/{options.objective}/{options.size}",
        "threads": options.threads, "setting": os.environ.get("POFT_SETTING", "default"), "variant": variant,
        "median_ms": 1e3 * statistics.median(seconds), "min_ms": 1e3 * min(seconds), "calls": len(seconds),
        # What earlier variants left in malloc's hands is not seen: only the first variant's is the truth.
        "extra_kilobytes": extra / 1024 if options.variant else None, "loss": loss,
    }), flush=True)
