"""Kullback-Leibler divergence of distributions with PyTorch's signature."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributions

from ... import logits, probabilities
from .._autograd import evaluate
from .._device import has_kernels

_CATEGORICAL = (distributions.Categorical,)
_ONE_HOT = (distributions.OneHotCategorical, distributions.OneHotCategoricalStraightThrough)


def kl_divergence(p: distributions.Distribution, q: distributions.Distribution) -> Tensor:
    r"""Kullback-Leibler divergence of p from q; replaces `torch.distributions.kl_divergence`.

    .. math:: \mathrm{KL}(p \| q) = \sum_x p(x) \log \frac{p(x)}{q(x)}

    Parameters
    ----------
    p, q : torch.distributions.Distribution
        Two `Categorical` or two `OneHotCategorical` distributions on the CPU or a GPU, from probabilities or
        logits, are computed here. All others, and those on other devices, are handed to PyTorch.

    Returns
    -------
    Tensor
        One value, in nats, for each of the batch, of the parameters' type.

    Raises
    ------
    NotImplementedError
        If PyTorch knows no divergence for the pair.
    ValueError
        If batches or events of the categorical distributions do not fit.

    Notes
    -----
    Values are those of `fastdiv.kl_divergence` of the probabilities or `fastdiv.logits.kl_divergence` of the
    logits: never negative, exactly 0 for equal distributions, inf where p > 0 = q. Gradients flow to
    whatever the distributions were made of, and are finite where a probability is 0 (0 there, if it was
    given as probability), where PyTorch's are NaN. PyTorch's takes probabilities below the machine epsilon,
    and 0 in q, for the machine epsilon in its logarithms; this takes them as they are. Gradients by
    ``p.probs`` are those of the normalised divergence: they differ from PyTorch's by a constant in each
    distribution, which the normalisation in its constructor removes. There are no second derivatives.

    References
    ----------
    S. Kullback and R. A. Leibler, *On Information and Sufficiency*, 1951.

    Examples
    --------
    >>> import torch
    >>> from fastdiv.torch.distributions import kl_divergence
    >>> p = torch.distributions.Categorical(probs=torch.tensor([0.5, 0.5, 0.0]))
    >>> q = torch.distributions.Categorical(logits=torch.tensor([0.0, 0.0, 0.0]))
    >>> print(kl_divergence(p, q))
    tensor(0.4055)
    """
    pair = _categoricals(p, q, _CATEGORICAL) or _categoricals(p, q, _ONE_HOT)
    if pair is None:
        result: Tensor = distributions.kl_divergence(p, q)
        return result
    dtype = torch.result_type(pair[0].parameter, pair[1].parameter)
    if all(one.is_probability for one in pair):
        # Their gradients come in the type that they are computed in.
        wide = torch.float64 if dtype == torch.float64 else torch.float32
        tables = {name: one.parameter.to(wide) for name, one in zip("pq", pair, strict=True)}
        return evaluate(probabilities.kl_divergence, tables).to(dtype)
    scores = {name: one.logits() for name, one in zip("xy", pair, strict=True)}
    return evaluate(logits.kl_divergence, scores).to(dtype)


@dataclass(frozen=True)
class _Categorical:
    """What a categorical distribution was made of, normalised."""

    parameter: Tensor
    is_probability: bool

    def logits(self) -> Tensor:
        """Return logits; of probability 0 they are -inf, with gradient 0."""
        if not self.is_probability:
            return self.parameter
        possible = self.parameter > 0
        return torch.where(possible, torch.where(possible, self.parameter, 1).log(), -math.inf)


def _categoricals(p: Any, q: Any, kinds: tuple[type, ...]) -> list[_Categorical] | None:
    """Return the parameters of two distributions of these very types where kernels are, or None."""
    if type(p) not in kinds or type(q) not in kinds:
        return None
    found = []
    for distribution in (p, q):
        # `probs` and `logits` compute each other when asked: look which of them is there.
        made = vars(getattr(distribution, "_categorical", distribution))
        parameter = made["_param"]
        found.append(_Categorical(parameter, made.get("probs") is parameter))
    return found if all(has_kernels(one.parameter) for one in found) else None
