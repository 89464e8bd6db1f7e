"""Drop-ins for `torch.distributions`.

kl_divergence         of categorical distributions; others are handed to PyTorch
"""

from ._kl_divergence import kl_divergence as kl_divergence

__all__ = [
    "kl_divergence",
]
