"""Drop-ins for `torch.nn`."""

from . import functional as functional
