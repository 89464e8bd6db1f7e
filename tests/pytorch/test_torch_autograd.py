"""The node in PyTorch's graph: memory, repeated and scaled backward passes, modes, compilation."""

import importlib
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch")
measures = importlib.import_module("fastdiv.torch")
autograd = importlib.import_module("fastdiv.torch._autograd")
dispatch = importlib.import_module("torch.utils._python_dispatch")

NAMES = ("entropy", "cross_entropy", "kl_divergence", "js_divergence")
REDUCTIONS = ("none", "mean", "sum", "batchmean")


def arguments(name: str, *shape: int, dtype: Any = torch.float64) -> list[Any]:
    generator = torch.Generator().manual_seed(3)
    number = 1 if name == "entropy" else 2
    draws = [torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(number)]
    return [draw.to(dtype).requires_grad_() for draw in draws]


def gradients(loss: Any, xs: list[Any], **options: Any) -> list[Any]:
    return list(torch.autograd.grad(loss, xs, **options))


def equal(first: list[Any], second: list[Any]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


class Allocations(dispatch.TorchDispatchMode):  # type: ignore[name-defined, misc]
    """Operations that allocate at least so many bytes."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.names: list[str] = []

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        leaves = torch.utils._pytree.tree_leaves((args, kwargs))
        known = {x.untyped_storage().data_ptr() for x in leaves if isinstance(x, torch.Tensor)}
        result = function(*args, **(kwargs or {}))
        for x in torch.utils._pytree.tree_leaves(result):
            if isinstance(x, torch.Tensor):
                storage = x.untyped_storage()
                if storage.nbytes() >= self.size and storage.data_ptr() not in known:
                    self.names.append(str(function))
        return result


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("factor", [1.0, 3.0])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_one_gradient_in_memory(reduction: str, factor: float, dtype: Any) -> None:
    x, y = arguments("kl_divergence", 8, 200, dtype=dtype)
    teacher = x.detach()
    with Allocations(8 * 200) as allocations:
        loss = measures.kl_divergence(teacher, y, reduction=reduction).sum()
        (factor * loss).backward()
    assert allocations.names == ["aten.empty_like.default"]
    assert y.grad is not None


def test_no_gradient_in_memory_if_none_is_required() -> None:
    x, y = arguments("kl_divergence", 8, 200, dtype=torch.float32)
    with Allocations(8 * 200) as allocations, torch.no_grad():
        measures.kl_divergence(x, y, reduction="mean")
    measures.kl_divergence(x.detach(), y.detach(), reduction="mean")
    assert allocations.names == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_repeated_and_scaled(name: str, reduction: str) -> None:
    xs = arguments(name, 3, 5)

    def loss() -> Any:
        return getattr(measures, name)(*xs, reduction=reduction).sum()

    once = gradients(loss(), xs)
    assert not any(x.requires_grad for x in once)
    assert equal(gradients(3 * loss(), xs), [3 * x for x in once])

    kept = loss()
    first = gradients(kept, xs, retain_graph=True)
    for x in first:  # the graph's own gradients must not change with what it handed out
        x.mul_(7)
    second = gradients(2 * kept, xs, retain_graph=True)
    assert equal(second, [2 * x for x in once])
    assert equal(gradients(kept, xs), once)
    with pytest.raises(RuntimeError, match="second time"):
        gradients(kept, xs)

    for _ in range(2):
        loss().backward()
    assert equal([x.grad for x in xs], [2 * x for x in once])
    kept = loss()
    kept.backward(retain_graph=True)
    kept.backward()
    assert equal([x.grad for x in xs], [4 * x for x in once])


def test_without_knowing_whether_the_graph_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autograd, "_graph_is_kept", lambda: True)
    test_repeated_and_scaled("kl_divergence", "mean")
    test_repeated_and_scaled("js_divergence", "none")


@pytest.mark.parametrize("name", NAMES[1:])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_one_tensor_as_both_arguments(name: str, reduction: str) -> None:
    x, _ = arguments(name, 3, 5)
    function = getattr(measures, name)
    (gradient,) = gradients(function(x, x, reduction=reduction).sum(), [x])
    first, second = x.detach().requires_grad_(), x.detach().requires_grad_()
    both = gradients(function(first, second, reduction=reduction).sum(), [first, second])
    assert torch.allclose(gradient, both[0] + both[1], rtol=1e-15, atol=0)
    if name != "cross_entropy":
        assert (gradient == 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_modes(name: str) -> None:
    xs = arguments(name, 3, 5)
    function = getattr(measures, name)
    value = function(*xs)
    assert value.requires_grad
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            inside = function(*xs)
        assert not inside.requires_grad and torch.equal(inside, value)
    with torch.inference_mode():
        made_inside = [x.detach().clone() for x in xs]
    assert not function(*made_inside).requires_grad
    if len(xs) == 2:
        half = function(made_inside[0], xs[1], reduction="sum")
        both = function(*xs, reduction="sum")
        assert equal(gradients(half, xs[1:]), gradients(both, xs[1:]))
    detached = function(*(x.detach() for x in xs))
    assert not detached.requires_grad and torch.equal(detached, value)


@pytest.mark.parametrize("name", NAMES[1:])
def test_only_what_is_required(name: str) -> None:
    x, y = arguments(name, 3, 5)
    function = getattr(measures, name)
    both = gradients(function(x, y, reduction="sum"), [x, y])
    for k, pair in enumerate([(x, y.detach()), (x.detach(), y)]):
        with Allocations(3 * 5 * 8) as allocations:
            loss = function(*pair, reduction="sum")
        assert allocations.names == ["aten.empty_like.default"]
        torch.testing.assert_close(gradients(loss, [(x, y)[k]])[0], both[k], rtol=0, atol=1e-15)


def test_inner_tensors() -> None:
    weights = torch.randn(5, 5, dtype=torch.float64, requires_grad=True)
    x = torch.randn(3, 5, dtype=torch.float64)
    teacher = torch.randn(3, 5, dtype=torch.float64)

    def loss(weights: Any) -> Any:
        hidden = (x @ weights).tanh()
        value = measures.kl_divergence(teacher, hidden, reduction="mean")
        return value + measures.entropy(hidden, reduction="mean") + hidden.square().sum()

    assert torch.autograd.gradcheck(loss, weights)


def test_loss_scaled_against_underflow() -> None:
    """The mean's divisor must not make float16 gradients 0 before the scale comes."""
    scale = 2.0**16
    x = torch.zeros(1 << 14, 4, dtype=torch.float16)
    y = x.clone()
    y[:, 0] = 0.001
    y.requires_grad_()
    (scale * measures.kl_divergence(x, y, reduction="mean")).backward()
    exact = scale / len(x) * (y.detach().double().softmax(-1) - 0.25)
    assert exact.abs().max() / scale < 2**-25  # half of the smallest float16
    error = (y.grad.double() - exact).abs().max() / exact.abs().max()
    assert error < 2**-10


@pytest.mark.parametrize("name", NAMES)
def test_second_derivatives_are_refused(name: str) -> None:
    xs = arguments(name, 3, 5)
    loss = getattr(measures, name)(*xs, reduction="sum")
    first = gradients(loss, xs, create_graph=True)
    assert equal(first, gradients(getattr(measures, name)(*xs, reduction="sum"), xs))
    with pytest.raises(RuntimeError, match=f"no second derivatives: {name}"):
        sum(x.square().sum() for x in first).backward()
    assert [x.grad for x in xs] == [None] * len(xs)


@pytest.mark.parametrize("name", NAMES)
def test_functional_gradient(name: str) -> None:
    xs = [x.detach() for x in arguments(name, 3, 5)]
    function = getattr(measures, name)
    positions = tuple(range(len(xs)))
    found = torch.func.grad(lambda *xs: function(*xs, reduction="mean"), argnums=positions)(*xs)
    leaves = [x.clone().requires_grad_() for x in xs]
    assert equal(list(found), gradients(function(*leaves, reduction="mean"), leaves))
    nested = torch.func.grad(
        lambda *xs: torch.func.grad(lambda *ys: function(*ys).sum())(*xs).sum()
    )
    with pytest.raises(RuntimeError, match="no second derivatives"):
        nested(*xs)


def test_settings_of_torch_change_nothing() -> None:
    x, y = arguments("kl_divergence", 3, 5, dtype=torch.float32)
    expected = gradients(measures.kl_divergence(x, y, reduction="mean"), [x, y])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert equal(gradients(measures.kl_divergence(x, y, reduction="mean"), [x, y]), expected)
    with torch.device("meta"):
        assert equal(gradients(measures.kl_divergence(x, y, reduction="mean"), [x, y]), expected)


@pytest.mark.parametrize("hooked", ["checkpoint", "save_on_cpu"])
def test_saved_tensors_elsewhere(hooked: str) -> None:
    x, y = arguments("kl_divergence", 3, 5)

    def loss(x: Any, y: Any) -> Any:
        return measures.kl_divergence(x.sin(), y, reduction="mean")

    expected = gradients(loss(x, y), [x, y])
    if hooked == "checkpoint":
        value = torch.utils.checkpoint.checkpoint(loss, x, y, use_reentrant=False)
    else:
        with torch.autograd.graph.save_on_cpu():
            value = loss(x, y)
    assert equal(gradients(2 * value, [x, y], retain_graph=True), [2 * g for g in expected])
    assert equal(gradients(value, [x, y]), expected)


@pytest.mark.filterwarnings("ignore")  # the compiler's own
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.parametrize("name", NAMES)
def test_compiled(name: str, backend: str) -> None:
    xs = arguments(name, 3, 5)
    mask = torch.tensor([True, False, True])

    def loss(*xs: Any) -> Any:
        hidden = [x.sin() * 2 for x in xs]
        return getattr(measures, name)(*hidden, reduction="mean", mask=mask) * 3

    dynamo = importlib.import_module("torch._dynamo")
    testing = importlib.import_module("torch._dynamo.testing")
    dynamo.reset()
    counter = testing.CompileCounterWithBackend(backend)
    compiled = torch.compile(loss, backend=counter)
    expected = loss(*xs)
    compilations = []
    for _ in range(3):
        value = compiled(*xs)
        assert torch.equal(value, expected)
        assert equal(gradients(value, xs), gradients(loss(*xs), xs))
        compilations.append(counter.frame_count)
    assert compilations[0] >= 2  # what comes before and after
    assert len(set(compilations)) == 1
    with torch.no_grad():
        assert torch.equal(compiled(*xs), expected)


def losses_of_training(loss: Callable[[Any, Any], Any], dtype: Any) -> list[float]:
    generator = torch.Generator().manual_seed(5)
    torch.manual_seed(5)
    inputs = torch.randn(64, 12, generator=generator)
    teacher = torch.randn(64, 30, generator=generator) * 2
    layers = torch.nn.Linear(12, 32), torch.nn.Tanh(), torch.nn.Linear(32, 30)
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    history = []
    for _ in range(60):
        optimizer.zero_grad()
        value = loss(teacher.to(dtype), model(inputs).to(dtype))
        value.backward()
        optimizer.step()
        history.append(value.item())
    return history


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_training_goes_the_same_way(dtype: Any) -> None:
    def usual(teacher: Any, student: Any) -> Any:
        log_p, log_q = ((x / 2).log_softmax(-1) for x in (teacher, student))
        return torch.nn.functional.kl_div(log_q, log_p, reduction="batchmean", log_target=True)

    def ours(teacher: Any, student: Any) -> Any:
        return measures.kl_divergence(teacher, student, temperature=2, reduction="mean")

    expected = losses_of_training(usual, dtype)
    found = losses_of_training(ours, dtype)
    assert expected[-1] < 0.5 * expected[0]
    assert found == pytest.approx(expected, rel=0, abs=1e-5)


def test_values_may_be_overwritten_before_the_backward_pass() -> None:
    """What was infinite there still has no gradient where nobody asks for one."""
    x, y = torch.zeros(2, 3), torch.zeros(2, 3)
    y[0, 1] = -torch.inf
    x.requires_grad_()
    values = measures.kl_divergence(x, y)
    assert values[0] == torch.inf
    values.masked_fill_(torch.tensor([True, False]), 0).sum().backward()
    torch.testing.assert_close(x.grad, torch.zeros(2, 3))


def test_weights_of_zero_cost_no_second_gradient() -> None:
    """Gradients are cleared where they are not finite, and only there."""
    x, y = arguments("kl_divergence", 8, 200)
    values = measures.kl_divergence(x.detach(), y)
    with Allocations(8 * 200 * 8) as allocations:
        values.backward(torch.tensor([0.0, 1.0] * 4, dtype=torch.float64))
    assert allocations.names == []
    assert (y.grad[::2] == 0).all()
