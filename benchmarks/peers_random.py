"""Peers for random numbers: NumPy's Philox, of 4 words of 64 bits, and its quickest generator, torch and JAX."""

from __future__ import annotations

from typing import Any

import numpy as np

from peers_compiled import jax
from peers_eager import torch
from works import Array, Call, Work

PEERS = ("NumPy Philox", "NumPy SFC64", "torch", "JAX")
NOTES = """\
- *max error*: here √n times Kolmogorov's and Smirnov's distance of the numbers to their
  distribution, of which chance makes 0.4 to 1.6.
- *of the floor*: the memory alone; a call writes into an array that it is given.
- *peers*: NumPy's and torch's generators go on from call to call, in memory that they are given,
  with one thread; JAX is compiled and gives new arrays of a key, as fastdiv does of a seed and an
  offset. NumPy's uniform numbers are in [0, 1).
"""


def _numpy(bits: Any, work: Work, out: Array) -> Call:
    generator = np.random.Generator(bits)
    draw = generator.standard_normal if work.name == "normal" else generator.random
    return lambda: draw(dtype=out.dtype, out=out)


def _torch(work: Work, out: Array) -> Call:
    tensor, generator = torch.from_numpy(out), torch.Generator().manual_seed(20)
    draw = tensor.normal_ if work.name == "normal" else tensor.uniform_
    return lambda: draw(generator=generator)


def _jax(work: Work, out: Array) -> Call:
    function = getattr(jax.random, work.name)
    draw = jax.jit(lambda key: function(key, out.shape, out.dtype))
    key = jax.random.key(20)
    return lambda: jax.block_until_ready(draw(key))


def call(library: str, work: Work, arrays: tuple[Array, ...]) -> Call | None:
    """Return a peer's call."""
    out = np.zeros_like(arrays[0])
    if library == "NumPy Philox":
        return _numpy(np.random.Philox(20), work, out)
    if library == "NumPy SFC64":
        return _numpy(np.random.SFC64(20), work, out)
    if library == "torch":
        return None if torch is None else _torch(work, out)
    return None if jax is None else _jax(work, out)
