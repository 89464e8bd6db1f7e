"""The numbers of fastdiv.random are distributed as they should, and do not know of each other.

Seeds are fixed, so a right generator passes always; bounds are where chance alone would come once in 10,000 seeds.
"""

from itertools import pairwise

import numpy as np
import pytest
import scipy.special
import scipy.stats

from fastdiv import random

N = 1 << 20
LIMIT = 4.5  # standard deviations, which chance exceeds once in 150,000 times
LEAST_P = 1e-4


def correlation(x, y) -> float:
    """Return the correlation of two samples in standard deviations."""
    return float(np.corrcoef(x, y)[0, 1] * np.sqrt(len(x)))


@pytest.fixture(params=[0, 1, 2**40 + 17])
def numbers(request, dtype):
    """Normal numbers of one seed, and as float64."""
    return random.normal(request.param, N, dtype=dtype).astype(np.float64)


@pytest.mark.parametrize("power", range(1, 9))
def test_moments(numbers, power) -> None:
    # E z^k = (k - 1)!! for even k
    exact = scipy.special.factorial2(power - 1) if power % 2 == 0 else 0
    variance = scipy.special.factorial2(2 * power - 1) - exact**2
    assert abs((numbers**power).mean() - exact) < LIMIT * np.sqrt(variance / N)


def test_normal_distribution(numbers) -> None:
    assert scipy.stats.kstest(numbers, "norm").pvalue > LEAST_P
    # Anderson-Darling, which weighs the tails; chance exceeds 9 less than once in 10,000 times.
    x = np.sort(numbers)
    i = np.arange(1, N + 1)
    logs = scipy.special.log_ndtr(x) + scipy.special.log_ndtr(-x[::-1])
    assert -N - np.mean((2 * i - 1) * logs) < 9


@pytest.mark.parametrize("edge", [1.0, 2.0, 3.0, 4.0, 4.5])
def test_tails(numbers, edge) -> None:
    for count in ((numbers > edge).sum(), (numbers < -edge).sum()):
        assert scipy.stats.binomtest(int(count), N, scipy.special.ndtr(-edge)).pvalue > LEAST_P


@pytest.mark.parametrize("bins", [97, 256, 1 << 14])
def test_uniform_distribution(dtype, bins) -> None:
    u = random.uniform(11, N, dtype=dtype).astype(np.float64)
    counts = np.bincount((u * bins).astype(np.int64), minlength=bins)
    assert LEAST_P < scipy.stats.chisquare(counts).pvalue < 1 - LEAST_P
    assert scipy.stats.kstest(u, "uniform").pvalue > LEAST_P


def test_bits_of_uniform(dtype) -> None:
    bits = {np.float32: 23, np.float64: 52}[dtype]
    whole = (random.uniform(12, N, dtype=dtype).astype(np.float64) * 2.0**bits).astype(np.int64)
    set_bits = (whole[:, np.newaxis] >> np.arange(bits)) & 1
    assert (np.abs(set_bits.sum(axis=0) - N / 2) < LIMIT * np.sqrt(N) / 2).all()
    # No bit of a number knows another one, nor the same one of the next number.
    signs = 2.0 * set_bits - 1
    products = signs.T @ signs / np.sqrt(N)
    assert np.abs(products - np.diag(np.diag(products))).max() < LIMIT + 1
    assert np.abs((signs[1:] * signs[:-1]).sum(axis=0)).max() < LIMIT * np.sqrt(N)


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 5, 7, 8, 16, 32, 48, 64, 192, 1000, 1 << 14])
def test_lags(numbers, lag) -> None:
    x, y = numbers[:-lag], numbers[lag:]
    assert abs(correlation(x, y)) < LIMIT
    assert abs(correlation(x**2, y**2)) < LIMIT
    assert abs(correlation(np.abs(x), y)) < LIMIT


def test_the_two_of_a_pair_are_independent(numbers) -> None:
    x, y = numbers.reshape(-1, 2).T
    assert scipy.stats.kstest(np.arctan2(y, x), "uniform", (-np.pi, 2 * np.pi)).pvalue > LEAST_P
    assert scipy.stats.kstest(np.hypot(x, y), "rayleigh").pvalue > LEAST_P
    table = np.histogram2d(scipy.special.ndtr(x), scipy.special.ndtr(y), 32, [[0, 1], [0, 1]])[0]
    assert LEAST_P < scipy.stats.chisquare(table.ravel()).pvalue < 1 - LEAST_P


def test_seeds_and_streams_are_independent(dtype) -> None:
    def rows(**places: list[int]):
        ((name, values),) = places.items()
        return [
            random.normal(**{"seed": 21, "shape": N, "dtype": dtype, name: value}).astype(float)
            for value in values
        ]

    samples = rows(seed=[0, 1, 2, 2**32, 2**63]) + rows(stream=[0, 1, 2, 2**31])
    samples += rows(offset=[N, 2**34, 2**63])
    for i, x in enumerate(samples):
        for y in samples[:i]:
            assert abs(correlation(x, y)) < LIMIT
            assert abs(correlation(x**2, y**2)) < LIMIT


def test_first_numbers_of_consecutive_seeds(dtype) -> None:
    # As a user does who runs an experiment again and again with the next seed.
    table = np.stack([random.normal(seed, 8, dtype=dtype) for seed in range(1 << 16)])
    for column in table.T:
        assert scipy.stats.kstest(column, "norm").pvalue > LEAST_P
        assert abs(correlation(column[1:], column[:-1])) < LIMIT
    for x, y in pairwise(table.T):
        assert abs(correlation(x, y)) < LIMIT
