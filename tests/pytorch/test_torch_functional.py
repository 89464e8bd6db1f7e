"""`kl_div` is PyTorch's, but right at zeros."""

import importlib
import itertools
import warnings
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")
kl_div = importlib.import_module("fastdiv.torch.nn.functional").kl_div

REDUCTIONS = ("none", "mean", "sum", "batchmean")
INF, NAN = float("inf"), float("nan")
quiet = pytest.mark.filterwarnings(
    "ignore:reduction. 'mean' divides", "ignore:size_average and reduce"
)


def pair(
    shape: tuple[int, ...], log_target: bool, dtype: Any = torch.float64, other: Any = None
) -> tuple[Any, Any]:
    """Log-probabilities and a target, as leaves."""
    generator = torch.Generator().manual_seed(7)
    x, t = torch.randn(2, *shape, generator=generator, dtype=torch.float64).log_softmax(-1)
    t = t if log_target else t.exp()
    return x.to(dtype).requires_grad_(), t.to(other or dtype).requires_grad_()


@quiet
@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(5, 7), (4,), (), (2, 3, 4), (0, 3)], ids=str)
def test_as_torch(shape: tuple[int, ...], reduction: str, log_target: bool) -> None:
    results = []
    for function in (torch.nn.functional.kl_div, kl_div):
        x, t = pair(shape, log_target)
        loss = function(x, t, reduction=reduction, log_target=log_target)
        loss.backward(torch.full_like(loss, 3))
        results.append([loss, x.grad, t.grad])
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-15, equal_nan=True)


@quiet
@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_torch_own_reference(reduction: str, log_target: bool) -> None:
    reason = "needs expecttest, as PyTorch's own tests do"
    own_tests = pytest.importorskip("torch.testing._internal.common_nn", reason=reason)
    for shape in ((10, 10), (), (4, 1, 3)):
        x, t = pair(shape, log_target)
        expected = own_tests.kldivloss_reference(x, t, reduction, log_target)
        found = kl_div(x, t, reduction=reduction, log_target=log_target)
        torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-15)


@quiet
@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_broadcasting(reduction: str, log_target: bool) -> None:
    for left, right in (((5, 1), (3, 1, 4)), ((3, 1, 4), (5, 1)), ((4,), (2, 4)), ((), (3,))):
        results = []
        for function in (torch.nn.functional.kl_div, kl_div):
            x, _ = pair(left, log_target)
            _, t = pair(right, log_target)
            loss = function(x, t, reduction=reduction, log_target=log_target)
            loss.sum().backward()
            results.append([loss, x.grad, t.grad])
        for expected, found in zip(*results, strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-15)
    with pytest.raises(RuntimeError):
        kl_div(torch.zeros(3), torch.zeros(4), reduction="sum")


@pytest.mark.parametrize("log_target", [False, True])
def test_types(log_target: bool) -> None:
    types = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    for dtype, other in itertools.product(types, types):
        x, t = (z.detach() for z in pair((3, 4), log_target, dtype, other))
        x.requires_grad_()
        expected = torch.nn.functional.kl_div(x, t, reduction="sum", log_target=log_target)
        found = kl_div(x, t, reduction="sum", log_target=log_target)
        assert found.dtype == expected.dtype
        exact = torch.nn.functional.kl_div(
            x.double(), t.double(), reduction="sum", log_target=log_target
        )
        assert abs(found.double() - exact) <= torch.finfo(found.dtype).eps * abs(exact) + 1e-6
        found.backward()
        assert x.grad.dtype == dtype
    zero = torch.tensor(0.5, dtype=torch.float64)  # a number promotes nothing
    assert kl_div(torch.zeros(3), zero, reduction="sum").dtype == torch.float32
    for function in (torch.nn.functional.kl_div, kl_div):
        with pytest.raises(RuntimeError):
            function(torch.zeros(3), torch.ones(3, dtype=torch.int64), reduction="sum")


def reactions(function: Any, **options: Any) -> tuple[Any, list[tuple[type, str]]]:
    """The loss, or the error, and the warnings up to their second sentence."""
    x, t = pair((3, 4), False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result: Any = function(x, t, **options)
        except ValueError as error:
            result = str(error)
    if function is kl_div:
        assert all(warning.filename == __file__ for warning in caught)
    return result, [(w.category, str(w.message).partition(".")[0]) for w in caught]


def test_deprecated_arguments_and_warnings() -> None:
    booleans = (None, True, False)
    names = (*REDUCTIONS, "elementwise_mean", "average")
    for size_average, reduce, reduction in itertools.product(booleans, booleans, names):
        options = {"size_average": size_average, "reduce": reduce, "reduction": reduction}
        expected, warned = reactions(torch.nn.functional.kl_div, **options)
        found, warned_too = reactions(kl_div, **options)
        assert warned == warned_too
        assert type(found) is type(expected)
        if isinstance(found, str):
            assert found == expected
        else:
            torch.testing.assert_close(found, expected, rtol=1e-13, atol=0)


def test_zeros() -> None:
    """Values and gradients where PyTorch gives NaN, and the infinite one that is right."""
    x = torch.tensor([-1.0, -INF, -1.0, -INF, NAN, -1.0, NAN], requires_grad=True)
    t = torch.tensor([0.5, 0.0, 0.0, 0.5, 0.5, -0.5, 0.0], requires_grad=True)
    terms = kl_div(x, t, reduction="none")
    expected = [0.5 * torch.tensor(0.5).log() + 0.5, 0.0, 0.0, INF, NAN, NAN, NAN]
    torch.testing.assert_close(terms.detach(), torch.tensor(expected), equal_nan=True)
    by_x, by_t = torch.autograd.grad(terms.sum(), (x, t))
    assert torch.equal(by_x, -t)
    expected = [torch.tensor(0.5).log() + 2, 0.0, 0.0, INF, NAN, NAN, 0.0]
    torch.testing.assert_close(by_t, torch.tensor(expected), equal_nan=True)


def test_zeros_in_log_space() -> None:
    x = torch.tensor([-1.0, -INF, -1.0, -INF, NAN, -INF], requires_grad=True)
    # The last is possible, although its probability is below the smallest float32.
    t = torch.tensor([-0.5, -INF, -INF, -0.5, -0.5, -200.0], requires_grad=True)
    terms = kl_div(x, t, reduction="none", log_target=True)
    p = torch.tensor(-0.5).exp()
    expected = torch.tensor([0.5 * p, 0.0, 0.0, INF, NAN, INF])
    torch.testing.assert_close(terms.detach(), expected, equal_nan=True)
    by_x, by_t = torch.autograd.grad(terms.sum(), (x, t))
    assert torch.equal(by_x, -t.exp())
    torch.testing.assert_close(
        by_t, torch.tensor([1.5 * p, 0.0, 0.0, INF, NAN, INF]), equal_nan=True
    )


@quiet
@pytest.mark.parametrize("log_target", [False, True])
def test_impossible_classes_change_nothing(log_target: bool) -> None:
    impossible = -INF if log_target else 0.0
    results = []
    for padded in (False, True):
        x, t = pair((3, 4), log_target)
        inputs = torch.nn.functional.pad(x, (0, 2), value=-INF) if padded else x
        targets = torch.nn.functional.pad(t, (0, 2), value=impossible) if padded else t
        loss = kl_div(inputs, targets, reduction="batchmean", log_target=log_target)
        loss.backward()
        results.append([loss, x.grad, t.grad])
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-15, atol=0)


@quiet
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")  # in PyTorch's forward mode
@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_derivatives(reduction: str, log_target: bool) -> None:
    def loss(x: Any, t: Any) -> Any:
        return kl_div(x, t, reduction=reduction, log_target=log_target)

    inputs = pair((3, 4), log_target)
    assert torch.autograd.gradcheck(loss, inputs)
    assert torch.autograd.gradgradcheck(loss, inputs)
    for k in range(2):
        only = [z.detach().requires_grad_(j == k) for j, z in enumerate(inputs)]
        assert torch.autograd.gradcheck(loss, only)
    tangents = [torch.randn_like(z) for z in inputs]
    _, forward = torch.func.jvp(loss, tuple(inputs), tuple(tangents))
    _, pull_back = torch.func.vjp(loss, *inputs)
    backward = pull_back(torch.ones_like(forward))
    products = sum((g * z).sum() for g, z in zip(backward, tangents, strict=True))
    torch.testing.assert_close(forward.sum(), products, rtol=1e-12, atol=1e-14)


def test_functional_gradient() -> None:
    x, t = (z.detach() for z in pair((3, 4), False))
    slope = torch.func.grad(lambda x: kl_div(x, t, reduction="sum"))(x)
    assert torch.equal(slope, -t)


@pytest.mark.filterwarnings("ignore")  # the compiler's own
@pytest.mark.parametrize("log_target", [False, True])
def test_compiled_in_one_graph(log_target: bool) -> None:
    def loss(x: Any, t: Any) -> Any:
        return kl_div(x.sin(), t, reduction="batchmean", log_target=log_target)

    compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
    x, t = pair((3, 4), log_target)
    found, expected = compiled(x, t), loss(x, t)
    torch.testing.assert_close(found, expected)
    found, expected = (torch.autograd.grad(value, (x, t)) for value in (found, expected))
    torch.testing.assert_close(found, expected)


def test_wrong_arguments() -> None:
    x = torch.zeros(3)
    with pytest.raises(TypeError, match=r"^input must be a torch.Tensor, got ndarray"):
        kl_div(x.numpy(), x)
    with pytest.raises(TypeError, match=r"^target must be a torch.Tensor, got list"):
        kl_div(x, [0.0, 0.0, 0.0])
    for wrong in (1, "yes", None):
        with pytest.raises(TypeError, match=r"^log_target must be True or False"):
            kl_div(x, x, reduction="sum", log_target=wrong)
