"""sqrt(JS(p, q)), a metric; the gradient is that of JS divided by 2 sqrt(JS), 0 where JS is 0."""

from __future__ import annotations

from .js_divergence import TRAITS as _TRAITS
from .js_divergence import make as make

TRAITS = _TRAITS._replace(square_root=True)
