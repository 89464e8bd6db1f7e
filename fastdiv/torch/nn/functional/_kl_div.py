"""Pointwise Kullback-Leibler divergence with PyTorch's signature."""

from __future__ import annotations

import math
import warnings
from typing import Any

import torch
from torch import Tensor

from .... import _validate as validate
from ..._modes import recorder

_LEGACY = {
    (True, True): "mean",
    (False, True): "sum",
    (True, False): "none",
    (False, False): "none",
}


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    r"""Pointwise Kullback-Leibler divergence, right at zeros; replaces `torch.nn.functional.kl_div`.

    .. math:: l = t\,(\log t - x), \qquad \text{or } l = e^t (t - x) \text{ with log\_target}

    Summed over a distribution it is KL(target ‖ input): the arguments stand the other way round. For logits
    `fastdiv.torch.kl_divergence` is faster and needs no `log_softmax`.

    Parameters
    ----------
    input : Tensor
        The model's log-probabilities x, on any device.
    target : Tensor
        Probabilities t, or log-probabilities with `log_target`. They broadcast against each other.
    size_average, reduce : bool, optional
        PyTorch's deprecated form of `reduction`.
    reduction : {'mean', 'batchmean', 'sum', 'none'}
        The mean over all elements, which is no divergence; the sum divided by the size of input's first
        dimension; the sum; or the terms themselves.
    log_target : bool, default False
        Whether `target` is in log space.

    Returns
    -------
    Tensor
        In nats, of the type that PyTorch promotes both to. 16-bit types are computed in float32 and rounded
        once.

    Raises
    ------
    TypeError
        For arguments that are no tensors, and a `log_target` that is no bool.
    ValueError
        For another reduction.
    RuntimeError
        For shapes that do not broadcast, and types that are not floating-point.

    Warns
    -----
    UserWarning
        For the reductions 'mean' and 'elementwise_mean', and the deprecated arguments, as PyTorch does.

    Notes
    -----
    Where PyTorch gives NaN this is right: a target of probability 0 contributes 0 also where input is -inf,
    0 log 0 being 0, and has gradients. The one by input is -t = 0 there. The one by target, log t + 1 - x,
    has the limit -inf at t = 0; it is 0 by fastdiv's convention: what is impossible stays so. With
    `log_target` both tend to 0 at -inf, and are 0. A target that is possible where input is -inf gives inf.

    Derivatives of any order, forward mode and `torch.func.grad` work; `vmap` does not.

    References
    ----------
    S. Kullback and R. A. Leibler, *On Information and Sufficiency*, 1951.

    Examples
    --------
    >>> import torch
    >>> from fastdiv.torch.nn.functional import kl_div
    >>> log_q = torch.tensor([[0.5, 0.5, 0.0]]).log()
    >>> p = torch.tensor([[0.25, 0.75, 0.0]])
    >>> print(kl_div(log_q, p, reduction="batchmean"))
    tensor(0.1308)
    """
    for name, value in (("input", input), ("target", target)):
        if not isinstance(value, Tensor):
            raise TypeError(f"{name} must be a torch.Tensor, got {type(value).__name__}")
    if not isinstance(log_target, bool):
        raise TypeError(f"log_target must be True or False, got {validate.describe(log_target)}")
    form = reduction
    if size_average is not None or reduce is not None:
        form = _LEGACY[size_average is not False, reduce is not False]
        expected = f"please use reduction='{form}' instead."
        warnings.warn(f"size_average and reduce args will be deprecated, {expected}", stacklevel=2)
    elif reduction == "mean":
        message = (
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
        )
        warnings.warn(
            f"{message} 'batchmean' is the divergence, averaged over the batch.", stacklevel=2
        )
    elif reduction == "elementwise_mean":
        expected = "Please use reduction='mean' instead."
        warnings.warn(f"reduction='elementwise_mean' is deprecated. {expected}", stacklevel=2)
        form = "mean"
    elif reduction not in ("none", "sum", "batchmean"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    for name, value in (("input", input), ("target", target)):
        if not value.is_floating_point():
            raise RuntimeError(f"{name} has dtype {value.dtype}: expected a floating-point type")
    # A compiled graph holds no `result_type`: it is asked only if it must be.
    dtype = input.dtype if input.dtype == target.dtype else torch.result_type(input, target)
    x, t = torch.broadcast_tensors(input, target)
    divisor = x.numel() if form == "mean" else 1
    if reduction == "batchmean" and input.ndim > 0:
        divisor *= input.shape[0]
    node = _Pointwise if torch.compiler.is_compiling() else _ForwardPointwise
    loss: Tensor = node.apply(x, t, log_target, form == "none", divisor, dtype)
    return loss


class _Pointwise(torch.autograd.Function):
    """The terms, or their sum, divided. Only the arguments are saved."""

    @staticmethod
    def forward(
        x: Tensor, t: Tensor, log_target: bool, each: bool, divisor: int, dtype: torch.dtype
    ) -> Tensor:
        wide = torch.float64 if dtype == torch.float64 else torch.float32
        x, t = x.to(wide), t.to(wide)
        terms = _terms(x, t, log_target)
        total = terms.sum()
        if not _may_look(x) or total.isnan():
            terms = _mended(terms, x, t, log_target)
            total = terms.sum()
        return ((terms if each else total) / divisor).to(dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, t, ctx.log_target, ctx.each, ctx.divisor, _ = inputs
        ctx.save_for_backward(x, t)
        ctx.save_for_forward(x, t)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        x, t = ctx.saved_tensors
        factor = upstream / ctx.divisor
        by_x = by_t = None
        if ctx.needs_input_grad[0]:
            by_x = (_probability(t, ctx.log_target) * -factor).to(x.dtype)
        if ctx.needs_input_grad[1]:
            by_t = (_slope_by_target(x, t, ctx.log_target) * factor).to(t.dtype)
        return by_x, by_t, None, None, None, None


class _ForwardPointwise(_Pointwise):
    """With forward mode, which the compiler does not take."""

    @staticmethod
    def jvp(ctx: Any, x_dot: Tensor | None, t_dot: Tensor | None, *_: None) -> Tensor:
        x, t = ctx.saved_tensors
        terms = torch.zeros_like(x)
        if x_dot is not None:
            terms = terms - x_dot * _probability(t, ctx.log_target)
        if t_dot is not None:
            terms = terms + t_dot * _slope_by_target(x, t, ctx.log_target)
        return (terms if ctx.each else terms.sum()) / ctx.divisor


def _may_look(x: Tensor) -> bool:
    """Whether to look into a tensor is cheap: cheaper than to mend what may need no mending."""
    plain = x.device.type == "cpu" and not torch.compiler.is_compiling()
    return plain and recorder() is None  # what is recorded holds for other values too


def _terms(x: Tensor, t: Tensor, log_target: bool) -> Tensor:
    if log_target:
        return (t - x).mul_(t.exp())
    return torch.addcmul(torch.xlogy(t, t), t, x, value=-1)


def _mended(terms: Tensor, x: Tensor, t: Tensor, log_target: bool) -> Tensor:
    """Return terms with those of impossible targets 0, where the formula gives 0 times infinity."""
    if not log_target:
        return terms.masked_fill_((t == 0) & (x == -math.inf), 0)
    terms = terms.masked_fill_((t == -math.inf) & (x < math.inf), 0)
    return terms.masked_fill_((t > -math.inf) & (x == -math.inf), math.inf)


def _probability(t: Tensor, log_target: bool) -> Tensor:
    return _wide(t).exp() if log_target else t


def _slope_by_target(x: Tensor, t: Tensor, log_target: bool) -> Tensor:
    """Return log t + 1 - x, or e^t (t - x + 1); 0 at probability 0."""
    x, t = _wide(x), _wide(t)
    if _may_look(x) and not torch.is_grad_enabled():
        slope = (t - x).add_(1).mul_(t.exp()) if log_target else t.log().add_(1).sub_(x)
        if slope.sum().isfinite():
            return slope
    impossible = t == (-math.inf if log_target else 0)
    x = x.masked_fill(impossible, 0)  # set aside, so that derivatives are not spoilt either
    if not log_target:
        return (t.masked_fill(impossible, 1).log() + 1 - x).masked_fill(impossible, 0)
    t = t.masked_fill(impossible, 0)
    slope = (t.exp() * (t - x + 1)).masked_fill(x == -math.inf, math.inf)
    return slope.masked_fill(impossible, 0)


def _wide(x: Tensor) -> Tensor:
    return x.float() if x.element_size() < 4 else x
