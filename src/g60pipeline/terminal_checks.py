"""How the doctor's checks are shown in a terminal. Not here: the checks (operations.doctor)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from g60pipeline.operations.doctor_machine import Check
from g60pipeline.terminal import WIDTH

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red bold"}


def print_checks(checks: Sequence[Check]) -> None:
    """Print a line per check, with what to do below those that are not well."""
    table = Table("check", "", "found")
    for check in checks:
        advice = f"\n[bold]→[/] {escape(check.advice)}" if check.advice else ""
        status = f"[{_COLOURS[check.status]}]{check.status}"
        table.add_row(check.name, status, escape(check.found) + advice)
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table)
