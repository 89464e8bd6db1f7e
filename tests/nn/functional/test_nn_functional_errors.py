"""Wrong arguments of fastdiv.nn.functional are named, with what came and what is expected."""

import numpy as np
import pytest

from fastdiv.nn import functional

X = np.zeros((4, 3))
SINGLE = np.zeros((4, 3), np.float32)
VALUES = np.zeros(4)
INTEGERS = np.zeros(3, int)
ROW = np.zeros(3)
MATRIX = np.zeros((8, 8))
read_only = np.zeros((4, 3))
read_only.flags.writeable = False


class OnTheGpu:
    __cuda_array_interface__ = None


VALID = {
    "bias_activation": {"x": X, "bias": ROW, "activation": "relu"},
    "bias_activation_backward": {"saved": X, "upstream": X, "activation": "relu"},
    "bernoulli_nll": {"logits": X, "x": X},
    "gaussian_nll": {"mean": X, "x": X},
    "gaussian_kl_draw": {"mean": X, "log_variance": X, "seed": 1},
    "gaussian_kl_draw_backward": {"mean": X, "log_variance": X, "upstream_z": X, "seed": 1},
    "corrupt": {"x": X, "kind": "mask", "level": 0.5, "seed": 1},
    "sparsity_penalty": {"activations": X + 0.5},
    "adam_step": {
        "parameters": np.zeros(3),
        "gradient": np.zeros(3),
        "first_moment": np.zeros(3),
        "second_moment": np.zeros(3),
        "step": 1,
    },
}
MATRICES = [
    ("bias_activation", "x"),
    ("bias_activation_backward", "saved"),
    ("bernoulli_nll", "logits"),
    ("gaussian_nll", "mean"),
    ("gaussian_kl_draw", "mean"),
    ("gaussian_kl_draw_backward", "mean"),
    ("corrupt", "x"),
    ("sparsity_penalty", "activations"),
]
OTHERS = [
    ("bias_activation_backward", "upstream"),
    ("bernoulli_nll", "x"),
    ("gaussian_nll", "x"),
    ("gaussian_kl_draw", "log_variance"),
    ("gaussian_kl_draw_backward", "upstream_z"),
]
OUTPUTS = [
    ("bias_activation", "out", (4, 3)),
    ("bias_activation", "pre", (4, 3)),
    ("bias_activation_backward", "out", (4, 3)),
    ("bias_activation_backward", "bias_gradient", (3,)),
    ("bernoulli_nll", "out", (4,)),
    ("bernoulli_nll", "gradient", (4, 3)),
    ("gaussian_nll", "out", (4,)),
    ("gaussian_nll", "gradient", (4, 3)),
    ("gaussian_kl_draw", "out", (4,)),
    ("gaussian_kl_draw", "z", (4, 3)),
    ("gaussian_kl_draw_backward", "mean_gradient", (4, 3)),
    ("gaussian_kl_draw_backward", "log_variance_gradient", (4, 3)),
    ("corrupt", "out", (4, 3)),
    ("sparsity_penalty", "gradient", (3,)),
]
# Without CuPy, a driver, or a GPU; or because the other arguments are in host memory.
ELSEWHERE = ImportError, RuntimeError, TypeError
RANDOM = ["gaussian_kl_draw", "gaussian_kl_draw_backward", "corrupt"]


def refuse(function, error, message, **changed):
    with pytest.raises(error, match=message):
        getattr(functional, function)(**{**VALID[function], **changed})


@pytest.mark.parametrize("function", VALID)
def test_valid_arguments_are_accepted(function) -> None:
    getattr(functional, function)(**VALID[function])


@pytest.mark.parametrize(("function", "name"), MATRICES)
def test_matrices(function, name) -> None:
    two_axes = r"expected two axes, samples and features"
    refuse(function, ValueError, rf"{name} has shape \(3,\): {two_axes}", **{name: ROW})
    refuse(function, ValueError, rf"{name} has shape \(\): {two_axes}", **{name: 1.0})
    refuse(function, TypeError, f"{name} has dtype complex128", **{name: X + 1j})
    refuse(function, TypeError, f"{name} is a masked array", **{name: np.ma.array(X)})
    refuse(function, ELSEWHERE, f"{name} (is )?in GPU memory", **{name: OnTheGpu()})


@pytest.mark.parametrize(("function", "name"), OTHERS)
def test_matrices_of_one_shape(function, name) -> None:
    message = rf"{name} has shape \(4, 2\): expected \(4, 3\), as (saved|logits|mean)"
    refuse(function, ValueError, message, **{name: X[:, :2]})
    refuse(function, ELSEWHERE, f"{name} (is )?in GPU memory", **{name: OnTheGpu()})


@pytest.mark.parametrize(("function", "name", "shape"), OUTPUTS)
def test_outputs(function, name, shape) -> None:
    refuse(function, TypeError, f"{name} must be an array, got list", **{name: [0.0]})
    refuse(function, ValueError, rf"{name} has shape \(8, 8\): expected", **{name: MATRIX})
    single = np.zeros(shape, np.float32)
    refuse(function, TypeError, f"{name} has dtype float32: expected float64", **{name: single})
    spread = np.zeros((*shape, 2))[..., 0]
    refuse(function, ValueError, rf"{name} has strides .*: expected", **{name: spread})
    frozen = np.zeros(shape)
    frozen.flags.writeable = False
    refuse(function, ValueError, f"{name} is read-only", **{name: frozen})


@pytest.mark.parametrize("function", RANDOM)
def test_places_in_streams(function) -> None:
    refuse(function, TypeError, r"seed must be an int, got 1\.5", seed=1.5)
    refuse(function, ValueError, "seed must lie between 0 and", seed=-1)
    last = 2**64 - 12
    refuse(function, ValueError, f"offset must lie between 0 and {last}", offset=last + 1)
    getattr(functional, function)(**{**VALID[function], "offset": last})
    refuse(function, ValueError, "stream must lie between 0 and 4294967295", stream=2**32)


CASES = [
    ("bias_activation", ValueError, "activation must be one of 'identity', .*, got 'selu'", {"activation": "selu"}),
    ("bias_activation", ValueError, "activation must be one of .*, got None", {"activation": None}),
    ("bias_activation", ValueError, r"bias has shape \(2,\): expected \(3,\)", {"bias": ROW[:2]}),
    ("bias_activation", ValueError, r"bias has shape \(1, 3\): expected \(3,\)", {"bias": X[:1]}),
    ("bias_activation_backward", ValueError, r"column_upstream has shape \(4,\)", {"column_upstream": VALUES}),
    ("bernoulli_nll", ValueError, r"cotangent has shape \(3,\): expected a number, or", {"cotangent": ROW}),
    ("bernoulli_nll", TypeError, "cotangent has dtype", {"cotangent": "1"}),
    ("gaussian_nll", ValueError, "scale must be a positive finite number, got 0", {"scale": 0}),
    ("gaussian_nll", ValueError, "scale must be a positive finite number, got inf", {"scale": np.inf}),
    ("gaussian_nll", TypeError, "scale must be a real number, got None", {"scale": None}),
    ("corrupt", ValueError, "kind must be one of 'mask', 'gaussian', 'salt_and_pepper', got 'x'", {"kind": "x"}),
    ("corrupt", ValueError, r"level must lie in \[0, 1\], got 1\.5", {"level": 1.5}),
    ("corrupt", ValueError, r"level must lie in \[0, 1\], got nan", {"level": np.nan}),
    ("corrupt", ValueError, "level must be a finite number, 0 or more, got -1", {"kind": "gaussian", "level": -1}),
    ("sparsity_penalty", ValueError, "sparsity must lie between 0 and 1, got 0", {"sparsity": 0}),
    ("sparsity_penalty", ValueError, "sparsity must lie between 0 and 1, got 1.0", {"sparsity": 1.0}),
    ("sparsity_penalty", TypeError, "cotangent must be a real number", {"cotangent": ROW}),
    ("adam_step", ValueError, "step must lie between 1 and", {"step": 0}),
    ("adam_step", TypeError, r"step must be an int, got 1\.0", {"step": 1.0}),
    ("adam_step", ValueError, "learning_rate must be a finite number, 0 or more, got -1", {"learning_rate": -1}),
    ("adam_step", ValueError, r"beta1 must lie in \[0, 1\), got 1", {"beta1": 1}),
    ("adam_step", ValueError, r"beta2 must lie in \[0, 1\), got -0\.5", {"beta2": -0.5}),
    ("adam_step", ValueError, "epsilon must be a finite number, 0 or more, got nan", {"epsilon": np.nan}),
    ("adam_step", TypeError, "parameters must be an array, got list", {"parameters": [0.0]}),
    ("adam_step", TypeError, "parameters has dtype int64: expected float32 or float64", {"parameters": INTEGERS}),
    ("adam_step", ValueError, r"gradient has shape \(4,\): expected \(3,\)", {"gradient": VALUES}),
    ("adam_step", TypeError, "gradient has dtype float32: expected float64", {"gradient": SINGLE[0]}),
    ("adam_step", ValueError, r"gradient has strides \(16,\): expected", {"gradient": np.zeros(6)[::2]}),
    ("adam_step", ValueError, "parameters is read-only", {"parameters": read_only[0]}),
]  # fmt: skip


@pytest.mark.parametrize(("function", "error", "message", "changed"), CASES)
def test_errors(function, error, message, changed) -> None:
    refuse(function, error, message, **changed)


def test_overlap_is_refused() -> None:
    apart = "in memory: expected"
    shifted = np.zeros(20)
    a, b = shifted[:12].reshape(4, 3), shifted[1:13].reshape(4, 3)
    refuse("bias_activation", ValueError, f"out overlaps x {apart} the same array or", x=a, out=b)
    refuse("bias_activation", ValueError, f"pre overlaps out {apart}", out=a, pre=a)
    refuse("bias_activation", ValueError, f"out overlaps bias {apart}", bias=a[0], out=a)
    refuse(
        "bias_activation_backward", ValueError, f"out overlaps upstream {apart}", upstream=a, out=b
    )
    refuse(
        "bias_activation_backward", ValueError, f"bias_gradient overlaps saved {apart}",
        saved=a, bias_gradient=a[0],
    )  # fmt: skip
    refuse("bernoulli_nll", ValueError, f"gradient overlaps logits {apart}", logits=a, gradient=b)
    refuse("bernoulli_nll", ValueError, f"out overlaps x {apart}", x=a, out=shifted[:4])
    refuse(
        "bernoulli_nll", ValueError, f"gradient overlaps cotangent {apart}",
        cotangent=shifted[:4], gradient=a,
    )  # fmt: skip
    refuse("gaussian_kl_draw", ValueError, f"z overlaps mean {apart}", mean=a, z=b)
    refuse(
        "gaussian_kl_draw_backward", ValueError, f"log_variance_gradient overlaps mean_gradient {apart}",
        mean_gradient=a, log_variance_gradient=a,
    )  # fmt: skip
    rows = np.lib.stride_tricks.as_strided(shifted, (4, 3), (8, 8))
    refuse(
        "gaussian_kl_draw",
        ValueError,
        "z has strides .*: expected rows that do not overlap",
        z=rows,
    )
    vector = np.zeros(3)
    refuse(
        "adam_step",
        ValueError,
        f"first_moment overlaps parameters {apart}",
        parameters=vector,
        first_moment=vector,
    )
    refuse(
        "adam_step",
        ValueError,
        f"second_moment overlaps gradient {apart}",
        gradient=vector,
        second_moment=vector,
    )
