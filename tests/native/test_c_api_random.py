"""Random calls of the C functions: `fuzz_c_api.cpp` says what holds and how to look for longer."""


def test_random_calls(native_checks, run):
    print(run(native_checks("fuzz_c_api"), "2"))
