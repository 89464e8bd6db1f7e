"""What public functions give: a test compares the emulated GPU, in a process of its own, with the CPU."""

import sys
from typing import Any

import numpy as np

import fastdiv


def results() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    p, q = (rng.dirichlet(np.full(333, 0.3), 3).astype(np.float32) for _ in range(2))
    x = rng.normal(size=(2, 1501)).astype(np.float32)
    x[0, 7] = -np.inf
    js, (js_by_p, js_by_q) = fastdiv.value_and_grad(fastdiv.js_divergence, (0, 1))(p, q)
    entropy, entropy_by_x = fastdiv.value_and_grad(fastdiv.logits.entropy)(x)
    return {
        "js": js, "js_by_p": js_by_p, "js_by_q": js_by_q, "entropy": entropy, "entropy_by_x": entropy_by_x,
        "normal": fastdiv.random.normal(3, 1001, dtype=np.float32),
    }  # fmt: skip


if __name__ == "__main__":
    np.savez(sys.argv[1], **results())
