"""Fits of distributions by Monte Carlo divergences, their gradients, and an optimizer.

minimize              fit a distribution by following gradients
Fit                   what it returns
DivergedError         what it raises where the objective is no number
StuckWarning          what it warns with where the objective has no slope
Adam                  an optimizer
GradientDescent       an optimizer
cosine_decay          a schedule of step sizes
"""

from ._failures import DivergedError as DivergedError
from ._failures import StuckWarning as StuckWarning
from ._minimize import Fit as Fit
from ._minimize import minimize as minimize
from ._optimizers import Adam as Adam
from ._optimizers import GradientDescent as GradientDescent
from ._optimizers import cosine_decay as cosine_decay

__all__ = [
    "Adam",
    "DivergedError",
    "Fit",
    "GradientDescent",
    "StuckWarning",
    "cosine_decay",
    "minimize",
]
