"""Cross entropy of logits."""

from __future__ import annotations

from torch import Tensor

from .. import logits
from ._autograd import evaluate


def cross_entropy(
    x: Tensor,
    y: Tensor,
    *,
    dim: int | tuple[int, ...] | None = -1,
    temperature: float = 1.0,
    base: float | None = None,
    reduction: str = "none",
    mask: Tensor | None = None,
) -> Tensor:
    r"""Cross entropy of softmax(y / temperature) under softmax(x / temperature).

    .. math:: H(p, q) = -\sum_i p_i \log q_i, \qquad p = \mathrm{softmax}(x / T),\
        q = \mathrm{softmax}(y / T)

    Both arguments are logits of distributions: for class labels use `torch.nn.functional.cross_entropy`.

    Parameters
    ----------
    x, y : Tensor
        Logits, all on the CPU or on one GPU; they broadcast against each other. -inf is probability 0.
    dim : int, tuple of ints or None, default -1
        The dimensions of one distribution; None means all.
    temperature : float, default 1
        What logits are divided by. Gradients are by the logits themselves.
    base : float, optional
        Base of the logarithm; natural (nats) if not given.
    reduction : {'none', 'mean', 'sum', 'batchmean'}
        The values themselves; their mean; their sum; or their sum divided by the size of their first
        dimension, masked or not, as in `torch.nn.functional.kl_div`.
    mask : Tensor of bool, optional
        Which values count, in the values' shape or one that broadcasts to it. The others are 0, with
        gradient 0, whatever their logits; 'mean' divides by the number of those that count, and is 0 if
        there are none.

    Returns
    -------
    Tensor
        In nats, or units of `base`; float64 if an argument is (or is of integers), else float32.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; the message names it.
    ImportError
        For tensors in GPU memory without what ``pip install 'fastdiv[cuda]'`` brings.
    RuntimeError
        In the backward pass, for second derivatives.

    Notes
    -----
    Values and gradients are those of `fastdiv.logits.cross_entropy`: p > 0 = q gives inf;
    `fastdiv.torch.kl_divergence` says more on gradients, memory, `torch.compile` and `torch.func`.

    References
    ----------
    T. M. Cover and J. A. Thomas, *Elements of Information Theory*, 2nd ed., 2006, section 5.4.

    Examples
    --------
    >>> import torch
    >>> import fastdiv.torch
    >>> x, y = torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0])
    >>> print(fastdiv.torch.cross_entropy(x, y))
    tensor(0.8133)
    """
    options = {"temperature": temperature, "base": base}
    arguments = {"x": x, "y": y}
    return evaluate(logits.cross_entropy, arguments, dim, reduction, mask, **options)
