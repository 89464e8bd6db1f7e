"""What runs behind the estimators' public methods."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from .. import _validate as validate
from . import functional
from ._blas import suitable_threads
from ._device import device_of
from ._hyperparameters import defining, hidden_layer_sizes, require
from ._likelihood import Likelihood, likelihood_of, require_finite
from ._network import Architecture, Network
from ._position import INITIAL, Position
from ._quiet import quiet
from ._rows import require_one_array
from ._tally import Loss, Tally
from ._workspace import Workspace, workspace

Array = NDArray[Any]


class Machinery:
    """Network, position and memory of an estimator; subclasses say what the loss is."""

    _encoded_per_component: ClassVar[int] = 1
    _code_activation: ClassVar[str] = "identity"
    _terms: ClassVar[tuple[str, ...]] = ("loss",)

    # Set by each subclass's __init__, which scikit-learn reads the names and defaults from.
    hidden_layer_sizes: Sequence[int]
    n_components: int
    activation: str
    likelihood: str
    scale: float
    learning_rate: float
    batch_size: int
    max_epochs: int
    dtype: Any
    device: str
    random_state: Any
    verbose: bool

    # What subclasses replace.

    def _require(self) -> None:
        """Refuse hyper-parameters that do not fit."""
        require(self)

    def _gradients(self, workspace: Workspace) -> Loss:
        """Compute the loss's gradient by all parameters; return the loss."""
        raise NotImplementedError

    def _encode(self, workspace: Workspace) -> Array:
        """Return the codes of the rows; they lie in the workspace."""
        return self._network.encoder.forward(workspace.rows, workspace.encoder)

    def _extra(self) -> dict[str, int]:
        """Return names and widths of what a step needs beside; 0 is one number a row."""
        return {}

    def _after_fit(self) -> None:
        """Warn of what training came to."""

    # What they use.

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.dtype(self._network.architecture.dtype)

    @property
    def _n_features_out(self) -> int:  # for get_feature_names_out
        return self._network.architecture.n_components

    def _require_same_model(self) -> None:
        """Refuse hyper-parameters that another network goes with, whatever set_params was given since."""
        self._require()
        for name, value in defining(self).items():
            fitted = self._defined[name]
            if value != fitted:
                raise ValueError(
                    f"the estimator has {name}={value!r}: expected {fitted!r}, as the model was fitted; "
                    f"set it back, or call fit to begin anew"
                )

    def _start(self, n_features: int) -> None:
        """Begin anew."""
        state = self.random_state
        if isinstance(state, numbers.Integral):
            seed = validate.integer("random_state", state, 0, 2**64 - 1)
        else:
            seed = int(check_random_state(state).randint(2**63 - 1, dtype=np.int64))
        network = Network(
            Architecture(
                n_features=n_features,
                hidden_layer_sizes=hidden_layer_sizes(self.hidden_layer_sizes),
                n_encoded=self._encoded_per_component * self.n_components,
                n_components=int(self.n_components),
                activation=self.activation,
                code_activation=self._code_activation,
                dtype=np.dtype(self.dtype).name,
            )
        )
        network.initialise(seed, INITIAL)
        own = network.on(device_of(self.device))
        self._install(own, Position(seed), {name: [] for name in self._terms})

    def _install(
        self, network: Network, position: Position, history: dict[str, list[float]]
    ) -> None:
        self._network, self._position, self.history_ = network, position, history
        self._defined = defining(self)
        self._likelihood: Likelihood = likelihood_of(self)
        self._block_size = int(self.batch_size)
        self._own_workspace: Workspace | None = None
        self._own_tally: Tally | None = None

    def _forget(self) -> None:
        del self._network

    @quiet  # what is too large for the type is refused
    def _data(self, X: Any, reset: bool) -> Array:
        """Return the rows, checked; converted to the type of training unless they are a mapped file's."""
        require_one_array(X)
        mapped = isinstance(X, np.memmap)
        dtype = np.dtype(self.dtype) if reset else self._dtype
        array: Array = validate_data(
            self,
            X,
            reset=reset,
            dtype="numeric" if mapped else dtype,
            order=None if mapped else "C",
            ensure_all_finite=not mapped,
        )
        if mapped:
            require_finite(array)
        return array

    def _blocks(self, n_rows: int) -> Iterator[tuple[slice, Workspace]]:
        """Cut rows into batches, each with a workspace; calls at the same time have memory of their own."""
        size = min(self._block_size, n_rows)
        whole = workspace(self._network, size, self._extra(), backward=False)
        with suitable_threads(self._network, size):
            for start in range(0, n_rows, size):
                stop = min(start + size, n_rows)
                yield slice(start, stop), whole.first(stop - start)

    def _decode_means(self, block: Workspace) -> Array:
        """Return the likelihood's means given the block's codes; they lie in it."""
        outputs = self._network.decoder.forward(block.code, block.decoder)
        no_bias = self._network.device.xp.zeros(outputs.shape[1], outputs.dtype)
        activation = self._likelihood.mean_activation
        return functional.bias_activation(outputs, no_bias, activation, out=outputs)

    def _training_workspace(self, n_rows: int) -> Workspace:
        """Return memory for steps on batches of so many rows, or more; it is kept for the steps that follow."""
        made: Workspace | None = getattr(self, "_own_workspace", None)  # not in a pickle
        if made is None or len(made.rows) < n_rows:
            made = self._own_workspace = workspace(self._network, n_rows, self._extra())
        return made

    @property
    def _tally(self) -> Tally:
        """What adds up the losses of the pass."""
        made: Tally | None = getattr(self, "_own_tally", None)  # not in a pickle
        if made is None:
            made = self._own_tally = self._network.device.tally(self._terms)
        return made

    def _settle(self) -> None:
        """Bring the sums of losses to the position."""
        self._position.add(self._tally.settle())

    def _put(self, array: Array, out: Array) -> None:
        self._network.device.put(array, out)

    def _fetch(self, array: Array) -> Array:
        return self._network.device.fetch(array)

    def _update(self) -> None:
        self._network.update(self._position.step, float(self.learning_rate))
