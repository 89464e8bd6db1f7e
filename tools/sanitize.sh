#!/bin/sh
# Runs the tests on a library built with the address and undefined-behaviour sanitizers (Linux, GCC, about 5 minutes).
#   tools/sanitize.sh [arguments of pytest; without any, all tests but the native ones, which are run as programs]
set -eu
cd "$(dirname "$0")/.."
build=build/sanitized
sanitizers=address,undefined

if [ ! -d "$build/venv" ]; then
  "${PYTHON:-python3}" -m venv "$build/venv"
  "$build/venv/bin/pip" install --quiet scikit-build-core pybind11 cmake ninja
fi
PATH="$PWD/$build/venv/bin:$PATH"
export CMAKE_GENERATOR=Ninja CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-2}"
pip install --quiet --no-build-isolation -Cbuild-dir="$build/wheel" -Ccmake.build-type=RelWithDebInfo \
  -Ccmake.define.FASTDIV_SANITIZE="$sanitizers" "${FASTDIV_REQUIREMENT:-.[test]}"

export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_leaks=0
if [ $# -eq 0 ]; then
  cmake -S tests/native -B "$build/native" -DFASTDIV_SANITIZE="$sanitizers" -DCMAKE_BUILD_TYPE=RelWithDebInfo
  cmake --build "$build/native"
  "$build/native/elementary_ulp"
  "$build/native/fuzz_c_api" 20
  set -- tests --ignore=tests/native
fi

# Python itself is not built with them, so they have to be loaded first; and its own small-object allocator would
# hide overruns.
LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libstdc++.so)" PYTHONMALLOC=malloc \
  pytest -p no:cacheprovider "$@"
