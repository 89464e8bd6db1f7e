"""Measures of rows under the call signatures of `fastdiv._native`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from . import _arrays
from .launching import Call, Options, run, unit_of
from .logits import cross_entropy as _logits_cross_entropy
from .logits import entropy as _logits_entropy
from .logits import js_divergence as _logits_js_divergence
from .logits import kl_divergence as _logits_kl_divergence
from .probabilities import cross_entropy as _cross_entropy
from .probabilities import entropy as _entropy
from .probabilities import js_distance as _js_distance
from .probabilities import js_divergence as _js_divergence
from .probabilities import kl_divergence as _kl_divergence
from .probabilities import self_information as _self_information
from .probabilities.weights import measure_of

Array = Any


def evaluate(
    measure: Any,
    inputs: tuple[Array, ...],
    value: Array,
    options: Options,
    cotangent: Array | None,
    gradients: tuple[Array | None, Array | None],
) -> None:
    """Run a measure of rows: a value for each, and gradients that are asked for."""
    if value.size == 0:
        return
    if inputs[0].shape[-1] == 0:
        value[...] = 0
        return
    flat = _arrays.Output(value.reshape(*value.shape, 1))
    outputs = [None if each is None else _arrays.Output(each) for each in gradients]
    upstream = None if cotangent is None else _arrays.numbers(cotangent)
    rows = tuple(_arrays.rows_of(array) for array in inputs)
    memory = flat.rows.memory
    if flat.rows.stride != 1:
        memory = _arrays.empty(value.size, value.dtype)
    run(measure, Call(rows, upstream, memory, (outputs[0], outputs[1]), options))
    if memory is not flat.rows.memory:
        value[...] = memory.reshape(value.shape)
    else:
        flat.finish()


class _Rows:
    """A measure of one or two rows of weights."""

    def __init__(self, module: ModuleType) -> None:
        self.name = module.__name__.rpartition(".")[2]
        self.traits, self.make = module.TRAITS, module.make

    def measure(self, dtype: Any, normalize: bool) -> Any:
        """Return it for the rows' driver."""
        return measure_of(self.name, dtype.type, bool(normalize), self.traits, self.make)


class OneInput(_Rows):
    """A measure of one row."""

    def __call__(
        self,
        p: Array,
        value: Array,
        base: float,
        normalize: bool,
        given: int = -1,
        cotangent: Array | None = None,
        grad_p: Array | None = None,
    ) -> None:
        """Compute the values, and the gradient into `grad_p`."""
        options = Options(unit_of(base))
        evaluate(self.measure(p.dtype, normalize), (p,), value, options, cotangent, (grad_p, None))


class TwoInputs(_Rows):
    """A measure of two rows."""

    def __call__(
        self,
        p: Array,
        q: Array,
        value: Array,
        base: float,
        normalize: bool,
        weight: float = 0.5,
        cotangent: Array | None = None,
        grad_p: Array | None = None,
        grad_q: Array | None = None,
    ) -> None:
        """Compute the values, and the gradients into `grad_p` and `grad_q`."""
        options = Options(unit_of(base), weight)
        measure = self.measure(p.dtype, normalize)
        evaluate(measure, (p, q), value, options, cotangent, (grad_p, grad_q))


def kind_of(dtype: Any) -> str:
    """Return the type of logits; bfloat16 comes as its words."""
    return "bfloat16" if dtype == np.uint16 else str(dtype)


class LogitsOneInput:
    """A measure of one row of logits."""

    def __init__(self, module: ModuleType) -> None:
        self.make = module.make

    def __call__(
        self,
        x: Array,
        value: Array,
        base: float,
        temperature: float,
        cotangent: Array | None = None,
        grad_x: Array | None = None,
    ) -> None:
        """Compute the values, and the gradient into `grad_x`."""
        options = Options(unit_of(base), temperature=temperature)
        measure = self.make(kind_of(x.dtype))
        evaluate(measure, (x,), value, options, cotangent, (grad_x, None))


class LogitsTwoInputs:
    """A measure of two rows of logits."""

    def __init__(self, module: ModuleType) -> None:
        self.make = module.make

    def __call__(
        self,
        x: Array,
        y: Array,
        value: Array,
        base: float,
        temperature: float,
        weight: float = 0.5,
        cotangent: Array | None = None,
        grad_x: Array | None = None,
        grad_y: Array | None = None,
    ) -> None:
        """Compute the values, and the gradients into `grad_x` and `grad_y`."""
        options = Options(unit_of(base), weight, temperature)
        measure = self.make(kind_of(x.dtype))
        evaluate(measure, (x, y), value, options, cotangent, (grad_x, grad_y))


class SelfInformation:
    """The measure whose values are entries of its rows: an output of the driver, as its gradient is."""

    def measures(self, dtype: Any, normalize: bool) -> tuple[Any, Any]:
        """Return it for the rows' driver, without and with a cotangent."""
        make = _self_information.measure_of
        return make(dtype.type, bool(normalize), 1), make(dtype.type, bool(normalize), 2)

    def __call__(
        self,
        p: Array,
        value: Array,
        base: float,
        normalize: bool,
        given: int = -1,
        cotangent: Array | None = None,
        grad_p: Array | None = None,
    ) -> None:
        """Compute the values, and the gradient into `grad_p`."""
        if value.size == 0:
            return
        inputs = (p,) if cotangent is None or grad_p is None else (p, cotangent)
        rows = tuple(_arrays.rows_of(array) for array in inputs)
        gradient = None if grad_p is None else _arrays.Output(grad_p)
        outputs = _arrays.Output(value), gradient
        measure = self.measures(p.dtype, normalize)[len(inputs) - 1]
        run(measure, Call(rows, None, None, outputs, Options(unit_of(base))))


self_information = SelfInformation()
entropy = OneInput(_entropy)
cross_entropy = TwoInputs(_cross_entropy)
kl_divergence = TwoInputs(_kl_divergence)
js_divergence = TwoInputs(_js_divergence)
js_distance = TwoInputs(_js_distance)
logits_entropy = LogitsOneInput(_logits_entropy)
logits_cross_entropy = LogitsTwoInputs(_logits_cross_entropy)
logits_kl_divergence = LogitsTwoInputs(_logits_kl_divergence)
logits_js_divergence = LogitsTwoInputs(_logits_js_divergence)
