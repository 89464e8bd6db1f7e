"""Libraries that limit threads through threadpoolctl reach fastdiv's."""

import sys

import pytest

import fastdiv

SEEN = """
import threadpoolctl
import fastdiv
(info,) = [each for each in threadpoolctl.threadpool_info() if each["user_api"] == "fastdiv"]
assert info["num_threads"] == fastdiv.get_num_threads()
"""


@pytest.fixture
def threadpoolctl():
    module = pytest.importorskip("threadpoolctl", reason="threadpoolctl is not installed")
    fastdiv._runtime.register_with_threadpoolctl()
    return module


def test_it_sees_fastdiv(threadpoolctl):
    (info,) = [each for each in threadpoolctl.threadpool_info() if each["user_api"] == "fastdiv"]
    assert info["num_threads"] == fastdiv.get_num_threads()
    assert info["version"] == fastdiv.__version__
    assert "libfastdiv" in info["filepath"]


def test_it_limits_fastdiv(threadpoolctl):
    before = fastdiv.get_num_threads()
    fastdiv.set_num_threads(3)
    try:
        with threadpoolctl.threadpool_limits(limits=1, user_api="fastdiv"):
            assert fastdiv.get_num_threads() == 1
        assert fastdiv.get_num_threads() == 3
        with threadpoolctl.threadpool_limits(limits=2):
            assert fastdiv.get_num_threads() == 2
        assert fastdiv.get_num_threads() == 3
    finally:
        fastdiv.set_num_threads(before)


def test_import_registers_where_threadpoolctl_is_loaded(threadpoolctl, run):
    run(sys.executable, "-c", SEEN)


def test_import_does_not_load_threadpoolctl(run):
    run(sys.executable, "-c", "import sys, fastdiv; assert 'threadpoolctl' not in sys.modules")
