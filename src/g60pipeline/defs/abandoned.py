"""Runs whose process is gone, killed or with the machine: nobody ends them, and the queue would wait behind them.

Each run says which process it is; whoever comes by later, a sensor or a command, ends those whose process is no more.
Belongs here: telling one process from another. Not here: trying such runs again (Dagster's retries, the sensor).
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import dagster as dg

from g60pipeline.logs import emit

_TAG = "g60/process"
_OPEN = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
_MESSAGE = "its process is gone: killed, or the machine was restarted. What was committed stays; run it again"
_START_TIME = 19  # of the fields of /proc/<pid>/stat that follow the name: see proc(5)


def _describe(pid: int) -> str | None:
    """A process as no other is: numbers are given out anew, and after a restart all of them. None: there is none."""
    try:
        start = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[_START_TIME]
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {pid} {start}"
    except OSError:
        return None


def sign_run(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Note with a run that this process runs it."""
    process = _describe(os.getpid())
    if process is not None:
        instance.add_run_tags(run.run_id, {_TAG: f"{socket.gethostname()} {process}"})


def end_abandoned_runs(instance: dg.DagsterInstance) -> list[str]:
    """End as failed what processes of this machine ran that are gone; return the runs' ids."""
    ended: list[str] = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_OPEN)):
        host, _, process = run.tags.get(_TAG, "").partition(" ")
        if host == socket.gethostname() and process != _describe(int(process.split()[1])):
            instance.report_run_failed(run, _MESSAGE)
            emit("abandoned", run=run.run_id)
            ended.append(run.run_id)
    return ended
