"""Readers of data sets' files."""

from ._load_idx import load_idx as load_idx
