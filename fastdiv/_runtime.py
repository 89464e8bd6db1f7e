"""Threads, instruction sets, and where the native library lies."""

from __future__ import annotations

import numbers
import sys
from pathlib import Path
from typing import Any

from . import _native
from ._validate import describe

# Not __file__: in an editable install the native side lies elsewhere.
_ROOT = Path(str(_native.__file__)).parent


def version() -> str:
    """Return the version of the library, which is the package's."""
    return _native.version


def set_num_threads(count: int) -> None:
    """Set how many threads one call may use; results do not depend on it.

    The default is the environment variable FASTDIV_NUM_THREADS, else OMP_NUM_THREADS, else the number
    of processors that the process may run on.

    Examples
    --------
    >>> import fastdiv
    >>> before = fastdiv.get_num_threads()
    >>> fastdiv.set_num_threads(1)
    >>> fastdiv.get_num_threads()
    1
    >>> fastdiv.set_num_threads(before)
    """
    if isinstance(count, bool) or not isinstance(count, numbers.Integral):
        raise TypeError(f"count must be an int, got {describe(count)}")
    if not 1 <= count <= 4096:
        raise ValueError(f"count must lie between 1 and 4096, got {describe(count)}")
    _native.set_num_threads(int(count))


def get_num_threads() -> int:
    """Return how many threads one call may use."""
    return _native.get_num_threads()


def get_include() -> str:
    """Return the folder of the C header ``fastdiv/fastdiv.h``."""
    return str(_ROOT / "include")


def get_library_dir() -> str:
    """Return the folder of the shared library ``libfastdiv``."""
    return str(_ROOT / "lib")


def get_cmake_dir() -> str:
    """Return the folder of the CMake package, for ``fastdiv_DIR``."""
    return str(_ROOT / "lib" / "cmake" / "fastdiv")


def get_pkg_config_dir() -> str:
    """Return the folder of ``fastdiv.pc``, for PKG_CONFIG_PATH."""
    return str(_ROOT / "lib" / "pkgconfig")


def register_with_threadpoolctl() -> None:
    """Let threadpoolctl see and limit fastdiv's threads; `import fastdiv` does it if it is loaded."""
    from threadpoolctl import LibController, register

    class FastdivController(LibController):  # type: ignore[misc]
        """How threadpoolctl speaks to libfastdiv."""

        user_api = "fastdiv"
        internal_api = "fastdiv"
        filename_prefixes = ("libfastdiv",)
        check_symbols = ("fastdiv_get_num_threads", "fastdiv_set_num_threads")

        def get_num_threads(self) -> Any:
            return self.dynlib.fastdiv_get_num_threads()

        def set_num_threads(self, num_threads: int) -> Any:
            return self.dynlib.fastdiv_set_num_threads(num_threads)

        def get_version(self) -> Any:
            return _native.version

        def set_additional_attributes(self) -> None:
            """Nothing to add."""

    register(FastdivController)


def start() -> None:
    """Refuse an unknown FASTDIV_ISA at import, and meet threadpoolctl if it is there already."""
    _native.isa()
    if "threadpoolctl" in sys.modules:
        register_with_threadpoolctl()
