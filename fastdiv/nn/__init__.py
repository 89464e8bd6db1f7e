"""Autoencoders on fastdiv's kernels; `functional` is those kernels, on arrays."""

from . import functional as functional
