"""A real daemon over a home of its own, with sensors and schedules switched on; it ends with the `with` block."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from g60pipeline.defs.instance import prepare_home

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent


def _environment(home: Path) -> dict[str, str]:
    return {
        **os.environ, "DAGSTER_HOME": str(prepare_home(home)), "G60_HOME": str(home), "PYTHONPATH": str(ROOT / "src"),
        "DAGSTER_EVENT_BATCH_SIZE": "500", "FRESHNESS_DAEMON_INTERVAL_SECONDS": "1",
    }  # fmt: skip


def switch_on(kind: str, name: str, home: Path) -> None:
    """Switch a sensor or a schedule on, as an operator does."""
    command = [SCRIPTS / "dagster", kind, "start", name, "-w", "workspace.yaml"]
    subprocess.run(command, cwd=ROOT, env=_environment(home), check=True, capture_output=True)


@contextmanager
def run_daemon(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Switch the inbox sensor on and run `dagster-daemon` until the block is left."""
    switch_on("sensor", "inbox_sensor", home)
    with (home / "daemon.log").open("wb") as log:
        daemon = subprocess.Popen(
            [SCRIPTS / "dagster-daemon", "run", "-w", "workspace.yaml"],
            cwd=ROOT, env=_environment(home), stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            yield daemon
        finally:
            daemon.terminate()
            daemon.wait(30)
            with suppress(ProcessLookupError):  # its code server may outlive it
                os.killpg(daemon.pid, signal.SIGKILL)


def wait_for(
    what: Callable[[], bool], home: Path, daemon: subprocess.Popen[bytes], seconds: int = 240
) -> None:
    """Wait until something is so; the daemon's log when it is not in time."""
    end = time.monotonic() + seconds
    while not what():
        if daemon.poll() is not None or time.monotonic() > end:
            raise TimeoutError((home / "daemon.log").read_text()[-4000:])
        time.sleep(1)
