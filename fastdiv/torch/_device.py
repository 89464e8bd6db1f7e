"""What depends on where tensors are: which devices there are, on what stream to compute, gradients scaled in place."""

from __future__ import annotations

import contextlib
import functools
import importlib
from typing import Any

import torch
from torch import Tensor

from .. import _array

_KINDS = {
    torch.float32: "float32",
    torch.float64: "float64",
    torch.float16: "float16",
    torch.bfloat16: "bfloat16",
}


def check_device(name: str, tensor: Tensor) -> None:
    """Refuse tensors that no kernels are for."""
    device = tensor.device
    if device.type == "cuda":
        _require_cuda(name)
    elif device.type != "cpu":
        message = f"{name} is on device {device}: fastdiv.torch computes on the CPU and on CUDA"
        raise TypeError(f"{message}; move it with .cpu() or .cuda()")


@functools.cache  # of what has been found; an error is looked for again
def _require_cuda(name: str) -> None:
    _array.gpu_backend(f"{name} is in GPU memory (torch.Tensor)")


def has_kernels(tensor: Tensor) -> bool:
    """Whether fastdiv computes where the tensor is."""
    try:
        check_device("tensor", tensor)
    except (ImportError, RuntimeError, TypeError):
        return False
    return True


def check_same_device(tensors: dict[str, Tensor]) -> None:
    """Refuse tensors on several devices."""
    first_name, first = next(iter(tensors.items()))
    for name, tensor in tensors.items():
        if tensor.device != first.device:
            message = (
                f"{name} is on device {tensor.device}: expected {first.device}, where {first_name}"
            )
            raise ValueError(f"{message} is; move it with .to({str(first.device)!r})")


def computing_beside(tensor: Tensor) -> Any:
    """Return a context in which kernels run on PyTorch's current stream of the tensor's device."""
    if not tensor.is_cuda:
        return contextlib.nullcontext()
    cupy: Any = importlib.import_module("cupy")
    index = tensor.device.index
    stack = contextlib.ExitStack()
    stack.enter_context(cupy.cuda.Device(index))
    stream = torch.cuda.current_stream(tensor.device).cuda_stream
    stack.enter_context(cupy.cuda.ExternalStream(stream, index))
    return stack


def memory_of(tensor: Tensor) -> Any:
    """Return a plain tensor's memory as an array of NumPy or CuPy; bfloat16 and its gradients come as int16."""
    if not tensor.is_cuda:
        return tensor.numpy()
    return importlib.import_module("cupy").from_dlpack(tensor)


def on_gpu(tensor: Tensor) -> bool:
    """Whether kernels of the GPU compute, where a question to the device would make the host wait."""
    return tensor.is_cuda or _array.SIMULATED


def scale_(gradient: Tensor, factor: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Multiply a gradient on the GPU, in place, by one factor or one an event; a factor of 0 leaves 0 even of NaN.

    The host does not wait, and what a factor of 1 belongs to is not even read.
    """
    events = gradient.ndim - len(axes)
    if not gradient.is_contiguous() or axes != tuple(range(events, gradient.ndim)):
        return gradient.mul_(factor).masked_fill_(factor == 0, 0)
    kind = _KINDS[gradient.dtype]
    wide = torch.float64 if kind == "float64" else torch.float32
    flat = gradient.reshape(-1, max(gradient.shape[events:].numel(), 1))
    words = flat.view(torch.int16) if flat.dtype.itemsize == 2 else flat
    factors = factor.to(wide).reshape(-1)
    with computing_beside(gradient):
        scaling = importlib.import_module("fastdiv._cuda.scaling")
        memory = memory_of(words)
        rows = memory.view("uint16") if words is not flat else memory
        scaling.scale_rows(rows, memory_of(factors), kind)
    return gradient
