"""Distances of all pairs of rows of one matrix, with SciPy's signature."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from ..._arrays import is_foreign
from ._pairs import Array, distances, is_native, matrix


def pdist(
    X: ArrayLike, metric: Any = "euclidean", *, out: Array | None = None, **kwargs: Any
) -> Any:
    r"""Distances of all pairs of rows of a matrix; replaces `scipy.spatial.distance.pdist`.

    .. math:: d_{ij} = \sqrt{\tfrac{1}{2} D(x_i \| m) + \tfrac{1}{2} D(x_j \| m)}, \quad
        m = \tfrac{1}{2} (x_i + x_j), \quad i < j

    Parameters
    ----------
    X : array_like, shape (rows, n)
        Probabilities, weights or counts; every row is divided by its sum.
    metric : str or callable, default 'euclidean'
        'jensenshannon', its alias 'js' and `fastdiv.scipy.spatial.distance.jensenshannon` are
        computed here. Everything else passes through to SciPy, which must then be installed.
    out : ndarray of float64, shape (rows (rows - 1) / 2,), optional
        Where the result goes; C-contiguous.
    **kwargs
        For the Jensen-Shannon distance `base`, the base of the divergence's logarithm, which SciPy
        does not have here; natural (nats) if not given. Others are SciPy's.

    Returns
    -------
    ndarray of float64, shape (rows (rows - 1) / 2,)
        Distances, square roots of nats or units of `base`, in the order (0, 1), (0, 2) ... (1, 2) ...;
        `scipy.spatial.distance.squareform` makes a matrix of them.

    Raises
    ------
    TypeError
        For options that the metric does not have: the Jensen-Shannon distance has no weights `w`.
    ValueError
        For an X that is no matrix, an unknown metric, and an `out` that does not fit.

    Notes
    -----
    Special values are those of `fastdiv.scipy.spatial.distance.cdist`. Arrays of other
    array libraries are handed to SciPy.

    References
    ----------
    D. M. Endres and J. E. Schindelin, *A New Metric for Probability
    Distributions*, 2003, section II.

    Examples
    --------
    >>> from fastdiv.scipy.spatial.distance import pdist
    >>> print(pdist([[1, 0], [0, 1], [2, 0]], "jensenshannon", base=2))
    [1. 0. 1.]
    """
    if is_foreign(X) or not is_native(metric, kwargs):
        from scipy.spatial import distance

        return distance.pdist(X, metric, out=out, **kwargs)
    rows = matrix("X", X)
    pairs = len(rows) * (len(rows) - 1) // 2
    return distances(rows, None, (pairs,), out, kwargs.get("base"))
