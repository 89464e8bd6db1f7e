"""What a step of training is made of, beside matrix products: each in one pass, allocating nothing if told where to.

Matrices are [samples, features], float32 or float64; C-contiguous ones of one type are read where they lie, others
copied. Sums go by a fixed order: the same bits with any number of threads. CuPy's arrays are computed on their GPU, and
results are there: elements are the CPU's to the bit, sums to a few ulp.

    bias_activation, bias_activation_backward      activation(x + bias)
    bernoulli_nll, gaussian_nll                    negative log-likelihoods and their gradients
    gaussian_kl_draw, gaussian_kl_draw_backward    KL from N(0, 1) with a reparameterised draw
    sparsity_penalty                               KL of mean activations from a wanted one
    corrupt                                        inputs with noise
    adam_step                                      one step of Adam, in place
"""

from ._adam_step import adam_step as adam_step
from ._bernoulli_nll import bernoulli_nll as bernoulli_nll
from ._bias_activation import bias_activation as bias_activation
from ._bias_activation import bias_activation_backward as bias_activation_backward
from ._corrupt import corrupt as corrupt
from ._gaussian_kl_draw import gaussian_kl_draw as gaussian_kl_draw
from ._gaussian_kl_draw import gaussian_kl_draw_backward as gaussian_kl_draw_backward
from ._gaussian_nll import gaussian_nll as gaussian_nll
from ._sparsity_penalty import sparsity_penalty as sparsity_penalty

__all__ = [
    "adam_step",
    "bernoulli_nll",
    "bias_activation",
    "bias_activation_backward",
    "corrupt",
    "gaussian_kl_draw",
    "gaussian_kl_draw_backward",
    "gaussian_nll",
    "sparsity_penalty",
]
