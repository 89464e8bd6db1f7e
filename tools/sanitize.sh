#!/bin/sh
# Runs the tests on a library built with the address and undefined-behaviour sanitizers (Linux, GCC, about 7 minutes).
#   tools/sanitize.sh [arguments of pytest]    without any: random calls of the C functions, then all tests but the native
set -eu
cd "$(dirname "$0")/.."
build=build/sanitized
sanitizers=address,undefined

if [ ! -d "$build/venv" ]; then
  "${PYTHON:-python3}" -m venv "$build/venv"
  "$build/venv/bin/pip" install --quiet scikit-build-core pybind11 cmake ninja
fi
PATH="$PWD/$build/venv/bin:$PATH"
# The build would load what an earlier run installed, without the sanitizers.
pip uninstall --quiet --yes fastdiv 2>/dev/null
export CMAKE_GENERATOR=Ninja CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-2}"
# A build asks installed packages for CMake files and imports them; the sanitized one of an earlier run would not load.
pip uninstall --quiet --yes fastdiv
pip install --quiet --no-build-isolation -Cbuild-dir="$build/wheel" -Ccmake.build-type=RelWithDebInfo \
  -Ccmake.define.FASTDIV_SANITIZE="$sanitizers" ".[test]"

# Nothing is taken from the sources, although the tests start Python here.
export PYTHONSAFEPATH=1 UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_leaks=0
if [ $# -eq 0 ]; then
  installed=$(python -c 'import sysconfig; print(sysconfig.get_path("platlib"))')/fastdiv
  c++ -std=c++17 -O1 -g -fsanitize="$sanitizers" -fno-sanitize-recover=undefined -Icsrc "-I$installed/include" \
    tests/native/fuzz_c_api.cpp "-L$installed/lib" -lfastdiv "-Wl,-rpath,$installed/lib" -o "$build/fuzz_c_api"
  "$build/fuzz_c_api" 30
  set -- tests --ignore=tests/native
fi

# Python itself is not built with them, so they have to be loaded first; and its own small-object allocator would
# hide overruns.
LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libstdc++.so)" PYTHONMALLOC=malloc \
  pytest -p no:cacheprovider "$@"
