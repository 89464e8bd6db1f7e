"""Peers on the GPU: torch, eager and compiled, and Liger-Kernel, from the same CuPy arrays, which are not copied."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

Array = Any
Call = Callable[[], Any]
PEERS = ("torch", "torch.compile", "Liger")


def tensor(torch: Any, array: Array) -> Any:
    """Share an array's memory; DLPack does not know NumPy's bfloat16."""
    if array.dtype.name == "bfloat16":
        return torch.from_dlpack(array.view("int16")).view(torch.bfloat16)
    return torch.from_dlpack(array)


def peer_call(library: str, name: str, arrays: tuple[Array, ...], gradient: bool) -> Call | None:
    """Return the call for a measure of logits, with the gradient by the last argument; None if there is none."""
    try:
        import torch
    except ImportError:
        return None
    formula = (
        _liger(torch, name) if library == "Liger" else functools.partial(_formula, torch, name)
    )
    if formula is None:
        return None
    if library == "torch.compile":
        torch.compiler.reset()
        formula = torch.compile(formula, fullgraph=True, dynamic=False)
    tensors = [tensor(torch, array) for array in arrays]
    last = tensors[-1].requires_grad_(gradient)

    def run() -> Any:
        with torch.set_grad_enabled(gradient):
            value = formula(*tensors)
            if not gradient:
                return value
            return value.detach(), torch.autograd.grad(value.sum(), last)[0]

    return run


def _formula(torch: Any, name: str, *logits: Any) -> Any:
    """Return the values from plain formulas, computed in float32."""
    logs = [torch.log_softmax(each, -1, dtype=torch.float32) for each in logits]
    p = logs[0].exp()
    if name == "entropy":
        return -(p * logs[0]).sum(-1)
    if name == "kl_divergence":
        return (p * (logs[0] - logs[1])).sum(-1)
    q = logs[1].exp()
    mixture = ((p + q) / 2).log()
    return ((p * (logs[0] - mixture)).sum(-1) + (q * (logs[1] - mixture)).sum(-1)) / 2


def _liger(torch: Any, name: str) -> Callable[..., Any] | None:
    """Return Liger's loss, summed over the rows, of logits: it takes their logarithms of softmax."""
    try:
        from liger_kernel.transformers import LigerJSD, LigerKLDIVLoss
    except ImportError:
        return None

    def logs(each: Any) -> Any:
        return torch.log_softmax(each, -1, dtype=torch.float32).flatten(0, -2)

    if name == "kl_divergence":
        kl = LigerKLDIVLoss(reduction="sum", log_target=True)
        return lambda x, y: kl(logs(y), logs(x))
    if name == "js_divergence":
        js = LigerJSD(beta=0.5)  # the mean over rows
        return lambda x, y: js(logs(x), logs(y)) * x.shape[0]
    return None
