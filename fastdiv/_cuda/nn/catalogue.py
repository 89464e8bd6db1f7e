"""The kernels of training for the gate that inspects machine code; calls make them when needed."""

from __future__ import annotations

from collections.abc import Iterator

from .._kernel import Kernel
from . import (
    adam_step,
    bernoulli_nll,
    bias_activation,
    columns,
    corrupt,
    gaussian_kl_draw,
    gaussian_nll,
    rows,
    sparsity_penalty,
    tally,
)
from .elements import TYPES

_FLAGS = (True, False)


def _elements(every: bool) -> Iterator[Kernel]:
    for T in TYPES:
        for aligned in _FLAGS if every else (True,):
            yield adam_step.kernel_of(T, aligned)
            for kind in corrupt.CORRUPTIONS if every else ("gaussian",):
                for whole in _FLAGS:
                    yield corrupt.kernel_of(T, kind, aligned, whole)


def _rows(every: bool) -> Iterator[Kernel]:
    """Rows: those with gradients have the most registers alive."""
    for T in TYPES:
        likelihoods = [
            module.make(T, outputs)
            for module in (bernoulli_nll, gaussian_nll)
            for outputs in ((0, 1) if every else (1,))
        ]
        draws = [gaussian_kl_draw.make(T), gaussian_kl_draw.make_backward(T)]
        for own in (*likelihoods, *draws):
            for short in _FLAGS if every else (own.draws,):
                for aligned in _FLAGS if every else (True,):
                    for whole in _FLAGS if every and own.draws else (True,):
                        yield rows.kernel_of(own, rows.Variant(short, aligned, whole))


def _columns(every: bool) -> Iterator[Kernel]:
    for T in TYPES:
        for aligned in _FLAGS if every else (True,):
            for activation in bias_activation.ACTIVATIONS if every else ("gelu",):
                for flag in _FLAGS if every else (True,):
                    yield bias_activation.kernel_of(T, activation, flag, aligned)
                    yield bias_activation.backward_kernel_of(T, activation, flag, aligned)
            yield sparsity_penalty.sums_of(T, aligned)
        for pairs in _FLAGS:
            yield columns.totals_of(T, pairs)
        yield sparsity_penalty.kernel_of(T)
        yield tally.kernel_of(T)
    yield sparsity_penalty.total_kernel()


def kernels(every: bool) -> Iterator[Kernel]:
    """Return all kernels, or some that stand for the others."""
    yield from _elements(every)
    yield from _rows(every)
    yield from _columns(every)
