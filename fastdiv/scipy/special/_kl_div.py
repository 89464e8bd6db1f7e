r"""Kullback-Leibler divergence of single elements; replaces `scipy.special.kl_div`.

.. math:: \mathrm{kl\_div}(x, y) = x \log \frac{x}{y} - x + y

Parameters
----------
x, y : array_like
    Real numbers; they broadcast against each other. Integers and bool are computed in float64,
    float16 in float32.
out, where, dtype, ...
    The keywords of every NumPy ufunc.

Returns
-------
ndarray or scalar
    In nats: y for x = 0 ≤ y; inf where x or y is negative and where x > y = 0; NaN where x or y is
    NaN or both are inf; float32 if both inputs are, else float64.

Raises
------
TypeError, ValueError
    As every NumPy ufunc: for complex numbers, shapes that do not broadcast, or an `out` that does
    not fit.

Notes
-----
The error is at most 4 ulp, and the result is never negative. SciPy's plain formula
cancels where x and y are close: there its digits are wrong and it may be negative. It also takes
the logarithm of an x / y that has overflowed or underflowed, and gives NaN or -inf where the value
is y - x; and NaN where one of x and y is inf, where the limit is inf. Contiguous arrays are shared
by threads. No warnings are given.

References
----------
S. Boyd and L. Vandenberghe, *Convex Optimization*, 2004, section 3.1.5 and example 3.19.

Examples
--------
>>> from fastdiv.scipy.special import kl_div
>>> print(kl_div([0, 1, 2], [1, 1, 1]).round(6))
[1.       0.       0.386294]
"""

from ... import _native

kl_div = _native.ufunc("kl_div", __doc__)
