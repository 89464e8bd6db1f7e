"""Peers for logits: torch, eager and compiled, JAX, compiled, and one plain way with SciPy.

Each takes the quickest plain formula that we know: the usual `logaddexp` for the mixture of a JS
divergence costs torch.compile and JAX four times as much with a gradient as the logarithm of mixed
probabilities, which in turn is NaN where a probability underflows. In 16 bits all compute in
float32, as we do, except "torch bf16", which stays in bfloat16: quicker, right to a digit or two.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from peers_compiled import jax, jnp
from peers_eager import torch
from works import Array, Call, Work

Tensor = Any
PEERS = ("SciPy", "torch", "torch bf16", "torch.compile", "JAX")
WITH_GRADIENTS = ("torch", "torch.compile", "JAX")  # in float32


def _scipy(work: Work, arrays: tuple[Array, ...]) -> Call | None:
    """Values alone, in float32, at one size: once is enough to see where it stands."""
    if work.argnums or not work.pictured or arrays[0].dtype != np.float32:
        return None

    def value() -> Array:
        logs = [special.log_softmax(array, axis=-1) for array in arrays]
        p = np.exp(logs[0])
        if work.name == "entropy":
            return -np.vecdot(p, logs[0])
        if work.name == "kl_divergence":
            return np.vecdot(p, logs[0] - logs[1])
        q = np.exp(logs[1])
        log_m = np.log((p + q) / 2)
        return (np.vecdot(p, logs[0] - log_m) + np.vecdot(q, logs[1] - log_m)) / 2

    return value


# --- torch ----------------------------------------------------------------------------------------


def _torch_entropy(x: Tensor, dtype: Any) -> Tensor:
    log_p = torch.log_softmax(x, -1, dtype=dtype)
    return -(log_p.exp() * log_p).sum(-1)


def _torch_kl_divergence(x: Tensor, y: Tensor, dtype: Any) -> Tensor:
    log_p, log_q = (torch.log_softmax(logits, -1, dtype=dtype) for logits in (x, y))
    kl_div = torch.nn.functional.kl_div
    return kl_div(log_q, log_p, reduction="none", log_target=True).sum(-1)


def _torch_js_divergence(x: Tensor, y: Tensor, dtype: Any) -> Tensor:
    log_p, log_q = (torch.log_softmax(logits, -1, dtype=dtype) for logits in (x, y))
    p, q = log_p.exp(), log_q.exp()
    log_m = ((p + q) / 2).log()
    return ((p * (log_p - log_m)).sum(-1) + (q * (log_q - log_m)).sum(-1)) / 2


def _torch_cross_entropy(x: Tensor, y: Tensor, dtype: Any) -> Tensor:
    p = torch.softmax(x, -1, dtype=dtype)
    return torch.nn.functional.cross_entropy(y.to(dtype), p, reduction="none")


def _tensor(array: Array) -> Tensor:
    """Share an array's memory; torch does not know NumPy's bfloat16."""
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def _torch(library: str, work: Work, arrays: tuple[Array, ...]) -> Call | None:
    narrow = library == "torch bf16"
    if torch is None or (narrow and arrays[0].dtype.name != "bfloat16"):
        return None
    dtype = torch.bfloat16 if narrow else torch.float32
    formula = functools.partial(globals()[f"_torch_{work.name}"], dtype=dtype)
    tensors = [_tensor(array) for array in arrays]
    wanted = [tensors[k].requires_grad_() for k in work.argnums]
    if library == "torch.compile":
        torch.compiler.reset()  # or it gives up after some sizes, and runs eagerly
        formula = torch.compile(formula, fullgraph=True, dynamic=False)

    def run() -> tuple[Tensor, ...]:
        with torch.set_grad_enabled(bool(wanted)):
            value = formula(*tensors)
            gradients = torch.autograd.grad(value.sum(), wanted) if wanted else ()
            return value.detach(), *gradients

    return run if library != "torch.compile" or _compiles(run, work) else None


def _compiles(run: Call, work: Work) -> bool:
    try:
        run()
    except Exception as error:  # it needs a C++ compiler, and knows many ways to fail
        reason = str(error).partition("\n")[0]
        print(f"torch.compile skips {work.title}: {type(error).__name__}: {reason}")
        return False
    return True


# --- JAX ------------------------------------------------------------------------------------------


def _jax_logs(*logits: Tensor) -> list[Tensor]:
    return [jax.nn.log_softmax(each.astype(jnp.float32), -1) for each in logits]


def _jax_entropy(x: Tensor) -> Tensor:
    [log_p] = _jax_logs(x)
    return -(jnp.exp(log_p) * log_p).sum(-1)


def _jax_kl_divergence(x: Tensor, y: Tensor) -> Tensor:
    log_p, log_q = _jax_logs(x, y)
    return (jnp.exp(log_p) * (log_p - log_q)).sum(-1)


def _jax_js_divergence(x: Tensor, y: Tensor) -> Tensor:
    p, q = (jax.nn.softmax(each.astype(jnp.float32), -1) for each in (x, y))
    log_m = jnp.log((p + q) / 2)
    own, other = ((each * (jnp.log(each) - log_m)).sum(-1) for each in (p, q))
    return (own + other) / 2


def _jax_cross_entropy(x: Tensor, y: Tensor) -> Tensor:
    log_p, log_q = _jax_logs(x, y)
    return -(jnp.exp(log_p) * log_q).sum(-1)


@functools.cache
def _jax_compiled(name: str, argnums: tuple[int, ...]) -> Callable[..., Any]:
    formula = globals()[f"_jax_{name}"]
    if not argnums:
        return jax.jit(formula)

    def total(*logits: Tensor) -> tuple[Tensor, Tensor]:
        value = formula(*logits)
        return value.sum(), value

    def value_and_gradients(*logits: Tensor) -> tuple[Tensor, ...]:
        (_, value), gradients = jax.value_and_grad(total, argnums, has_aux=True)(*logits)
        return value, *gradients

    return jax.jit(value_and_gradients)


def _jax(work: Work, arrays: tuple[Array, ...]) -> Call | None:
    if jax is None:
        return None
    function = _jax_compiled(work.name, work.argnums)
    tensors = [jnp.asarray(array) for array in arrays]
    return lambda: jax.block_until_ready(function(*tensors))


def call(library: str, work: Work, arrays: tuple[Array, ...]) -> Call | None:
    """Return a peer's call; that of a compiled one compiles in its first run, or has."""
    if library == "SciPy":
        return _scipy(work, arrays)
    if library == "JAX":
        return _jax(work, arrays)
    return _torch(library, work, arrays)
