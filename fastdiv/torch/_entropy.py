"""Shannon entropy of logits."""

from __future__ import annotations

from torch import Tensor

from .. import logits
from ._autograd import evaluate


def entropy(
    x: Tensor,
    *,
    dim: int | tuple[int, ...] | None = -1,
    temperature: float = 1.0,
    base: float | None = None,
    reduction: str = "none",
    mask: Tensor | None = None,
) -> Tensor:
    r"""Shannon entropy of softmax(x / temperature).

    .. math:: H(p) = -\sum_i p_i \log p_i, \qquad p = \mathrm{softmax}(x / T)

    Parameters
    ----------
    x : Tensor
        Logits, on the CPU or a GPU. -inf is probability 0.
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
    Values and gradients are those of `fastdiv.logits.entropy`; `fastdiv.torch.kl_divergence` says more on
    gradients, memory, `torch.compile` and `torch.func`. An entropy bonus of a policy is
    ``-coefficient * entropy(logits, reduction="mean", mask=mask)``.

    References
    ----------
    C. E. Shannon, *A Mathematical Theory of Communication*, 1948.

    Examples
    --------
    >>> import torch
    >>> import fastdiv.torch
    >>> x = torch.tensor([[0.0, 0.0], [1.0, -torch.inf]], requires_grad=True)
    >>> print(fastdiv.torch.entropy(x, base=2).detach())
    tensor([1., 0.])
    """
    options = {"temperature": temperature, "base": base}
    return evaluate(logits.entropy, {"x": x}, dim, reduction, mask, **options)
