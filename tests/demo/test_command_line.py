"""python -m fastdiv: what it prints, and how it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import fastdiv
from fastdiv.__main__ import main

CONTENTS = {
    "--cmake-dir": "fastdivConfig.cmake",
    "--include-dir": "fastdiv/fastdiv.h",
    "--library-dir": "libfastdiv*",
    "--pkg-config-dir": "fastdiv.pc",
}


@pytest.mark.parametrize("option", CONTENTS)
def test_folder_has_what_it_promises(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([option]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert list(Path(lines[0]).glob(CONTENTS[option]))


def test_as_a_module() -> None:
    command = [sys.executable, "-m", "fastdiv", "--cmake-dir"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == fastdiv.get_cmake_dir() + "\n"
    assert done.stderr == ""


def test_folders_need_no_extras() -> None:
    code = (
        "import sys; from fastdiv.__main__ import main; main(['--cmake-dir']);"
        "print({'matplotlib', 'scipy', 'sklearn'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "set()"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.strip() == fastdiv.__version__


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    for expected in (fastdiv.__version__, fastdiv.get_library_dir(), fastdiv._native.isa()):
        assert expected in text
    assert f"threads          {fastdiv.get_num_threads()}\n" in text


def test_nothing_asked_prints_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "--cmake-dir" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tango"], "tango"),
        (["--cmake-dir", "--include-dir"], "not allowed with"),
        (["--cmake-dir", "info"], "--cmake-dir and info do not go together"),
        (["demo", "entropies"], "no chapter 'entropies': expected mutual-information, distances"),
        (["demo", "--output"], "expected one argument"),
        (["demo", "--slow"], "--slow"),
    ],
)
def test_wrong_arguments(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["matplotlib", "sklearn", "scipy"])
def test_missing_extras(
    missing: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for extra in ("matplotlib", "sklearn", "scipy"):
        if extra != missing:
            monkeypatch.setitem(sys.modules, extra, sys)  # whatever is installed
    monkeypatch.setitem(sys.modules, missing, None)
    assert main(["demo", "--output", str(tmp_path / "report")]) == 2
    error = capsys.readouterr().err
    assert f"needs {missing}" in error
    assert "pip install 'fastdiv[demo]'" in error
    assert not (tmp_path / "report").exists()
