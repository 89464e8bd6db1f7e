"""C and C++ programs that know of fastdiv only what the installed package tells them."""

import subprocess
import sys

import pytest

import fastdiv

STRICT = ["-Wall", "-Wextra", "-pedantic", "-Werror"]


def directory(option, function):
    """Ask the command line; where the package has none, the function behind it."""
    command = [sys.executable, "-m", "fastdiv", option]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if "No module named fastdiv.__main__" in done.stderr:
        return function()
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == function()
    return done.stdout.strip()


@pytest.fixture(scope="module")
def programs(tmp_path_factory, consumer_source, cmake_configure, tool, run):
    cmake_dir = directory("--cmake-dir", fastdiv.get_cmake_dir)
    build = tmp_path_factory.mktemp("consumer")
    cmake_configure(consumer_source, build, f"-Dfastdiv_DIR={cmake_dir}")
    run(tool("cmake"), "--build", build)
    return build


@pytest.mark.parametrize("name", ["consumer_c99", "consumer_c11", "consumer_cxx17"])
def test_cmake_consumer(programs, run, name):
    run(programs / name, timeout=60)


@pytest.mark.parametrize("variable", ["fastdiv_ROOT", "CMAKE_PREFIX_PATH"])
def test_other_ways_to_find_the_package(consumer_source, tmp_path, cmake_configure, variable):
    cmake_configure(consumer_source, tmp_path, f"-D{variable}={fastdiv.get_library_dir()}/..")


def test_a_newer_version_is_refused(consumer_source, tmp_path, tool):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\n"
        "project(later LANGUAGES C)\n"
        "find_package(fastdiv 1.0 CONFIG REQUIRED)\n"
    )
    command = [tool("cmake"), "-S", tmp_path, "-B", tmp_path / "build"]
    command.append(f"-Dfastdiv_DIR={fastdiv.get_cmake_dir()}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "fastdiv" in done.stderr


def test_pkg_config_consumer(consumer_source, tmp_path, tool, run, monkeypatch):
    folder = directory("--pkg-config-dir", fastdiv.get_pkg_config_dir)
    monkeypatch.setenv("PKG_CONFIG_PATH", folder)
    pkg_config = tool("pkg-config")
    assert run(pkg_config, "--modversion", "fastdiv").strip() == fastdiv.__version__
    flags = run(pkg_config, "--cflags", "--libs", "fastdiv").split()
    program = tmp_path / "consumer"
    run(tool("cc"), "-std=c99", *STRICT, consumer_source / "main.c", "-o", program, *flags, "-lm")
    run(program, timeout=60)


@pytest.mark.parametrize(
    ("compiler", "standard", "suffix"), [("cc", "c99", "c"), ("c++", "c++17", "cpp")]
)
def test_the_header_alone_is_strict(tmp_path, tool, run, compiler, standard, suffix):
    include = directory("--include-dir", fastdiv.get_include)
    source = tmp_path / f"header.{suffix}"
    source.write_text(
        "#include <fastdiv/fastdiv.h>\nfastdiv_options options = FASTDIV_OPTIONS_DEFAULT;\n"
    )
    run(
        tool(compiler),
        f"-std={standard}",
        *STRICT,
        "-Wconversion",
        f"-I{include}",
        "-fsyntax-only",
        source,
    )
