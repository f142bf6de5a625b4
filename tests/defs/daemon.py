"""A real daemon with the inbox sensor switched on, over a home of its own; it ends with the `with` block."""

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


@contextmanager
def run_daemon(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Switch the sensor on and run `dagster-daemon` until the block is left."""
    environment = {**os.environ, "DAGSTER_HOME": str(prepare_home(home)), "G60_HOME": str(home)}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "DAGSTER_EVENT_BATCH_SIZE": "500"}
    environment |= {"FRESHNESS_DAEMON_INTERVAL_SECONDS": "1"}
    switch = [SCRIPTS / "dagster", "sensor", "start", "inbox_sensor", "-w", "workspace.yaml"]
    subprocess.run(switch, cwd=ROOT, env=environment, check=True, capture_output=True)
    with (home / "daemon.log").open("wb") as log:
        daemon = subprocess.Popen(
            [SCRIPTS / "dagster-daemon", "run", "-w", "workspace.yaml"],
            cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True,
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
