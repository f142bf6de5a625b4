"""`g60 doctor`: is everything as a run needs it, and what to do where it is not. Nothing is changed.

Belongs here: checks of the pipeline's own state, and the list of all. Not here: the machine (doctor_machine.py), questions
to the databases (warehouse.health), Dagster's storage (the caller's, as a function).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from fsspec.core import url_to_fs

from g60pipeline.contracts.project import Project
from g60pipeline.operations.doctor_machine import (
    Check,
    check_clock,
    check_disk,
    check_fonts,
    check_home,
    check_packages,
    check_python,
    check_time_zone,
    check_ui,
)
from g60pipeline.settings import Settings

if TYPE_CHECKING:
    from g60pipeline.warehouse.health import Health


def examine(settings: Settings, project: Project, port: int, count_runs: Callable[[], int]) -> list[Check]:
    """Do every check. `count_runs` asks Dagster's storage, which is none of this layer's; what it raises is a finding."""
    from g60pipeline.warehouse.connect import WarehouseError
    from g60pipeline.warehouse.health import Health, examine_warehouse

    try:
        health = examine_warehouse(settings.warehouse_url, project)
    except WarehouseError as error:
        health = Health("warehouse", fault=str(error))
    return [
        check_python(), check_packages(), check_fonts(), check_home(settings.home), check_disk(settings.home),
        check_time_zone(), check_clock(health.last_received_at),
        *_check_warehouse(health),
        check_telemetry(settings.home), check_run_storage(settings.home, count_runs), check_ui(port),
        check_folder("inbox", settings.inbox), check_folder("archive", settings.archive), check_addresses(settings),
    ]  # fmt: skip


def _check_warehouse(health: Health) -> Iterator[Check]:
    yield check_lock(health)
    if health.holder is not None:
        return
    if health.fault is not None:
        advice = "start the server, or set G60_WAREHOUSE_URL right; a file that is damaged comes back from a backup only"
        yield Check("warehouse", "fail", health.fault, advice)
    elif not health.exists:
        yield Check(
            "warehouse",
            "warn",
            f"{health.name}: nothing there yet",
            "the first run, or g60 migrate, makes it",
        )
    else:
        yield Check("warehouse", "ok", f"{health.name}: {health.engine_version}{_storage(health)}")
        yield check_revision(health)
        yield from check_roles(health)


def _storage(health: Health) -> str:
    return f", storage version {health.storage_version}" if health.storage_version else ""


def check_lock(health: Health) -> Check:
    """Whether another process writes the warehouse's file."""
    if health.holder is None:
        return Check("write_lock", "ok", "nobody holds the warehouse")
    found = f"process {health.holder} holds {health.name}"
    return Check(
        "write_lock", "warn", found, f"wait for its run to end, or look at it: ps -fp {health.holder}"
    )


def check_revision(health: Health) -> Check:
    """Whether the warehouse is of this program's version."""
    if health.pending:
        return Check("revision", "warn", "; ".join(health.pending), "g60 migrate, after a backup")
    return Check("revision", "ok", f"revision {health.revision}, nothing waits")


def check_roles(health: Health) -> Iterator[Check]:
    """Whether PostgreSQL knows owner, loader, reader and the units."""
    if health.missing_roles is None:
        return
    if health.missing_roles:
        found = f"{len(health.missing_roles)} roles are missing: {', '.join(health.missing_roles[:3])}…"
        yield Check("roles", "warn", found, "g60 roles create")
    else:
        yield Check("roles", "ok", "all roles are there")


def check_telemetry(home: Path) -> Check:
    """Whether Dagster is told to send nothing."""
    file = home / "dagster" / "dagster.yaml"
    if os.environ.get("DAGSTER_DISABLE_TELEMETRY"):
        return Check("telemetry", "ok", "off by DAGSTER_DISABLE_TELEMETRY")
    if not file.exists():
        return Check("telemetry", "ok", f"{file} is not made yet; it will switch it off")
    try:
        read = yaml.safe_load(file.read_text("utf-8")) or {}
        is_off = read.get("telemetry", {}).get("enabled") is False
    except (OSError, yaml.YAMLError, AttributeError) as error:
        return Check("telemetry", "fail", f"{file} cannot be read: {error}", "remove it: g60 writes it anew")
    if not is_off:
        return Check("telemetry", "fail", f"{file} leaves it on", "set telemetry: {enabled: false}")
    return Check("telemetry", "ok", "off")


def check_run_storage(home: Path, count_runs: Callable[[], int]) -> Check:
    """Whether Dagster finds its runs."""
    if not (home / "dagster" / "dagster.yaml").exists():
        return Check("run_storage", "ok", "not made yet; the first run makes it")
    try:
        return Check("run_storage", "ok", f"{count_runs()} runs")
    except Exception as error:  # whatever Dagster, SQLite or a driver raises is what is to be told
        advice = f"see storage in {home / 'dagster' / 'dagster.yaml'}; is its server running?"
        return Check("run_storage", "fail", " ".join(str(error).split())[:300], advice)


def check_folder(name: str, url: str) -> Check:
    """Whether inbox or archive can be reached."""
    try:
        files, path = url_to_fs(url)
        if not files.exists(path):
            return Check(
                name, "warn", f"{url} is not there yet", "it is made with the first file; is the path right?"
            )
        files.ls(path, detail=False)
    except Exception as error:  # each kind of storage has errors of its own
        return Check(
            name, "fail", f"{url}: {' '.join(str(error).split())[:300]}", f"set G60_{name.upper()} right"
        )
    return Check(name, "ok", url)


def check_addresses(settings: Settings) -> Check:
    """Whether what is said goes anywhere."""
    from g60pipeline.reports.notify import parse_targets

    try:
        targets = parse_targets(settings.notify_urls)
    except ValueError as error:
        return Check("addresses", "fail", str(error), "mend G60_NOTIFY_URLS")
    if not targets:
        return Check("addresses", "ok", "none: reminders and alerts stay in the outbox")
    return Check("addresses", "ok", f"of {', '.join(sorted(targets))}")
