"""Distances of all pairs of rows of two matrices, with SciPy's signature."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from ._pairs import Array, distances, is_native, matrix


def cdist(
    XA: ArrayLike,
    XB: ArrayLike,
    metric: Any = "euclidean",
    *,
    out: Array | None = None,
    **kwargs: Any,
) -> Any:
    r"""Distances of all pairs of rows of two matrices; replaces `scipy.spatial.distance.cdist`.

    .. math:: d_{ij} = \sqrt{\tfrac{1}{2} D(a_i \| m) + \tfrac{1}{2} D(b_j \| m)}, \quad
        m = \tfrac{1}{2} (a_i + b_j)

    Parameters
    ----------
    XA : array_like, shape (rows_a, n)
        Probabilities, weights or counts; every row is divided by its sum.
    XB : array_like, shape (rows_b, n)
        The second matrix.
    metric : str or callable, default 'euclidean'
        'jensenshannon', its alias 'js' and `fastdiv.scipy.spatial.distance.jensenshannon` are
        computed here. Everything else passes through to SciPy, which must then be installed.
    out : ndarray of float64, shape (rows_a, rows_b), optional
        Where the result goes; C-contiguous.
    **kwargs
        For the Jensen-Shannon distance `base`, the base of the divergence's logarithm, which SciPy
        does not have here; natural (nats) if not given. Others are SciPy's.

    Returns
    -------
    ndarray of float64, shape (rows_a, rows_b)
        Distances, square roots of nats or units of `base`.

    Raises
    ------
    TypeError
        For options that the metric does not have: the Jensen-Shannon distance has no weights `w`.
    ValueError
        For matrices that do not fit each other, an unknown metric, and an `out` that does not fit.

    Notes
    -----
    Special values are those of `jensenshannon`: a row that sums to 0 gives NaN. (SciPy
    gives inf for it here, and NaN there.) The distance of proportional rows is exactly 0; SciPy's
    may be NaN.

    References
    ----------
    D. M. Endres and J. E. Schindelin, *A New Metric for Probability
    Distributions*, 2003, section II.

    Examples
    --------
    >>> from fastdiv.scipy.spatial.distance import cdist
    >>> print(cdist([[1, 0], [1, 1]], [[0, 1], [2, 2]], "jensenshannon", base=2).round(6))
    [[1.       0.557923]
     [0.557923 0.      ]]
    """
    if not is_native(metric, kwargs):
        from scipy.spatial import distance

        return distance.cdist(XA, XB, metric, out=out, **kwargs)
    first, second = matrix("XA", XA), matrix("XB", XB)
    if first.shape[1] != second.shape[1]:
        shapes = f"XA with shape {first.shape} and XB with shape {second.shape}"
        raise ValueError(f"{shapes} must have the same number of columns")
    return distances(first, second, (len(first), len(second)), out, kwargs.get("base"))
