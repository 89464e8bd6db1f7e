r"""Entropy of single elements; replaces `scipy.special.entr`.

.. math:: \mathrm{entr}(x) = -x \log x

Parameters
----------
x : array_like
    Real numbers, of any shape. Integers and bool are computed in float64, float16 in float32.
out, where, dtype, ...
    The keywords of every NumPy ufunc.

Returns
-------
ndarray or scalar
    Of the shape of x, in nats: 0 at 0, -inf for x < 0 and for inf, NaN for NaN; float32 if x is,
    else float64.

Raises
------
TypeError, ValueError
    As every NumPy ufunc: for complex numbers, or an `out` that does not fit.

Notes
-----
The error is at most 4 ulp. Contiguous arrays are shared by threads. No warnings are given.

References
----------
S. Boyd and L. Vandenberghe, *Convex Optimization*, 2004, section 3.1.5.

Examples
--------
>>> from fastdiv.scipy.special import entr
>>> print(entr([0, 0.5, 1]).round(6))
[ 0.        0.346574 -0.      ]
"""

from ... import _native

entr = _native.ufunc("entr", __doc__)
