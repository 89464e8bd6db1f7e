"""Recorders, wrappers and marks of PyTorch: the right result, or a message with the right diagnosis."""

import importlib
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")
measures = importlib.import_module("fastdiv.torch")
proxies = importlib.import_module("torch.fx.experimental.proxy_tensor")
forward_ad = importlib.import_module("torch.autograd.forward_ad")

RECORDED = r"^fastdiv.torch cannot be recorded by torch\.{}.*; record the model without it"
TANGENT = r"^x has a tangent: fastdiv.torch has no forward mode .*; it has backward mode"


def pair() -> tuple[Any, Any]:
    generator = torch.Generator().manual_seed(3)
    x, y = torch.randn(2, 3, 5, generator=generator, dtype=torch.float64)
    return x, y


class Loss(torch.nn.Module):  # type: ignore[name-defined, misc]
    def forward(self, x: Any, y: Any) -> Any:
        return measures.kl_divergence(x * 1, y, reduction="mean")


@pytest.mark.filterwarnings("ignore")  # PyTorch's own, of what it deprecates
@pytest.mark.parametrize("required", [False, True])
def test_tracing_is_refused(required: bool) -> None:
    x, y = pair()
    with pytest.raises(RuntimeError, match=RECORDED.format("jit.trace")):
        torch.jit.trace(measures.kl_divergence, (x, y.requires_grad_(required)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", ["real", "fake", "symbolic"])
def test_recording_as_a_graph_is_refused(mode: str) -> None:
    with pytest.raises(RuntimeError, match=RECORDED.format("fx")):
        proxies.make_fx(Loss(), tracing_mode=mode)(*pair())


@pytest.mark.filterwarnings("ignore")
def test_export_is_refused() -> None:
    with pytest.raises(RuntimeError, match=RECORDED.format("fx or torch.export")):
        torch.export.export(Loss(), pair(), strict=False)


@pytest.mark.filterwarnings("ignore")
def test_drop_in_is_recorded_whatever_the_example_holds() -> None:
    """It looks at values to save work, but not at those of an example."""
    x, t = pair()
    x, t = x.log_softmax(-1), t.softmax(-1)
    impossible = torch.tensor([False, True, False, False, False])
    padded = x.masked_fill(impossible, -torch.inf), t.masked_fill(impossible, 0)

    def loss(x: Any, t: Any) -> Any:
        return measures.nn.functional.kl_div(x, t, reduction="sum")

    for recorded in (torch.jit.trace(loss, (x, t)), proxies.make_fx(loss)(x, t)):
        assert torch.equal(recorded(*padded), loss(*padded))


def test_tensors_without_memory_are_refused() -> None:
    fake = importlib.import_module("torch._subclasses.fake_tensor")
    with fake.FakeTensorMode():
        x = torch.empty(3, 5)
        with pytest.raises(RuntimeError, match=r"^x is a FakeTensor, which has a shape but no mem"):
            measures.entropy(x)
    with pytest.raises(RuntimeError, match=r"^y is a FakeTensor"):
        measures.kl_divergence(torch.zeros(3, 5), x)


def test_functional_tensors_are_refused() -> None:
    with pytest.raises(RuntimeError, match=r"^x is a functional tensor.*torch.func.functional"):
        torch.func.functionalize(measures.entropy)(pair()[0])


@pytest.mark.filterwarnings("ignore")
def test_jacobians_row_by_row() -> None:
    x, y = pair()
    x[1, 2] = torch.nan
    found = torch.func.jacrev(measures.kl_divergence, argnums=1)(x, y)
    for k in range(3):
        expected = torch.func.grad(lambda y, k=k: measures.kl_divergence(x, y)[k])(y)
        assert torch.allclose(found[k], expected, rtol=1e-14, atol=0, equal_nan=True)


def test_vmap_is_refused() -> None:
    message = "^x is batched by torch.func.vmap, which is not supported; call it on the whole"
    x, y = pair()
    for transform in (
        lambda: torch.func.vmap(measures.kl_divergence)(x, y),
        lambda: torch.func.vmap(torch.func.grad(measures.kl_divergence))(x, y),
    ):
        with pytest.raises(RuntimeError, match=message):
            transform()


@pytest.mark.filterwarnings("ignore")
def test_forward_mode_is_refused() -> None:
    x, y = pair()
    for transform in (
        lambda f: torch.func.jvp(f, (x,), (y,)),
        lambda f: torch.func.jacfwd(f)(x),
    ):
        with pytest.raises(RuntimeError, match=TANGENT):
            transform(measures.entropy)
    for required in (False, True):
        with forward_ad.dual_level():
            dual = forward_ad.make_dual(x.clone().requires_grad_(required), y)
            with pytest.raises(RuntimeError, match=TANGENT):
                measures.entropy(dual)
            assert torch.equal(measures.entropy(y), measures.entropy(y.clone()))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
def test_negative_by_a_mark_alone(dtype: Any) -> None:
    marked = [torch._neg_view(z.to(dtype)).requires_grad_() for z in pair()]
    plain = [-z.to(dtype).requires_grad_() for z in pair()]
    plain = [z.detach().requires_grad_() for z in plain]
    losses = [measures.kl_divergence(*xs, reduction="sum") for xs in (marked, plain)]
    assert torch.equal(*losses)
    gradients = [
        torch.autograd.grad(loss, xs) for loss, xs in zip(losses, (marked, plain), strict=True)
    ]
    for found, expected in zip(*gradients, strict=True):
        assert torch.equal(found, expected)
    number = torch.complex(*pair())
    assert torch.equal(measures.entropy(number.conj().imag), measures.entropy(-number.imag))


@pytest.mark.filterwarnings("ignore")  # a prototype, PyTorch says
def test_other_tensors_are_named() -> None:
    x = importlib.import_module("torch.masked").masked_tensor(torch.zeros(3), torch.ones(3) > 0)
    with pytest.raises(RuntimeError, match="memory of a MaskedTensor: expected a plain tensor"):
        measures.entropy(x)
