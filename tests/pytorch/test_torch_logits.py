"""Values and gradients of measures of logits, against plain PyTorch in float64."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")
measures = importlib.import_module("fastdiv.torch")
tensors = importlib.import_module("fastdiv.torch._tensors")

NAMES = ("entropy", "cross_entropy", "kl_divergence", "js_divergence")
REDUCTIONS = ("none", "mean", "sum", "batchmean")
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
INF, NAN = float("inf"), float("nan")
# Of a value and, relative to its largest entry, of a gradient: in 16 bits it is rounded, then scaled and
# rounded again, half a unit in the last place each.
TOLERANCES = {
    torch.float64: (1e-14, 1e-13),
    torch.float32: (1e-6, 1e-5),
    torch.bfloat16: (1e-6, 2**-7),
    torch.float16: (1e-6, 2**-10),
}


def count(name: str) -> int:
    return 1 if name == "entropy" else 2


def logits(shape: tuple[int, ...], number: int, dtype: Any = torch.float64, seed: int = 0) -> Any:
    generator = torch.Generator().manual_seed(seed)
    draws = [torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(number)]
    return [2 * draw.to(dtype) for draw in draws]


def formula(
    name: str,
    arguments: list[Any],
    dim: Any = -1,
    temperature: float = 1.0,
    base: float | None = None,
    weight: float = 0.5,
) -> Any:
    """The definition, in the most obvious PyTorch."""
    logs = [(x / temperature).log_softmax(dim) for x in arguments]
    p = [log.exp() for log in logs]
    if name == "entropy":
        value = -(p[0] * logs[0]).sum(dim)
    elif name == "cross_entropy":
        value = -(p[0] * logs[1]).sum(dim)
    elif name == "kl_divergence":
        value = (p[0] * (logs[0] - logs[1])).sum(dim)
    else:
        mixture = (weight * p[0] + (1 - weight) * p[1]).log()
        value = weight * (p[0] * (logs[0] - mixture)).sum(dim)
        value = value + (1 - weight) * (p[1] * (logs[1] - mixture)).sum(dim)
    return value if base is None else value / np.log(base)


def reduced(value: Any, reduction: str, mask: Any = None) -> Any:
    if mask is not None:
        value = torch.where(mask, value, 0)
    number = value.numel() if mask is None else int(mask.sum())
    divisor = {"none": 1, "sum": 1, "mean": max(number, 1), "batchmean": len(value)}[reduction]
    return value / divisor if reduction == "none" else value.sum() / divisor


def leaves(arguments: list[Any], dtype: Any = None) -> list[Any]:
    return [x.detach().clone().to(dtype or x.dtype).requires_grad_() for x in arguments]


def assert_close(actual: Any, expected: Any, tolerance: float) -> None:
    """The error is relative to the largest entry of what is expected."""
    scale = float(expected.detach().abs().max()) if expected.numel() else 1.0
    error = (actual.detach().double() - expected.detach()).abs()
    assert not error.isnan().any()
    assert float(error.max() if error.numel() else 0) <= tolerance * max(scale, 1e-300)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("masked", [False, True], ids=["all", "masked"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients(name: str, reduction: str, masked: bool, dtype: Any) -> None:
    arguments = logits((3, 4, 33), count(name), dtype)
    mask = torch.arange(12).reshape(3, 4) % 3 > 0 if masked else None
    own, exact = leaves(arguments), leaves(arguments, torch.float64)
    options = {"temperature": 1.7, "base": 2.0}
    if name == "js_divergence":
        options["weight"] = 0.3
    loss = getattr(measures, name)(*own, reduction=reduction, mask=mask, **options)
    expected = reduced(formula(name, exact, **options), reduction, mask)
    assert loss.shape == expected.shape
    assert loss.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    upstream = torch.randn(loss.shape, generator=torch.Generator().manual_seed(1)).to(loss.dtype)
    loss.backward(upstream)
    expected.backward(upstream.double())
    value_error, gradient_error = TOLERANCES[dtype]
    assert_close(loss, expected, value_error)
    for x, wanted in zip(own, exact, strict=True):
        assert x.grad.dtype == dtype
        assert_close(x.grad, wanted.grad, gradient_error)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dim", [0, 1, -1, (0, 2), None], ids=str)
def test_any_dimensions(name: str, dim: Any) -> None:
    arguments = logits((4, 5, 6), count(name))
    order = [k for k in range(3) if dim is not None and k not in np.atleast_1d(dim) % 3]
    events = [k for k in range(3) if k not in order]
    flat = [x.permute(*order, *events).reshape(*(x.shape[k] for k in order), -1) for x in arguments]
    value = getattr(measures, name)(*arguments, dim=dim)
    assert_close(value, formula(name, flat), 1e-14)


@pytest.mark.parametrize("masked", [False, True], ids=["all", "masked"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_gradcheck(name: str, reduction: str, masked: bool) -> None:
    mask = torch.tensor([True, False, True]) if masked else None
    function = getattr(measures, name)

    def loss(*arguments: Any) -> Any:
        return function(*arguments, reduction=reduction, mask=mask, temperature=0.8, base=3)

    arguments = leaves(logits((3, 5), count(name)))
    assert torch.autograd.gradcheck(loss, arguments)
    for k in range(count(name)):
        only = [x.detach().requires_grad_(j == k) for j, x in enumerate(arguments)]
        assert torch.autograd.gradcheck(loss, only)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", NAMES[1:])
def test_gradcheck_of_broadcast_arguments(name: str, reduction: str) -> None:
    x = leaves(logits((3, 1, 5), 1))[0]
    y = leaves(logits((2, 5), 1, seed=1))[0]
    function = getattr(measures, name)
    assert torch.autograd.gradcheck(lambda x, y: function(x, y, reduction=reduction), (x, y))
    assert function(x, y).shape == (3, 2)


@pytest.mark.parametrize("name", NAMES)
def test_impossible_entries(name: str) -> None:
    """-inf in all arguments is as if the entry were not there; its gradient is 0."""
    arguments = logits((3, 6), count(name))
    possible = torch.tensor([True, False, True, True, False, True])
    padded = leaves([x.masked_fill(~possible, -INF) for x in arguments])
    rest = leaves([x[:, possible] for x in arguments])
    value, expected = getattr(measures, name)(*padded), formula(name, rest)
    value.sum().backward()
    expected.sum().backward()
    assert_close(value, expected, 1e-14)
    for x, wanted in zip(padded, rest, strict=True):
        assert (x.grad[:, ~possible] == 0).all()
        assert_close(x.grad[:, possible], wanted.grad, 1e-13)


def test_different_supports() -> None:
    x, y = torch.tensor([[0.0, -INF]]), torch.tensor([[-INF, 0.0]])
    assert measures.js_divergence(x, y, base=2).item() == 1
    assert measures.kl_divergence(x, y).item() == INF
    y.requires_grad_()
    measures.js_divergence(x, y).sum().backward()
    assert y.grad.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_what_is_masked_does_no_harm(name: str, reduction: str, bad: float) -> None:
    mask = torch.tensor([True, False, True])
    clean = leaves(logits((3, 5), count(name)))
    spoilt = leaves([x.detach().clone().index_fill(0, torch.tensor([1]), bad) for x in clean])
    function = getattr(measures, name)
    losses = [function(*xs, reduction=reduction, mask=mask).sum() for xs in (clean, spoilt)]
    assert torch.equal(*losses)
    for loss in losses:
        loss.backward()
    for x, y in zip(clean, spoilt, strict=True):
        assert (y.grad[1] == 0).all()
        assert torch.equal(x.grad, y.grad)


def test_what_is_masked_does_no_harm_to_a_broadcast_argument() -> None:
    x = torch.tensor([[0.0, 1.0], [NAN, NAN]])
    y = torch.zeros(2, requires_grad=True)
    measures.kl_divergence(x, y, mask=torch.tensor([True, False]), reduction="sum").backward()
    assert torch.allclose(y.grad, 0.5 - x[0].softmax(0))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "batchmean"])
def test_nothing_counts(name: str, reduction: str) -> None:
    function = getattr(measures, name)
    for shape in ((3, 5), (0, 5)):
        arguments = leaves(logits(shape, count(name)))
        loss = function(*arguments, reduction=reduction, mask=torch.zeros(shape[0]) > 0)
        loss.backward()
        assert loss.item() == 0
        assert all((x.grad == 0).all() for x in arguments)
    assert function(*logits((0, 5), count(name)), reduction=reduction).item() == 0


def test_an_upstream_gradient_of_zero_is_selected() -> None:
    """So a loss may be masked afterwards, with NaN in what is left out."""
    x = torch.tensor([[NAN, 0.0], [1.0, 0.0], [0.0, 0.0]], requires_grad=True)
    y = torch.tensor([[0.0, 0.0], [0.0, 0.0], [-INF, 0.0]])
    measures.kl_divergence(x, y)[1].backward()
    assert (x.grad[[0, 2]] == 0).all()
    assert x.grad[1].isfinite().all() and (x.grad[1] != 0).all()


def test_loss_of_generalised_distillation() -> None:
    """The usual loss in float64: mixture of log-probabilities, both KL, over the tokens that count."""
    teacher, student = leaves(logits((2, 7, 11), 2))
    labels, beta = (
        torch.tensor([[-100, -100, 1, 2, 3, 4, 5], [-100, 1, 2, 3, -100, -100, -100]]),
        0.7,
    )
    mask = labels != -100
    log_p, log_q = ((x[mask] / 2).log_softmax(-1) for x in (teacher, student))
    mixed = torch.stack([log_p + np.log(beta), log_q + np.log(1 - beta)]).logsumexp(0)
    kl = torch.nn.functional.kl_div
    usual = beta * kl(mixed, log_p, reduction="sum", log_target=True)
    usual = usual + (1 - beta) * kl(mixed, log_q, reduction="sum", log_target=True)
    options = {"temperature": 2.0, "mask": mask, "reduction": "mean"}
    ours = measures.js_divergence(teacher, student, beta, **options)
    assert_close(ours, usual / mask.sum(), 1e-13)


def test_types() -> None:
    x64, x32, bf16, f16 = (torch.tensor([0.0, 1.0], dtype=dtype) for dtype in DTYPES)
    integers = torch.tensor([3, 1])
    function = measures.kl_divergence
    assert function(bf16, f16).dtype == torch.float32
    assert function(x32, x64).dtype == torch.float64
    assert function(integers, bf16).dtype == torch.float64
    x32.requires_grad_()
    x64.requires_grad_()
    function(x32, x64).backward()
    assert x32.grad.dtype == torch.float32 and x64.grad.dtype == torch.float64
    assert measures.entropy(torch.empty(3, 0)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_memory_is_shared(dtype: Any) -> None:
    x = torch.zeros(4, 6, dtype=dtype)
    for view in (x, x.T, x[1:, ::2], x[:1].expand(5, 6), x[0, 0]):
        array = tensors.as_array(view)
        assert array.ctypes.data == view.data_ptr()
        assert array.shape == tuple(view.shape)
        assert array.strides == tuple(stride * x.element_size() for stride in view.stride())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_layouts(name: str, dtype: Any) -> None:
    wide = logits((6, 20), count(name), dtype)
    layouts: list[Callable[[Any], Any]] = [
        lambda x: x.T,
        lambda x: x[::2, 1::3],
        lambda x: x[1].expand(4, 20),
        lambda x: x[:, :1].expand(6, 9),
    ]
    for layout in layouts:
        results = []
        for make in (lambda x: layout(x), lambda x: layout(x).contiguous()):
            arguments = leaves(wide)
            value = getattr(measures, name)(*(make(x) for x in arguments))
            value.sum().backward()
            results.append([value, *(x.grad for x in arguments)])
        for strided, dense in zip(*results, strict=True):
            assert torch.allclose(strided, dense, rtol=TOLERANCES[dtype][1], atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_arguments(name: str) -> None:
    function = getattr(measures, name)
    x = torch.zeros(2, 3)
    others = (x,) * (count(name) - 1)
    wrong: list[tuple[type, str, tuple[Any, ...], dict[str, Any]]] = [
        (TypeError, "^x must be a torch.Tensor, got ndarray", (np.zeros(3), *others), {}),
        (TypeError, "^x is on device meta: .* computes on the CPU", (x.to("meta"), *others), {}),
        (TypeError, "^x has layout torch.sparse_coo", (x.to_sparse(), *others), {}),
        (TypeError, "^x has dtype torch.complex64", (x + 0j, *others), {}),
        (TypeError, "^x has dtype torch.float8", (x.to(torch.float8_e4m3fn), *others), {}),
        (ValueError, "^dim is 2: out of range", (x, *others), {"dim": 2}),
        (ValueError, "^x must have at least one axis", (x[0, 0],) * count(name), {}),
        (ValueError, "^x must have at least one axis", (x[0, 0],) * count(name), {"dim": None}),
        (TypeError, "^dim must be an int", (x, *others), {"dim": 0.5}),
        (ValueError, "temperature", (x, *others), {"temperature": 0}),
        (ValueError, "^temperature .* at least 2", (x, *others), {"temperature": 1e-310}),
        (TypeError, "temperature", (x, *others), {"temperature": "1"}),
        (TypeError, r"x / temperature", (x, *others), {"temperature": torch.tensor(2.0)}),
        (ValueError, "^base must be", (x, *others), {"base": 1}),
        (
            ValueError,
            "^reduction must be one of 'none'.*got 'average'",
            (x, *others),
            {"reduction": "average"},
        ),
        (TypeError, "^mask must be .* got a tensor of torch.float32", (x, *others), {"mask": x[0]}),
        (TypeError, "^mask must be .* got list", (x, *others), {"mask": [True]}),
        (
            ValueError,
            "^mask is on device meta: expected cpu",
            (x, *others),
            {"mask": (x[:, 0] > 0).to("meta")},
        ),
        (ValueError, r"^mask has shape \(3,\): .* \(2,\)", (x, *others), {"mask": x[0] > 0}),
    ]
    if others:
        message = r"^x with shape \(2, 3\) and y with shape \(2, 4\)"
        wrong.append((ValueError, message, (x, torch.zeros(2, 4)), {}))
        wrong.append((TypeError, "^y must be a torch.Tensor", (x, [1, 2, 3]), {}))
    for error, message, arguments, options in wrong:
        with pytest.raises(error, match=message):
            function(*arguments, **options)
