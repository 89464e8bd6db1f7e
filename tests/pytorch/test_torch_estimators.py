"""Estimates of KL from samples: expectations are exact, by enumerating a small vocabulary."""

import importlib
import math
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")
kl_estimate = importlib.import_module("fastdiv.torch").kl_estimate

KINDS = ("k1", "k2", "k3")
INF, NAN = float("inf"), float("nan")
TOLERANCE = 1e-12


class Vocabulary:
    """Logits of two distributions; every sum over tokens is exact but for rounding."""

    def __init__(self, size: int = 7) -> None:
        generator = torch.Generator().manual_seed(11)
        x, y = torch.randn(2, size, generator=generator, dtype=torch.float64)
        self.x, self.y = x.requires_grad_(), y.requires_grad_()

    @property
    def log_p(self) -> Any:
        return self.x.log_softmax(0)

    @property
    def log_q(self) -> Any:
        return self.y.log_softmax(0)

    def expectation(self, values: Any) -> Any:
        """E over tokens of p, which are drawn: no gradient goes through their probability."""
        return (self.log_p.exp().detach() * values).sum(0)

    def divergence(self) -> Any:
        return (self.log_p.exp() * (self.log_p - self.log_q)).sum()

    def reverse(self) -> Any:
        return (self.log_q.exp() * (self.log_q - self.log_p)).sum()

    def gradients(self, value: Any) -> tuple[Any, ...]:
        return tuple(torch.autograd.grad(value, (self.x, self.y)))


def close(found: Any, expected: Any) -> bool:
    return bool(torch.allclose(found, expected, rtol=0, atol=TOLERANCE))


def test_expected_values() -> None:
    tokens = Vocabulary()
    exact = tokens.divergence()
    for kind in ("k1", "k3"):
        assert close(tokens.expectation(kl_estimate(tokens.log_p, tokens.log_q, kind=kind)), exact)
    k2 = tokens.expectation(kl_estimate(tokens.log_p, tokens.log_q, kind="k2"))
    r = tokens.log_p - tokens.log_q
    assert close(k2, tokens.expectation(r * r / 2))
    assert abs(k2 - exact) > 0.1  # its bias


@pytest.mark.parametrize("kind", KINDS)
def test_expected_gradients(kind: str) -> None:
    tokens = Vocabulary()
    estimates = kl_estimate(tokens.log_p, tokens.log_q, kind=kind)
    found = tokens.gradients(tokens.expectation(estimates))
    for gradient, exact in zip(found, tokens.gradients(tokens.divergence()), strict=True):
        assert close(gradient, exact)


def test_expected_pathwise_gradients() -> None:
    """k1's is 0, k3's that of the other direction, k2's is right."""
    tokens = Vocabulary()
    exact, by_q = tokens.gradients(tokens.divergence())
    reverse, _ = tokens.gradients(tokens.reverse())
    expected = {"k1": torch.zeros_like(exact), "k2": exact, "k3": reverse}
    for kind in KINDS:
        options = {"kind": kind, "gradient": "pathwise"}
        estimates = kl_estimate(tokens.log_p, tokens.log_q, **options)
        found, found_by_q = tokens.gradients(tokens.expectation(estimates))
        assert close(found, expected[kind])
        assert close(found_by_q, by_q) == (kind != "k2")
    assert (reverse - exact).abs().max() > 0.01


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [2, 3])
def test_expected_gradients_with_a_baseline(kind: str, number: int) -> None:
    """All draws of so many tokens: still exact, and of less variance where r is large throughout."""
    tokens = Vocabulary(4)
    draws = torch.cartesian_prod(*[torch.arange(4)] * number)
    # As if q had most of its mass elsewhere.
    log_p, log_q = tokens.log_p[draws], tokens.log_q[draws] - 3
    weights = log_p.sum(1).exp().detach()
    exact, _ = tokens.gradients(tokens.divergence())
    spread = []
    for dim in (None, 1):
        estimates = kl_estimate(log_p, log_q, kind=kind, baseline_dim=dim).mean(1)
        rows = [torch.autograd.grad(x, tokens.x, retain_graph=True)[0] for x in estimates]
        samples = torch.stack(rows)
        assert close(weights @ samples, exact)
        spread.append((weights @ (samples - exact).square()).sum())
    assert spread[1] < spread[0]


def test_baseline_counts_only_what_counts() -> None:
    log_p = torch.tensor([[-1.0, -2.0, NAN, -3.0], [-1.0, 0.0, 0.0, NAN]], requires_grad=True)
    mask = torch.tensor([[True, True, False, True], [True, False, False, False]])
    log_q = torch.zeros(2, 4)
    for dim in (1, -1):
        log_p.grad = None
        kl_estimate(log_p, log_q, baseline_dim=dim, mask=mask).sum().backward()
        expected = [[-1 + 2.5, -2 + 2.0, 0, -3 + 1.5], [-1.0, 0, 0, 0]]  # one alone has no baseline
        assert torch.equal(log_p.grad, torch.tensor(expected))


def test_values() -> None:
    r = torch.tensor([-2.0, -0.3, 0.0, 1.0, 30.0], dtype=torch.float64)
    zero = torch.zeros_like(r)
    expected = {"k1": r, "k2": r * r / 2, "k3": (-r).exp() - 1 + r}
    for kind in KINDS:
        found = kl_estimate(r, zero, kind=kind)
        torch.testing.assert_close(found, expected[kind], rtol=1e-14, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_k3_keeps_its_digits(dtype: Any) -> None:
    """Against its series in exact fractions; the plain formula has lost all digits at 1e-9."""
    from fractions import Fraction

    sizes = [1e-15, 1e-12, 1e-9, 1e-3, 0.1, 0.49, 0.51, 1.0, 3.0]
    points = torch.tensor([*sizes, *(-x for x in sizes)], dtype=dtype)
    for r, found in zip(points, kl_estimate(points, torch.zeros_like(points)), strict=True):
        exact = sum(Fraction(-r.item()) ** k / math.factorial(k) for k in range(2, 60))
        assert abs(Fraction(found.item()) - exact) <= 8 * torch.finfo(dtype).eps * exact


def test_extremes() -> None:
    log_p = torch.tensor([-1.0, -200.0, 0.0], requires_grad=True)
    log_q = torch.tensor([-INF, 0.0, 0.0])
    for kind in KINDS:
        values = kl_estimate(log_p, log_q, kind=kind)
        assert values[0] == INF and values[2] == 0
        assert values[1] == {"k1": -200, "k2": 20000, "k3": INF}[kind]
    (slope,) = torch.autograd.grad(values[1:].sum(), log_p)
    assert slope.tolist() == [0, -200, 0]  # no NaN where nothing is asked


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("gradient", ["unbiased", "pathwise"])
def test_an_impossible_sample(gradient: str, dtype: Any) -> None:
    """Its value is the limit; by log p the slope is too, by log q the unbiased one is -1."""
    log_p = torch.tensor([-INF, -1.0, -INF], dtype=dtype, requires_grad=True)
    log_q = torch.tensor([-1.0, -2.0, -INF], dtype=dtype, requires_grad=True)
    for kind in KINDS:
        values = kl_estimate(log_p, log_q, kind=kind, gradient=gradient)
        assert values[0] == {"k1": -INF, "k2": INF, "k3": INF}[kind]
        assert values[1].isfinite() and values[2].isnan()
        by_p, by_q = torch.autograd.grad(values[:2].sum(), (log_p, log_q))
        assert by_p[1:].isfinite().all() and by_q[1:].isfinite().all()
        if gradient == "unbiased":
            assert by_p[0] == -INF and by_q[0] == -1
        elif kind == "k3":
            assert by_p[0] == -INF and by_q[0] == INF


@pytest.mark.parametrize("gradient", ["unbiased", "pathwise"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum", "batchmean"])
def test_masks_and_reductions(reduction: str, kind: str, gradient: str) -> None:
    generator = torch.Generator().manual_seed(2)
    log_p, log_q = torch.randn(2, 3, 4, generator=generator)
    mask = torch.tensor([True, False, True, True]) & torch.tensor([[True], [True], [False]])
    log_p, log_q = (x.masked_fill(~mask, NAN).requires_grad_() for x in (log_p, log_q))
    options: dict[str, Any] = {"kind": kind, "gradient": gradient}
    found = kl_estimate(log_p, log_q, mask=mask, reduction=reduction, **options)
    found.sum().backward()
    short = [x.detach()[mask].requires_grad_() for x in (log_p, log_q)]
    values = kl_estimate(*short, **options)
    divisor = {"none": 1, "mean": 6, "sum": 1, "batchmean": 3}[reduction]
    (values.sum() / divisor).backward()
    if reduction == "none":
        assert torch.equal(found[mask], values) and (found[~mask] == 0).all()
    else:
        torch.testing.assert_close(found, values.sum() / divisor)
    for x, y in zip((log_p, log_q), short, strict=True):
        torch.testing.assert_close(x.grad[mask], y.grad)
        assert (x.grad[~mask] == 0).all()
    nothing = kl_estimate(log_p, log_q, mask=mask & False, reduction=reduction, **options)
    assert (nothing == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_pathwise_is_the_derivative_of_the_value(kind: str) -> None:
    tokens = Vocabulary()
    inputs = [x.detach().requires_grad_() for x in (tokens.log_p, tokens.log_q)]

    def estimate(p: Any, q: Any) -> Any:
        return kl_estimate(p, q, kind=kind, gradient="pathwise", reduction="mean")

    assert torch.autograd.gradcheck(estimate, inputs)
    assert torch.autograd.gradgradcheck(estimate, inputs)


def test_types_and_transforms() -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        log_p = torch.tensor([-1.0, -2.0], dtype=dtype, requires_grad=True)
        value = kl_estimate(log_p, torch.zeros(3, 2), reduction="mean")
        assert value.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
        value.backward()
        assert log_p.grad.dtype == dtype
    p, q = torch.tensor([-1.0, -2.0]), torch.tensor([-2.0, -2.0])
    assert torch.equal(torch.func.vmap(kl_estimate)(p, q), kl_estimate(p, q))
    slope = torch.func.grad(lambda p: kl_estimate(p, q, reduction="sum"))(p)
    assert torch.equal(slope, p - q)
    assert kl_estimate(p.to("meta"), q.to("meta")).device.type == "meta"


@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_compiled_in_one_graph() -> None:
    def loss(p: Any, q: Any) -> Any:
        return kl_estimate(p.log_softmax(-1), q, reduction="mean", mask=q > -2)

    compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
    p, q = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([-1.0, -3.0])
    found, expected = compiled(p, q), loss(p, q)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(*(torch.autograd.grad(x, p)[0] for x in (found, expected)))


def test_wrong_arguments() -> None:
    x = torch.zeros(2, 3)
    wrong: list[tuple[type, str, tuple[Any, ...], dict[str, Any]]] = [
        (TypeError, "^log_p must be a torch.Tensor, got list", ([0.0], x), {}),
        (TypeError, "^log_q has dtype torch.int64", (x, x.long()), {}),
        (ValueError, "^log_p with shape .* and log_q .* do not broadcast", (x, x[:, :2]), {}),
        (ValueError, "^kind must be one of 'k1', 'k2', 'k3', got 'k4'", (x, x), {"kind": "k4"}),
        (ValueError, "^gradient must be one of", (x, x), {"gradient": "exact"}),
        (ValueError, "^reduction must be one of", (x, x), {"reduction": "average"}),
        (TypeError, "^mask must be", (x, x), {"mask": x}),
        (ValueError, "^mask is on device meta: expected cpu", (x, x), {"mask": (x > 0).to("meta")}),
        (ValueError, "^log_q is on device meta: expected cpu", (x, x.to("meta")), {}),
        (
            ValueError,
            "^baseline_dim must be None with gradient='pathwise', got 0",
            (x, x),
            {"baseline_dim": 0, "gradient": "pathwise"},
        ),
        (ValueError, "^baseline_dim is 2: out of range", (x, x), {"baseline_dim": 2}),
    ]
    for error, message, arguments, options in wrong:
        with pytest.raises(error, match=message):
            kl_estimate(*arguments, **options)
