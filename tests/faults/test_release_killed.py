"""A release that is killed while it is written leaves nothing of itself, and the next one is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from frozen_world import FrozenWorld

TESTS = Path(__file__).parents[1]
# Dies after everything is written and before it is committed, or while the values are computed.
RELEASER = """
import os, signal, sys
from pathlib import Path
from frozen_world import FrozenWorld
import g60pipeline.warehouse.releases as releases
from g60pipeline.operations.releases import create_release

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def write_and_die(*arguments):
    write(*arguments)
    die()

write, progress = releases.append_release, lambda text: None
if sys.argv[3] == "written":
    releases.append_release = write_and_die
else:
    progress = lambda text: die() if text.endswith("contributors") else None
create_release(FrozenWorld(sys.argv[1], Path(sys.argv[2])).warehouse, "2021-12", "preliminary", None, progress)
"""


@pytest.mark.parametrize("when", ["computed", "written"])
def test_a_killed_release_leaves_nothing(warehouse_url: str, tmp_path: Path, when: str) -> None:
    world = FrozenWorld(warehouse_url, tmp_path)
    world.fill()
    before = world.counts()
    world.close()
    done = subprocess.run(
        [sys.executable, "-c", RELEASER, warehouse_url, str(tmp_path), when],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    world.reopen()
    assert world.counts() == before
    assert world.release().release_id == "2021-12.1"
    assert world.verify("2021-12.1") == []
    world.close()
