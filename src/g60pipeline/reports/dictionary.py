"""The data dictionary's content: what stands in it, from contracts, definitions and lineage.

Belongs here: the entries' shapes, how they refer to each other, and putting the areas together. Not here: any one area
(dictionary_forms.py, dictionary_indicators.py, dictionary_published.py), pages (dictionary_pages.py), words and layout
(assets/reports/dictionary/).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.codelists import Code
from g60pipeline.contracts.forms import Field, Form
from g60pipeline.contracts.indicators import Figure, Indicator, Mart, MartColumn, Scorecard
from g60pipeline.contracts.lineage import CARRYING, Formula, Formulas, Lineage, Node
from g60pipeline.contracts.odcs import Severity
from g60pipeline.contracts.project import Project
from g60pipeline.reports.briefing_texts import fill
from g60pipeline.reports.numbers import unit_label
from g60pipeline.reports.pages import read_words

Area = Literal[
    "forms", "codelists", "rules", "indicators", "marts", "scorecards", "figures", "published"
]  # fmt: skip


class Ref(NamedTuple):
    """A place in the dictionary, and what it is called. `code`: how a machine calls it."""

    area: Area
    anchor: str
    label: Text
    code: str = ""


class Fact(NamedTuple):
    """What something is: a name in the catalogue, and the text."""

    name: str
    text: Text


class Owed(NamedTuple):
    """Units that owe a form on the same days."""

    days: Text
    units: tuple[Text, ...]


class FieldEntry(NamedTuple):
    """A field of a form. `facts`: type, unit, kind of measure, bounds, as texts."""

    ref: Ref
    field: Field
    facts: tuple[Text, ...]
    code_list: Ref | None
    rules: tuple[Ref, ...]
    indicators: tuple[Ref, ...]


class FormEntry(NamedTuple):
    """A form with its fields; the cover is owed with every return."""

    ref: Ref
    form: Form
    grain: Text
    owed: tuple[Owed, ...]
    fields: tuple[FieldEntry, ...]


class CodeListEntry(NamedTuple):
    """A code list. `attributes`: names of its further columns."""

    ref: Ref
    codes: tuple[tuple[Code, Text], ...]
    attributes: tuple[str, ...]
    used_by: tuple[Ref, ...]


class RuleEntry(NamedTuple):
    """A rule, or the rules of one kind that follow from a form's fields. `cells`: what their findings mark."""

    ref: Ref
    check: str
    level: int
    severity: Severity
    why: str
    message: Text
    cells: tuple[Ref, ...]
    notes: tuple[Text, ...]


class RuleGroup(NamedTuple):
    """Rules of a form, or of intake."""

    title: Text
    anchor: str
    rules: tuple[RuleEntry, ...]


class IndicatorEntry(NamedTuple):
    """An indicator. `rests_on`: fields that carry its value; `placed_by`: those that only decide which rows count."""

    ref: Ref
    indicator: Indicator
    kind: Text
    formulas: tuple[tuple[str, Formula], ...]
    facts: tuple[Fact, ...]
    rests_on: tuple[Ref, ...]
    placed_by: tuple[Ref, ...]
    scorecards: tuple[Ref, ...]
    figures: tuple[Ref, ...]


class Theme(NamedTuple):
    """A theme's indicators."""

    name: str
    title: Text
    owner: str
    indicators: tuple[IndicatorEntry, ...]


class ColumnEntry(NamedTuple):
    """A column of a mart. `sources`: fields; `ledgers`: columns of the house's own tables, as `schema.table.column`."""

    ref: Ref
    column: MartColumn
    facts: tuple[Text, ...]
    sources: tuple[Ref, ...]
    ledgers: tuple[str, ...]


class MartEntry(NamedTuple):
    """A mart with its columns."""

    ref: Ref
    mart: Mart
    columns: tuple[ColumnEntry, ...]


class ScorecardEntry(NamedTuple):
    """A scorecard: indicator and time basis of each column."""

    ref: Ref
    scorecard: Scorecard
    level: Text
    columns: tuple[tuple[Ref, Text, Text], ...]


class FigureEntry(NamedTuple):
    """A published figure. `value`: comparator, value and unit as they are read."""

    ref: Ref
    figure: Figure
    value: Text
    indicator: Ref


class PublishedColumn(NamedTuple):
    """A column of a published table."""

    ref: Ref
    type: str
    description: Text
    unit: str


class PublishedTable(NamedTuple):
    """A published table as its contract describes it."""

    ref: Ref
    version: str
    description: Text
    columns: tuple[PublishedColumn, ...]


class Dictionary(NamedTuple):
    """The whole."""

    rules_version: str
    forms: tuple[FormEntry, ...]
    codelists: tuple[CodeListEntry, ...]
    rules: tuple[RuleGroup, ...]
    indicators: tuple[Theme, ...]
    marts: tuple[MartEntry, ...]
    scorecards: tuple[ScorecardEntry, ...]
    figures: tuple[FigureEntry, ...]
    published: tuple[PublishedTable, ...]


@dataclass(frozen=True)
class Sources:
    """What the dictionary is made from, with what its areas ask of it."""

    project: Project
    lineage: Lineage
    formulas: Formulas

    @cached_property
    def words(self) -> dict[str, Text]:
        """The catalogue."""
        return read_words("dictionary")

    def say(self, key: str, **quoted: object) -> Text:
        """A phrase of the catalogue, filled in; KeyError when it has none of that name."""
        return fill(self.words[key], **quoted) if quoted else self.words[key]

    def unit(self, code: str) -> Text:
        """Name of a unit of measure."""
        return unit_label(self.project.code_lists["measurement_units"], code)

    def code_label(self, code_list: str, code: str) -> Text:
        """Name of a code, or the code itself where it is not listed."""
        listed = self.project.code_lists[code_list].by_code.get(code)
        return Text(zh=code, en=code) if listed is None else Text(zh=listed.label_zh, en=listed.label_en)

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """The cover and the forms."""
        return (self.project.cover, *self.project.forms.values())

    def refer(self, node: Node) -> Ref | None:
        """Where a column of the lineage stands in the dictionary; None for those of the house's own tables."""
        if node.layer == "form":
            form = next(form for form in self.forms if form.name == node.table)
            field = form.field_by_name.get(node.name)
            return None if field is None else field_ref(form, field)
        if node.layer == "mart":
            return column_ref(self.project.marts[node.table], node.name)
        if node.layer == "indicator":
            return indicator_ref(self.project.indicators[node.name])
        return None

    def refer_all(self, nodes: frozenset[Node]) -> tuple[Ref, ...]:
        """Places of the columns that have one, in order."""
        refs = (self.refer(node) for node in sorted(nodes))
        return tuple(ref for ref in refs if ref is not None)

    def carried_from(self, node: Node, layer: str) -> frozenset[Node]:
        """Columns of a layer that hand their values on to the node."""
        return frozenset(found for found in self.lineage.ancestors(node, CARRYING) if found.layer == layer)


def field_ref(form: Form, field: Field) -> Ref:
    """Where a field stands; its label names the form too."""
    label = Text(zh=f"{form.title.zh}·{field.heading}", en=f"{form.name}.{field.name}")
    return Ref("forms", f"field-{form.name}-{field.name}", label, field.name)


def column_ref(mart: Mart, name: str) -> Ref:
    """Where a mart's column stands."""
    label = Text(zh=f"{mart.title.zh}·{mart.columns[name].description.zh}", en=f"{mart.name}.{name}")
    return Ref("marts", f"column-{mart.name}-{name}", label, name)


def indicator_ref(indicator: Indicator) -> Ref:
    """Where an indicator stands."""
    return Ref("indicators", f"indicator-{indicator.id}", indicator.label, indicator.id)
