"""Single edits that a returned submission may need: what a clerk who slipped once would change back.

Belongs here: edits of suspected cells. Not here: which cells are suspected (suspects.py), edits of the cover (moves.py),
what an edit would clear (trials.py), which of them is named (cause.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import pandas as pd

from g60pipeline.contracts.feedback import CauseKind
from g60pipeline.contracts.forms import Field, Form
from g60pipeline.quality.quoting import format_value
from g60pipeline.quality.suspects import Cell, Suspect, is_number

MOST_CELLS = 10
MOST_EDITS = 80
_FACTORS = (10, 1000, 10000)
_LEAST_OF_A_COLUMN = 3
# Slips that show in the cells: a minus sign, the month's figure equal to that since January, all as it was last month.
_SHOWN = frozenset({
    "negated", "month_from_since_january", "since_january_from_month", "last_months_file", "unit_of_measure",
})  # fmt: skip


class Change(NamedTuple):
    """What a cell would hold: its value as rules compute with it, and its text; None for a blank."""

    cell: Cell
    value: float | str | None
    text: str | None


@dataclass(frozen=True)
class Edit:
    """One edit of a submission: of some cells, or of the unit or the month on its cover.

    `typed`: how many cells a clerk would type anew, if not all that change: a unit of measure changes its amounts.
    """

    kind: CauseKind
    changes: tuple[Change, ...] = ()
    unit: str | None = None
    period: str | None = None
    factor: int = 1
    typed: int | None = None

    @property
    def size(self) -> int:
        """How much is changed; of two edits that explain as much the smaller one is the simpler."""
        return max(1, len(self.changes) if self.typed is None else self.typed)

    @property
    def has_evidence(self) -> bool:
        """Whether the cells themselves show the slip, so that it is likelier than another that explains as much."""
        return self.kind in _SHOWN

    @property
    def moves(self) -> bool:
        """Whether it changes whose return it is, or of which month, so that everything is to be judged anew."""
        return self.unit is not None or self.period is not None


def _change(suspect: Suspect, cell: Cell, value: float, text: str | None = None) -> Change | None:
    """Return the change; None where the field cannot hold the value."""
    field = suspect.project.forms[cell.form].field_by_name[cell.field]
    if field.type == "integer" and value != round(value):
        return None
    return Change(cell, value, format_value(float(value)) if text is None else text)


def _scaled(suspect: Suspect, cell: Cell, power: float) -> Change | None:
    value = suspect.value(cell)
    if pd.isna(value) or value == 0:
        return None
    written = _as_number(suspect.text(cell))
    text = None if written is None else format_value(float(written * power))
    return _change(suspect, cell, round(value * power, 6), text)


def _as_number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text.replace(",", ""))
    except ValueError:
        return None


def _edits_of_scale(
    suspect: Suspect,
    cells: Sequence[Cell],
    divided: CauseKind = "divided",
    multiplied: CauseKind = "multiplied",
) -> Iterator[Edit]:
    """The same slip in all of the cells."""
    for factor in _FACTORS:
        powers: tuple[tuple[CauseKind, float], ...] = ((divided, 1 / factor), (multiplied, factor))
        for kind, power in powers:
            changes = [_scaled(suspect, cell, power) for cell in cells]
            whole = tuple(change for change in changes if change is not None)
            if len(whole) == len(changes):
                yield Edit(kind, whole, factor=factor)


def _edits_of_sign(suspect: Suspect, cell: Cell) -> Iterator[Edit]:
    value, written = suspect.value(cell), _as_number(suspect.text(cell))
    if value < 0 and written is not None:
        change = _change(suspect, cell, -value, format_value(-written))
        if change is not None:
            yield Edit("negated", (change,))


def _edits_of_columns(suspect: Suspect, cells: Sequence[Cell]) -> Iterator[Edit]:
    """A unit of measure that slipped in a whole column."""
    for form, field in dict.fromkeys((cell.form, cell.field) for cell in cells):
        marked = sum((cell.form, cell.field) == (form, field) for cell in suspect.cells)
        if marked >= _LEAST_OF_A_COLUMN:
            column = suspect.rows(form)[field]
            filled = column.index[column.notna() & (column != 0)]
            whole = [Cell(form, int(row), field) for row in filled]
            yield from _edits_of_scale(suspect, whole, "column_divided", "column_multiplied")


def _edits_since_january(suspect: Suspect, cell: Cell) -> Iterator[Edit]:
    """The month's cell and the one since January hold the same although there were months before."""
    form = suspect.project.forms[cell.form]
    pair = next((f for f in form.fields if f.ytd_of is not None and cell.field in (f.name, f.ytd_of)), None)
    if pair is None or pair.ytd_of is None or suspect.period.endswith("-01"):
        return
    month, since_january = cell._replace(field=pair.ytd_of), cell._replace(field=pair.name)
    value, before = suspect.value(month), _last_months(suspect, form, since_january)
    if value != suspect.value(since_january) or not before > 0:
        return
    kind: CauseKind = "month_from_since_january" if value >= before else "since_january_from_month"
    target, right = (month, value - before) if value >= before else (since_january, value + before)
    written = _as_number(suspect.text(month))
    if written is None or value == 0:
        return
    # What is written may be in another unit of measure than the value.
    change = _change(suspect, target, round(right, 6), format_value(right * written / value))
    if change is not None:
        yield Edit(kind, (change,))


def _last_months(suspect: Suspect, form: Form, cell: Cell) -> float:
    keys: list[Any] = [suspect.rows(form.name)[field.name].get(cell.sheet_row) for field in form.key_fields]
    found: Any = suspect.last_month(form)[cell.field].get(tuple(keys) if len(keys) > 1 else keys[0])
    return float("nan") if found is None else float(found)


def _run(form: Form, field: str) -> list[Field]:
    """The neighbouring columns with numbers that a field stands among."""
    run: list[Field] = []
    for candidate in form.fields:
        if is_number(candidate):
            run.append(candidate)
        elif any(f.name == field for f in run):
            break
        else:
            run = []
    return run


def _edits_of_order(suspect: Suspect, cell: Cell) -> Iterator[Edit]:
    """Neighbouring columns were exchanged, or the row's numbers stand one column away from theirs."""
    form = suspect.project.forms[cell.form]
    run = _run(form, cell.field)
    for left, right in pairwise(run):
        if cell.field in (left.name, right.name):
            yield from _moved(suspect, cell, "swapped", {left.name: right.name, right.name: left.name})
    yield from _edits_of_shift(suspect, cell, form, [field.name for field in run])


def _edits_of_shift(suspect: Suspect, cell: Cell, form: Form, run: list[str]) -> Iterator[Edit]:
    """A cell too many leaves its own blank and pushes the last number out of the run; one too few leaves the last blank."""
    texts = suspect.texts(cell)
    names = [field.name for field in form.fields]
    after = names[names.index(run[-1]) + 1 :][:1]
    for start, name in enumerate(run[:-1]):
        line = [*run[start:], *(after if after and _as_number(texts.get(after[0])) is not None else [])]
        if name not in texts:
            yield from _moved(suspect, cell, "shifted_left", {**dict(pairwise(line)), line[-1]: None})
        if run[-1] not in texts:
            back = {right: left for left, right in pairwise(run[start:])}
            yield from _moved(suspect, cell, "shifted_right", {name: None, **back})


def _moved(suspect: Suspect, cell: Cell, kind: CauseKind, sources: dict[str, str | None]) -> Iterator[Edit]:
    """The row with fields that take what stands in other fields of it, None for nothing."""
    changes: list[Change] = []
    for target, source in sources.items():
        change = _taken(suspect, cell._replace(field=target), source)
        if change is None:
            return
        if change.text != suspect.text(change.cell):
            changes.append(change)
    if changes:
        yield Edit(kind, tuple(changes))


def _taken(suspect: Suspect, target: Cell, source: str | None) -> Change | None:
    text = None if source is None else suspect.text(target._replace(field=source))
    if source is None or text is None:
        return Change(target, None, None)
    field = suspect.project.forms[target.form].field_by_name[source]
    value = suspect.value(target._replace(field=source)) if is_number(field) else float("nan")
    number = _as_number(text) if pd.isna(value) else value
    return None if number is None else _change(suspect, target, number, text)


def _edits_of_own_code(suspect: Suspect) -> Iterator[Edit]:
    """Another unit's code in a row of its own."""
    units = suspect.project.code_lists["units"].by_code
    for finding in suspect.findings:
        form = suspect.project.forms.get(finding["form"] or "")
        field = None if form is None else form.field_by_name.get(finding["field"] or "")
        if field is not None and field.code_list == "units" and finding["value"] in units:
            cell = Cell(finding["form"], int(finding["sheet_row"]), field.name)
            yield Edit("own_code", (Change(cell, suspect.unit, suspect.unit),))


def _edits_of_units(suspect: Suspect) -> Iterator[Edit]:
    """Another unit of measure, where the clerk chose one."""
    places = dict.fromkeys((cell.form, cell.sheet_row) for cell in suspect.cells)
    places |= dict.fromkeys(
        (f["form"], int(f["sheet_row"])) for f in suspect.findings if f["rule"] == "unit_of_measure_is_known"
    )
    for name, row in list(places)[:MOST_CELLS]:
        form = suspect.project.forms[name]
        for unit_field in dict.fromkeys(f.unit_field for f in form.fields if f.unit_field is not None):
            cell = Cell(name, row, unit_field)
            if suspect.text(cell) is not None:
                measured = [f for f in form.fields if f.unit_field == unit_field]
                yield from _edits_of_unit(suspect, cell, measured)


def _edits_of_unit(suspect: Suspect, cell: Cell, measured: Sequence[Field]) -> Iterator[Edit]:
    units = suspect.project.code_lists["measurement_units"]
    chosen = units.by_code.get(units.by_text.get(suspect.text(cell) or "", ""))
    own = units.by_code.get(measured[0].unit or "", chosen)
    if own is None:
        return
    if chosen is not None and chosen.attributes["dimension"] != own.attributes["dimension"]:
        chosen = None
    for unit in units.codes:
        is_alike = unit.attributes["dimension"] == own.attributes["dimension"]
        if is_alike and (chosen is None or unit.attributes["factor"] != chosen.attributes["factor"]):
            changes = [Change(cell, unit.attributes["base_unit"], unit.label_zh)]
            for field in measured:
                amount = cell._replace(field=field.name)
                number = _as_number(suspect.text(amount))
                if number is not None:
                    value = number * float(unit.attributes["factor"])
                    changes.append(Change(amount, value, suspect.text(amount)))
            yield Edit("unit_of_measure", tuple(changes), typed=1)


def edits_of(suspect: Suspect) -> list[Edit]:
    """List the edits to try, at most MOST_EDITS, of the MOST_CELLS most suspected cells."""
    cells = suspect.cells[:MOST_CELLS]
    edits = [*_edits_of_own_code(suspect), *_edits_of_units(suspect), *_edits_of_columns(suspect, cells)]
    for cell in cells:
        edits += _edits_of_sign(suspect, cell)
        edits += _edits_since_january(suspect, cell)
        edits += _edits_of_scale(suspect, [cell])
        edits += _edits_of_order(suspect, cell)
    return list(dict.fromkeys(edits))[:MOST_EDITS]
