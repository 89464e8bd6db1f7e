"""Wrong arguments of fastdiv.random are named, with what came and what is expected."""

import numpy as np
import pytest

from fastdiv import random

read_only = np.empty(3)
read_only.flags.writeable = False
unaligned = np.frombuffer(bytearray(25), np.uint8)[1:].view(np.float64)

CASES = [
    (TypeError, r"seed must be an int, got 1\.5", {"seed": 1.5}),
    (TypeError, "seed must be an int, got True", {"seed": True}),
    (TypeError, "seed must be an int, got None", {"seed": None}),
    (ValueError, "seed must lie between 0 and 18446744073709551615, got -1", {"seed": -1}),
    (ValueError, "seed must lie between 0 and .*, got 18446744073709551616", {"seed": 2**64}),
    (TypeError, r"shape must be an int or a tuple of ints, got 2\.0", {"shape": 2.0}),
    (TypeError, r"shape must be an int or a tuple of ints, got \(2, True\)", {"shape": (2, True)}),
    (TypeError, "shape must be an int or a tuple of ints, got None", {"shape": None}),
    (ValueError, r"shape must have sizes of 0 or more, got \(2, -1\)", {"shape": (2, -1)}),
    (TypeError, "offset must be an int, got '3'", {"offset": "3"}),
    (ValueError, "offset must lie between 0 and 18446744073709551613, got -1", {"offset": -1}),
    (ValueError, "offset must lie between 0 and 18446744073709551613", {"offset": 2**64 - 2}),
    (TypeError, r"stream must be an int, got \[0\]", {"stream": [0]}),
    (ValueError, "stream must lie between 0 and 4294967295, got 4294967296", {"stream": 2**32}),
    (TypeError, "dtype must be float32 or float64, got 'float16'", {"dtype": "float16"}),
    (TypeError, "dtype must be float32 or float64, got <class 'int'>", {"dtype": int}),
    (TypeError, "dtype must be float32 or float64, got 'nonsense'", {"dtype": "nonsense"}),
    (TypeError, "dtype must be float32 or float64, got '>f8'", {"dtype": ">f8"}),
    (TypeError, "dtype must be float32 or float64, got None", {"dtype": None}),
    (TypeError, "out must be an array, got list", {"out": [0.0] * 3}),
    (ValueError, r"out has shape \(2,\): expected \(3,\)", {"out": np.empty(2)}),
    (TypeError, "out has dtype float32: expected float64", {"out": np.empty(3, np.float32)}),
    (TypeError, "out has dtype float64: expected float32", {"out": np.empty(3), "dtype": "f4"}),
    (ValueError, r"out has strides \(16,\): expected a C-contiguous", {"out": np.empty(6)[::2]}),
    (ValueError, "out is read-only", {"out": read_only}),
    (ValueError, "out is not aligned", {"out": unaligned}),
    (TypeError, "device must be 'cpu' or 'cuda', got 0", {"device": 0}),
    (ValueError, "device must be 'cpu' or 'cuda', got 'gpu'", {"device": "gpu"}),
    (ValueError, "got 'cuda:1'; `with cupy.cuda.Device.1.:` chooses", {"device": "cuda:1"}),
]


@pytest.mark.parametrize("draw", [random.normal, random.uniform])
@pytest.mark.parametrize(("error", "message", "changed"), CASES)
def test_errors(draw, error, message, changed) -> None:
    with pytest.raises(error, match=message):
        draw(**{"seed": 1, "shape": 3, **changed})
