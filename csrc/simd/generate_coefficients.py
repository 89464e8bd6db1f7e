"""Generate simd/coefficients.hpp: polynomials fitted with mpmath, printed with their error.

Run ``python csrc/simd/generate_coefficients.py > csrc/simd/coefficients.hpp`` (needs mpmath), and with
``--python > fastdiv/_cuda/coefficients.py`` for the same numbers as kernels on a GPU read them.
Tests regenerate both files and compare, so that the numbers and their origin stay together.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Table:
    """One polynomial's coefficients, rounded to its type, and the error of the fit."""

    name: str
    dtype: type
    coefficients: list[mp.mpf]
    error: mp.mpf

    def numbers(self) -> list[str]:
        """Return the rounded coefficients as hexadecimal text."""
        return [float(self.dtype(mp.nstr(c, 40))).hex() for c in self.coefficients]

    def note(self) -> str:
        """Return what a comment says."""
        return f"largest error of the fit: {mp.nstr(self.error, 3)}"

    def cpp(self) -> str:
        """Return a C++ array."""
        kind, suffix = ("double", "") if self.dtype is np.float64 else ("float", "f")
        numbers = ",\n    ".join(number + suffix for number in self.numbers())
        return f"// {self.note()}\nconstexpr {kind} {self.name}[] = {{\n    {numbers}}};"

    def python(self) -> str:
        """Return a Python tuple, kExpTail32 as EXP_TAIL_32."""
        name = re.sub("(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])", "_", self.name[1:]).upper()
        numbers = "".join(f'    fromhex("{number}"),\n' for number in self.numbers())
        return f"# {self.note()}\n{name} = (\n{numbers})"


def tables() -> list[Table]:
    """Fit everything."""
    z = LARGEST_S**2
    low, high = -HALF_LN2, HALF_LN2
    double, single = np.float64, np.float32
    return [
        Table("kTwoAtanhTail64", double, *fit(two_atanh_tail, mp.mpf(0), z, 8)),
        Table("kTwoAtanhTail32", single, *fit(two_atanh_tail, mp.mpf(0), z, 3)),
        Table("kExpTail64", double, *fit(exp_tail, low, high, 10)),
        Table("kExpTail32", single, *fit(exp_tail, low, high, 5)),
        Table("kExpTailToOne32", single, *fit(exp_tail, mp.mpf(-1), mp.mpf(0), 6)),
        Table("kSinTail64", double, *fit(sin_tail, mp.mpf(0), QUARTER, 7)),
        Table("kSinTail32", single, *fit(sin_tail_float, mp.mpf(0), QUARTER, 4)),
        Table("kCosTail64", double, *fit(cos_tail, mp.mpf(0), QUARTER, 7)),
        Table("kCosTail32", single, *fit(cos_tail, mp.mpf(0), QUARTER, 4)),
        Table("kLog1pTail32", single, *fit(log1p_tail, mp.mpf(0), mp.mpf(1), 9)),
        Table("kNormalTail64", double, *fit_normal_tail(double, 23)),
        Table("kNormalTail32", single, *fit_normal_tail(single, 11)),
    ]


def meanings() -> list[str]:
    """Return what the polynomials are of."""
    return [
        "2 atanh(s) = 2 s + s^3 R(s^2), |s| <= " + mp.nstr(LARGEST_S, 6) + ";",
        "exp(r) = 1 + r + r^2 E(r), |r| <= ln(2)/2; to one: -1 <= r <= 0;",
        "sin(pi/2 r) = h r + r S(r^2), h = pi/2 rounded, and cos(pi/2 r) = 1 + r^2 C(r^2), |r| <= 1/2;",
        "log(1 + t) = t + t^2 L(t), 0 <= t <= 1;",
        "Phi(-a) = exp(-a^2 / 2) N(u) / (1 + 3/2 a), u = (a - 4) / (a + 4), 0 <= a <= 40 or 15.",
        "Lowest power first.",
    ]


def print_cpp() -> None:
    """Print the header."""
    print("// Written by generate_coefficients.py: change that file, not this one.")
    for line in meanings():
        print("//", line)
    print("// clang-format off\n#pragma once\n\nnamespace {\n")
    print("\n\n".join(table.cpp() for table in tables()))
    print("\n}  // namespace")


def print_python() -> None:
    """Print the module."""
    print('"""Written by csrc/simd/generate_coefficients.py: change that file, not this one.\n')
    for line in meanings():
        print(line)
    print('"""\n\nfrom __future__ import annotations\n\nfromhex = float.fromhex\n')
    print("\n".join(table.python() for table in tables()))


if __name__ == "__main__":
    print_python() if "--python" in sys.argv else print_cpp()
