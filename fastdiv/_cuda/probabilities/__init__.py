"""Measures of weights: a formula a file, on the driver of rows."""
