"""Drop-ins for `scipy.special`: NumPy ufuncs.

entr                  -x log x
rel_entr              x log(x / y)
kl_div                x log(x / y) - x + y
"""

from ._entr import entr as entr
from ._kl_div import kl_div as kl_div
from ._rel_entr import rel_entr as rel_entr

__all__ = [
    "entr",
    "kl_div",
    "rel_entr",
]
