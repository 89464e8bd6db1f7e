"""C and C++ programs that know of fastdiv only what the installed package tells them."""

import subprocess
import sys

import pytest

import fastdiv

STRICT = ["-Wall", "-Wextra", "-pedantic", "-Werror"]


@pytest.fixture(scope="module")
def folders(run):
    """What the command line says, which is what the functions return."""
    result = {
        "--cmake-dir": fastdiv.get_cmake_dir(),
        "--include-dir": fastdiv.get_include(),
        "--pkg-config-dir": fastdiv.get_pkg_config_dir(),
    }
    for option, folder in result.items():
        assert run(sys.executable, "-m", "fastdiv", option).strip() == folder
    return result


@pytest.fixture(scope="module")
def programs(tmp_path_factory, consumer_source, cmake_configure, tool, run, folders):
    build = tmp_path_factory.mktemp("consumer")
    cmake_configure(consumer_source, build, f"-Dfastdiv_DIR={folders['--cmake-dir']}")
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


def test_pkg_config_consumer(consumer_source, tmp_path, tool, run, folders, monkeypatch):
    monkeypatch.setenv("PKG_CONFIG_PATH", folders["--pkg-config-dir"])
    pkg_config = tool("pkg-config")
    assert run(pkg_config, "--modversion", "fastdiv").strip() == fastdiv.__version__
    flags = run(pkg_config, "--cflags", "--libs", "fastdiv").split()
    program = tmp_path / "consumer"
    run(tool("cc"), "-std=c99", *STRICT, consumer_source / "main.c", "-o", program, *flags, "-lm")
    run(program, timeout=60)


@pytest.mark.parametrize(
    ("compiler", "standard", "suffix"), [("cc", "c99", "c"), ("c++", "c++17", "cpp")]
)
def test_the_header_alone_is_strict(tmp_path, tool, run, folders, compiler, standard, suffix):
    include = folders["--include-dir"]
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
