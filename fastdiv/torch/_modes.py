"""What PyTorch may be doing in place of computing, and kernels cannot take part in."""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad


def recorder() -> str | None:
    """Return the name of what records PyTorch's operations at the moment."""
    if torch.jit.is_tracing():
        return "torch.jit.trace"
    fx: Any = sys.modules.get("torch.fx.experimental.proxy_tensor")
    # Private to PyTorch, under another name in older versions.
    mode = getattr(fx, "get_proxy_mode", None) or getattr(fx, "get_innermost_proxy_mode", None)
    return "torch.fx or torch.export" if mode is not None and mode() is not None else None


def refuse_recording() -> None:
    """Refuse to be recorded: of a kernel only the memory would be, as it is before it is written."""
    found = recorder()
    if found is not None:
        reason = "its kernels are no operations of PyTorch"
        hint = "record the model without it, and call it on the model's output"
        raise RuntimeError(f"fastdiv.torch cannot be recorded by {found}, as {reason}; {hint}")


def is_batched(x: Tensor) -> bool:
    """Whether a tensor stands for many, under torch.func.vmap or what is made of it."""
    functorch: Any = torch._C._functorch
    while functorch.is_functorch_wrapped_tensor(x):
        if functorch.is_batchedtensor(x):
            return True
        x = functorch.get_unwrapped(x)
    return False


def refuse_wrapper(name: str, x: Tensor) -> None:
    """Refuse a tensor that has no memory, or carries something along that would be lost."""
    if type(x) is not Tensor and any(kind.__name__ == "FakeTensor" for kind in type(x).__mro__):
        expected = "expected a tensor with values, outside of FakeTensorMode"
        raise RuntimeError(f"{name} is a FakeTensor, which has a shape but no memory: {expected}")
    if is_batched(x):
        hint = "call it on the whole batch instead, of any number of dimensions"
        raise RuntimeError(f"{name} is batched by torch.func.vmap, which is not supported; {hint}")
    if torch._is_functional_tensor(x):
        expected = "expected a plain one, outside of torch.func.functionalize"
        raise RuntimeError(f"{name} is a functional tensor: {expected}")
    if getattr(forward_ad, "_current_level", -1) < 0:
        return
    if forward_ad.unpack_dual(x).tangent is not None:
        hint = "it has backward mode: .backward(), torch.func.grad, torch.func.vjp"
        message = f"{name} has a tangent: fastdiv.torch has no forward mode (jvp, jacfwd)"
        raise RuntimeError(f"{message}; {hint}")
