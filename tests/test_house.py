"""The house rules that a machine can check: arrows, names, documentation, generated files."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastdiv
import nn_reference
from fastdiv import _native
from fastdiv.nn import functional

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "fastdiv"
# What each layer may import of fastdiv, from the bottom up; nothing points upward.
LAYERS = [
    {"_native", "_stand_in"},
    {"_cuda"},
    {"_array", "_validate"},
    {"_measure", "_runtime", "random"},
    {"_autodiff"},
    {"probabilities", "logits"},
    {"pairwise", "distributions", "nn"},
    {"montecarlo"},
    {"fitting"},
    {"plotting"},
    {"scipy", "torch", "_numba"},
    {"demo"},
    {"__main__", "__init__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
MEASURES = [name for name, f in vars(fastdiv.probabilities).items() if inspect.isfunction(f)]
LOGITS_MEASURES = [name for name, f in vars(fastdiv.logits).items() if inspect.isfunction(f)]
ESTIMATORS = [
    name for name in vars(fastdiv.montecarlo) if name.endswith("_divergence") and name[0] != "_"
]
FUNCTIONS_OF_TRAINING = [name for name, f in vars(functional).items() if inspect.isfunction(f)]
# Measures that are another's kernel on flattened tables.
WITHOUT_KERNEL = {"joint_entropy": "entropy"}


def modules() -> list[str]:
    found = [info.name for info in pkgutil.walk_packages([str(PACKAGE)], "fastdiv.")]
    return [name for name in found if not name.endswith(("__main__", "_native"))]


def imported_parts(path: Path) -> set[str]:
    """Top-level parts of fastdiv that a file imports."""
    package = ["fastdiv", *path.relative_to(PACKAGE).parent.parts]
    parts = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            target = [*base, *(node.module.split(".") if node.module else [])]
            names = [[*target, alias.name] for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        parts |= {name[1] for name in names if name[0] == "fastdiv" and len(name) > 1}
    return parts


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_imports_point_down(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for part in imported_parts(path) - {own}:
        if part in LEVEL:
            assert LEVEL[part] < LEVEL[own], f"{own} imports {part}"


@pytest.mark.parametrize("name", MEASURES)
def test_one_stem_a_measure(name: str) -> None:
    kernel = WITHOUT_KERNEL.get(name, name)
    assert hasattr(_native, kernel)
    assert (PACKAGE / "probabilities" / f"_{name}.py").exists()
    assert (ROOT / "csrc/kernels/probabilities" / f"{kernel}.hpp").exists()
    assert name in (ROOT / "tests/reference.py").read_text()
    for suffix in ("f32", "f64"):
        header = (ROOT / "csrc/include/fastdiv/fastdiv.h").read_text()
        assert f"fastdiv_{kernel}_{suffix}(" in header
        assert f"fastdiv_{kernel}_value_and_grad_{suffix}(" in header
    fastdiv.value_and_grad(getattr(fastdiv, name))


@pytest.mark.parametrize("name", LOGITS_MEASURES)
def test_one_stem_a_measure_of_logits(name: str) -> None:
    assert hasattr(_native, f"logits_{name}")
    assert (PACKAGE / "logits" / f"_{name}.py").exists()
    assert (ROOT / "csrc/kernels/logits" / f"{name}.hpp").exists()
    assert f"def {name}(" in (ROOT / "tests/logits_reference.py").read_text()
    header = (ROOT / "csrc/include/fastdiv/fastdiv.h").read_text()
    for suffix in ("f32", "f64", "f16", "bf16"):
        assert f"fastdiv_logits_{name}_{suffix}(" in header
        assert f"fastdiv_logits_{name}_value_and_grad_{suffix}(" in header
    fastdiv.value_and_grad(getattr(fastdiv.logits, name))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_one_stem_an_estimator(name: str) -> None:
    assert hasattr(_native, f"montecarlo_{name}")
    assert (PACKAGE / "montecarlo" / f"_{name}.py").exists()
    assert (ROOT / "csrc/kernels/distributions" / f"{name}.hpp").exists()
    assert f'"{name}"' in (ROOT / "tests/montecarlo_reference.py").read_text()
    assert f'"{name}"' in (ROOT / "tests/montecarlo_cases.py").read_text()
    header = (ROOT / "csrc/include/fastdiv/fastdiv.h").read_text()
    for function in ("", "_value_and_grad", "_plan", "_gradient_errors"):
        for suffix in ("f32", "f64"):
            assert f"fastdiv_montecarlo_{name}{function}_{suffix}(" in header
    fastdiv.value_and_grad(getattr(fastdiv.montecarlo, name))


@pytest.mark.parametrize("name", FUNCTIONS_OF_TRAINING)
def test_one_stem_a_function_of_training(name: str) -> None:
    stem = name.removesuffix("_backward")
    assert hasattr(_native, f"nn_{name}")
    assert (PACKAGE / "nn/functional" / f"_{stem}.py").exists()
    assert (ROOT / "csrc/kernels/nn" / f"{stem}.hpp").exists()
    assert f"def nn_{name}(" in (PACKAGE / "_cuda/nn" / f"{stem}.py").read_text()
    assert f"def {name}(" in (ROOT / "tests/nn_reference.py").read_text()
    ours, theirs = getattr(functional, name), getattr(nn_reference, name)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
    for suffix in ("f32", "f64"):
        header = (ROOT / "csrc/include/fastdiv/fastdiv.h").read_text()
        assert f"fastdiv_nn_{name}_{suffix}(" in header


@pytest.mark.parametrize("name", modules())
def test_doctests(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        pytest.skip(f"{name} needs an optional dependency: {error}")
    assert doctest.testmod(module).failed == 0


def test_public_functions_are_documented() -> None:
    for owner in (
        fastdiv,
        fastdiv.logits,
        fastdiv.pairwise,
        fastdiv.random,
        fastdiv.montecarlo,
        functional,
    ):
        for name, function in vars(owner).items():
            if inspect.isfunction(function) and not name.startswith(("get_", "_")):
                assert function.__doc__, name
                assert ">>>" in function.__doc__, f"{name} has no example"


@pytest.mark.parametrize("name", ["Normal", "MultivariateNormal", "Mixture"])
def test_distributions_are_documented(name: str) -> None:
    kind = getattr(fastdiv.distributions, name)
    assert ">>>" in kind.__doc__
    for attribute, value in vars(kind).items():
        if not attribute.startswith("_") and (callable(value) or isinstance(value, property)):
            assert value.__doc__, f"{name}.{attribute}"


def test_coefficients_are_those_that_the_script_prints() -> None:
    folder = ROOT / "csrc/simd"
    command = [sys.executable, str(folder / "generate_coefficients.py")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed == (folder / "coefficients.hpp").read_text()


def test_import_is_light() -> None:
    code = "import sys, numpy; before = set(sys.modules); import fastdiv; print(*sorted(set(sys.modules) - before))"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    for name in ("scipy", "torch", "cupy", "numba", "matplotlib", "sklearn", "jax"):
        assert name not in loaded


def test_unknown_instruction_set_is_refused() -> None:
    import os

    command = [sys.executable, "-c", "import fastdiv"]
    environment = {**os.environ, "FASTDIV_ISA": "v9"}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode != 0
    assert "FASTDIV_ISA" in result.stderr
    with pytest.raises(ValueError, match="FASTDIV_ISA"):
        _native.set_isa("mmx")


def readme(of_torch: bool) -> doctest.DocTest:
    """The README's examples: the block marked as PyTorch's, or the others."""
    text = (ROOT / "README.md").read_text()
    before, _, rest = text.partition("<!-- torch -->")
    block, fence, after = rest.partition("\n```\n")
    assert fence
    chosen = block if of_torch else before + after
    return doctest.DocTestParser().get_doctest(chosen, {}, "README", "README.md", 0)


def test_readme() -> None:
    assert doctest.DocTestRunner().run(readme(False)).failed == 0


def test_readme_of_torch() -> None:
    pytest.importorskip("torch", reason="needs PyTorch")
    example = readme(True)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0
