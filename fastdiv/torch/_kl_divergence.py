"""Kullback-Leibler divergence of logits."""

from __future__ import annotations

from torch import Tensor

from .. import logits
from ._autograd import evaluate


def kl_divergence(
    x: Tensor,
    y: Tensor,
    *,
    dim: int | tuple[int, ...] | None = -1,
    temperature: float = 1.0,
    base: float | None = None,
    reduction: str = "none",
    mask: Tensor | None = None,
) -> Tensor:
    r"""Kullback-Leibler divergence of softmax(x / temperature) from softmax(y / temperature).

    .. math:: \mathrm{KL}(p \| q) = \sum_i p_i \log \frac{p_i}{q_i}, \qquad p = \mathrm{softmax}(x / T),\
        q = \mathrm{softmax}(y / T)

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
        In the backward pass, for second derivatives; under what cannot be (see the notes).

    Notes
    -----
    Values and gradients are those of `fastdiv.logits.kl_divergence`: p > 0 = q gives inf, a distribution
    with NaN gives NaN and spoils no other. Where the upstream gradient of a value is 0, so is the gradient
    of its logits. Gradients are computed together with the values, in one pass over the logits, and only if
    an argument requires them; the graph keeps them instead of the logits, and hands over the same memory if
    it is not retained.

    With x the teacher and y the student this is the forward KL of distillation, which trains the student;
    exchanged, the reverse KL. The order is (teacher, student), where `torch.nn.functional.kl_div` has the
    student first, and logits in both places. Multiply the loss by ``temperature**2``: gradients shrink like
    1/T², and keep their scale so (Hinton et al., section 2). A temperature for each row, or one that is
    learned, divides the logits beforehand, ``x / T``. Words that are masked out of a vocabulary have logits of
    -inf, in both. Tokens with weights are ``(kl * weights).sum()`` of the values themselves; TRL's 'batchmean'
    with labels is 'mean' with ``mask=labels != -100``.

    Threads are fastdiv's, `fastdiv.set_num_threads`, not PyTorch's.
    Under `torch.compile` the graph is split here. `torch.func.grad` and `jacrev` work; forward mode, `vmap`, and
    what records operations, as `torch.jit.trace`, `torch.export` and ``fullgraph=True``, raise an error.

    References
    ----------
    S. Kullback and R. A. Leibler, *On Information and Sufficiency*, 1951; G. Hinton, O. Vinyals and J. Dean,
    *Distilling the Knowledge in a Neural Network*, 2015, section 2 (the temperature).

    Examples
    --------
    >>> import torch
    >>> import fastdiv.torch
    >>> teacher = torch.tensor([[0.0, 0.0], [1.0, -torch.inf]])
    >>> student = torch.tensor([[1.0, 0.0], [0.0, 0.0]], requires_grad=True)
    >>> loss = fastdiv.torch.kl_divergence(teacher, student, reduction="mean")
    >>> loss.backward()
    >>> print(round(loss.item(), 6))
    0.406631
    >>> print(student.grad)
    tensor([[ 0.1155, -0.1155],
            [-0.2500,  0.2500]])
    """
    options = {"temperature": temperature, "base": base}
    arguments = {"x": x, "y": y}
    return evaluate(logits.kl_divergence, arguments, dim, reduction, mask, **options)
