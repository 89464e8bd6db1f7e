r"""Relative entropy of single elements; replaces `scipy.special.rel_entr`.

.. math:: \mathrm{rel\_entr}(x, y) = x \log \frac{x}{y}

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
    In nats: 0 for x = 0 ≤ y; inf where x or y is negative and where x > y = 0; NaN where x or y is
    NaN or both are inf; float32 if both inputs are, else float64.

Raises
------
TypeError, ValueError
    As every NumPy ufunc: for complex numbers, shapes that do not broadcast, or an `out` that does
    not fit.

Notes
-----
The error is at most 4 ulp, also where x and y are nearly equal and where x / y
overflows or underflows. Contiguous arrays are shared by threads. No warnings are given.

References
----------
S. Boyd and L. Vandenberghe, *Convex Optimization*, 2004, section 3.2.6.

Examples
--------
>>> from fastdiv.scipy.special import rel_entr
>>> print(rel_entr([0, 1, 2], [1, 1, 1]).round(6))
[0.       0.       1.386294]
"""

from ... import _native

rel_entr = _native.ufunc("rel_entr", __doc__)
