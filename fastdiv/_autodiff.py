"""Values with gradients of the public measures."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from . import _validate as validate
from ._measure import GradientRequest, Measure, Result

Function = TypeVar("Function", bound=Callable[..., Any])

ValueAndGrad = Callable[..., tuple[Any, tuple[Any, ...]]]
_KEYWORDS = ("cotangent", "grad_out")


@dataclass(frozen=True)
class _OwnGradients:
    """A function that brings its gradients: the arguments that have one, and what computes them."""

    arguments: tuple[str, ...]
    value_and_grad: ValueAndGrad
    keywords: tuple[str, ...]
    """Which of `_KEYWORDS` it takes."""


_MEASURES: dict[Callable[..., Any], Measure] = {}
_FUNCTIONS: dict[Callable[..., Any], _OwnGradients] = {}


def differentiable(measure: Measure) -> Callable[[Function], Function]:
    """Mark a public function as one that computes this measure, so that it has gradients."""

    def mark(function: Function) -> Function:
        _MEASURES[function] = measure
        return function

    return mark


def computes_gradients(
    arguments: tuple[str, ...], value_and_grad: ValueAndGrad
) -> Callable[[Function], Function]:
    """Mark a public function that brings its own gradients.

    `arguments` are its leading ones that have a gradient. ``value_and_grad(positions, *args, **options)``
    takes the positions among them that are asked for, then what the function takes, under the same names;
    it returns the value and a tuple of gradients. It takes ``cotangent`` or ``grad_out`` only if its
    signature names them.
    """
    parameters = inspect.signature(value_and_grad).parameters
    keywords = tuple(name for name in _KEYWORDS if name in parameters)

    def mark(function: Function) -> Function:
        _FUNCTIONS[function] = _OwnGradients(arguments, value_and_grad, keywords)
        return function

    return mark


def value_and_grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0
) -> Callable[..., tuple[Any, Any]]:
    r"""Return a function that computes the value of a measure and its gradient in one pass.

    Parameters
    ----------
    f : function
        A measure of fastdiv, for example `fastdiv.kl_divergence` or `fastdiv.distributions.kl_divergence`.
    argnums : int or tuple of ints
        The arguments to differentiate by; a tuple gives a tuple of gradients.

    Returns
    -------
    function
        It has the signature of `f` and two keywords more: ``cotangent``, an array of the value's shape
        (or one that broadcasts to it) by which the gradient is multiplied, event by event; and
        ``grad_out``, where the gradient goes: an array of the argument's shape, possibly the argument
        itself. If `argnums` is a tuple so is ``grad_out``; None in it, as in ``grad_out=(g, None)``, stands
        for a new array. It returns ``(value, gradient)``. Functions of distributions take of these keywords
        what their documentation names.

    Notes
    -----
    Gradients of normalised measures are with respect to the unnormalised entries, so they include the
    normalisation: :math:`\partial f/\partial w_i = (g_i - \sum_j p_j g_j)/\sum_j w_j` with
    :math:`g = \partial f/\partial p`. Where an entry is exactly 0 its gradient is 0, although the
    one-sided limit may be infinite. Where an event's value is NaN so is its gradient, whatever the
    ``cotangent``: 0 times NaN is NaN, as in NumPy. To leave events out give them entries that are valid, or
    pick them before; the masks of `fastdiv.torch` select instead. Where a value is
    infinite because q = 0 < p, the gradient by p is +inf there and, normalised, -inf at the other
    entries. An argument that was broadcast gets the sum over the entries it stood for.

    The gradient by a distribution is a distribution object of the same class, whose fields are the
    gradients by its parameters.

    Raises
    ------
    TypeError, ValueError
        If `f` is no measure of fastdiv with a gradient, or an argument does not fit; the message names it.

    Examples
    --------
    >>> import numpy as np
    >>> import fastdiv
    >>> p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    >>> value, gradient = fastdiv.value_and_grad(fastdiv.kl_divergence, argnums=1)(p, q)
    >>> print(value.round(6), gradient.round(6))
    0.143841 [-1.        0.333333]
    """
    marked = (_MEASURES.get(f) or _FUNCTIONS.get(f)) if callable(f) else None
    if marked is None:
        raise TypeError(_no_gradient(f))
    positions = validate.argnums(argnums, len(marked.arguments))
    several = isinstance(argnums, tuple)
    if isinstance(marked, Measure):
        return _of_measure(f, marked, positions, several)
    return _of_function(f, marked, positions, several)


def _no_gradient(f: Any) -> str:
    """Say which functions have gradients."""
    came = f"{_owner(f)}.{f.__name__}" if inspect.isfunction(f) else validate.describe(f)
    names: dict[str, list[str]] = {}
    for function in (*_MEASURES, *_FUNCTIONS):
        names.setdefault(_owner(function), []).append(function.__name__)
    groups = sorted(item for item in names.items() if item[0].startswith("fastdiv"))
    expected = ", ".join(f"{owner}.{{{', '.join(each)}}}" for owner, each in groups)
    hint = ""
    if came.startswith("fastdiv.torch."):
        hint = (
            "; PyTorch differentiates functions of fastdiv.torch: call .backward() on their result"
        )
    return f"f must be a measure of fastdiv with gradients, one of {expected}; got {came}{hint}"


def _owner(function: Callable[..., Any]) -> str:
    """Return the module where users find a function."""
    parts = function.__module__.split(".")
    return ".".join(part for part in parts if part != "probabilities" and not part.startswith("_"))


def _of_measure(
    f: Callable[..., Any], measure: Measure, positions: tuple[int, ...], several: bool
) -> Callable[..., tuple[Any, Any]]:
    signature = inspect.signature(f)

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


def _of_function(
    f: Callable[..., Any], function: _OwnGradients, positions: tuple[int, ...], several: bool
) -> Callable[..., tuple[Any, Any]]:
    compute = function.value_and_grad
    refused = [keyword for keyword in _KEYWORDS if keyword not in function.keywords]

    @functools.wraps(f)
    def with_gradient(*args: Any, **options: Any) -> tuple[Any, Any]:
        for keyword in refused:
            if options.pop(keyword, None) is not None:
                raise TypeError(f"{keyword} is not taken by {f.__name__}: expected none")
        value, gradients = compute(positions, *args, **options)
        return value, gradients if several else gradients[0]

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
    expected = f"a tuple of {count} arrays or None, one for each of argnums"
    if not isinstance(grad_out, tuple):
        raise TypeError(f"grad_out must be {expected}, got {type(grad_out).__name__}")
    if len(grad_out) != count:
        raise ValueError(f"grad_out must be {expected}, got a tuple of {len(grad_out)}")
    return grad_out
