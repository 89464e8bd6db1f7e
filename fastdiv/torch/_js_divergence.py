"""Jensen-Shannon divergence of logits."""

from __future__ import annotations

from torch import Tensor

from .. import logits
from ._autograd import evaluate


def js_divergence(
    x: Tensor,
    y: Tensor,
    weight: float = 0.5,
    *,
    dim: int | tuple[int, ...] | None = -1,
    temperature: float = 1.0,
    base: float | None = None,
    reduction: str = "none",
    mask: Tensor | None = None,
) -> Tensor:
    r"""Jensen-Shannon divergence of softmax(x / temperature) and softmax(y / temperature).

    .. math:: \mathrm{JS}_w(p, q) = w\,\mathrm{KL}(p \| m) + (1 - w)\,\mathrm{KL}(q \| m), \quad
        m = w p + (1 - w) q, \quad p = \mathrm{softmax}(x / T),\ q = \mathrm{softmax}(y / T)

    Parameters
    ----------
    x, y : Tensor
        Logits, all on the CPU or on one GPU; they broadcast against each other. -inf is probability 0.
    weight : float, default 0.5
        The weight w of p in the mixture, in [0, 1].
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
    Values and gradients are those of `fastdiv.logits.js_divergence`, and finite whatever the supports;
    `fastdiv.torch.kl_divergence` says more on gradients, memory, `torch.compile` and `torch.func`.

    With x the teacher, y the student and the weight β this is the generalised JS divergence of on-policy
    distillation for 0 < β < 1. There β = 0 and 1 stand for the forward and the reverse KL divergence; here
    the value is 0 at both, and the KL divergences are its limits divided by β or by 1 − β.

    References
    ----------
    J. Lin, *Divergence Measures Based on the Shannon Entropy*, 1991, section IV; R. Agarwal et al.,
    *On-Policy Distillation of Language Models*, 2023, https://arxiv.org/abs/2306.13649.

    Examples
    --------
    >>> import torch
    >>> import fastdiv.torch
    >>> x, y = torch.tensor([0.0, -torch.inf]), torch.tensor([-torch.inf, 0.0])
    >>> print(fastdiv.torch.js_divergence(x, y, base=2))
    tensor(1.)
    """
    options = {"weight": weight, "temperature": temperature, "base": base}
    arguments = {"x": x, "y": y}
    return evaluate(logits.js_divergence, arguments, dim, reduction, mask, **options)
