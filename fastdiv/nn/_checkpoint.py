"""Estimators as checkpoints, and back."""

from __future__ import annotations

import numbers
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _validate as validate
from . import _checkpoint_file
from ._device import DEVICES, HOST, device_of
from ._fingerprint import fingerprint, same
from ._hyperparameters import one_of
from ._network import Architecture, Network
from ._position import Position

Array = NDArray[Any]
_MOMENTS = ("adam.first_moment", "adam.second_moment")
_FREE = ("max_epochs", "verbose", "random_state", "device")  # may differ from the checkpoint's
_ADVICE = "remove the file to begin anew, or name another"
_KEYS = ("parameters", "architecture", "position", "history", "feature_names")


def save(model: Any, path: Path) -> None:
    """Write a fitted estimator to a file."""
    model._settle()
    network: Network = model._network.on(HOST)
    tensors = {each.name: each.value for each in network.parameters}
    tensors.update(zip(_MOMENTS, network.vectors[2:], strict=True))
    names = getattr(model, "feature_names_in_", None)
    description = {
        "estimator": type(model).__name__,
        "parameters": _parameters(model),
        "architecture": asdict(network.architecture),
        "position": asdict(model._position),
        "history": model.history_,
        "feature_names": None if names is None else list(names),
    }
    _checkpoint_file.write(path, description, tensors)


def estimator_in(path: Path) -> str:
    """Return the name of the class of the estimator in a file."""
    return str(_checkpoint_file.read(path)[0].get("estimator"))


def load(kind: Any, path: Path, device: str) -> Any:
    """Return the estimator in a file, which must be of this class, on a device."""
    description, tensors = _read(kind, path)
    parameters = description["parameters"]
    if isinstance(parameters.get("hidden_layer_sizes"), list):  # JSON has no tuples
        parameters["hidden_layer_sizes"] = tuple(parameters["hidden_layer_sizes"])
    unknown = sorted(set(parameters) - set(kind._get_param_names()))
    if unknown:
        raise ValueError(f"{path} has the parameter {unknown[0]!r}, which {kind.__name__} lacks")
    model = kind(**{**parameters, "device": one_of("device", device, DEVICES)})
    _install(model, path, description, tensors)
    return model


def resume(model: Any, path: Path, X: Array) -> None:
    """Put an estimator where a file says that its training stood, if it is the same training."""
    description, tensors = _read(type(model), path)
    saved, own = description["parameters"], _parameters(model)
    for name in sorted(set(own) - set(_FREE)):
        if saved.get(name) != own[name]:
            raise ValueError(
                f"{path} is of a training with {name}={saved.get(name)!r}: expected {own[name]!r}, as here; "
                f"{_ADVICE}"
            )
    seeds = saved.get("random_state"), own["random_state"]
    if None not in seeds and seeds[0] != seeds[1]:
        raise ValueError(
            f"{path} is of a training with random_state={seeds[0]}: expected {seeds[1]}, as here; {_ADVICE}"
        )
    position = Position(**description["position"])
    if position.n_samples is None:
        raise ValueError(f"{path} is of a training by partial_fit: expected one by fit; {_ADVICE}")
    found = position.n_samples, description["architecture"]["n_features"]
    if found != X.shape:
        raise ValueError(
            f"{path} is of a training on data of shape {found}: expected {X.shape}, as X; {_ADVICE}"
        )
    if not same(position.data, fingerprint(X, own["dtype"])):
        raise ValueError(
            f"{path} is of a training on other data of this shape: expected the rows of X; {_ADVICE}"
        )
    begun = position.epoch + (position.row > 0)
    if begun > own["max_epochs"]:
        raise ValueError(
            f"{path} is of a training that has begun {begun} passes: expected "
            f"max_epochs={own['max_epochs']} at most; raise max_epochs, load the file, {_ADVICE}"
        )
    _install(model, path, description, tensors)


def _read(kind: Any, path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    description, tensors = _checkpoint_file.read(path)
    name = description.get("estimator")
    if name != kind.__name__:
        raise ValueError(f"{path} holds an estimator of class {name}: expected {kind.__name__}")
    for key in _KEYS:
        if key not in description:
            raise ValueError(
                f"{path} lacks {key!r} in its description: expected {', '.join(_KEYS)}"
            )
    return description, tensors


def _install(
    model: Any, path: Path, description: dict[str, Any], tensors: dict[str, Array]
) -> None:
    made = description["architecture"]
    hidden = tuple(made["hidden_layer_sizes"])
    network = Network(Architecture(**{**made, "hidden_layer_sizes": hidden}))
    targets = {each.name: each.value for each in network.parameters}
    targets.update(zip(_MOMENTS, network.vectors[2:], strict=True))
    for name, target in targets.items():
        tensor = tensors.get(name)
        if tensor is None or tensor.shape != target.shape or tensor.dtype != target.dtype:
            found = (
                "no such tensor" if tensor is None else f"{tensor.dtype} of shape {tensor.shape}"
            )
            raise ValueError(
                f"{path} has {found} for {name}: expected {target.dtype} of shape {target.shape}"
            )
        target[...] = tensor
    own = network.on(device_of(model.device))
    model._install(own, Position(**description["position"]), description["history"])
    model.n_features_in_ = made["n_features"]
    if description["feature_names"] is not None:
        model.feature_names_in_ = np.array(description["feature_names"], dtype=object)


def _parameters(model: Any) -> dict[str, Any]:
    """Return the hyper-parameters in JSON's types, as they come back from a file."""
    return {name: _plain(name, value) for name, value in model.get_params().items()}


def _plain(name: str, value: Any) -> Any:
    if name == "dtype":
        return np.dtype(value).name
    if name == "random_state":  # a generator's seed was drawn, and stands in the position
        return int(value) if isinstance(value, numbers.Integral) else None
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, tuple | list):
        return [_plain("", each) for each in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        f"{name} cannot be saved: expected a plain value, got {validate.describe(value)}"
    )
