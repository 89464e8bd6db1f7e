"""Which values count, and how they become one loss."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from .. import _validate as validate

REDUCTIONS = ("none", "mean", "sum", "batchmean")


def check_reduction(value: Any) -> str:
    """Refuse what is not the name of a reduction."""
    if value not in REDUCTIONS:
        expected = ", ".join(map(repr, REDUCTIONS))
        raise ValueError(f"reduction must be one of {expected}, got {validate.describe(value)}")
    return str(value)


def check_mask(mask: Any, shape: tuple[int, ...], device: torch.device) -> Tensor | None:
    """Return the mask in the values' shape, on their device."""
    if mask is None:
        return None
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        came = f"a tensor of {mask.dtype}" if isinstance(mask, Tensor) else type(mask).__name__
        raise TypeError(f"mask must be a tensor of torch.bool, got {came}")
    if mask.device != device:
        raise ValueError(f"mask is on device {mask.device}: expected {device}, the values' device")
    try:
        return mask.broadcast_to(shape)
    except RuntimeError:
        expected = f"expected the value's, {tuple(shape)}"
        raise ValueError(f"mask has shape {tuple(mask.shape)}: {expected}") from None


def divisor(shape: tuple[int, ...], reduction: str, mask: Tensor | None) -> Any:
    """Return what the sum is divided by; never 0, as the sum of nothing is 0."""
    if reduction == "mean":
        return max(math.prod(shape), 1) if mask is None else mask.sum().clamp(min=1)
    if reduction == "batchmean" and shape:
        return max(shape[0], 1)
    return 1


def reduce(values: Tensor, reduction: str, mask: Tensor | None, divided_by: Any) -> Tensor:
    """Return the loss. Values that do not count are left out by selection: NaN does no harm there."""
    if mask is not None:
        values = torch.where(mask, values, 0)
    return values if reduction == "none" else (values.sum() / divided_by).to(values.dtype)
