"""What the native checks share: tools, or a skip that names what is missing, and runs."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]


def find_tool(name):
    """Return a tool's path, from the interpreter's environment first; skip without it."""
    near = Path(sys.executable).parent / name
    path = str(near) if near.exists() else shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


@pytest.fixture(scope="session")
def tool():
    return find_tool


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """Run a command to its end; a failure shows what it printed."""
    # Away from the sources: Python would take them for the installed package.
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    def run_command(*command, timeout=300, **options):
        options.setdefault("cwd", elsewhere)
        done = subprocess.run(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            **options,
        )
        message = f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}"
        assert done.returncode == 0, message
        return done.stdout

    return run_command


@pytest.fixture(scope="session")
def consumer_source():
    folder = SOURCE / "tests" / "consumer"
    assert folder.is_dir()
    return folder


@pytest.fixture(scope="session")
def cmake_configure(run):
    """Configure a CMake project and return its build folder."""

    def configure(source, build, *definitions):
        near = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        ninja = shutil.which("ninja", path=near)
        generator = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}"] if ninja else []
        run(find_tool("cmake"), "-S", source, "-B", build, *generator, *definitions)
        return build

    return configure


@pytest.fixture(scope="session")
def native_checks(cmake_configure, run):
    """Build a target of tests/native/CMakeLists.txt, at most once for a state of the sources."""
    if not (SOURCE / "csrc").is_dir():
        pytest.skip("the sources of the library are not at hand")
    build = SOURCE / "build" / "native-checks"
    build.mkdir(parents=True, exist_ok=True)

    def build_target(target):
        with open(build / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            cmake_configure(SOURCE / "tests" / "native", build, "-DCMAKE_BUILD_TYPE=Release")
            run(find_tool("cmake"), "--build", build, "--target", target, "-j2", timeout=600)
        return build / target

    return build_target
