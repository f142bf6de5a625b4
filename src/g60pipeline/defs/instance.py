"""Dagster's own home: where its instance keeps runs and events, without telemetry, bound to this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import dagster as dg

from g60pipeline.settings import Settings

_SETTINGS = """\
# Written by g60; nothing is sent anywhere.
telemetry:
  enabled: false
nux:
  enabled: false
# While one run writes the DuckDB file no other can open it.
concurrency:
  runs:
    max_concurrent_runs: 1
# Runs that the sensor or the schedule asked for say how often they may be tried again; others are not.
run_retries:
  enabled: true
  max_retries: 0
# What the program logs stands in the event log too, with the ids of submission, unit and month.
python_logs:
  managed_python_loggers: [g60pipeline]
  python_log_level: INFO
event_log_storage:
  module: g60pipeline.defs.event_log
  class: QuickSqliteEventLogStorage
"""
_EVENTS_AT_ONCE = "500"


def prepare_home(home: Path) -> Path:
    """Create `<home>/dagster` with its settings and return it."""
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "dagster.yaml"
    if not settings.exists():
        settings.write_text(_SETTINGS, encoding="utf-8")
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
