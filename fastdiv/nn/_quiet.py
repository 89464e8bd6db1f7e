"""Values beyond a type's range are told by the result, not by NumPy's warnings."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

Method = TypeVar("Method", bound=Callable[..., Any])


def quiet(method: Method) -> Method:
    """Let a method compute with infinity and NaN without a word."""

    @functools.wraps(method)
    def call(*args: Any, **options: Any) -> Any:
        with np.errstate(all="ignore"):
            return method(*args, **options)

    return cast("Method", call)
