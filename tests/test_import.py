"""Importing fastdiv where it was not built."""

import shutil
import subprocess
import sys
from pathlib import Path

import fastdiv


def test_a_checkout_without_its_compiled_part_says_what_to_do(tmp_path: Path) -> None:
    """After a plain installation Python finds the checkout first when it is started there."""
    source = Path(fastdiv.__file__).parent
    shutil.copytree(source, tmp_path / "fastdiv", ignore=shutil.ignore_patterns("*.so", "lib"))
    command = [
        sys.executable,
        "-S",
        "-c",
        f"import sys; sys.path[1:] += {sys.path[1:]}; import fastdiv",
    ]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert f"imported from {tmp_path / 'fastdiv'}" in result.stderr
    assert "go to another folder or pip install -e ." in result.stderr
