"""A pytest plugin that runs SciPy's own tests with our functions in place of SciPy's.

With the environment variable FASTDIV_WRONG=1 every function is off by 1, so that tests must fail.
"""

import os
from typing import Any

import scipy.special
import scipy.stats

import fastdiv.scipy.spatial.distance
import fastdiv.scipy.special
import fastdiv.scipy.stats

REPLACED: dict[str, Any] = {
    "entropy": fastdiv.scipy.stats.entropy,
    "entr": fastdiv.scipy.special.entr,
    "rel_entr": fastdiv.scipy.special.rel_entr,
    "kl_div": fastdiv.scipy.special.kl_div,
    "jensenshannon": fastdiv.scipy.spatial.distance.jensenshannon,
    "cdist": fastdiv.scipy.spatial.distance.cdist,
    "pdist": fastdiv.scipy.spatial.distance.pdist,
}
CALLS = dict.fromkeys(REPLACED, 0)
SCIPY_ENTROPY = scipy.stats.entropy


class StandIn:
    """Count the calls of a function; spoil its results if asked to."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call ours, or SciPy's bare function where its tests ask for that."""
        if options.get("_no_deco"):
            return SCIPY_ENTROPY(*args, **options)
        CALLS[self.__name__] += 1
        value = REPLACED[self.__name__](*args, **options)
        return value + 1 if os.environ.get("FASTDIV_WRONG") else value


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Replace the names once the test modules, which look at SciPy's own, are imported."""
    stand_ins = {name: StandIn(name) for name in REPLACED}
    scipy.stats.entropy = stand_ins["entropy"]
    for name in ("entr", "rel_entr", "kl_div"):
        setattr(scipy.special, name, stand_ins[name])
    for module in {item.module for item in items}:
        for name in ("jensenshannon", "cdist", "pdist"):
            if hasattr(module, name):
                setattr(module, name, stand_ins[name])
        for value in vars(module).values():  # sets of functions with special cases
            if isinstance(value, set) and SCIPY_ENTROPY in value:
                value.add(stand_ins["entropy"])
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        if parameters.get("hypotest") is SCIPY_ENTROPY:
            parameters["hypotest"] = stand_ins["entropy"]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Report how often each function was called."""
    for name, count in CALLS.items():
        terminalreporter.write_line(f"calls of {name}: {count}")
