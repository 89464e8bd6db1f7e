"""Numbers as text."""

from __future__ import annotations

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def seconds_text(seconds: float) -> str:
    """Return a time with three digits and its unit."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def memory_text(size: int | None) -> str:
    """Return a number of bytes in whole MiB; None is not known."""
    return "not measured" if size is None else f"{size / 2**20:.0f} MiB"


def ratio_text(ratio: float) -> str:
    """Return how many times faster something is."""
    if ratio >= 10:
        return f"{ratio:.0f}×"
    return f"{ratio:.1f}×" if ratio >= 1 else f"{ratio:.2f}×"


def scientific(value: float, digits: int = 1) -> str:
    """Return a number as 3.7·10⁻¹⁶, with so many digits after its point; 1·10⁻⁸ as 10⁻⁸."""
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    if not exponent:  # nan, inf
        return mantissa
    if float(mantissa) == 0:
        return "0"
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPTS)
    return power if digits == 0 and mantissa == "1" else f"{mantissa}·{power}"
