"""The CUDA back end on a GPU: every kernel checked against the CPU, then timed beside torch and Liger-Kernel.

Run ``python benchmarks/gpu.py [--checks] [--quick] [--output benchmarks/RESULTS.md]``. It installs nothing: peers
that are not there stay out. ``--checks`` does not time.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import document
import fastdiv
import gpu_checks
import gpu_launching
import gpu_times
import machine
import peers_gpu

TITLE = "GPU"
_PEERS = (*peers_gpu.PEERS, "CuPy")

try:
    import cupy as cp
except ImportError:  # `main` says so
    cp = None


def table(rows: Sequence[gpu_times.Row], bandwidth: float) -> list[str]:
    """Return the table's lines."""
    peers = [each for each in _PEERS if any(each in row.milliseconds for row in rows)]
    lines = [
        f"| work | dtype | fastdiv ms | GB/s | of the floor | {' | '.join(f'× {p}' for p in peers)} |",
        "|---|---|--:|--:|--:|" + "--:|" * len(peers),
    ]
    for row in rows:
        ours = row.milliseconds["fastdiv"]
        rate = row.bytes_moved / ours * 1e3
        moved = f"{rate / 1e9:,.0f} | {rate / bandwidth:.0%}" if rate else "– | –"
        ratios = [
            f"{row.milliseconds[each] / ours:.1f}" if each in row.milliseconds else "–"
            for each in peers
        ]
        lines.append(
            f"| {row.label} | {row.dtype} | **{ours:.3f}** | {moved} | {' | '.join(ratios)} |"
        )
    return lines


def section(
    rows: Sequence[gpu_times.Row], bandwidth: float, launches: dict[str, float]
) -> list[str]:
    """Return the section of the results."""
    device = cp.cuda.runtime.getDeviceProperties(0)["name"].decode()
    versions = ("cupy-cuda13x", "numba-cuda", "torch", "triton", "liger-kernel")
    known = [f"{each}: {machine.version(each)}" for each in versions]
    record = [f"device: {device}", f"fastdiv: {fastdiv.__version__}", *known]
    costs = ", ".join(f"{name} {each:.1f} µs" for name, each in launches.items())
    return [
        f"{', '.join([*record, 'date: ' + machine.record()['date']])}.",
        "",
        *table(rows, bandwidth),
        "",
        f"- *of the floor*: inputs and the gradient moved once at the speed of a large copy, "
        f"{bandwidth / 1e12:.2f} TB/s, measured in the same run, over the time taken.",
        "- *peers*: plain formulas in float32, eager and compiled; Liger-Kernel takes logarithms of "
        "softmax, which torch computes for it. Gradients are by the last argument.",
        f"- *a launch*, as the host sees it: {costs}.",
        "- Every kernel was compared with the CPU before anything was timed.",
    ]


def sanitize() -> str:
    """Run the quick checks under compute-sanitizer, where there is one."""
    tool = shutil.which("compute-sanitizer")
    if tool is None:
        return "compute-sanitizer: not installed"
    command = [tool, "--tool", "memcheck", sys.executable, __file__, "--checks", "--quick"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return "compute-sanitizer: not done after 300 s"
    return f"compute-sanitizer: rc {done.returncode}: {done.stdout.strip().splitlines()[-1:]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, then time, then write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checks", action="store_true", help="do not time")
    parser.add_argument("--quick", action="store_true", help="small sizes: a trial")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).with_name("RESULTS.md"), metavar="FILE"
    )
    options = parser.parse_args(arguments)
    if cp is None or not cp.is_available():
        parser.error("there is no GPU here, or no CuPy: pip install 'fastdiv[cuda]'")
    wrong = 0
    for name, problem in gpu_checks.checks(options.quick):
        wrong += problem is not None
        print(f"{'DIFFERS' if problem else 'ok     '} {name} {problem or ''}", flush=True)
    if wrong or options.checks:
        print(f"{wrong} differ")
        return wrong > 0
    print(sanitize(), flush=True)
    bandwidth = gpu_times.copy_bandwidth()
    rows = list(gpu_times.rows(options.quick))
    launches = gpu_launching.launching()
    document.write(options.output, {TITLE: section(rows, bandwidth, launches)})
    print("\n".join(document.read(options.output)[TITLE]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
