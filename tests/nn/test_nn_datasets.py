"""Files in the IDX format, right and wrong."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastdiv.nn.datasets import load_idx

TYPES = {8: "u1", 9: "i1", 11: "i2", 12: "i4", 13: "f4", 14: "f8"}


def idx(values: Any, code: int) -> bytes:
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, code, values.ndim, *values.shape)
    return header + values.astype(values.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("shape", [(0,), (5,), (3, 4), (2, 3, 4), (0, 28, 28)])
def test_round_trip(tmp_path: Path, shape: Any, code: int, compressed: bool) -> None:
    values = (100 * np.random.default_rng(1).random(shape)).astype(TYPES[code])
    content = idx(values, code)
    path = tmp_path / "x-idx"
    path.write_bytes(gzip.compress(content) if compressed else content)
    for name in (path, str(path)):
        found = load_idx(name)
        assert found.dtype == values.dtype
        assert found.dtype.isnative
        assert found.flags.writeable
        assert np.array_equal(found, values)


GOOD = idx(np.arange(6, dtype="u1").reshape(2, 3), 8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected an IDX file"),
        (b"\x89PNG\r\n", "expected an IDX file"),
        (b"\0\0\x07\x01", "expected an IDX file"),
        (GOOD[:7], "ends in its header"),
        (GOOD[:-1], r"has 17 bytes: expected 18 for uint8 of shape \(2, 3\)"),
        (GOOD + b"\0", "has 19 bytes: expected 18"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "expected"),
        (gzip.compress(GOOD, mtime=0)[:-9], "is damaged"),
        (gzip.compress(GOOD, mtime=0)[:12] + b"\xff" * 20, "is damaged"),
    ],
)
def test_wrong_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x-idx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_idx(path)
    assert str(path) in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_idx(tmp_path / "none")
