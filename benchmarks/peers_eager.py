"""PyTorch, eager: values without a graph, gradients by autograd."""

from __future__ import annotations

from typing import Any

from works import Array, Call

try:
    import torch
except ImportError:  # the column stays empty
    torch = None

Tensor = Any


def _normalized(weights: Tensor) -> Tensor:
    return weights / weights.sum(-1, keepdim=True)


def entropy(p: Tensor) -> Tensor:
    """Log of the sum, less the weighted logs."""
    total = p.sum(-1)
    return total.log() - torch.linalg.vecdot(p, p.log()) / total


def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Weighted logs of ratios; much quicker than `kl_div`."""
    total = p.sum(-1)
    return torch.linalg.vecdot(p, (p / q).log()) / total + (q.sum(-1) / total).log()


def js_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Take logs of ratios to the mixture."""
    a, b = _normalized(p), _normalized(q)
    m = (a + b) / 2
    return (torch.linalg.vecdot(a, (a / m).log()) + torch.linalg.vecdot(b, (b / m).log())) / 2


def js_divergence_gradients(p: Tensor, q: Tensor) -> tuple[Tensor, ...]:
    """Differences of logs, which autograd turns back quicker than ratios."""
    with torch.enable_grad():
        a, b = _normalized(p), _normalized(q)
        log_m = ((a + b) / 2).log()
        own, other = (torch.linalg.vecdot(x, x.log() - log_m) for x in (a, b))
        value = (own + other) / 2
        return value.detach(), *torch.autograd.grad(value.sum(), (p, q))


def mutual_information(table: Tensor) -> Tensor:
    """Entropies of the marginals less that of the table, from unnormalised weights."""
    x, y = table.sum(2), table.sum(1)
    total = x.sum(-1)
    joint = table.flatten(1)
    logs = [torch.linalg.vecdot(weights, weights.log()) for weights in (joint, x, y)]
    return (logs[0] - logs[1] - logs[2]) / total + total.log()


def pairwise_js_distance(p: Tensor, q: Tensor) -> Tensor:
    """Entropies of the mixtures, a row of p with all of q at a time."""
    a, b = _normalized(p), _normalized(q)
    own_a, own_b = (torch.linalg.vecdot(x, x.log()) for x in (a, b))
    mixed = []
    for row in a:
        mixture = row + b
        mixed.append(torch.linalg.vecdot(mixture, mixture.log()))
    divergence = (own_a[:, None] + own_b - torch.stack(mixed)) / 2 + 0.6931471805599453
    return divergence.clamp(min=0).sqrt()


def pairwise_kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Use a matrix product."""
    a, b = _normalized(p), _normalized(q)
    return torch.linalg.vecdot(a, a.log())[:, None] - a @ b.log().T


FORMULAS = {
    "entropy": entropy,
    "kl_divergence": kl_divergence,
    "js_divergence": js_divergence,
    "js_divergence_gradients": js_divergence_gradients,
    "mutual_information": mutual_information,
    "pairwise_js_distance": pairwise_js_distance,
    "pairwise_kl_divergence": pairwise_kl_divergence,
}


def call(name: str, arrays: tuple[Array, ...]) -> Call | None:
    """Return the call on tensors that share the arrays' memory."""
    if torch is None or name not in FORMULAS:
        return None
    formula = FORMULAS[name]
    gradients = name.endswith("gradients")
    tensors = [torch.from_numpy(array).requires_grad_(gradients) for array in arrays]

    def run() -> Tensor:
        with torch.no_grad():
            return formula(*tensors)

    return run
