# Causal attention in the two ways of writing it that PyTorch's programs are timed with.
# SPDX-License-Identifier: MIT
import math

import torch.nn.functional as functional


def attention(q, k, v, is_later, variant):
    """q [batch, heads, new, channels], k and v [batch, heads, all, channels]; the new tokens are the last of all. is_later: upper
    triangle above the diagonal, [at least all, at least all].

    products    two batched matrix products around a masked softmax
    broadcast   the same as sums over a broadcast axis: the batched product of a PyTorch that was built without MKL, as Debian's
                is, is a loop over small ones
    """
    scale = 1 / math.sqrt(q.shape[-1])
    if variant == "products":
        scores = q @ k.transpose(-2, -1) * scale
    else:
        scores = (q[..., :, None, :] * k[..., None, :, :]).sum(-1) * scale
    if q.shape[2] > 1:
        scores = scores.masked_fill(is_later[:q.shape[2], :k.shape[2]], -math.inf)
    weights = functional.softmax(scores, -1)
    return weights @ v if variant == "products" else (weights[..., None] * v[..., None, :, :]).sum(-2)
