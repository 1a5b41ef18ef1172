"""Processes look for unreachable objects seldom, and not among what they began with."""

import subprocess
import sys

PROGRAM = """
import gc
from runtime.base import memory
assert not gc.get_freeze_count()
memory.settle()
kept = gc.get_freeze_count()
assert kept > 1000 and gc.get_threshold() == memory.THRESHOLDS, kept
class Loop: pass
for _ in range(1000):
    one = Loop()
    one.own = one
memory.settle()  # A second call keeps nothing more for ever.
assert gc.get_freeze_count() <= kept
del one
assert gc.collect() >= 1000
"""


def test_a_process_settles_once() -> None:
    """What is there at first is not looked at again; what comes later is still found when nobody can reach it."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
