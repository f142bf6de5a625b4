"""The monthly briefing: one offline page from plain data.

Belongs here: what stands on the page and in which order. Not here: sentences (briefing_figures.py), charts
(briefing_charts.py, briefing_revenue.py), words and layout (assets/reports/briefing/), reading the
warehouse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from g60pipeline.contracts.base import Text
from g60pipeline.reports.briefing_charts import build_coverage_chart, build_share_chart
from g60pipeline.reports.briefing_data import BriefingData, FigureReading
from g60pipeline.reports.briefing_figures import FigureLine, FigureWriter, is_partial
from g60pipeline.reports.briefing_revenue import GROWTH_HEIGHT, REVENUE_HEIGHT, build_revenue_chart
from g60pipeline.reports.briefing_texts import BriefingTexts, both, fill, find_briefing_folder, read_texts

_SENT_BACK = ("returned", "awaiting_explanation")
_UNREAD = ("unreadable", "refused")


@dataclass(frozen=True)
class Group:
    """A titled group of figures."""

    title: Text
    lines: tuple[FigureLine, ...]


@dataclass(frozen=True)
class ReturnLine:
    """A unit without an accepted return. `more_count`: critical findings beyond those quoted."""

    unit: Text
    state: str
    submission_count: int
    critical_count: int
    reasons: tuple[Text, ...]
    more_count: int


def build_briefing(data: BriefingData) -> str:
    """Return the month's briefing as one HTML page that needs nothing but a browser.

    Raises KeyError for a status or state that the catalogue has no word for, ContractError for a faulty
    catalogue.
    """
    folder = find_briefing_folder()
    texts = read_texts(folder / "texts.yaml")
    template = _environment(folder).get_template("template.html.j2")
    return template.render(_context(data, texts), t=partial(_word, texts))


@cache
def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _word(texts: BriefingTexts, key: str, **quoted: object) -> Markup:
    return both(texts.words[key], **quoted)


def _context(data: BriefingData, texts: BriefingTexts) -> dict[str, Any]:
    writer = FigureWriter(data.project, texts.words, data.period)
    readings = {reading.figure.id: reading for reading in data.figures}
    return {
        "data": data,
        "texts": texts,
        "both": both,
        "fill": fill,
        "key_numbers": [writer.key_number(readings[name]) for name in texts.key_figures if name in readings],
        "groups": tuple(_groups(data.figures, texts, writer)),
        "compared_count": sum(reading.met is not None for reading in data.figures),
        "met_count": sum(reading.met is True for reading in data.figures),
        "charts": {
            "share": build_share_chart(data.project, data.values, data.period),
            "coverage": build_coverage_chart(data.project, data.values, data.period),
            "revenue": build_revenue_chart(data.values, data.period),
        },
        "heights": {"revenue": REVENUE_HEIGHT, "growth": GROWTH_HEIGHT},
        "partial_lines": [writer.coverage_line(reading) for reading in data.figures if is_partial(reading)],
        "counts": _return_counts(data),
        "return_lines": tuple(_return_lines(data, texts)),
    }


def _groups(
    readings: tuple[FigureReading, ...], texts: BriefingTexts, writer: FigureWriter
) -> Iterator[Group]:
    grouped = {name for section in texts.sections for name in section.indicators}
    for section in texts.sections:
        yield Group(
            section.title,
            tuple(writer.line(r) for r in readings if r.figure.read.indicator in section.indicators),
        )
    yield Group(
        texts.other, tuple(writer.line(r) for r in readings if r.figure.read.indicator not in grouped)
    )


def _return_counts(data: BriefingData) -> dict[str, int]:
    states = list(data.returns["state"])
    is_again = (data.returns["state"] == "accepted") & (data.returns["submission_count"] > 1)
    return {
        "expected": len(states),
        "accepted": states.count("accepted"),
        "returned": sum(states.count(state) for state in _SENT_BACK),
        "unreadable": sum(states.count(state) for state in _UNREAD),
        "missing": states.count("missing"),
        "received": states.count("received"),
        "resubmitted": list(is_again).count(True),
    }


def _return_lines(data: BriefingData, texts: BriefingTexts) -> Iterator[ReturnLine]:
    for row in data.returns.loc[data.returns["state"] != "accepted"].to_dict("records"):
        messages = [Text(zh=zh, en=en) for zh, en in zip(row["messages_zh"], row["messages_en"], strict=True)]
        yield ReturnLine(
            unit=Text(zh=row["label_zh"], en=row["label_en"]),
            state=row["state"],
            submission_count=int(row["submission_count"]),
            critical_count=int(row["critical_count"]),
            reasons=tuple(messages) or (texts.words[f"reason_{row['state']}"],),
            more_count=max(0, int(row["critical_count"]) - len(messages)) if messages else 0,
        )
