"""Philox gives the known answers, and normal numbers err no more than simd/normal.hpp states."""


def test_random_numbers(native_checks, run):
    print(run(native_checks("random_numbers")))
