"""Estimates of the Kullback-Leibler divergence from the log-probabilities of samples."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

from .. import _validate as validate
from ._reduction import check_mask, check_reduction, divisor, reduce
from ._tensors import broadcast

_KINDS = ("k1", "k2", "k3")
_GRADIENTS = ("unbiased", "pathwise")
_SMALL = 0.5  # below it e^-r - 1 + r cancels, and 14 terms of its series are exact to float64
_SERIES = [(-1) ** k / math.factorial(k + 2) for k in range(14)]


def kl_estimate(
    log_p: Tensor,
    log_q: Tensor,
    *,
    kind: Literal["k1", "k2", "k3"] = "k3",
    gradient: Literal["unbiased", "pathwise"] = "unbiased",
    baseline_dim: int | None = None,
    reduction: str = "none",
    mask: Tensor | None = None,
) -> Tensor:
    r"""Estimate KL(p ‖ q) from the log-probabilities of samples of p, with a gradient that is right.

    .. math:: r = \log p(x) - \log q(x), \quad x \sim p: \qquad
        k_1 = r, \quad k_2 = \tfrac{1}{2} r^2, \quad k_3 = e^{-r} - 1 + r

    Where the logits of the whole vocabulary are at hand prefer `fastdiv.torch.kl_divergence`: it is the
    exact expectation over x, without variance, and so is its gradient.

    Parameters
    ----------
    log_p, log_q : Tensor
        The log-probabilities of the same samples, for example the tokens of completions, under the policy p
        that they were drawn from and under the reference q; they broadcast against each other. On any
        device.
    kind : {'k3', 'k1', 'k2'}
        The value. The mean of k1 and of k3 is the divergence; k3 is never negative and varies less, unless p
        is far from q. k2 is biased, little where p is close to q.
    gradient : {'unbiased', 'pathwise'}
        See the notes. 'pathwise' is what automatic differentiation of the value gives.
    baseline_dim : int, optional
        A dimension along which samples are independent and of the same p, for example the completions of
        one prompt. The unbiased gradient then uses r minus the mean of the others' r that count, which
        lowers its variance where r's mean, the divergence, is large against its spread. Not with 'pathwise'.
    reduction : {'none', 'mean', 'sum', 'batchmean'}
        The estimates themselves; their mean; their sum; or their sum divided by the size of their first
        dimension, masked or not.
    mask : Tensor of bool, optional
        Which samples count, in the estimates' shape or one that broadcasts to it. The others are 0, with
        gradient 0, even where they are NaN; 'mean' divides by the number of those that count, and is 0 if
        there are none.

    Returns
    -------
    Tensor
        In nats; float64 if an argument is, else float32.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    The samples depend on the policy's parameters too, which automatic differentiation does not see:

    .. math:: \nabla \mathrm{KL} = \nabla \sum_x p(x)\, r(x) = \sum_x p(x)\, r(x)\, \nabla \log p(x)
        = \mathrm{E}_p[r\, \nabla \log p], \quad \text{as } \mathrm{E}_p[\nabla \log p] = 0.

    Of the pathwise gradients by log p, ∇k1 = ∇log p has the mean 0, and is noise alone;
    ∇k3 = (1 − q/p) ∇log p has the mean −Σ q ∇log p, which is the gradient of KL(q ‖ p), the other
    direction; ∇k2 = r ∇log p is right. 'unbiased' gives the last for every kind, or (r − b) ∇log p with the
    baseline b of `baseline_dim`. By log q it is −1, whose mean is the gradient of KL by q, for every kind.

    It is unbiased if the samples come from the very p that is differentiated; multiply estimates by the
    importance weights of samples from an older policy. For tokens it is the gradient of the divergence at
    each position with the prefix as it is: that a token also changes the prefix of later ones is not in it.

    k3 is computed from expm1 and, near r = 0, its series, so that it keeps its digits and is never
    negative. It is not clamped: in float32 it is inf for r < −88, where q is far more probable than p.
    q = 0 gives inf. So does p = 0 < q, the limit, with the gradient −inf by log p, unbiased or pathwise, and
    with `baseline_dim` infinite or NaN gradients at the samples beside it: no such sample can have been
    drawn of p, and a mask leaves it out. p = q = 0 gives NaN.

    References
    ----------
    J. Schulman, *Approximating KL Divergence*, 2020, http://joschu.net/blog/kl-approx.html (there samples
    are of q, and k's r is p/q); *A Comedy of Estimators: On KL Regularization in RL Training of LLMs*, 2025,
    https://arxiv.org/abs/2512.21852 (their gradients).

    Examples
    --------
    >>> import torch
    >>> import fastdiv.torch
    >>> log_p = torch.tensor([[-1.0, -2.0, -0.5]], requires_grad=True)
    >>> log_q = torch.tensor([[-1.5, -1.0, torch.nan]])
    >>> counts = torch.tensor([[True, True, False]])
    >>> loss = fastdiv.torch.kl_estimate(log_p, log_q, mask=counts, reduction="mean")
    >>> loss.backward()
    >>> print(round(loss.item(), 6), log_p.grad)
    0.412406 tensor([[ 0.2500, -0.5000,  0.0000]])
    """
    _check_name("kind", kind, _KINDS)
    _check_name("gradient", gradient, _GRADIENTS)
    tensors = {name: _check(name, x) for name, x in (("log_p", log_p), ("log_q", log_q))}
    if gradient == "pathwise" and baseline_dim is not None:
        came = validate.describe(baseline_dim)
        raise ValueError(f"baseline_dim must be None with gradient='pathwise', got {came}")
    p, q = broadcast(tensors)
    reduction, mask = check_reduction(reduction), check_mask(mask, p.shape, p.device)
    r = p - q
    if mask is not None:
        r = torch.where(mask, r, 0)  # where every kind is 0
    by_p = _pathwise_slope(r, kind) if gradient == "pathwise" else _centred(r, baseline_dim, mask)
    by_q = -by_p if gradient == "pathwise" else torch.full_like(r, -1)
    if mask is not None:
        by_p, by_q = torch.where(mask, by_p, 0), torch.where(mask, by_q, 0)
    with torch.no_grad():
        value = _value(r, kind)
    estimates: Tensor = _Attached.apply(value, p, q, by_p, by_q)
    return reduce(estimates, reduction, mask, divisor(p.shape, reduction, mask))


def _check_name(name: str, value: Any, names: tuple[str, ...]) -> None:
    if value not in names:
        expected = ", ".join(map(repr, names))
        raise ValueError(f"{name} must be one of {expected}, got {validate.describe(value)}")


def _check(name: str, value: Any) -> Tensor:
    """Return log-probabilities in the type that they are computed in."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(value).__name__}")
    if not value.is_floating_point():
        raise TypeError(f"{name} has dtype {value.dtype}: expected a floating-point type")
    return value if value.dtype == torch.float64 else value.float()


def _value(r: Tensor, kind: str) -> Tensor:
    if kind == "k1":
        return r
    if kind == "k2":
        return r * r / 2
    small = r.clamp(-_SMALL, _SMALL)
    series = torch.full_like(r, _SERIES[-1])
    for coefficient in reversed(_SERIES[:-1]):
        series = series * small + coefficient
    finite = r.clamp(min=torch.finfo(r.dtype).min)  # not inf - inf where p = 0
    return torch.where(r.abs() < _SMALL, series * small * small, torch.expm1(-r) + finite)


def _pathwise_slope(r: Tensor, kind: str) -> Tensor:
    """Return the derivative of the value by r."""
    if kind == "k1":
        return torch.ones_like(r)
    return r if kind == "k2" else -torch.expm1(-r)


def _centred(r: Tensor, dim: int | None, mask: Tensor | None) -> Tensor:
    """Return r minus the mean of the others along a dimension, which are independent of it."""
    if dim is None:
        return r
    (axis,) = validate.axes("baseline_dim", dim, r.ndim)
    counts = torch.ones_like(r) if mask is None else mask.to(r.dtype)
    others = (counts.sum(axis, keepdim=True) - 1).clamp(min=1)
    return r - (r.sum(axis, keepdim=True) - r) / others


class _Attached(torch.autograd.Function):
    """A value, with the given slopes instead of its own."""

    generate_vmap_rule = True

    @staticmethod
    def forward(value: Tensor, p: Tensor, q: Tensor, by_p: Tensor, by_q: Tensor) -> Tensor:
        return value.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[3:])

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        # Selected: 0 times NaN or infinity is not 0.
        by_p, by_q = (
            torch.where(upstream == 0, 0, upstream * slope) for slope in ctx.saved_tensors
        )
        return None, by_p, by_q, None, None
