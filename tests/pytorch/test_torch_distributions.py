"""`kl_divergence` of categorical distributions is PyTorch's, but right at zeros."""

import importlib
import math
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")
distributions = importlib.import_module("torch.distributions")
kl_divergence = importlib.import_module("fastdiv.torch.distributions").kl_divergence

INF = float("inf")
KINDS = (
    distributions.Categorical,
    distributions.OneHotCategorical,
    distributions.OneHotCategoricalStraightThrough,
)
FORMS = ("probs", "logits")


def parameter(form: str, *shape: int, seed: int = 0, dtype: Any = torch.float64) -> Any:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    return (x if form == "logits" else x.exp()).to(dtype).requires_grad_()


def impossible(form: str) -> float:
    return 0.0 if form == "probs" else -INF


@pytest.mark.parametrize("second", FORMS)
@pytest.mark.parametrize("first", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_as_torch(kind: Any, first: str, second: str) -> None:
    for left, right in (((5,), (5,)), ((3, 5), (3, 5)), ((2, 1, 5), (3, 5)), ((5,), (2, 5))):
        a, b = parameter(first, *left), parameter(second, *right, seed=1)
        results = []
        for function in (distributions.kl_divergence, kl_divergence):
            value = function(kind(**{first: a}), kind(**{second: b}))
            results.append([value, *torch.autograd.grad(value.square().sum(), (a, b))])
        for expected, found in zip(*results, strict=True):
            assert found.dtype == expected.dtype
            torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("second", FORMS)
@pytest.mark.parametrize("first", FORMS)
def test_gradcheck(first: str, second: str) -> None:
    def value(a: Any, b: Any) -> Any:
        p, q = distributions.Categorical(**{first: a}), distributions.Categorical(**{second: b})
        return kl_divergence(p, q)

    assert torch.autograd.gradcheck(value, (parameter(first, 2, 4), parameter(second, 4, seed=1)))


@pytest.mark.parametrize("second", FORMS)
@pytest.mark.parametrize("first", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_impossible_classes_change_nothing(kind: Any, first: str, second: str) -> None:
    a, b = parameter(first, 3, 4), parameter(second, 3, 4, seed=1)
    results = []
    for padded in (False, True):
        x, y = (z.detach().clone().requires_grad_() for z in (a, b))
        inputs = [x, y]
        if padded:
            values = (impossible(first), impossible(second))
            inputs = [
                torch.nn.functional.pad(z, (1, 2), value=value)
                for z, value in zip(inputs, values, strict=True)
            ]
        value = kl_divergence(kind(**{first: inputs[0]}), kind(**{second: inputs[1]}))
        value.sum().backward()
        results.append([value, x.grad, y.grad])
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("second", FORMS)
@pytest.mark.parametrize("first", FORMS)
def test_different_supports(first: str, second: str) -> None:
    a, b = (torch.tensor([1.0, 1.0, impossible(form)]) for form in (first, second))
    p = distributions.Categorical(**{first: a})
    q = distributions.Categorical(**{second: b.flip(0)})
    assert kl_divergence(p, q).item() == INF
    assert kl_divergence(p, p).item() == 0


def test_small_probabilities_are_taken_as_they_are() -> None:
    """PyTorch takes what is below the machine epsilon for the machine epsilon."""
    p = distributions.Categorical(probs=torch.tensor([0.5, 0.5], dtype=torch.float64))
    q = distributions.Categorical(probs=torch.tensor([1, 1e-20], dtype=torch.float64))
    expected = math.log(0.5) - 0.5 * math.log(1e-20)
    assert kl_divergence(p, q).item() == pytest.approx(expected, rel=1e-14)
    assert distributions.kl_divergence(p, q).item() != pytest.approx(expected, rel=0.1)


def test_what_was_computed_before_changes_nothing() -> None:
    """`probs` and `logits` fill each other in when they are asked for."""
    a, b = torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.0, 1.0, -INF])
    fresh = distributions.Categorical(probs=a), distributions.Categorical(logits=b)
    used = distributions.Categorical(probs=a), distributions.Categorical(logits=b)
    for p in used:
        p.log_prob(p.sample())
        assert p.probs is not None and p.logits is not None
    for pair in (used, [p.expand((2,)) for p in fresh]):
        for forward, expected in ((pair, fresh), (pair[::-1], fresh[::-1])):
            value = kl_divergence(*forward)
            assert torch.equal(value, kl_divergence(*expected).expand(value.shape))


@pytest.mark.parametrize("form", FORMS)
def test_types(form: str) -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        a, b = parameter(form, 2, 5, dtype=dtype), parameter(form, 2, 5, seed=1, dtype=dtype)
        p, q = (distributions.Categorical(**{form: z}, validate_args=False) for z in (a, b))
        value = kl_divergence(p, q)
        value.sum().backward()
        assert value.dtype == a.grad.dtype == b.grad.dtype == dtype


def test_other_pairs_are_torch_own() -> None:
    class Mine(distributions.Categorical):  # type: ignore[name-defined, misc]
        pass

    one = torch.tensor(1.0)
    normal, wide = distributions.Normal(0 * one, one), distributions.Normal(one, 2 * one)
    assert kl_divergence(normal, wide) == distributions.kl_divergence(normal, wide)
    logits = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    for kind in (
        Mine,
        lambda logits: distributions.Independent(distributions.Categorical(logits=logits), 1),
    ):
        p, q = kind(logits=logits), kind(logits=2 * logits)
        assert torch.equal(kl_divergence(p, q), distributions.kl_divergence(p, q))
    categorical = distributions.Categorical(logits=logits)
    for other in (normal, distributions.OneHotCategorical(logits=logits)):
        with pytest.raises(NotImplementedError):
            kl_divergence(categorical, other)
    with pytest.raises(ValueError, match="do not broadcast"):
        kl_divergence(categorical, distributions.Categorical(logits=torch.zeros(3, 2)))


def test_other_devices_are_torch_own() -> None:
    p = distributions.Categorical(logits=torch.zeros(3, device="meta"), validate_args=False)
    assert kl_divergence(p, p).device.type == "meta"
