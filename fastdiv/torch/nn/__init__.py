"""Drop-ins for `torch.nn`.

functional            kl_div
"""

from . import functional as functional

__all__ = [
    "functional",
]
