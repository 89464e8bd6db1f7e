"""From a public function's arguments to one call of a kernel: layout, types, outputs, gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _validate as validate
from ._array import backend_of, backend_of_all, namespace, on_device

Array = NDArray[Any]

_FLOAT32 = np.dtype(np.float32)
_FLOAT64 = np.dtype(np.float64)


@dataclass(frozen=True)
class GradientRequest:
    """What `value_and_grad` asks of a measure beside its value."""

    argnums: tuple[int, ...]
    cotangent: Any = None
    grad_out: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Result:
    """A value, and the gradients that were asked for."""

    value: Any
    gradients: tuple[Array, ...]


@dataclass(frozen=True)
class Prepared:
    """Arguments as a kernel takes them."""

    arrays: list[Array]
    """Aligned arrays of one type."""
    dtype: np.dtype[Any]
    """Of values and cotangents."""
    gradient_dtypes: list[np.dtype[Any]]
    """Of each argument's gradient."""


class Measure:
    """A kernel by name, and how many axes of its arrays make one event.

    Calling it computes values; with a request, values and gradients. Events of several axes are
    flattened into rows, unless the kernel wants tables.
    """

    letters = "pq"
    """What the kernel calls its arguments."""

    def __init__(
        self,
        name: str,
        arguments: tuple[str, ...],
        *,
        joint: bool = False,
        flatten: bool = False,
        mixture: bool = False,
        conditional: bool = False,
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.joint = joint
        self.flatten = flatten or not joint
        self.mixture = mixture
        self.conditional = conditional
        self.elementwise = name == "self_information"
        self.rows = not (joint or self.elementwise)

    def __call__(
        self,
        arrays: tuple[Any, ...],
        axes: Any,
        base: Any,
        normalize: Any,
        keepdims: bool = False,
        out: Any = None,
        **options: Any,
    ) -> Any:
        """Return the value."""
        if self.rows and axes == -1 and out is None and not keepdims and are_plain(arrays):
            first = arrays[0]
            value = np.empty(first.shape[:-1], first.dtype)
            kernel = getattr(backend_of("p", first), self.name)
            extra = (validate.weight(options["weight"]),) if self.mixture else ()
            kernel(*arrays, value, validate.base(base), bool(normalize), *extra)
            return value if value.ndim else value[()]
        return self.evaluate(
            arrays, axes, keepdims, out, base=base, normalize=normalize, **options
        ).value

    def evaluate(
        self,
        arrays: tuple[Any, ...],
        axes: Any,
        keepdims: bool = False,
        out: Any = None,
        *,
        request: GradientRequest | None = None,
        **options: Any,
    ) -> Result:
        """Return the value and the gradients of a request."""
        backend = backend_of_all(self.arguments, arrays)
        with on_device(backend, self.arguments, arrays):
            return self._evaluate(backend, arrays, axes, keepdims, out, request, options)

    def _evaluate(
        self,
        backend: Any,
        arrays: tuple[Any, ...],
        axes: Any,
        keepdims: bool,
        out: Any,
        request: GradientRequest | None,
        options: dict[str, Any],
    ) -> Result:
        names, xp = self.arguments, namespace(backend)
        prepared = self.prepare(arrays, request, xp)
        originals, dtype = prepared.arrays, prepared.dtype
        views = originals if len(originals) == 1 else validate.broadcast(names, originals, xp)
        layout = Layout(names[0], views[0].shape, axes, self)
        keywords = self.kernel_options(layout, options)

        shape = layout.shape if self.elementwise else layout.value_shape(keepdims)
        if out is not None:
            value = validate.output("out", out, shape, dtype, xp)
            validate.disjoint("out", out, list(zip(names, originals, strict=True)))
        else:
            value = xp.empty(shape, dtype)
        value_view = layout.events(value) if self.elementwise else layout.batch(value, keepdims)

        gradients = _Gradients(names, prepared, views, layout, request, xp)
        if request is not None:
            gradients.refuse_overlap(out)
            keywords["cotangent"] = self._cotangent(request, layout, keepdims, value, xp)
            for position, rows in gradients.events.items():
                keywords[f"grad_{self.letters[position]}"] = self.as_native(rows)
        events = [self.as_native(layout.events(view)) for view in views]
        # A view that had to be flattened by copying is written back afterwards.
        getattr(backend, self.name)(*events, value_view, **keywords)
        gradients.collect()
        if self.elementwise:
            layout.write_back(value_view, value)
        scalar = out is None and value.ndim == 0
        return Result(value[()] if scalar else value, gradients.finish())

    def prepare(self, values: Sequence[Any], request: GradientRequest | None, xp: Any) -> Prepared:
        """Bring the arguments to one type that the kernel computes in."""
        arrays, dtype = prepare(self.arguments, values, xp)
        return Prepared(arrays, dtype, [dtype] * len(arrays))

    def kernel_options(self, layout: Layout, options: dict[str, Any]) -> dict[str, Any]:
        """Check the options, and name them as the kernel does."""
        keywords: dict[str, Any] = {
            "base": validate.base(options.get("base")),
            "normalize": bool(options.get("normalize", True)),
        }
        if self.mixture:
            keywords["weight"] = validate.weight(options["weight"])
        if self.conditional:
            first, second = layout.axes
            keywords["given"] = validate.given_position(
                options["given"], (first, second), layout.ndim
            )
        return keywords

    def as_native(self, array: Array) -> Array:
        """Return the array under a type that the kernel knows."""
        return array

    def _cotangent(
        self,
        request: GradientRequest,
        layout: Layout,
        keepdims: bool,
        value: Array,
        xp: Any,
    ) -> Array | None:
        if request.cotangent is None:
            return None
        array = validate.as_computed("cotangent", request.cotangent, value.dtype, xp)
        try:
            array = xp.broadcast_to(array, value.shape)
        except ValueError:
            message = f"cotangent has shape {array.shape}: expected the value's, {value.shape}"
            raise ValueError(message) from None
        return layout.events(array) if self.elementwise else layout.batch(array, keepdims)


def are_plain(arrays: tuple[Any, ...]) -> bool:
    """Say whether a kernel takes the arrays as they are, along their last axis: small calls then skip the rest."""
    first = arrays[0]
    return (
        type(first) is np.ndarray
        and (first.dtype is _FLOAT64 or first.dtype is _FLOAT32)
        and first.ndim > 0
        and _is_contiguous(first)
        and (len(arrays) == 1 or _is_alike(first, arrays[1]))
    )


def _is_alike(first: Array, second: Any) -> bool:
    return (
        type(second) is np.ndarray
        and second.dtype is first.dtype
        and second.shape == first.shape
        and _is_contiguous(second)
    )


def _is_contiguous(array: Array) -> bool:
    flags = array.flags
    return flags.c_contiguous and flags.aligned


def prepare(
    names: Sequence[str], values: Sequence[Any], xp: Any = np
) -> tuple[list[Array], np.dtype[Any]]:
    """Return the arguments as aligned arrays of one type."""
    arrays = [validate.as_array(name, value, xp) for name, value in zip(names, values, strict=True)]
    pairs = list(zip(names, arrays, strict=True))
    dtype = max((validate.compute_dtype(name, array) for name, array in pairs), key=_item_size)
    return [validate.as_computed(name, array, dtype, xp) for name, array in pairs], dtype


def _item_size(dtype: np.dtype[Any]) -> int:
    return dtype.itemsize


class Layout:
    """Which axes make the batch and which the event, and views in which the event comes last."""

    def __init__(self, name: str, shape: tuple[int, ...], axes: Any, measure: Measure) -> None:
        self.shape = shape
        self.ndim = len(shape)
        self.flatten = measure.flatten
        if measure.joint:
            self.axes: tuple[int, ...] = validate.joint_axes(name, axes, self.ndim)
        elif self.ndim == 0:
            raise ValueError(f"{name} must have at least one axis, got a scalar")
        else:
            self.axes = validate.axes("axis", axes, self.ndim)
        self.batch_axes = tuple(axis for axis in range(self.ndim) if axis not in self.axes)
        self.order = self.batch_axes + self.axes

    def value_shape(self, keepdims: bool) -> tuple[int, ...]:
        """Return the shape of the values: without the event's axes, or with 1 in their place."""
        if keepdims:
            return tuple(1 if k in self.axes else size for k, size in enumerate(self.shape))
        return tuple(self.shape[axis] for axis in self.batch_axes)

    def batch(self, value: Array, keepdims: bool) -> Array:
        """View values without the event's axes."""
        return value.squeeze(self.axes) if keepdims else value

    def events(self, array: Array) -> Array:
        """View an array with its events last; several axes become one, copied if need be."""
        moved = array if self.order == tuple(range(self.ndim)) else array.transpose(self.order)
        if not self.flatten or len(self.axes) == 1:
            return moved
        size = 1
        for axis in self.axes:
            size *= self.shape[axis]
        return moved.reshape(*moved.shape[: len(self.batch_axes)], size)

    def write_back(self, events: Array, array: Array) -> None:
        """Copy events into the array that they were taken from, where they are not a view of it."""
        if validate.may_share_memory(events, array):
            return
        moved = array.transpose(self.order)
        moved[...] = events.reshape(moved.shape)


class _Gradients:
    """The arrays that gradients go to: the caller's, or new ones; summed where an argument broadcast."""

    def __init__(
        self,
        names: Sequence[str],
        prepared: Prepared,
        views: Sequence[Array],
        layout: Layout,
        request: GradientRequest | None,
        xp: Any,
    ) -> None:
        self.names = names
        self.originals = prepared.arrays
        self.dtypes = prepared.gradient_dtypes
        self.layout = layout
        self.argnums = request.argnums if request is not None else ()
        self.targets: dict[int, Array] = {}
        self.memory: dict[int, Array] = {}
        for place, position in enumerate(self.argnums):
            assert request is not None
            given = None if request.grad_out is None else request.grad_out[place]
            original = self.originals[position]
            dtype = self.dtypes[position]
            if given is not None:
                self.targets[position] = validate.output(
                    "grad_out", given, original.shape, dtype, xp
                )
            broadcast = original.shape != views[position].shape
            if broadcast or given is None or dtype != original.dtype:
                self.memory[position] = xp.empty(views[position].shape, original.dtype)
            else:
                self.memory[position] = given
        self.events = {k: layout.events(memory) for k, memory in self.memory.items()}

    def refuse_overlap(self, out: Array | None) -> None:
        """Refuse outputs that overlap, but for a gradient in its argument's own memory."""
        inputs = list(zip(self.names, self.originals, strict=True))
        for position, target in self.targets.items():
            if self.memory[position] is target:
                others = [pair for pair in inputs if not validate.same_memory(target, pair[1])]
                validate.disjoint("grad_out", target, others)
            if out is not None:
                validate.disjoint("grad_out", target, [("out", out)])
            for later, other in self.targets.items():
                if later > position:
                    validate.disjoint("grad_out", target, [("another grad_out", other)])

    def collect(self) -> None:
        """Bring gradients back that the kernel wrote into a flattened copy."""
        for position, memory in self.memory.items():
            self.layout.write_back(self.events[position], memory)

    def finish(self) -> tuple[Array, ...]:
        """Return the gradients in the order of argnums."""
        results = []
        for position in self.argnums:
            gradient = self.memory[position]
            target = self.targets.get(position)
            if target is None:
                gradient = _sum_to(gradient, self.originals[position].shape)
                gradient = gradient.astype(self.dtypes[position], copy=False)
            elif target is not gradient:
                target[...] = _sum_to(gradient, target.shape)
                gradient = target
            results.append(gradient)
        return tuple(results)


def _sum_to(array: Array, shape: tuple[int, ...]) -> Array:
    """Add up the axes along which an argument of this shape was broadcast."""
    if array.shape == shape:
        return array
    extra = array.ndim - len(shape)
    axes = [axis + extra for axis, size in enumerate(shape) if size != array.shape[axis + extra]]
    total = array.sum(axis=(*range(extra), *axes), keepdims=True)
    result: Array = total.reshape(shape)
    return result
