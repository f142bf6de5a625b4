"""Figures as sentences, marks and coverage notes.

Belongs here: what a reading says to a reader. Not here: the words (texts.yaml), layout (template), charts.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP

from markupsafe import Markup, escape

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.project import Project
from g60pipeline.reports.briefing_data import FigureReading
from g60pipeline.reports.briefing_texts import both, fill, side_by_side
from g60pipeline.reports.numbers import format_number, format_percent, unit_label

# A lowest value that is rounded up would promise more than the lowest has; likewise a highest.
_ROUNDING = {"min": ROUND_FLOOR, "max": ROUND_CEILING, None: ROUND_HALF_UP}
_SHOWN = ("published", "at_least")


@dataclass(frozen=True)
class FigureLine:
    """A figure on the page. `published`: where ours disagrees; `read_at`: where another month is read."""

    id: str
    indicator: str
    mark: str
    sentence: Markup
    coverage: Markup
    may_count_twice: bool
    published: Markup | None
    read_at: str | None


@dataclass(frozen=True)
class KeyNumber:
    """A number of the strip; where there is no value, `absence` says why."""

    measure: Text
    value: Markup | None
    unit: Text
    absence: Text | None


@dataclass(frozen=True)
class CoverageLine:
    """A figure that does not rest on every unit, or has no value to show."""

    name: Markup
    reporting: str
    weighted: str
    status: Text


def mark_of(reading: FigureReading) -> str:
    """Say what to make of the value: met, not_met, no_reference, or the status that keeps it off the page."""
    status = _status(reading)
    if status not in _SHOWN:
        return status
    return "no_reference" if reading.met is None else "met" if reading.met else "not_met"


def _status(reading: FigureReading) -> str:
    """Return the status. What is published without a value has none; a withheld value is not looked at."""
    return "no_value" if reading.status in _SHOWN and reading.ours is None else reading.status


def is_partial(reading: FigureReading) -> bool:
    """Say whether a value rests on less than every unit, or is not shown."""
    is_covered = reading.coverage_ratio is None or _coverage(reading.coverage_ratio) >= 1
    has_all = reading.reporting_unit_count >= reading.expected_unit_count
    return _status(reading) != "published" or not (is_covered and has_all)


def _coverage(ratio: float) -> float:
    """A sum of weights over itself may end a hair below one."""
    return round(ratio, 9)


class FigureWriter:
    """Words readings with the page's texts and the project's labels."""

    def __init__(self, project: Project, words: dict[str, Text], period: str) -> None:
        self._project = project
        self._words = words
        self._period = period

    def line(self, reading: FigureReading) -> FigureLine:
        """Return the figure as the page shows it."""
        figure, mark = reading.figure, mark_of(reading)
        counts = {"reporting": reading.reporting_unit_count, "expected": reading.expected_unit_count}
        return FigureLine(
            id=figure.id,
            indicator=figure.read.indicator,
            mark=mark,
            sentence=self._sentence(reading),
            coverage=both(self._words["units_covered"], **counts),
            may_count_twice=self._project.indicators[figure.read.indicator].may_count_twice,
            published=self._published(reading) if mark == "not_met" else None,
            read_at=figure.read.period if figure.read.period != self._period else None,
        )

    def key_number(self, reading: FigureReading) -> KeyNumber:
        """Return the figure for the strip."""
        unit = unit_label(self._project.code_lists["measurement_units"], reading.figure.unit)
        if _status(reading) in _SHOWN:
            return KeyNumber(reading.figure.measure, both(self._value(reading)), unit, None)
        return KeyNumber(reading.figure.measure, None, unit, self._words[f"mark_{_status(reading)}"])

    def coverage_line(self, reading: FigureReading) -> CoverageLine:
        """Return the figure's coverage for the notes."""
        ratio = reading.coverage_ratio
        return CoverageLine(
            name=both(self._words["named"], subject=self._subject(reading), measure=reading.figure.measure),
            reporting=f"{reading.reporting_unit_count}/{reading.expected_unit_count}",
            weighted="–" if ratio is None else format_percent(_coverage(ratio), 1, ROUND_FLOOR),
            status=self._words[f"status_{_status(reading)}"],
        )

    def _value(self, reading: FigureReading) -> Text:
        assert reading.ours is not None
        figure = reading.figure
        number = format_number(reading.ours, figure.decimals, _ROUNDING[figure.read.over])
        same = Text(zh=number, en=number)
        return fill(self._words["at_least"], value=number) if reading.status == "at_least" else same

    def _sentence(self, reading: FigureReading) -> Markup:
        if _status(reading) not in _SHOWN:
            reason = self._words[f"status_{_status(reading)}"]
            named = {"subject": self._subject(reading), "measure": reading.figure.measure}
            return both(self._words["not_shown"], **named, reason=reason)
        value = self._value(reading)
        emphasis = Markup("<b>{}</b>")
        sentence = reading.figure.sentence
        return side_by_side(
            escape(sentence.zh).replace("{value}", emphasis.format(value.zh)),
            escape(sentence.en).replace("{value}", emphasis.format(value.en)),
        )

    def _subject(self, reading: FigureReading) -> Text:
        figure, lists = reading.figure, self._project.code_lists
        codes = lists["clusters" if figure.cluster else "units"].by_code
        found = codes.get(figure.cluster or figure.unit_code or "")
        if found is None:
            return Text(zh="", en="")
        return fill(self._words["of_subject"], subject=Text(zh=found.label_zh, en=found.label_en))

    def _published(self, reading: FigureReading) -> Markup:
        figure = reading.figure
        value = format_number(figure.value, figure.decimals)
        compared = fill(self._words[f"comparator_{figure.comparator}"], value=value)
        return both(self._words["published_value"], value=compared)
