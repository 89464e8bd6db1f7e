"""Drop-ins for `torch.distributions`."""

from ._kl_divergence import kl_divergence as kl_divergence
