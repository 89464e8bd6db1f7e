from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

abi_version: int
version: str

def isa() -> str: ...
def available_isas() -> list[str]: ...
def set_isa(name: str) -> None: ...
def get_num_threads() -> int: ...
def set_num_threads(count: int) -> None: ...
def ufunc(name: str, doc: str) -> np.ufunc: ...

class _OneInput:
    def __call__(
        self,
        p: Array,
        value: Array,
        base: float,
        normalize: bool,
        given: int = -1,
        cotangent: Array | None = None,
        grad_p: Array | None = None,
    ) -> None: ...

class _TwoInputs:
    def __call__(
        self,
        p: Array,
        q: Array,
        value: Array,
        base: float,
        normalize: bool,
        weight: float = 0.5,
        cotangent: Array | None = None,
        grad_p: Array | None = None,
        grad_q: Array | None = None,
    ) -> None: ...

class _Pairwise:
    def __call__(
        self,
        p: Array,
        q: Array | None,
        value: Array,
        base: float,
        normalize: bool,
        weight: float = 0.5,
    ) -> None: ...

class _LogitsOneInput:
    def __call__(
        self,
        x: Array,
        value: Array,
        base: float,
        temperature: float,
        cotangent: Array | None = None,
        grad_x: Array | None = None,
    ) -> None: ...

class _LogitsTwoInputs:
    def __call__(
        self,
        x: Array,
        y: Array,
        value: Array,
        base: float,
        temperature: float,
        weight: float = 0.5,
        cotangent: Array | None = None,
        grad_x: Array | None = None,
        grad_y: Array | None = None,
    ) -> None: ...

class _Random:
    def __call__(self, seed: int, offset: int, stream: int, out: Array) -> None: ...

self_information: _OneInput
entropy: _OneInput
conditional_entropy: _OneInput
mutual_information: _OneInput
cross_entropy: _TwoInputs
kl_divergence: _TwoInputs
js_divergence: _TwoInputs
js_distance: _TwoInputs
pairwise_kl_divergence: _Pairwise
pairwise_js_divergence: _Pairwise
pairwise_js_distance: _Pairwise
logits_entropy: _LogitsOneInput
logits_cross_entropy: _LogitsTwoInputs
logits_kl_divergence: _LogitsTwoInputs
logits_js_divergence: _LogitsTwoInputs
random_uniform: _Random
random_normal: _Random

_Mixture = tuple[int, bool, bool, bool, Array | None, Array, Array]
_Fields = tuple[Array | None, Array, Array]
_Record = tuple[Array, Array, Array | None, Array | None]

class _MonteCarlo:
    def __call__(
        self,
        p: _Mixture,
        q: _Mixture,
        pairs: int,
        wanted: int,
        seed: int,
        first_sample: int,
        n_samples: int,
        antithetic: bool,
        control_variate: bool,
        score_term: bool,
        weight: float,
        progress: Any,
        /,
    ) -> tuple[Array, Array, tuple[_Record, ...], _Fields | None, _Fields | None]: ...

class _MonteCarloErrors:
    def __call__(
        self,
        p: _Mixture,
        q: _Mixture,
        pairs: int,
        wanted: int,
        seed: int,
        first_sample: int,
        n_samples: int,
        antithetic: bool,
        control_variate: bool,
        score_term: bool,
        weight: float,
        records: tuple[_Record, ...],
        /,
    ) -> tuple[_Fields | None, _Fields | None]: ...

montecarlo_kl_divergence: _MonteCarlo
montecarlo_js_divergence: _MonteCarlo
montecarlo_kl_divergence_gradient_errors: _MonteCarloErrors
montecarlo_js_divergence_gradient_errors: _MonteCarloErrors

def montecarlo_fold(
    counts: Array,
    moments: Array,
    weights: Array,
    expected: Array | None,
    share: float,
    value: Array,
    variance: Array,
    /,
) -> None: ...
def nn_bias_activation(
    x: Array, bias: Array, activation: int, out: Array, pre: Array | None
) -> None: ...
def nn_bias_activation_backward(
    saved: Array,
    upstream: Array,
    column_upstream: Array | None,
    activation: int,
    out: Array,
    bias_gradient: Array,
) -> None: ...
def nn_bernoulli_nll(
    logits: Array, x: Array, cotangent: Array, value: Array, gradient: Array | None
) -> None: ...
def nn_gaussian_nll(
    mean: Array, x: Array, scale: float, cotangent: Array, value: Array, gradient: Array | None
) -> None: ...
def nn_gaussian_kl_draw(
    mean: Array, log_variance: Array, seed: int, offset: int, stream: int, value: Array, z: Array
) -> None: ...
def nn_gaussian_kl_draw_backward(
    mean: Array,
    log_variance: Array,
    upstream_z: Array,
    seed: int,
    offset: int,
    stream: int,
    cotangent: Array,
    mean_gradient: Array,
    log_variance_gradient: Array,
) -> None: ...
def nn_corrupt(
    x: Array, kind: int, level: float, seed: int, offset: int, stream: int, out: Array
) -> None: ...
def nn_sparsity_penalty(
    activations: Array, sparsity: float, cotangent: float, gradient: Array | None
) -> float: ...
def nn_adam_step(
    parameters: Array,
    gradient: Array,
    first_moment: Array,
    second_moment: Array,
    step: int,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
) -> None: ...
