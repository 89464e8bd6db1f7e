"""Kullback-Leibler divergence from samples."""

from __future__ import annotations

from typing import Any

from .._autodiff import computes_gradients
from ._estimate import Estimate
from ._pack import Distribution
from ._run import Estimator, Progress

_ESTIMATOR = Estimator("kl_divergence", both=False)


def _value_and_grad(
    positions: tuple[int, ...],
    p: Any,
    q: Any,
    n_samples: int,
    seed: int,
    *,
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
        0.5,
        progress,
        device,
    )


@computes_gradients(("p", "q"), _value_and_grad)
def kl_divergence(
    p: Distribution,
    q: Distribution,
    n_samples: int,
    seed: int,
    *,
    first_sample: int = 0,
    antithetic: bool = False,
    control_variate: bool = False,
    score_term: bool = True,
    progress: Progress | None = None,
    device: str = "cpu",
) -> Estimate:
    r"""Kullback-Leibler divergence of p from q, estimated from samples of p.

    .. math:: \mathrm{KL}(p \| q) = \mathrm{E}_p \log \frac{p(x)}{q(x)}
              \approx \sum_k \frac{w_k}{n_k} \sum_{i \equiv k} \log \frac{p(x_i)}{q(x_i)}

    Sample i is drawn from component i mod K of p; nothing is clipped.

    Parameters
    ----------
    p, q : Normal, MultivariateNormal or Mixture
        Distributions with events of the same length D; their batches broadcast. All pairs see the same
        random numbers.
    n_samples : int
        Samples, at least two of each component of p.
    seed : int
        From 0 to 2^64 - 1. Sample i depends on the seed and on i alone, so results have the same bits for
        any number of threads.
    first_sample : int, default 0
        Number of the first sample, for runs in shards: a multiple of `grain`. See `Estimate.merge`.
    antithetic : bool, default False
        Draw samples in pairs, of z and -z; `n_samples` counts the points and must be even.
    control_variate : bool, default False
        Subtract the log-ratio of the normal distributions with the moments of p and q, whose expectation has
        a closed form, times the best coefficient. Exact for normal p and q. Gradients stay as they are.
        The coefficient is fitted to the same samples, which biases the value by O(1/n), against an error of
        O(1/√n). The standard error counts it: n - 2 degrees of freedom in each component, and the slope's own
        error. At least 32 observations of each component are asked for; where what the variate leaves is far
        from normal, as with `antithetic`, intervals need 1,000.
    score_term : bool, default True
        Whether gradients by p contain the derivative of its log-density by its parameters, whose expectation
        is 0. Without it the variance vanishes where q comes close to p ("sticking the landing").
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
    It is computed in the wider of both types, sums in float64. +inf where q vanishes in that type at a sample;
    KL(p, p) is 0 exactly. Memory does not depend on `n_samples`.

    `fastdiv.value_and_grad` gives ``(Estimate, gradient)``: that of the estimate at its random numbers, by
    reparameterisation :math:`x = \mu + L z` and through both log-densities, exact by the weights.

    References
    ----------
    G. Roeder, Y. Wu and D. Duvenaud, *Sticking the Landing*, NeurIPS 2017.

    Examples
    --------
    >>> import fastdiv
    >>> from fastdiv.distributions import Mixture, Normal
    >>> p = Mixture([0.5, 0.5], Normal([[0.0, 0.0], [1.0, 1.0]], [[0.25, 0.5], [0.25, 0.25]]))
    >>> q = Normal([0.5, 0.5], [0.6, 0.6])
    >>> estimate = fastdiv.montecarlo.kl_divergence(p, q, 100_000, seed=0)
    >>> print(f"{estimate.value:.2f} ± {estimate.standard_error:.3f}")
    0.73 ± 0.003
    >>> f = fastdiv.value_and_grad(fastdiv.montecarlo.kl_divergence, argnums=1)
    >>> estimate, gradient = f(p, q, 100_000, seed=0)
    >>> print(gradient.std.round(1))  # wider in the first dimension, narrower in the second
    [ 0.2 -0.2]
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
        0.5,
        progress,
        device,
    )[0]
