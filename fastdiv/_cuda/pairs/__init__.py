"""A measure of all pairs of rows of two matrices: rows are normalised once, then tiles of pairs go along them."""
