"""Tables for a terminal. Belongs here: how an outcome or a self-check is shown. Not here: what it is
(operations)."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column as Header
from rich.table import Table

from g60pipeline.contracts.feedback import Column
from g60pipeline.contracts.project import Project

if TYPE_CHECKING:
    from g60pipeline.operations.selfcheck import SelfCheck

WIDTH = 132  # of tables that go into a file or a pipe


def _months(rows: list[dict[str, Any]]) -> Table:
    names = ("expected", "received", "accepted", "returned", "missing")
    table = Table("month", *names, title="Submissions by month (months without trouble are summed by year)")
    for name in names:
        table.columns[names.index(name) + 1].justify = "right"
    quiet: dict[str, dict[str, int]] = {}
    for row in rows:
        if row["returned"] or row["missing"]:
            continue
        year = quiet.setdefault(row["period"][:4], dict.fromkeys((*names, "months"), 0))
        for name in names:
            year[name] += int(row[name])
        year["months"] += 1
    lines = [(f"{year} ({sums['months']} months)", sums) for year, sums in quiet.items()]
    lines += [(row["period"], row) for row in rows if row["returned"] or row["missing"]]
    for label, row in sorted(lines, key=lambda line: line[0]):
        table.add_row(label, *(str(row[name]) for name in names))
    return table


def _number(value: float | None) -> str:
    return (
        "-"
        if value is None
        else f"{value:,.6g}"
        if abs(value) < 1
        else f"{value:,.2f}".rstrip("0").rstrip(".")
    )


def _figures(rows: list[dict[str, Any]]) -> Table:
    table = Table("id", "figure", "ours", "", "theirs", "unit", "n of N", "met", title="Published figures")
    for index in (2, 4):
        table.columns[index].justify = "right"
    signs = {"eq": "=", "ge": "≥", "gt": ">", "le": "≤", "approx": "≈"}
    for row in rows:
        ours, met = _number(row["ours"]), "[green]yes" if row["met"] else "[red bold]NO"
        sign = signs[row["comparator"]]
        table.add_row(
            row["id"], row["measure"], ours, sign, _number(row["theirs"]), row["unit"], row["coverage"], met
        )
    return table


def print_revisions(rows: list[dict[str, Any]], parts: tuple[str, ...]) -> None:
    """Print values that changed between two releases, and the parts of each change."""
    table = Table("indicator", "time", "level", "subject", "part", "boundaries", "before", "after", "why")
    for column in table.columns[6:8]:
        column.justify = "right"
    for row in rows:
        key = (row[name] for name in ("indicator_id", "time_basis", "level", "subject_code"))
        part = f"{row['dimension']}={row['dimension_code']}" if row["dimension"] else ""
        before, after = (_figure(row[name]) for name in ("value_before", "value_after"))
        changed = [f"{name.replace('_', ' ')} {_figure(row[name])}" for name in parts if row[name]]
        why = ", ".join([*changed, *([row["note"]] if row["note"] else [])])
        table.add_row(*key, part, row["boundaries"], before, after, why)
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table if rows else "nothing changed")


def _figure(figure: Any) -> str:
    return _number(None if figure is None else float(figure))


def print_values(rows: Sequence[Mapping[Any, Any]]) -> None:
    """Print an indicator's values, each with its coverage and status."""
    table = Table("time", "level", "subject", "part", "value", "unit", "n of N", "status", "boundaries")
    table.columns[4].justify = "right"
    for row in rows:
        part = f"{row['dimension']}={row['dimension_code']}" if row["dimension"] else ""
        coverage = f"{row['reporting_unit_count']} of {row['expected_unit_count']}"
        table.add_row(
            row["time_basis"], row["level"], row["subject_code"], part, _number(row["value"]), row["unit"],
            coverage, row["status"], row["boundaries"],
        )  # fmt: skip
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table if rows else "no values")


def print_check(project: Project, checked: SelfCheck) -> None:
    """Print what a self-check found, in the words of the feedback workbook, and where that lies."""
    console, texts = Console(width=None if sys.stdout.isatty() else WIDTH), project.feedback
    shown: tuple[Column, ...] = ("severity", "code", "sheet", "cell", "message")
    # Chinese has no blanks to break at: what does not fit goes on in the next line, wherever that is.
    table = Table(*(Header(texts.columns[name], overflow="fold") for name in shown), title=checked.title)
    for finding in checked.findings:
        severity = texts.severities[finding["severity"]]
        cells = (finding[name] or "" for name in ("code", "sheet", "cell", "message_zh"))
        table.add_row(severity, *map(escape, cells))
    console.print(table if checked.findings else checked.title)
    for note in checked.notes:
        console.print(escape(note))
    console.print(str(checked.feedback), soft_wrap=True, markup=False)


def print_outcome(outcome: dict[str, Any]) -> None:
    """Print submissions by month, the published figures, and where to look next."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(_months(outcome["months"]))
    if outcome["unplaced_files"]:
        console.print(f"{outcome['unplaced_files']} files say no unit or no month; see ops.finding")
    figures = outcome["figures"]
    if figures:
        console.print(_figures(figures))
        console.print(f"{sum(row['met'] for row in figures)} of {len(figures)} published figures met")
    console.print("Where to look next:")
    for name, where in outcome["where"].items():
        console.print(f"  {name:<10} {where}", soft_wrap=True)
