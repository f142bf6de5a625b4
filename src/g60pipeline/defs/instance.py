"""Dagster's own home: where its instance keeps runs and events, without telemetry, bound to this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import dagster as dg

from g60pipeline.files import write_whole
from g60pipeline.settings import Settings

_MARK = "# Written by g60 at every start; take this line out to keep your own changes."
_SETTINGS = f"""\
{_MARK} Nothing is sent anywhere.
telemetry:
  enabled: false
nux:
  enabled: false
# While one run writes the DuckDB file no other can open it: one run at a time, and should you allow more of them (the
# warehouse in PostgreSQL, other code locations), those that write still one by one, by their pool.
concurrency:
  runs:
    max_concurrent_runs: 1
  pools:
    default_limit: 1
    granularity: run
# Runs that the sensor or a schedule asked for say how often they may be tried again; others are not.
run_retries:
  enabled: true
  max_retries: 0
# What the program logs stands in the event log too, with the ids of submission, unit and month.
python_logs:
  managed_python_loggers: [g60pipeline]
  python_log_level: INFO
# Runs of a machine or container that is gone, at which nobody here can look, would hold the others back for good.
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  max_runtime_seconds: 14400
"""
_ON_SQLITE = """\
event_log_storage:
  module: g60pipeline.defs.event_log
  class: QuickSqliteEventLogStorage
"""
POSTGRES_URL = "G60_DAGSTER_POSTGRES_URL"
# The address stays in the environment: it may hold a password.
_ON_POSTGRES = f"""\
storage:
  postgres:
    postgres_url:
      env: {POSTGRES_URL}
"""
_EVENTS_AT_ONCE = "500"


def prepare_home(home: Path) -> Path:
    """Create `<home>/dagster` with its settings, on SQLite or, where `G60_DAGSTER_POSTGRES_URL` is set, on PostgreSQL."""
    folder = home / "dagster"
    settings = folder / "dagster.yaml"
    wanted = _SETTINGS + (_ON_POSTGRES if os.environ.get(POSTGRES_URL) else _ON_SQLITE)
    present = settings.read_text("utf-8") if settings.exists() else _MARK
    if present != wanted and present.startswith(_MARK):
        write_whole(settings, wanted)
    return folder


def _set_environment(home: Path) -> None:
    os.environ["DAGSTER_HOME"] = str(prepare_home(home))
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", _EVENTS_AT_ONCE)


def open_instance(home: Path) -> dg.DagsterInstance:
    """Open the instance of `<home>/dagster`."""
    _set_environment(home)
    return dg.DagsterInstance.get()


def serve(settings: Settings, port: int) -> None:
    """Become `dagster dev`, bound to this machine: its pages can launch runs and ask for no password."""
    _set_environment(settings.home)
    workspace = settings.project_root / "workspace.yaml"
    where = ["-w", str(workspace)] if workspace.exists() else ["-m", "g60pipeline.definitions"]
    arguments = ["dagster", "dev", *where, "-h", "127.0.0.1", "-p", str(port)]
    os.execv(sys.executable, [sys.executable, "-m", *arguments])
