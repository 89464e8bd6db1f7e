"""Jensen-Shannon divergence from samples."""

from __future__ import annotations

from typing import Any

from .. import _validate as validate
from .._autodiff import computes_gradients
from ._estimate import Estimate
from ._pack import Distribution
from ._run import Estimator, Progress

_ESTIMATOR = Estimator("js_divergence", both=True)


def _value_and_grad(
    positions: tuple[int, ...],
    p: Any,
    q: Any,
    n_samples: int,
    seed: int,
    *,
    weight: float = 0.5,
    first_sample: int = 0,
    antithetic: bool = False,
    control_variate: bool = False,
    score_term: bool = True,
    progress: Progress | None = None,
    device: str = "cpu",
) -> tuple[Estimate, tuple[Any, ...]]:
    return _ESTIMATOR(
        p,
        q,
        n_samples,
        seed,
        positions,
        first_sample,
        antithetic,
        control_variate,
        score_term,
        validate.weight(weight),
        progress,
        device,
    )


@computes_gradients(("p", "q"), _value_and_grad)
def js_divergence(
    p: Distribution,
    q: Distribution,
    n_samples: int,
    seed: int,
    *,
    weight: float = 0.5,
    first_sample: int = 0,
    antithetic: bool = False,
    control_variate: bool = False,
    score_term: bool = True,
    progress: Progress | None = None,
    device: str = "cpu",
) -> Estimate:
    r"""Jensen-Shannon divergence of p and q, estimated from samples of both.

    .. math:: \mathrm{JS}_w(p, q) = w\,\mathrm{KL}(p \| m) + (1 - w)\,\mathrm{KL}(q \| m), \quad m = w p + (1 - w) q

    Sample i is drawn from component i mod K of p, and another one of q; nothing is clipped.

    Parameters
    ----------
    p, q : Normal, MultivariateNormal or Mixture
        Distributions with events of the same length D; their batches broadcast. All pairs see the same
        random numbers.
    n_samples : int
        Samples of p, and as many of q: at least two of each component.
    seed : int
        From 0 to 2^64 - 1. Sample i depends on the seed and on i alone, so results have the same bits for
        any number of threads.
    weight : float, default 0.5
        The weight w of p in the mixture, in [0, 1].
    first_sample : int, default 0
        Number of the first sample, for runs in shards: a multiple of `grain`. See `Estimate.merge`.
    antithetic : bool, default False
        Draw samples in pairs, of z and -z; `n_samples` counts the points and must be even.
    control_variate : bool, default False
        Subtract the log-ratio of the normal distributions with the moments of p and q, whose expectation has
        a closed form, times the best coefficient. Gradients stay as they are.
        The coefficient is fitted to the same samples, which biases the value by O(1/n), against an error of
        O(1/√n). The standard error counts it: n - 2 degrees of freedom in each component, and the slope's own
        error. At least 32 observations of each component are asked for; where what the variate leaves is far
        from normal, as with `antithetic`, intervals need 1,000.
    score_term : bool, default True
        Whether gradients contain the derivatives of the log-densities by their parameters; the expectation of
        all of these together is 0.
    progress : function, optional
        Called with the samples done and their number some twenty times a second. Its exceptions end the run,
        as does Ctrl-C.
    device : {"cpu", "cuda"}, default "cpu"
        Where samples are drawn; "cuda" is CuPy's current GPU. p, q and the results are in host memory all the same:
        they are few numbers. The bits are the same, too, so that shards of both can be merged. The first call of a
        kind compiles its kernel, which takes seconds and is kept on disk.

    Returns
    -------
    Estimate
        Value, in nats, and standard error: numbers, or arrays over the batch; float64.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.
    ImportError, RuntimeError
        If `device` is "cuda" and what computes there is missing.

    Notes
    -----
    It is computed in the wider of both types, sums in float64. JS(p, p) is 0 exactly. Memory does not depend on
    `n_samples`. An estimate may lie a little outside [0, H(w)], where H(w) is the entropy of the weights.

    `fastdiv.value_and_grad` gives ``(Estimate, gradient)``: that of the estimate at its random numbers, by
    reparameterisation :math:`x = \mu + L z` and through both log-densities, exact by the weights.

    Examples
    --------
    >>> import fastdiv
    >>> from fastdiv.distributions import Normal
    >>> p, q = Normal([0.0], [1.0]), Normal([10.0], [1.0])
    >>> print(round(fastdiv.montecarlo.js_divergence(p, q, 10_000, seed=0).value, 4))  # log 2, they hardly meet
    0.6931
    """
    return _ESTIMATOR(
        p,
        q,
        n_samples,
        seed,
        (),
        first_sample,
        antithetic,
        control_variate,
        score_term,
        validate.weight(weight),
        progress,
        device,
    )[0]
