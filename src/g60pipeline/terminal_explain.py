"""An explanation as a tree in a terminal. Belongs here: how it is shown there. Not here: what it is (operations), the page
(reports.explain)."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from g60pipeline.indicators.arithmetic import write_number
from g60pipeline.reports.explain_data import (
    CitedCell,
    CitedFile,
    CitedRow,
    CitedUnit,
    ExplainedSide,
    Explanation,
)

WIDTH = 132  # where it goes into a file or a pipe
_PROVEN = {
    "exactly": "[green]equal[/] (to the last bit)",
    "within_tolerance": "[green]equal[/] (to 1e-12 of the value)",
    "differs": "[red bold]NOT EQUAL[/]: the cells do not give this figure",
}


def print_explanation(explanation: Explanation, most_rows: int) -> None:
    """Print a figure, its proof and its cells; of each file the first rows, and how many more there are."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(_tree(explanation, most_rows))


def _tree(explanation: Explanation, most_rows: int) -> Tree:
    key, stored = explanation.key, explanation.stored
    part = f", {key['dimension']} {key['dimension_code']}" if key["dimension"] else ""
    tree = Tree(
        f"[bold]{escape(explanation.label.zh)} / {escape(explanation.label.en)}[/]  {explanation.indicator_id}\n"
        f"{key['period']} ({key['time']}), {key['level']} {key['subject_code']}"
        f" {escape(explanation.subject.zh)} / {escape(explanation.subject.en)}{escape(part)},"
        f" {key['boundaries']}, {'release ' if explanation.is_release else ''}{explanation.known}"
    )
    tree.add(
        f"stored      {write_number(stored['value'])} {escape(explanation.unit.zh)}  ({stored['status']})"
    )
    tree.add(
        f"recomputed  {write_number(explanation.recomputed)} from its cells alone: {_PROVEN[explanation.equality]}"
    )
    if explanation.formula != write_number(explanation.recomputed):
        tree.add(f"formula     {explanation.formula}")
    if explanation.disagreeing:
        tree.add(f"[red]{explanation.disagreeing} cells do not hold what their text says[/]")
    _add_standings(tree, explanation)
    if explanation.months:
        tree.add(
            f"months that decide it: {len(explanation.months)}, {explanation.months[-1]} to {explanation.months[0]}"
        )
    for note in explanation.notes:
        tree.add(escape(f"{note.zh} / {note.en}"))
    for side in explanation.sides:
        _add_side(tree, side, most_rows)
    return tree


def _add_standings(tree: Tree, explanation: Explanation) -> None:
    counting = sum(unit.counts for unit in explanation.standings)
    branch = tree.add(f"units       {counting} of {len(explanation.standings)} expected count")
    for unit in explanation.standings:
        if not unit.counts:
            branch.add(escape(f"missing: {unit.unit_code} {unit.label.zh} {'; '.join(unit.missing)}"))


def _add_side(tree: Tree, side: ExplainedSide, most_rows: int) -> None:
    base = " in the base window" if side.is_base else ""
    branch = tree.add(
        f"[bold]{side.name}[/]{base} = {write_number(side.recomputed)}  ({side.row_count} rows)\n{escape(side.definition)}"
    )
    for unit in side.units:
        _add_unit(branch, unit, most_rows)
    if side.ledger:
        ledger = branch.add(f"the house's own ledger ({len(side.ledger)} entries)")
        for entry in side.ledger[:most_rows]:
            values = ", ".join(f"{name}={value}" for name, value in entry.values.items())
            ledger.add(escape(f"{entry.ledger}: {values}"))
        _add_rest(ledger, len(side.ledger), most_rows, "entries")


def _add_unit(branch: Tree, unit: CitedUnit, most_rows: int) -> None:
    node = branch.add(escape(f"{unit.unit_code} {unit.label.zh} / {unit.label.en} ({unit.row_count} rows)"))
    for form in unit.forms:
        below = node.add(escape(f"{form.form} {form.title.zh}"))
        for file in form.files:
            _add_file(below, file, most_rows)


def _add_file(branch: Tree, file: CitedFile, most_rows: int) -> None:
    node = branch.add(
        escape(
            f"{file.period} {file.file_name}  sha256 {file.sha256[:16]}…  submission {file.submission_id}, {file.sheet}"
        )
    )
    for row in file.rows[:most_rows]:
        node.add(_row(row))
    _add_rest(node, len(file.rows), most_rows, "rows")


def _add_rest(node: Tree, count: int, most: int, what: str) -> None:
    if count > most:
        node.add(f"… and {count - most} more {what} (--rows, --json or --html shows them)")


def _row(row: CitedRow) -> str:
    # What only ties rows together is shown where a row is cited for nothing else.
    shown = [cell for cell in row.cells if cell.role != "match" or not cell.agrees] or row.cells
    version = f" [yellow]version {row.row_version}[/]" if row.row_version else ""
    weight = f" weight {row.weight:g}" if row.weight != 1 else ""
    return f"row {row.sheet_row}{version}{weight}: " + "; ".join(_cells(shown))


def _cells(cells: Iterable[CitedCell]) -> Iterable[str]:
    for cell in cells:
        raw = "blank" if cell.raw is None else f"“{cell.raw}”"
        text = f"{cell.address} {cell.heading} {raw}"
        if cell.conversion is not None:
            text += f" → {cell.conversion}"
        elif cell.value != cell.raw:
            text += f" → {cell.value if cell.value is not None else 'none'}"
        yield escape(text) + _remark(cell)


def _remark(cell: CitedCell) -> str:
    if cell.overlay is not None:
        overlay = cell.overlay
        said = (
            f"overlay {overlay.correction_id} (event {overlay.event_id}, {overlay.decided_by}):"
            f" {overlay.old_value} → {overlay.new_value}, {overlay.reason.zh}"
        )
        return f" [yellow]{escape(said)}[/]"
    return "" if cell.agrees else f" [red]but its text says {escape(cell.parsed_again or 'none')}[/]"
