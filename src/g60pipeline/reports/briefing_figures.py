"""Figures as sentences, marks and coverage notes.

Belongs here: what a reading says to a reader. Not here: the words (texts.yaml), layout (template), charts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP
from typing import Literal

from markupsafe import Markup, escape

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.project import Project
from g60pipeline.reports.briefing_data import FigureReading
from g60pipeline.reports.briefing_texts import BriefingTexts, both
from g60pipeline.reports.numbers import format_number, format_percent, unit_label

Mark = Literal["met", "not_met", "no_reference", "withheld", "no_value", "missing"]
# A lowest value that is rounded up would promise more than the lowest has; likewise a highest.
_ROUNDING = {"min": ROUND_FLOOR, "max": ROUND_CEILING, None: ROUND_HALF_UP}
_SHOWN = ("published", "at_least")


@dataclass(frozen=True)
class FigureLine:
    """A figure on the page. `published` is given where ours disagrees, `read_at` where it is read at another month."""

    id: str
    indicator: str
    mark: Mark
    sentence: Markup
    coverage: Markup
    may_count_twice: bool
    published: Markup | None
    read_at: str | None


@dataclass(frozen=True)
class KeyNumber:
    """A number of the strip; `value` is None where it is not shown."""

    measure: Text
    value: Markup | None
    unit: Text
    status: Text


@dataclass(frozen=True)
class CoverageLine:
    """A figure that does not rest on every unit, or has no value to show."""

    name: Markup
    reporting: str
    weighted: str
    status: Text


class FigureWriter:
    """Words readings with the page's texts and the project's labels."""

    def __init__(self, project: Project, texts: BriefingTexts, period: str) -> None:
        """Keep what every sentence needs."""
        self._project = project
        self._texts = texts
        self._words = texts.words
        self._period = period

    def line(self, reading: FigureReading) -> FigureLine:
        """Return the figure as the page shows it."""
        figure, mark = reading.figure, mark_of(reading)
        return FigureLine(
            id=figure.id,
            indicator=figure.read.indicator,
            mark=mark,
            sentence=self._sentence(reading),
            coverage=self._coverage(reading),
            may_count_twice=self._project.indicators[figure.read.indicator].may_count_twice,
            published=self._published(reading) if mark == "not_met" else None,
            read_at=figure.read.period if figure.read.period != self._period else None,
        )

    def key_number(self, reading: FigureReading) -> KeyNumber:
        """Return the figure for the strip."""
        units = self._project.code_lists["measurement_units"]
        value = both(self._value(reading)) if is_shown(reading) else None
        unit = unit_label(units, reading.figure.unit)
        return KeyNumber(reading.figure.measure, value, unit, self._words[f"status_{reading.status}"])

    def coverage_line(self, reading: FigureReading) -> CoverageLine:
        """Return the figure's coverage for the notes."""
        ratio = reading.coverage_ratio
        return CoverageLine(
            name=both(self._words["not_shown_name"], subject=self._subject(reading), measure=reading.figure.measure),
            reporting=f"{reading.reporting_unit_count}/{reading.expected_unit_count}",
            weighted="–" if ratio is None else format_percent(ratio, 1, ROUND_FLOOR),
            status=self._words[f"status_{reading.status}"],
        )

    def _coverage(self, reading: FigureReading) -> Markup:
        counts = {"reporting": reading.reporting_unit_count, "expected": reading.expected_unit_count}
        return both(self._words["units_covered"], **counts)

    def _value(self, reading: FigureReading) -> Text:
        assert reading.ours is not None
        figure = reading.figure
        number = format_number(reading.ours, figure.decimals, _ROUNDING[figure.read.over])
        if reading.status != "at_least":
            return Text(zh=number, en=number)
        words = self._words["at_least"]
        return Text(zh=words.zh.format(value=number), en=words.en.format(value=number))

    def _sentence(self, reading: FigureReading) -> Markup:
        if not is_shown(reading):
            return self._absence(reading)
        value = self._value(reading)
        emphasised = {language: Markup("<b>{}</b>").format(getattr(value, language)) for language in ("zh", "en")}
        sentence = reading.figure.sentence
        filled = {k: escape(getattr(sentence, k)).replace("{value}", v) for k, v in emphasised.items()}
        return Markup('<span lang="zh-CN">{zh}</span><span lang="en">{en}</span>').format(**filled)

    def _absence(self, reading: FigureReading) -> Markup:
        status = reading.status if f"status_{reading.status}" in self._words else "no_value"
        reason = self._words[f"status_{status}"]
        measure = reading.figure.measure
        return both(self._words["not_shown"], subject=self._subject(reading), measure=measure, reason=reason)

    def _subject(self, reading: FigureReading) -> Text:
        figure, lists = reading.figure, self._project.code_lists
        code = figure.cluster or figure.unit_code
        found = lists["clusters" if figure.cluster else "units"].by_code.get(code or "")
        if found is None:
            return Text(zh="", en="")
        words = self._words["of_subject"]
        return Text(zh=words.zh.format(subject=found.label_zh), en=words.en.format(subject=found.label_en))

    def _published(self, reading: FigureReading) -> Markup:
        figure = reading.figure
        value = format_number(figure.value, figure.decimals)
        compared = self._words[f"comparator_{figure.comparator}"]
        filled = Text(zh=compared.zh.format(value=value), en=compared.en.format(value=value))
        return both(self._words["published_value"], value=filled)
