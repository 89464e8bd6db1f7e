"""The errors of the elementary functions stay within what simd/math.hpp states."""


def test_largest_errors(native_checks, run):
    print(run(native_checks("elementary_ulp")))
