"""Readers of data sets' files.

load_idx    IDX files, as of MNIST and Fashion-MNIST, gzipped or not
"""

from ._load_idx import load_idx as load_idx

__all__ = ["load_idx"]
