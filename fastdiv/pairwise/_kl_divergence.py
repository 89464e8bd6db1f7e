"""Kullback-Leibler divergence of all pairs of rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import _native
from .. import _validate as validate
from ..probabilities import entropy, self_information
from ..probabilities import kl_divergence as kl_divergence_of_rows
from ._pairs import Array, all_pairs, backend_of_pair, matrices, result_memory

# A pair closer than this share of its entropy and cross entropy has lost digits in their difference.
_CLOSE = {4: 2.0**-5, 8: 2.0**-10}
# With more close pairs than this share, the direct way is quicker for all.
_MANY = 1 / 16


def kl_divergence(
    p: ArrayLike,
    q: ArrayLike | None = None,
    *,
    base: float | None = None,
    normalize: bool = True,
    out: Array | None = None,
) -> Any:
    r"""Kullback-Leibler divergence of all pairs of rows: `fastdiv.kl_divergence` of p[i] and q[j].

    .. math:: d_{ij} = \sum_k p_{ik} \log p_{ik} - \sum_k p_{ik} \log q_{jk}

    Parameters
    ----------
    p : array_like, shape (rows_p, n)
        Probabilities, weights or counts.
    q : array_like, shape (rows_q, n), optional
        The second matrix; p itself if not given.
    base : float, optional
        Base of the logarithm; natural (nats) if not given.
    normalize : bool, default True
        Divide every row by its sum first; it is done once a row.
    out : ndarray, optional
        Where the result goes: C-contiguous, of its shape and type, not overlapping an argument.

    Returns
    -------
    ndarray, shape (rows_p, rows_q)
        In nats, or units of `base`; float32 if the input is, else float64.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    The second term is a matrix product, so a pair costs a multiplication an entry and no logarithm.
    The difference loses digits where p[i] and q[j] are close; those pairs are computed again from
    non-negative terms, so that the relative error stays near 1e-12 (float64) or 1e-5 (float32) and
    equal rows give exactly 0. Special values are those of `fastdiv.kl_divergence`.

    References
    ----------
    S. Kullback and R. A. Leibler, *On Information and Sufficiency*, 1951.

    Examples
    --------
    >>> import fastdiv
    >>> print(fastdiv.pairwise.kl_divergence([[1, 0], [1, 1]], [[1, 3], [2, 2]], base=2).round(6))
    [[2.       1.      ]
     [0.207519 0.      ]]
    """
    if backend_of_pair(p, q) is not _native:  # where the GPU's kernel is quicker than what follows
        return all_pairs("kl_divergence", p, q, base, normalize, out)
    rows_p, rows_q = matrices(p, q)
    second = rows_p if rows_q is None else rows_q
    divisor = validate.base(base)
    if not normalize or rows_p.size == 0 or second.size == 0 or not _moderate(rows_p, second):
        return all_pairs("kl_divergence", p, q, base, normalize, out)
    value = result_memory(out, rows_p, rows_q)
    probabilities = rows_p / rows_p.sum(axis=1, keepdims=True)
    negative_entropy = -entropy(rows_p)
    log_q = -self_information(second)
    absent = np.isneginf(log_q)
    log_q[absent] = 0
    np.matmul(probabilities, log_q.T, out=value)
    scale = np.abs(negative_entropy)[:, np.newaxis] - value
    np.subtract(negative_entropy[:, np.newaxis], value, out=value)
    close = value < _CLOSE[value.itemsize] * scale
    if absent.any():
        impossible = probabilities @ absent.T.astype(value.dtype) > 0
        value[impossible] = np.inf
        close &= ~impossible
    if np.count_nonzero(close) > _MANY * close.size:
        return all_pairs("kl_divergence", p, q, base, normalize, value)
    first_rows, second_rows = np.nonzero(close)
    step = max(1, 2**20 // rows_p.shape[1])  # pairs at a time: a few MiB
    for start in range(0, len(first_rows), step):
        i, j = first_rows[start : start + step], second_rows[start : start + step]
        value[i, j] = kl_divergence_of_rows(rows_p[i], second[j])
    if divisor:
        value /= math.log(divisor)
    return value


def _moderate(p: Array, q: Array) -> bool:
    """Whether all entries are valid and of sizes whose quotients and products neither vanish nor overflow."""
    limit = 1e30 if p.itemsize == 8 else 1e9
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.concatenate([p.sum(axis=1), q.sum(axis=1)])
    least = min(p.min(), q.min())
    return bool(least >= 0 and sums.min() > 1 / limit and sums.max() < limit)
