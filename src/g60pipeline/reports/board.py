"""The status board: who has sent what for a month and the months before, on one offline page.

Belongs here: rows, tiles and counts. Not here: the states themselves (warehouse.timeliness), words, layout and
colours (assets/reports/board/), reading the warehouse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.deadlines import ANY, Opening
from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project
from g60pipeline.reports.numbers import format_percent
from g60pipeline.reports.pages import read_words, render

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
MONTHS_SHOWN = 12
# From worst to best: a tile that stands for several forms shows the first of these that it holds.
STATES = (
    "overdue", "returned_overdue", "missing", "returned", "not_owed", "received", "awaited", "late", "in_grace", "on_time",
)  # fmt: skip
_COUNTED = ("received", "accepted", "on_time", "in_grace", "late", "returned", "missing", "overdue")
_FINE = {"awaited", "late", "in_grace", "on_time"}


@dataclass(frozen=True)
class BoardData:
    """A month's board.

    `status`: rows of `read_form_status` for the month and the months before. `contents`: rows of `read_contents` for
    the month. `links`: unit → relative address of its feedback folder, where there is one. `at`: the instant, UTC.
    """

    project: Project
    period: str
    at: datetime
    status: pd.DataFrame
    contents: pd.DataFrame
    openings: tuple[Opening, ...]
    is_synthetic: bool
    run_id: str
    links: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Tile:
    """A state to be drawn. `is_corrected_in_vain`: accepted, but the last correction was returned."""

    state: str
    accepted: int
    expected: int
    is_corrected_in_vain: bool


@dataclass(frozen=True)
class Line:
    """A unit's tiles, one per column; None where nothing is owed and nothing came."""

    code: str
    unit: Text
    tiles: tuple[Tile | None, ...]
    is_fine: bool


@dataclass(frozen=True)
class Detail:
    """A unit's forms of the month, with what is behind each tile."""

    code: str
    unit: Text
    tile: Tile
    rows: tuple[Row, ...]
    link: str | None
    is_fine: bool


@dataclass(frozen=True)
class Count:
    """How many forms; `share` of those expected, `is_error` where it is beyond 100 %, which is shown and never cut."""

    name: str
    value: int
    share: str
    is_error: bool


@dataclass(frozen=True)
class Schedule:
    """The three days that some forms have in common."""

    due: date
    grace_end: date
    lock: date
    forms: tuple[Text, ...]


def build_board(data: BoardData) -> str:
    """Return the board as one HTML page that needs nothing but a browser. KeyError for a state without a word."""
    return render("board/template.html.j2", _context(data), read_words("board"))


def months_of_board(period: str) -> tuple[str, ...]:
    """Return the months that the board of a month shows, oldest first."""
    last = Period.parse(period)
    return tuple(month.key for month in period_range(last.plus(1 - MONTHS_SHOWN), last))


def _context(data: BoardData) -> dict[str, Any]:
    records = _records(data.status)
    of_month = [row for row in records if row["period"] == data.period]
    sent = {row["form"] for row in of_month}
    owed = dict.fromkeys(obligation.form for obligation in data.project.obligations)
    forms = [name for name in {**owed, **dict.fromkeys(data.project.forms)} if name in sent]
    months = months_of_board(data.period)
    units = _units(data.project, of_month)
    return {
        "data": data,
        "forms": [data.project.forms[name].title for name in forms],
        "months": months,
        "states": STATES[::-1],
        "counts": tuple(_counts(of_month)),
        "schedules": _schedules(data.project, of_month),
        "form_lines": [_line(data.project, unit, _by(of_month, unit, "form"), forms) for unit in units],
        "month_lines": [
            _line(data.project, unit, _by(records, unit, "period"), months)
            for unit in _units(data.project, [row for row in records if row["period"] in months])
        ],
        "details": [_detail(data, unit, _by(of_month, unit, "form"), forms) for unit in units],
        "openings": [
            _opening(data.project, opening) for opening in data.openings if _touches(opening, data.period)
        ],
    }


def _records(frame: pd.DataFrame) -> list[Row]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def _units(project: Project, rows: Sequence[Row]) -> list[str]:
    """Units of the rows, in the order of the code list; one that is not listed comes last."""
    found = {row["reporting_unit_code"] for row in rows}
    listed = [code.code for code in project.code_lists["units"].codes if code.code in found]
    return [*listed, *sorted(found - set(listed))]


def _unit_label(project: Project, code: str) -> Text:
    listed = project.code_lists["units"].by_code.get(code)
    return Text(zh=code, en=code) if listed is None else Text(zh=listed.label_zh, en=listed.label_en)


def _by(rows: Sequence[Row], unit: str, column: str) -> dict[str, list[Row]]:
    """The unit's rows by form or by month."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["reporting_unit_code"] == unit:
            found.setdefault(row[column], []).append(row)
    return found


def _tile(rows: Sequence[Row]) -> Tile:
    return Tile(
        state=min((row["state"] for row in rows), key=STATES.index),
        accepted=sum(bool(row["is_accepted"] and row["is_expected"]) for row in rows),
        expected=sum(bool(row["is_expected"]) for row in rows),
        is_corrected_in_vain=any(_is_corrected_in_vain(row) for row in rows),
    )


def _is_corrected_in_vain(row: Row) -> bool:
    return bool(row["is_accepted"]) and row["last_status"] in (
        "returned",
        "awaiting_explanation",
        "unreadable",
        "refused",
    )


def _line(project: Project, unit: str, found: dict[str, list[Row]], columns: Sequence[str]) -> Line:
    tiles = tuple(_tile(found[name]) if name in found else None for name in columns)
    is_fine = all(tile is None or tile.state in _FINE for tile in tiles)
    return Line(unit, _unit_label(project, unit), tiles, is_fine)


def _detail(data: BoardData, unit: str, found: dict[str, list[Row]], forms: Sequence[str]) -> Detail:
    contents = {
        row["form"]: row for row in _records(data.contents) if row["reporting_unit_code"] == unit
        and row["period"] == data.period
    }  # fmt: skip
    rows = [
        {**row, "title": data.project.forms[name].title, "tile": _tile([row]), "content": contents.get(name)}
        for name in forms
        for row in found.get(name, ())
    ]
    tile = _tile(rows)
    return Detail(
        unit, _unit_label(data.project, unit), tile, tuple(rows), data.links.get(unit), tile.state in _FINE
    )


def _counts(rows: Sequence[Row]) -> Iterator[Count]:
    expected = sum(bool(row["is_expected"]) for row in rows)
    yield Count("expected", expected, "", False)
    flags = [
        {"received": row["is_received"], "accepted": row["is_accepted"], row["timing"] or "": True,
         "returned": row["is_returned"], "missing": row["is_missing"], "overdue": row["is_overdue"]}
        for row in rows
    ]  # fmt: skip
    for name in _COUNTED:
        value = sum(bool(flag.get(name)) for flag in flags)
        share = format_percent(value / expected, 1) if expected else ""
        yield Count(name, value, share, value > expected)


def _schedules(project: Project, rows: Sequence[Row]) -> list[Schedule]:
    """Forms by their three days, earliest first."""
    found: dict[tuple[date, date, date], dict[str, None]] = {}
    for row in rows:
        if row["is_expected"]:
            days = (row["due_date"], row["grace_end_date"], row["lock_date"])
            found.setdefault(days, {})[row["form"]] = None
    return [
        Schedule(*days, tuple(project.forms[name].title for name in names))
        for days, names in sorted(found.items())
    ]


def _touches(opening: Opening, period: str) -> bool:
    return opening.first_period <= period <= opening.last_period


def _opening(project: Project, opening: Opening) -> Row:
    titles = project.forms
    return {
        "opening": opening,
        "unit": None if opening.unit_code == ANY else _unit_label(project, opening.unit_code),
        "form": None
        if opening.form == ANY
        else titles[opening.form].title
        if opening.form in titles
        else opening.form,
    }
