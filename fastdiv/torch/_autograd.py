"""A measure of fastdiv as one node of PyTorch's graph."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .. import _validate as validate
from .. import value_and_grad
from ._device import computing_beside, on_gpu, scale_
from ._modes import is_batched, refuse_recording
from ._reduction import check_mask, check_reduction, divisor, reduce
from ._tensors import as_array, batch_shape, broadcast, check, over_events, value_dtype

_gradient_of = functools.cache(value_and_grad)
# Whether the backward pass that runs keeps its graph for another one. This is private to PyTorch; without it
# we take for granted that it does, which costs a copy.
_graph_is_kept: Callable[[], bool] = getattr(
    torch._C._autograd, "_get_current_graph_task_keep_graph", lambda: True
)


def evaluate(
    measure: Callable[..., Any],
    arguments: dict[str, Any],
    dim: Any = -1,
    reduction: str = "none",
    mask: Tensor | None = None,
    **options: Any,
) -> Tensor:
    """Return the values of a measure of fastdiv, or a loss of them, with gradients attached."""
    function = _evaluate
    if torch.compiler.is_compiling():  # a compiled graph ends here and goes on afterwards
        function = torch.compiler.disable(_evaluate)
    return function(measure, arguments, dim, reduction, mask, options)


def _evaluate(
    measure: Callable[..., Any],
    arguments: dict[str, Any],
    dim: Any,
    reduction: str,
    mask: Tensor | None,
    options: dict[str, Any],
) -> Tensor:
    refuse_recording()
    tensors = {name: check(name, value) for name, value in arguments.items()}
    views = broadcast(tensors)  # PyTorch adds up the gradients of what was broadcast
    if views[0].ndim == 0:
        raise ValueError(f"{next(iter(arguments))} must have at least one axis, got a scalar")
    dims = validate.axes("dim", dim, views[0].ndim)
    shape = batch_shape(views[0].shape, dims)
    reduction, mask = check_reduction(reduction), check_mask(mask, shape, views[0].device)
    count = divisor(shape, reduction, mask)
    if isinstance(count, Tensor):  # a number, unless the host had to wait for it
        count = count.double() if on_gpu(views[0]) else float(count)
    wanted = tuple(torch.is_grad_enabled() and x.requires_grad for x in views)
    # Gradients in float16 would underflow before a loss that is scaled against just that sends its factor.
    early = all(x.dtype != torch.float16 for x in views)
    call = _Call(measure, options, dims, reduction, mask, count, wanted, early)
    result: Tensor = _Node.apply(call, *views)[0] if any(wanted) else call(*views)[0]
    return result


@dataclass(frozen=True)
class _Call:
    """A measure with everything but its tensors, which have one shape."""

    measure: Callable[..., Any]
    options: dict[str, Any]
    dims: tuple[int, ...]
    reduction: str
    mask: Tensor | None
    divisor: Any
    wanted: tuple[bool, ...]
    divides_early: bool

    def __call__(self, *tensors: Tensor) -> list[Tensor]:
        """Return the loss, and its gradients by the tensors that are wanted."""
        with computing_beside(tensors[0]):
            return self._compute(*tensors)

    def _compute(self, *tensors: Tensor) -> list[Tensor]:
        shape, dtype = batch_shape(tensors[0].shape, self.dims), value_dtype(tensors)
        values = torch.empty(shape, dtype=dtype, device=tensors[0].device)
        arrays = [as_array(x) for x in tensors]
        options = {**self.options, "axis": self.dims, "out": as_array(values)}
        positions = tuple(k for k, wanted in enumerate(self.wanted) if wanted)
        gradients = [torch.empty_like(tensors[k]) for k in positions]
        if positions:
            options["grad_out"] = tuple(as_array(x) for x in gradients)
            options["cotangent"] = self._cotangent(values)
            _gradient_of(self.measure, positions)(*arrays, **options)
            self._clear_what_does_not_count(values, gradients)
        else:
            self.measure(*arrays, **options)
        return [reduce(values, self.reduction, self.mask, self.divisor), *gradients]

    def _cotangent(self, values: Tensor) -> Any:
        """Return by what each event's gradient is multiplied in the forward pass already."""
        factor = 1 / self.divisor if self.divides_early else 1.0
        if self.mask is None:
            return None if factor == 1 else as_array(torch.full_like(values, factor))
        return as_array(torch.where(self.mask, torch.ones_like(values) * factor, 0))

    def _clear_what_does_not_count(self, values: Tensor, gradients: list[Tensor]) -> None:
        """Set gradients to 0 where a factor of 0 did not: where they are NaN or infinite."""
        if self.mask is None:
            return
        if on_gpu(values):
            counts = over_events(self.mask.to(values.dtype), self.dims)
            for gradient in gradients:
                scale_(gradient, counts, self.dims)
            return
        events = ~(self.mask | values.isfinite())
        if events.any():
            for gradient in gradients:
                gradient.masked_fill_(over_events(events, self.dims), 0)

    def scaled(self, gradient: Tensor, upstream: Tensor, unasked: Tensor | None) -> Tensor:
        """Return a gradient times the upstream one, in the same memory where nobody else needs it."""
        factor = upstream if self.divides_early else upstream / self.divisor
        factor = over_events(factor, self.dims) if self.reduction == "none" else factor
        if not torch.is_grad_enabled():
            gradient = gradient.detach()
        shared = torch.is_grad_enabled() or _graph_is_kept()
        if on_gpu(gradient) and not shared:
            return scale_(gradient, factor, self.dims)
        if shared:
            result = (gradient * factor).to(gradient.dtype)
        elif factor.ndim == 0 and factor == 1:
            result = gradient
        else:
            result = gradient.mul_(factor)
        if unasked is not None:
            result = result.masked_fill(over_events(unasked, self.dims), 0)
        return result


def _unasked(values: Tensor, upstream: Tensor) -> Tensor | None:
    """Return whose gradients must become 0 although they are NaN or infinite: 0 times those is not 0."""
    unasked = upstream == 0
    # Under torch.func.jacrev nobody can look whether there is any, and on a GPU it would take a wait.
    if is_batched(unasked) or on_gpu(unasked):
        return unasked & ~values.isfinite()
    if not unasked.any():  # it is cheaper than the next question
        return None
    unasked &= ~values.isfinite()
    return unasked if unasked.any() else None


class _Node(torch.autograd.Function):
    """Gradients are computed with the values, in one pass, and scaled when the upstream one comes.

    They are outputs, so that whoever differentiates a second time meets an error instead of a constant.
    """

    @staticmethod
    def forward(call: _Call, *tensors: Tensor) -> tuple[Tensor, ...]:
        return tuple(call(*tensors))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        value, *gradients = output
        ctx.call = inputs[0]
        # A copy: values may be overwritten before the backward pass.
        ctx.values = value.detach().clone() if ctx.call.reduction == "none" else None
        ctx.save_for_backward(*gradients)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor | None, *second: Tensor | None) -> tuple[Any, ...]:
        call: _Call = ctx.call
        if any(x is not None for x in second):
            name = call.measure.__name__
            raise RuntimeError(
                f"fastdiv.torch has no second derivatives: {name} can be differentiated once"
            )
        if upstream is None:
            return (None, *(None for _ in call.wanted))
        unasked = None if ctx.values is None else _unasked(ctx.values, upstream)
        saved = iter(ctx.saved_tensors)
        scaled = (
            call.scaled(next(saved), upstream, unasked) if wanted else None
            for wanted in call.wanted
        )
        return (None, *scaled)


# PyTorch asks for it at every call.
_Node.forward.__signature__ = inspect.signature(_Node.forward)  # type: ignore[attr-defined]
