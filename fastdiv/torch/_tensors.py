"""Tensors as arrays that fastdiv's kernels take, without copying."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from .. import _validate as validate
from ._device import check_device, check_same_device, memory_of
from ._modes import refuse_wrapper

_WIDE = (torch.float64, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool)
_NARROW = (torch.float32, torch.float16, torch.bfloat16)


def as_array(tensor: Tensor) -> Any:
    """View a tensor's memory as an array, by whose type fastdiv chooses the kernels of its device."""
    plain = tensor.detach().resolve_neg()  # copied if negative by a mark alone
    bits = plain.view(torch.int16) if plain.dtype == torch.bfloat16 else plain
    try:
        array = memory_of(bits)
    except RuntimeError as error:
        message = f"fastdiv.torch cannot read the memory of a {type(tensor).__name__}"
        raise RuntimeError(f"{message}: expected a plain tensor") from error
    if plain.dtype != torch.bfloat16:
        return array
    import ml_dtypes  # NumPy has no bfloat16 of its own

    return array.view(ml_dtypes.bfloat16)


def check(name: str, value: Any) -> Tensor:
    """Refuse what is not a tensor that the kernels can read."""
    if not isinstance(value, Tensor):
        came = f"{type(value).__name__} {validate.describe(value)}"
        raise TypeError(f"{name} must be a torch.Tensor, got {came}; arrays go to fastdiv.logits")
    check_device(name, value)
    if value.layout != torch.strided:
        raise TypeError(f"{name} has layout {value.layout}: expected a dense tensor; .to_dense()")
    if value.dtype not in _WIDE + _NARROW:
        expected = "float64, float32, float16, bfloat16, integers or bool"
        raise TypeError(f"{name} has dtype {value.dtype}: expected {expected}")
    refuse_wrapper(name, value)
    return value


def value_dtype(tensors: Iterable[Tensor]) -> torch.dtype:
    """Return the type of values: float64 if an argument is computed in it, else float32."""
    return torch.float64 if any(x.dtype in _WIDE for x in tensors) else torch.float32


def broadcast(tensors: dict[str, Tensor]) -> list[Tensor]:
    """Broadcast tensors of one device against each other, as views."""
    check_same_device(tensors)
    values = list(tensors.values())
    if all(x.shape == values[0].shape for x in values):
        return values
    try:
        return list(torch.broadcast_tensors(*values))
    except RuntimeError:
        shapes = " and ".join(f"{name} with shape {tuple(x.shape)}" for name, x in tensors.items())
        raise ValueError(f"{shapes} do not broadcast") from None


def batch_shape(shape: torch.Size, dims: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of the values: without the dimensions of an event."""
    return tuple(size for axis, size in enumerate(shape) if axis not in dims)


def over_events(values: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Give values the dimensions of an event back, with size 1."""
    for axis in sorted(dims):
        values = values.unsqueeze(axis)
    return values
