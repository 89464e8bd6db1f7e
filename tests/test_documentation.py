"""What help() shows: every public name in its package's table, units, and whose magnitudes bound an error."""

import importlib
import inspect
import pkgutil
import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fastdiv

PACKAGES = [
    "fastdiv",
    "fastdiv.distributions",
    "fastdiv.fitting",
    "fastdiv.logits",
    "fastdiv.montecarlo",
    "fastdiv.nn",
    "fastdiv.nn.datasets",
    "fastdiv.nn.functional",
    "fastdiv.pairwise",
    "fastdiv.plotting",
    "fastdiv.probabilities",
    "fastdiv.random",
    "fastdiv.scipy",
    "fastdiv.scipy.spatial",
    "fastdiv.scipy.spatial.distance",
    "fastdiv.scipy.special",
    "fastdiv.scipy.stats",
    "fastdiv.torch",
    "fastdiv.torch.distributions",
    "fastdiv.torch.nn",
    "fastdiv.torch.nn.functional",
]


def load(name: str) -> ModuleType:
    if name.startswith("fastdiv.torch"):
        pytest.importorskip("torch", reason="needs PyTorch")
    if name == "fastdiv.nn":
        pytest.importorskip("sklearn", reason="needs scikit-learn")
    return importlib.import_module(name)


def is_own(value: Any) -> bool:
    """Whether a value is a function or a class of fastdiv."""
    if isinstance(value, np.ufunc):
        return True
    known = inspect.isfunction(value) or inspect.isclass(value)
    return known and value.__module__.startswith("fastdiv")


def test_all_packages_are_looked_at() -> None:
    found = pkgutil.walk_packages(fastdiv.__path__, "fastdiv.")
    public = {info.name for info in found if "._" not in info.name and ".demo" not in info.name}
    assert public <= set(PACKAGES)


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_are_listed(name: str) -> None:
    package = load(name)
    # First of all this: some names are loaded when they are asked for.
    modules = {key for key in package.__all__ if inspect.ismodule(getattr(package, key))}
    names = {key for key, value in vars(package).items() if key[0] != "_" and is_own(value)}
    assert names == set(package.__all__) - modules
    table = re.findall(r"\w+", package.__doc__ or "")
    for key in package.__all__:
        assert key in table, f"{name}.{key}"
    for info in pkgutil.iter_modules(getattr(package, "__path__", ())):
        assert info.name[0] == "_" or info.name in table or info.name == "probabilities"


@pytest.mark.parametrize("package", ["torch", "scipy", "demo"])
def test_packages_that_are_imported_alone(package: str) -> None:
    with pytest.raises(AttributeError, match=rf"import fastdiv\.{package}$"):
        fastdiv.__getattr__(package)
    with pytest.raises(AttributeError, match=r"has no attribute 'entrpy'$"):
        fastdiv.entrpy  # noqa: B018


@pytest.mark.parametrize("name", PACKAGES)
def test_units(name: str) -> None:
    package = load(name)
    for key in package.__all__:
        function = getattr(package, key)
        if inspect.isfunction(function) and "base" in inspect.signature(function).parameters:
            assert "units of `base`" in (function.__doc__ or "").partition("Returns")[2], key


TERMS = {
    "entropy": r"|p_i \log p_i|",
    "cross_entropy": r"|p_i \log q_i|",
    "kl_divergence": r"|p_i \log(p_i/q_i)|",
    "js_divergence": r"|w p_i \log(p_i/m_i)| + |(1 - w) q_i \log(q_i/m_i)|",
}


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("package", [fastdiv, fastdiv.logits], ids=["probabilities", "logits"])
def test_terms_that_bound_the_error(package: ModuleType, name: str) -> None:
    notes = getattr(package, name).__doc__.partition("Notes")[2]
    assert "4 ulp of the sum of" in notes and TERMS[name] in notes


@pytest.mark.parametrize("package", ["fastdiv.logits", "fastdiv.torch"])
def test_distillation(package: str) -> None:
    text = load(package).kl_divergence.__doc__
    for word in (
        "temperature**2",
        "teacher",
        "student",
        "x / T",
        "-inf, in both",
        "weights).sum()",
    ):
        assert word in text
