"""Checkpoints: safetensors files with a description as JSON, replaced as a whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _validate as validate

Array = NDArray[Any]
_FORMAT = "fastdiv.nn"
_VERSION = "1"


def path_of(name: str, value: Any) -> Path:
    """Return the path of a file, which need not exist."""
    if not isinstance(value, str | os.PathLike) or isinstance(os.fspath(value), bytes):
        raise TypeError(f"{name} must be the path of a file, got {validate.describe(value)}")
    text = os.fspath(value)
    if not text:
        raise ValueError(f"{name} is empty: expected the path of a file")
    path = Path(text)
    if path.is_dir() or text.endswith(os.sep):
        raise IsADirectoryError(errno.EISDIR, f"{name} is a folder, expected a file", text)
    return path


def require_writable(path: Path) -> None:
    """Refuse a path that could not be written to later, when there is something to lose."""
    _safetensors("safetensors.numpy")
    part = _part(path)
    with _naming(path):
        part.open("ab").close()
        part.unlink()


def write(path: Path, description: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Write a checkpoint; whoever reads the path finds the old file or the new one, whenever this is stopped."""
    save = _safetensors("safetensors.numpy").save
    text = json.dumps(description)
    metadata = {"format": _FORMAT, "version": _VERSION, "description": text}
    metadata["checksum"] = _checksum(text, tensors)
    _replace(path, save(dict(tensors), metadata))


def read(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return description and tensors.

    Raises
    ------
    ValueError
        If the file is none of this library's checkpoints, or damaged.
    OSError
        If it cannot be read.
    """
    library = _safetensors("safetensors")
    with path.open("rb"):  # an error of the system, not of safetensors
        pass
    try:
        with library.safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise ValueError(
                    f"{path} is another program's file: expected a checkpoint of {_FORMAT}"
                )
            if metadata.get("version") != _VERSION:
                found = metadata.get("version")
                raise ValueError(
                    f"{path} has version {found!r} of the format: expected {_VERSION!r}"
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except library.SafetensorError as error:
        raise ValueError(f"{path} is not a checkpoint, or is damaged: {error}") from error
    text = metadata.get("description", "")
    if metadata.get("checksum") != _checksum(text, tensors):
        raise ValueError(f"{path} is damaged: its checksum does not fit")
    return json.loads(text), tensors


def _safetensors(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        message = "checkpoints need safetensors: pip install 'fastdiv[nn]'"
        raise ImportError(message) from error


def _checksum(text: str, tensors: Mapping[str, Array]) -> str:
    value = zlib.crc32(text.encode())
    for name in sorted(tensors):
        value = zlib.crc32(
            np.ascontiguousarray(tensors[name]).data, zlib.crc32(name.encode(), value)
        )
    return f"{value:08x}"


def _replace(path: Path, content: bytes) -> None:
    part = _part(path)
    try:
        with _naming(path):
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    with contextlib.suppress(OSError):  # the new name itself; not every system can
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _part(path: Path) -> Path:
    """Return where a file is written first: one name, so that whoever is killed leaves no more than one."""
    return path.with_name(f".{path.name}.part")


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let the system's errors name the path that was asked for."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if not path.parent.exists():
            reason = f"the folder {path.parent} does not exist"
        raise OSError(error.errno or errno.EIO, reason, str(path)) from None
