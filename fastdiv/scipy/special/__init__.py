"""Drop-ins for `scipy.special`: NumPy ufuncs."""

from ._entr import entr as entr
from ._kl_div import kl_div as kl_div
from ._rel_entr import rel_entr as rel_entr
