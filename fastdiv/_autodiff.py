"""Values with gradients of the public measures."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from . import _validate as validate
from ._measure import GradientRequest, Measure, Result

Function = TypeVar("Function", bound=Callable[..., Any])

_MEASURES: dict[Callable[..., Any], Measure] = {}


def differentiable(measure: Measure) -> Callable[[Function], Function]:
    """Mark a public function as one that computes this measure, so that it has gradients."""

    def mark(function: Function) -> Function:
        _MEASURES[function] = measure
        return function

    return mark


def value_and_grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0
) -> Callable[..., tuple[Any, Any]]:
    r"""Return a function that computes the value of a measure and its gradient in one pass.

    Parameters
    ----------
    f : function
        A measure of fastdiv, for example `fastdiv.kl_divergence`.
    argnums : int or tuple of ints
        The arguments to differentiate by; a tuple gives a tuple of gradients.

    Returns
    -------
    function
        It has the signature of `f` and two keywords more: ``cotangent``, an array of the value's shape
        (or one that broadcasts to it) by which the gradient is multiplied, event by event; and
        ``grad_out``, where the gradient goes (a tuple if `argnums` is one): an array of the argument's
        shape, possibly the argument itself. It returns ``(value, gradient)``.

    Notes
    -----
    Gradients of normalised measures are with respect to the unnormalised entries, so they include the
    normalisation: :math:`\partial f/\partial w_i = (g_i - \sum_j p_j g_j)/\sum_j w_j` with
    :math:`g = \partial f/\partial p`. Where an entry is exactly 0 its gradient is 0, although the
    one-sided limit may be infinite. Where an event's value is NaN so is its gradient; where a value is
    infinite because q = 0 < p, the gradient by p is +inf there and, normalised, -inf at the other
    entries. An argument that was broadcast gets the sum over the entries it stood for.

    Raises
    ------
    TypeError, ValueError
        If `f` is no measure of fastdiv, or an argument does not fit; the message names it.

    Examples
    --------
    >>> import numpy as np
    >>> import fastdiv
    >>> p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    >>> value, gradient = fastdiv.value_and_grad(fastdiv.kl_divergence, argnums=1)(p, q)
    >>> print(value.round(6), gradient.round(6))
    0.143841 [-1.        0.333333]
    """
    measure = _MEASURES.get(f) if callable(f) else None
    if measure is None:
        raise TypeError(f"f must be a measure of fastdiv, got {validate.describe(f)}")
    positions = validate.argnums(argnums, len(measure.arguments))
    signature = inspect.signature(f)
    several = isinstance(argnums, tuple)

    @functools.wraps(f)
    def with_gradient(
        *args: Any, cotangent: Any = None, grad_out: Any = None, **options: Any
    ) -> tuple[Any, Any]:
        bound = signature.bind(*args, **options)
        bound.apply_defaults()
        arguments = dict(bound.arguments)
        arrays = tuple(arguments.pop(name) for name in measure.arguments)
        if "axis" in arguments:
            arguments["axes"] = arguments.pop("axis")
        request = GradientRequest(
            positions, cotangent, _grad_outs(grad_out, len(positions), several)
        )
        result: Result = measure.evaluate(arrays, **arguments, request=request)
        return result.value, result.gradients if several else result.gradients[0]

    return with_gradient


def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """Return a function that computes the gradient of a measure: `value_and_grad` without the value.

    Examples
    --------
    >>> import numpy as np
    >>> import fastdiv
    >>> print(fastdiv.grad(fastdiv.entropy)(np.array([0.25, 0.75])).round(6))
    [ 0.823959 -0.274653]
    """
    compute = value_and_grad(f, argnums)

    @functools.wraps(f)
    def gradient(*args: Any, **options: Any) -> Any:
        return compute(*args, **options)[1]

    return gradient


def _grad_outs(grad_out: Any, count: int, several: bool) -> tuple[Any, ...] | None:
    if grad_out is None:
        return None
    if not several:
        return (grad_out,)
    if not isinstance(grad_out, tuple) or len(grad_out) != count:
        came = validate.describe(type(grad_out).__name__)
        raise ValueError(f"grad_out must be a tuple of {count} arrays, as argnums, got {came}")
    return grad_out
