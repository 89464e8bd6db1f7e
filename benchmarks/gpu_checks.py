"""Every kernel of the CUDA back end against the CPU's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import ml_dtypes
import numpy as np

import fastdiv

Array = Any
Found = tuple[str, str | None]
"""What was checked, and what is wrong."""
_ALLOWED = {"f": 1e-5, "d": 1e-12}  # of a gradient, relative to the largest entry of its row

try:
    import cupy as cp
except ImportError:  # gpu.py says so
    cp = None


def _rows(rng: np.random.Generator, shape: tuple[int, int], dtype: Any) -> tuple[Array, Array]:
    """Return logits of a teacher and a student; of six rows one each is one-hot, equal, shifted, partly -inf."""
    x = rng.normal(0, 2, shape)
    y = x + rng.normal(0, 0.5, shape)
    x[0::6, 0] = 300
    y[1::6] = x[1::6]
    y[2::6] += 1e4
    x[3::6, 1::3] = -np.inf
    return x.astype(dtype), y.astype(dtype)


def _close(name: str, ours: Array, cpu: Array, allowed: Array) -> str | None:
    """Compare results, and say what differs."""
    found, wanted = np.asarray(_host(ours), np.float64), np.asarray(cpu, np.float64)
    same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
    with np.errstate(invalid="ignore"):
        wrong = ~(same | (np.abs(found - wanted) <= allowed))
    if not wrong.any():
        return None
    at = tuple(int(index[0]) for index in np.nonzero(wrong))
    return f"{name} at {at}: {found[at]!r}, on the CPU {wanted[at]!r}"


def _host(array: Array) -> Array:
    return array if isinstance(array, np.ndarray) else cp.asnumpy(array)


def checks(quick: bool) -> Iterator[Found]:
    """Compare every measure with the CPU; yield its name, and None or what differs."""
    rng = np.random.default_rng(0)
    shapes = [(13, 7), (5, 1000), (64, 257)] if quick else [(13, 7), (64, 1000), (7, 50_257)]
    for shape in shapes:
        for dtype in (np.float32, np.float64, np.float16, ml_dtypes.bfloat16):
            x, y = _rows(rng, shape, dtype)
            for name in ("entropy", "cross_entropy", "kl_divergence", "js_divergence"):
                yield from _check(getattr(fastdiv.logits, name), (x, y), name == "entropy")
            if dtype in (np.float32, np.float64):
                p, q = (np.exp(each - each.max(-1, keepdims=True)) for each in (x, y))
                for name in ("entropy", "cross_entropy", "kl_divergence", "js_divergence"):
                    yield from _check(getattr(fastdiv, name), (p, q), name == "entropy")
    yield from _check_tables(rng)
    yield from _check_pairs(rng)
    yield from _check_random()
    yield from _check_estimates(rng)
    yield from _check_training(rng)
    yield from _check_torch(rng)


def _check_tables(rng: np.random.Generator) -> Iterator[Found]:
    for shape in ((9, 32, 17), (2, 1, 300), (1, 700, 900)):
        tables = rng.gamma(1, size=shape)
        for dtype in (np.float32, np.float64):
            for name in ("mutual_information", "conditional_entropy"):
                yield from _check(getattr(fastdiv, name), (tables.astype(dtype),), True)
    p = rng.gamma(1, size=(31, 1025))
    yield from _check(fastdiv.self_information, (p,), True)


def _check_pairs(rng: np.random.Generator) -> Iterator[Found]:
    p, q = rng.gamma(1, size=(70, 333)), rng.gamma(1, size=(45, 333))
    for dtype, allowed in ((np.float32, 1e-4), (np.float64, 1e-12)):
        x, y = p.astype(dtype), q.astype(dtype)
        for name in ("kl_divergence", "js_divergence", "js_distance"):
            f = getattr(fastdiv.pairwise, name)
            found = f(cp.asarray(x), cp.asarray(y))
            yield f"pairwise.{name} {x.dtype}", _close("value", found, f(x, y), allowed)


def _check_random() -> Iterator[Found]:
    for dtype in (np.float32, np.float64):
        for name in ("uniform", "normal"):
            draw = getattr(fastdiv.random, name)
            for offset in (0, 3):
                out = cp.empty(1_000_003, dtype)
                draw(7, out.shape, offset=offset, dtype=dtype, out=out)
                wanted = draw(7, out.shape, offset=offset, dtype=dtype)
                label = f"random.{name} {np.dtype(dtype).name} from {offset}, to the bit"
                yield label, _close("number", out, wanted, 0.0)


def _check_estimates(rng: np.random.Generator) -> Iterator[Found]:
    """Values, errors and gradients of Monte Carlo estimates."""
    of = fastdiv.distributions
    for dimension in (1, 2, 16):
        mean, std = rng.normal(size=(3, dimension)), rng.uniform(0.5, 2, (3, dimension))
        mixture = of.Mixture(np.full(3, 1 / 3), of.Normal(mean, std))
        full = of.MultivariateNormal(mean[0], np.eye(dimension) + 0.1 * np.tri(dimension))
        for name in ("kl_divergence", "js_divergence"):
            compute = fastdiv.value_and_grad(getattr(fastdiv.montecarlo, name), (0, 1))
            for p, q in ((mixture, full), (full, mixture)):
                results = [compute(p, q, 50_001, seed=1, device=each) for each in ("cuda", "cpu")]
                ours, theirs = ([each[0].value, each[0].standard_error] for each in results)
                problem = _close("value", np.array(ours), np.array(theirs), 1e-12)
                label = f"montecarlo.{name}, {dimension}-D, {type(p).__name__}"
                yield label, problem or _fields_differ(*(each[1] for each in results))


def _parameters(gradient: Any) -> dict[str, Array]:
    """Return a gradient's arrays by name; it is a distribution, or several."""
    if isinstance(gradient, np.ndarray):
        return {"": gradient}
    if isinstance(gradient, tuple):
        fields: Any = {str(k): each for k, each in enumerate(gradient)}
    else:
        fields = {each.name: getattr(gradient, each.name) for each in dataclasses.fields(gradient)}
    return {
        f"{name} {inner}": array
        for name, field in fields.items()
        if field is not None
        for inner, array in _parameters(field).items()
    }


def _fields_differ(ours: Any, theirs: Any) -> str | None:
    own = _parameters(ours)
    for name, value in _parameters(theirs).items():
        problem = _close(name, own[name], value, 1e-10 * (1 + np.abs(value).max()))
        if problem:
            return problem
    return None


def _check_training(rng: np.random.Generator) -> Iterator[Found]:
    """Losses of a few passes of every model: the device changes the products' last digits alone."""
    nn = fastdiv.nn
    X = rng.random((300, 20)).astype("f4")
    for kind in ("", "Denoising", "Sparse", "Variational"):
        model = getattr(nn, f"{kind}Autoencoder")
        options = {"batch_size": 64, "max_epochs": 3, "random_state": 0, "verbose": False}
        losses = [
            np.array(model((30,), 5, device=device, **options).fit(X).history_["loss"])
            for device in ("cuda", "cpu")
        ]
        yield f"nn.{model.__name__}", _close("loss", *losses, 1e-4 * np.abs(losses[1]).max())


def _check_torch(rng: np.random.Generator) -> Iterator[Found]:
    """A masked loss and its backward pass, on a stream of PyTorch's that is not the default one."""
    try:
        import torch

        import fastdiv.torch
    except ImportError:
        return
    x, y = (torch.from_numpy(rng.normal(size=(6, 50, 3001)).astype("f4")) for _ in range(2))
    mask = torch.from_numpy(rng.random((6, 50)) < 0.7)
    found = []
    stream = torch.cuda.Stream()
    for place in ("cpu", "cuda"):
        with torch.cuda.stream(stream):
            teacher, student = x.to(place), y.to(place).requires_grad_()
            for dtype in (torch.float32, torch.bfloat16):
                student.grad = None
                loss = fastdiv.torch.js_divergence(
                    teacher.to(dtype), student.to(dtype), mask=mask.to(place), reduction="mean"
                )
                (3 * loss).backward()
                found.append((loss.item(), student.grad.cpu().numpy()))
        stream.synchronize()
    for k, name in enumerate(("float32", "bfloat16")):
        (loss, slope), (gpu_loss, gpu_slope) = found[k], found[k + 2]
        largest = np.abs(slope).max()
        problem = _close("loss", np.array([gpu_loss]), np.array([loss]), 1e-6)
        rounding = 1e-5 if name == "float32" else 1e-2
        yield f"torch {name}", problem or _close("gradient", gpu_slope, slope, rounding * largest)


def _check(f: Any, arrays: tuple[Array, ...], single: bool) -> Iterator[Found]:
    arrays = arrays[:1] if single else arrays
    label = f"{f.__module__.split('.')[1]}.{f.__name__} {arrays[0].shape} {arrays[0].dtype}"
    computed = np.dtype(np.float64 if arrays[0].dtype == np.float64 else np.float32)
    compute = fastdiv.value_and_grad(f, tuple(range(len(arrays))))
    value, gradients = compute(*arrays)  # on the CPU
    ours, theirs = compute(*map(cp.asarray, arrays))
    terms = np.abs(np.asarray(value, np.float64)) + np.log(arrays[0].shape[-1]) + 1
    epsilon = float(np.finfo(computed).eps)
    problems = [_close("value", ours, value, 8 * epsilon * terms)]
    rounding = _ALLOWED[computed.char] + (0.01 if arrays[0].dtype.itemsize == 2 else 0)
    for place, (gradient, other) in enumerate(zip(gradients, theirs, strict=True)):
        largest = np.abs(np.asarray(gradient, np.float64)).max(-1, keepdims=True, initial=0)
        problems.append(_close(f"gradient {place}", other, gradient, rounding * largest))
    yield label, next((problem for problem in problems if problem), None)
