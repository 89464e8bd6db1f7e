"""Laws that hold for all distributions, on inputs that hypothesis looks for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cases
import fastdiv

BOTH = pytest.mark.parametrize("kind", [np.float32, np.float64], ids=["float32", "float64"])


def close(a: float, b: float, kind: type, scale: float = 1.0) -> bool:
    return bool(abs(float(a) - float(b)) <= 8 * float(np.finfo(kind).eps) * max(scale, 1.0))


@BOTH
@given(data=st.data())
def test_divergences(kind: type, data: st.DataObject) -> None:
    p, q = data.draw(cases.probability_pairs(kind))
    for function in (fastdiv.kl_divergence, fastdiv.js_divergence, fastdiv.js_distance):
        assert function(p, q) >= 0
        assert function(p, p) == 0
    assert fastdiv.js_divergence(p, q) == fastdiv.js_divergence(q, p)
    assert fastdiv.js_divergence(p, q, base=2) <= 1 + np.finfo(kind).eps
    divergence = fastdiv.kl_divergence(p, q)
    sides = fastdiv.cross_entropy(p, q), fastdiv.entropy(p)
    if np.isinf(divergence):
        assert np.isinf(sides[0])
    else:
        assert close(sides[0], sides[1] + divergence, kind, float(sides[0]))


@BOTH
@given(data=st.data())
def test_entropy(kind: type, data: st.DataObject) -> None:
    p = data.draw(cases.probability_vectors(kind))
    entropy = fastdiv.entropy(p)
    assert entropy >= 0
    support = np.count_nonzero(p)
    assert entropy <= np.log(support) + 4 * np.finfo(kind).eps * max(1, np.log(support))
    assert (entropy == 0) or support > 1
    order = np.random.default_rng(0).permutation(p.size)
    assert close(fastdiv.entropy(p[order]), entropy, kind, float(entropy))


@BOTH
@given(data=st.data())
def test_tables(kind: type, data: st.DataObject) -> None:
    table = data.draw(cases.probability_tables(kind))
    with np.errstate(over="ignore"):
        x, y = table.sum(axis=1), table.sum(axis=0)
    joint = fastdiv.joint_entropy(table)
    information = fastdiv.mutual_information(table)
    assert information >= 0
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return  # the marginals of the check, not of the library, overflow
    # H(X, Y) = H(X | Y) + H(Y) = H(Y | X) + H(X), and both definitions of I(X; Y)
    scale = float(joint)
    assert close(fastdiv.conditional_entropy(table) + fastdiv.entropy(y), joint, kind, scale)
    assert close(fastdiv.conditional_entropy(table, -2) + fastdiv.entropy(x), joint, kind, scale)
    both = fastdiv.entropy(x) + fastdiv.entropy(y)
    assert close(information, both - joint, kind, float(both))


def test_triangle_inequality() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.dirichlet(np.full(5, 0.3), (3, 2000))
    d = fastdiv.js_distance
    assert (d(a, c) <= d(a, b) + d(b, c) + 1e-15).all()


def test_local_expansion_is_the_fisher_metric() -> None:
    """D(p : p + dp) = 1/2 sum dp^2 / p + O(|dp|^3): the rest shrinks as the third power."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(20, 3.0))
    direction = rng.normal(size=20) * p
    direction -= p * direction.sum()
    steps = 10.0 ** np.arange(-1.0, -4.0, -0.5)
    rests = []
    for step in steps:
        dp = step * direction
        rests.append(abs(fastdiv.kl_divergence(p, p + dp) - (dp**2 / p).sum() / 2))
    slope = np.polyfit(np.log(steps), np.log(rests), 1)[0]
    assert 2.9 < slope < 3.1
