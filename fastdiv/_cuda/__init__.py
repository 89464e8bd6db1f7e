"""Kernels for arrays in GPU memory, under the names and signatures of `_native`; `namespace` is what arrays belong to."""

from ._arrays import namespace as namespace
