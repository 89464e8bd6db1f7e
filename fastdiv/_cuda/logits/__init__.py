"""Measures of logits: a formula a file, on the driver of rows."""
