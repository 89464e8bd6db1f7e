"""What a step of training is made of, beside matrix products: each in one pass, allocating nothing if told where to."""
