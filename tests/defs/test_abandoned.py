"""A run that was killed does not hold the others back."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import dagster as dg
from small_inbox import put
from world import World

from g60pipeline.defs.abandoned import end_abandoned_runs

STARTED = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])


def test_a_killed_run_is_ended_by_the_sensors_next_look_and_no_run_before(empty: World) -> None:
    put(empty.home / "inbox", "march")
    command = [sys.executable, "-m", "g60pipeline.cli", "run", "--from", "2021-03", "--to", "2021-03"]
    environment = {**os.environ, "G60_HOME": str(empty.home)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as killed:
        end = time.monotonic() + 120
        while not any("g60/process" in run.tags for run in empty.instance.get_runs(STARTED)):
            assert time.monotonic() < end
            time.sleep(0.2)
        assert end_abandoned_runs(empty.instance) == []
        killed.kill()
    (run,) = empty.instance.get_runs(STARTED)
    empty.tick()
    ended = empty.instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status == dg.DagsterRunStatus.FAILURE
    empty.run_what_is_asked()
