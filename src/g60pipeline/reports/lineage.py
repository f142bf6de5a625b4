"""The lineage page: form fields → marts → indicators → scorecards and published figures, on one offline page.

Belongs here: which column stands in which lane under which name. Not here: the links themselves (indicators.lineage),
words, layout and the script (assets/reports/lineage/).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from markupsafe import Markup

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.lineage import CARRYING, Layer, Lineage, Node
from g60pipeline.contracts.project import Project
from g60pipeline.reports.pages import find_reports_folder, read_words, render
from g60pipeline.reports.scripts import script_hash

_LANES: tuple[tuple[str, tuple[Layer, ...]], ...] = (
    ("sources", ("form", "ledger")),
    ("marts", ("mart",)),
    ("indicators", ("indicator",)),
    ("outputs", ("scorecard", "figure")),
)


class Row(NamedTuple):
    """A column. `is_given`: a form's table has it beside the form's own fields."""

    node: Node
    label: Text
    is_given: bool


class Card(NamedTuple):
    """A table's columns."""

    layer: Layer
    title: Text
    code: str
    rows: tuple[Row, ...]


class Lane(NamedTuple):
    """Cards that stand below each other."""

    name: str
    cards: tuple[Card, ...]

    @property
    def column_count(self) -> int:
        """Columns in the lane."""
        return sum(len(card.rows) for card in self.cards)


def build_lineage_page(project: Project, lineage: Lineage, dictionary: str | None = None) -> str:
    """Return the page as one HTML file; `dictionary` is the address of the dictionary beside it, if there is one."""
    words = read_words("lineage")
    lanes = _lanes(project, lineage, words)
    script = (find_reports_folder() / "lineage" / "script.js").read_text(encoding="utf-8")
    context = {
        "lanes": lanes,
        "links": Markup(_links(lineage, lanes)),
        "dictionary": dictionary,
        "anchors": {"form": "field-{}-{}", "mart": "column-{}-{}", "indicator": "indicator-{1}", "figure": "figure-{1}",
                    "scorecard": "scorecard-{0}"},
        "rules_version": project.rules_version,
        "script": Markup(script),
        "script_hash": script_hash(script),
    }  # fmt: skip
    return render("lineage/template.html.j2", context, words)


def _links(lineage: Lineage, lanes: Iterable[Lane]) -> str:
    """Links as `[source, target, carries]`, columns counted in the page's order; fit to stand inside a script element."""
    rows = [row.node for lane in lanes for card in lane.cards for row in card.rows]
    number = {node: position for position, node in enumerate(rows)}
    carries: dict[tuple[int, int], int] = {}
    for link in lineage.links:
        ends = (number[link.source], number[link.target])
        carries[ends] = max(carries.get(ends, 0), int(link.role in CARRYING))
    return json.dumps([[*ends, carried] for ends, carried in carries.items()], separators=(",", ":"))


def _lanes(project: Project, lineage: Lineage, words: dict[str, Text]) -> tuple[Lane, ...]:
    cards = {
        "form": _forms(project, lineage, words),
        "ledger": _ledgers(lineage),
        "mart": _marts(project),
        "indicator": _themes(project),
        "scorecard": _scorecards(project),
        "figure": _figures(project),
    }
    return tuple(
        Lane(name, tuple(card for layer in layers for card in cards[layer] if card.rows))
        for name, layers in _LANES
    )


def _forms(project: Project, lineage: Lineage, words: dict[str, Text]) -> list[Card]:
    cards: list[Card] = []
    for form in (project.cover, *project.forms.values()):
        fields = tuple(
            Row(
                Node("form", form.name, field.name),
                Text(zh=field.heading, en=field.name.replace("_", " ")),
                False,
            )
            for field in form.fields
        )
        cards.append(Card("form", form.title, form.name, (*fields, *_given(form, lineage, words))))
    return cards


def _given(form: Form, lineage: Lineage, words: dict[str, Text]) -> list[Row]:
    names = sorted(
        node.name for node in lineage.nodes if node[:2] == ("form", form.name)
    )  # fmt: skip
    return [
        Row(
            Node("form", form.name, name),
            words.get(f"given_{name}", Text(zh=name, en=name.replace("_", " "))),
            True,
        )
        for name in names
        if name not in form.field_by_name
    ]


def _ledgers(lineage: Lineage) -> list[Card]:
    tables: dict[str, list[Node]] = {}
    for node in sorted(lineage.nodes):
        if node.layer == "ledger":
            tables.setdefault(node.table, []).append(node)
    return [
        Card(
            "ledger",
            Text(zh=table, en=table),
            "",
            tuple(Row(node, Text(zh=node.name, en=node.name), False) for node in nodes),
        )
        for table, nodes in tables.items()
    ]


def _marts(project: Project) -> list[Card]:
    return [
        Card(
            "mart",
            mart.title,
            mart.name,
            tuple(
                Row(Node("mart", mart.name, name), column.description, False)
                for name, column in mart.columns.items()
            ),
        )
        for mart in project.marts.values()
    ]


def _themes(project: Project) -> list[Card]:
    return [
        Card(
            "indicator",
            file.title,
            file.theme,
            tuple(
                Row(Node("indicator", file.theme, indicator.id), indicator.label, False)
                for indicator in file.indicators
            ),
        )
        for file in project.indicator_files
    ]


def _scorecards(project: Project) -> list[Card]:
    return [
        Card(
            "scorecard",
            card.title,
            card.name,
            tuple(
                Row(Node("scorecard", card.name, name), project.indicators[name].label, False)
                for name in card.time
            ),
        )
        for card in project.scorecards
    ]


def _figures(project: Project) -> list[Card]:
    if project.figures is None:
        return []
    rows = tuple(
        Row(Node("figure", "published", figure.id), figure.measure, False)
        for figure in project.figures.figures
    )
    return [Card("figure", project.figures.title, "published", rows)]
