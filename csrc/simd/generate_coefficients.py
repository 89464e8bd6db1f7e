"""Generate simd/coefficients.hpp: polynomials fitted with mpmath, printed with their error.

Run ``python csrc/simd/generate_coefficients.py > csrc/simd/coefficients.hpp`` (needs mpmath).
A test regenerates the file and compares, so that the numbers and their origin stay together.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np

mp.mp.dps = 60

# |a/b| is brought into [2^-0.5861, 2^0.5861] by subtracting the two bit patterns: the linear
# approximation of log2 in the mantissa is at most 0.0861 off, and rounding leaves one half.
LARGEST_S = (mp.mpf(2) ** mp.mpf("0.58608") - 1) / (mp.mpf(2) ** mp.mpf("0.58608") + 1)
HALF_LN2 = mp.log(2) / 2 * mp.mpf("1.0005")
QUARTER = mp.mpf(1) / 4  # the square of half a quadrant
# Farther out exp(-a^2 / 2) is 0 in the type.
FARTHEST = {np.float64: mp.mpf(40), np.float32: mp.mpf(15)}


def two_atanh_tail(z: mp.mpf) -> mp.mpf:
    """R(z) with 2 atanh(s) = 2 s + s^3 R(s^2)."""
    if z < mp.mpf("1e-15"):
        return mp.mpf(2) / 3 + z * 2 / 5
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s) / s**3


def exp_tail(r: mp.mpf) -> mp.mpf:
    """E(r) with exp(r) = 1 + r + r^2 E(r)."""
    if abs(r) < mp.mpf("1e-12"):
        return mp.mpf(1) / 2 + r / 6
    return (mp.exp(r) - 1 - r) / r**2


def sin_tail(z: mp.mpf) -> mp.mpf:
    """S(z) with sin(pi/2 r) = h r + r S(r^2), where h is pi/2 rounded to a double."""
    return sin_over_r(z) - mp.mpf(float(mp.pi / 2))


def sin_tail_float(z: mp.mpf) -> mp.mpf:
    """S(z) where h is pi/2 rounded to a float."""
    return sin_over_r(z) - mp.mpf(float(np.float32(np.pi / 2)))


def sin_over_r(z: mp.mpf) -> mp.mpf:
    """sin(pi/2 r) / r of z = r^2."""
    return mp.pi / 2 * mp.sinc(mp.pi / 2 * mp.sqrt(z))


def cos_tail(z: mp.mpf) -> mp.mpf:
    """C(z) with cos(pi/2 r) = 1 + r^2 C(r^2)."""
    # cos x = 1 - 2 sin^2(x / 2): nothing cancels
    return -2 * (mp.pi / 4 * mp.sinc(mp.pi / 4 * mp.sqrt(z))) ** 2


def normal_tail(u: mp.mpf) -> mp.mpf:
    """N(u) with Phi(-a) = exp(-a^2 / 2) N((a - 4) / (a + 4)) / (1 + 3/2 a)."""
    a = 4 * (1 + u) / (1 - u)
    mills = mp.erfc(a / mp.sqrt(2)) * mp.exp(a * a / 2) / 2
    return (1 + a * 3 / 2) * mills


def log1p_tail(t: mp.mpf) -> mp.mpf:
    """L(t) with log(1 + t) = t + t^2 L(t)."""
    if t < mp.mpf("1e-12"):
        return -mp.mpf(1) / 2 + t / 3
    return (mp.log1p(t) - t) / t**2


def fit_normal_tail(dtype: type, terms: int) -> tuple[list[mp.mpf], mp.mpf]:
    """Fit from 0 to where nothing is left."""
    a = FARTHEST[dtype]
    return fit(normal_tail, mp.mpf(-1), (a - 4) / (a + 4), terms)


def fit(
    function: Callable[[mp.mpf], mp.mpf], low: mp.mpf, high: mp.mpf, terms: int
) -> tuple[list[mp.mpf], mp.mpf]:
    """Chebyshev fit, lowest power first, and its largest absolute error."""
    coefficients, error = mp.chebyfit(function, [low, high], terms, error=True)
    return list(reversed(coefficients)), error


def array(name: str, dtype: type, coefficients: list[mp.mpf], error: mp.mpf) -> str:
    """One C++ array with its error in a comment."""
    kind = "double" if dtype is np.float64 else "float"
    suffix = "" if dtype is np.float64 else "f"
    rounded = [float(dtype(mp.nstr(c, 40))) for c in coefficients]
    numbers = ",\n    ".join(f"{value.hex()}{suffix}" for value in rounded)
    note = f"// largest error of the fit: {mp.nstr(error, 3)}"
    return f"{note}\nconstexpr {kind} {name}[] = {{\n    {numbers}}};"


def main() -> None:
    """Print the header."""
    z = LARGEST_S**2
    parts = [
        array("kTwoAtanhTail64", np.float64, *fit(two_atanh_tail, mp.mpf(0), z, 8)),
        array("kTwoAtanhTail32", np.float32, *fit(two_atanh_tail, mp.mpf(0), z, 3)),
        array("kExpTail64", np.float64, *fit(exp_tail, -HALF_LN2, HALF_LN2, 10)),
        array("kExpTail32", np.float32, *fit(exp_tail, -HALF_LN2, HALF_LN2, 5)),
        array("kSinTail64", np.float64, *fit(sin_tail, mp.mpf(0), QUARTER, 7)),
        array("kSinTail32", np.float32, *fit(sin_tail_float, mp.mpf(0), QUARTER, 4)),
        array("kCosTail64", np.float64, *fit(cos_tail, mp.mpf(0), QUARTER, 7)),
        array("kCosTail32", np.float32, *fit(cos_tail, mp.mpf(0), QUARTER, 4)),
        array("kLog1pTail32", np.float32, *fit(log1p_tail, mp.mpf(0), mp.mpf(1), 9)),
        array("kNormalTail64", np.float64, *fit_normal_tail(np.float64, 23)),
        array("kNormalTail32", np.float32, *fit_normal_tail(np.float32, 11)),
    ]
    print("// Written by generate_coefficients.py: change that file, not this one.")
    print("// 2 atanh(s) = 2 s + s^3 R(s^2), |s| <= " + mp.nstr(LARGEST_S, 6) + ";")
    print("// exp(r) = 1 + r + r^2 E(r), |r| <= ln(2)/2;")
    print(
        "// sin(pi/2 r) = h r + r S(r^2), h = pi/2 rounded, and cos(pi/2 r) = 1 + r^2 C(r^2), |r| <= 1/2;"
    )
    print("// log(1 + t) = t + t^2 L(t), 0 <= t <= 1;")
    print(
        "// Phi(-a) = exp(-a^2 / 2) N(u) / (1 + 3/2 a), u = (a - 4) / (a + 4), 0 <= a <= 40 or 15."
    )
    print("// Lowest power first.")
    print("// clang-format off\n#pragma once\n\nnamespace {\n")
    print("\n\n".join(parts))
    print("\n}  // namespace")


if __name__ == "__main__":
    main()
