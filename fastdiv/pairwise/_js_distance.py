"""Jensen-Shannon distance of all pairs of rows."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from ._pairs import Array, all_pairs


def js_distance(
    p: ArrayLike,
    q: ArrayLike | None = None,
    weight: float = 0.5,
    *,
    base: float | None = None,
    normalize: bool = True,
    out: Array | None = None,
) -> Any:
    r"""Jensen-Shannon distance of all pairs of rows: `fastdiv.js_distance` of p[i] and q[j].

    .. math:: d_{ij} = \sqrt{\mathrm{JS}_w(p_i, q_j)}

    Parameters
    ----------
    p : array_like, shape (rows_p, n)
        Probabilities, weights or counts.
    q : array_like, shape (rows_q, n), optional
        The second matrix; p itself if not given.
    weight : float, default 0.5
        The weight w of p in the mixture, in [0, 1].
    base : float, optional
        Base of the logarithm; natural (nats) if not given.
    normalize : bool, default True
        Divide every row by its sum first; it is done once a row.
    out : ndarray, optional
        Where the result goes: C-contiguous, of its shape and type, not overlapping an argument.

    Returns
    -------
    ndarray, shape (rows_p, rows_q)
        The square root of nats or units of `base`; float32 if the input is, else float64.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.

    Notes
    -----
    Special values are those of `fastdiv.js_distance`. Entropies of rows are computed once, so that a pair
    costs one logarithm an entry: JS = H(m) − w H(p) − (1 − w) H(q). Pairs so close that the difference
    would lose digits are computed again from non-negative terms: the relative error stays near 1e-13
    (float64) or 1e-5 (float32) and equal rows give exactly 0. Rows meet in tiles that fit the cache, and
    threads share the tiles.

    References
    ----------
    D. M. Endres and J. E. Schindelin, *A New Metric for Probability Distributions*, 2003, section II.

    Examples
    --------
    >>> import fastdiv
    >>> print(fastdiv.pairwise.js_distance([[1, 0], [1, 1]], [[0, 1], [2, 2]], base=2).round(6))
    [[1.       0.557923]
     [0.557923 0.      ]]
    """
    return all_pairs("js_distance", p, q, base, normalize, out, weight=weight)
