"""A training step's kernels: a file a function as on the CPU, and the loops over elements, rows and columns."""
