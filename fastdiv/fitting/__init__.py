"""Fits of distributions by Monte Carlo divergences, their gradients, and an optimizer."""

from ._minimize import DivergedError as DivergedError
from ._minimize import Fit as Fit
from ._minimize import minimize as minimize
from ._optimizers import Adam as Adam
from ._optimizers import GradientDescent as GradientDescent
from ._optimizers import cosine_decay as cosine_decay
