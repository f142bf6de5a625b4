"""Column-level lineage: every mart's, indicator's, scorecard's and published figure's columns, down to fields of forms.

What a mart's column is made from is read off the syntax tree of its SQL, an indicator's off its fragments. A count of
rows rests on what tells the rows apart: the keys of a form, the groups of a query.
Belongs here: finding the links. Not here: walking them (contracts.lineage), showing them (reports, defs).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from g60pipeline.contracts.indicators import Component, Indicator, IndicatorFile
from g60pipeline.contracts.lineage import COVER, Lineage, Link, Node, Role
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.fragments import parse_component
from g60pipeline.indicators.mart_lineage import MartColumns, form_keys, read_mart_columns
from g60pipeline.indicators.relations import CLUSTER_COLUMN, find_relation

PUBLISHED = "published"
# Columns that a form's table has beyond its fields, and where their values come from.
_GIVEN: dict[str, Node] = {
    "reporting_unit_code": Node("form", COVER, "unit_code"),
    "period": Node("form", COVER, "period"),
    "month_index": Node("form", COVER, "period"),
    "submission_id": Node("ledger", "ops.submission", "submission_id"),
}


def build_lineage(project: Project) -> Lineage:
    """Work out the lineage of all columns; ContractError when a mart's SQL leaves it open where a column comes from."""
    marts = {mart.name: read_mart_columns(project, mart) for mart in project.marts.values()}
    links = [link for columns in marts.values() for link in columns.links]
    links += [link for file in project.indicator_files for link in _theme_links(project, file, marts)]
    links += [*_scorecard_links(project), *_figure_links(project)]
    constants = frozenset(node for columns in marts.values() for node in columns.constants)
    links += _given_links(project, links)
    return Lineage(tuple(sorted(set(links))), constants)


def indicator_nodes(project: Project) -> dict[str, Node]:
    """Nodes of the indicators by id."""
    return {
        indicator.id: Node("indicator", file.theme, indicator.id)
        for file in project.indicator_files
        for indicator in file.indicators
    }


def _theme_links(project: Project, file: IndicatorFile, marts: dict[str, MartColumns]) -> Iterator[Link]:
    for indicator in file.indicators:
        target = Node("indicator", file.theme, indicator.id)
        for name, role in _indicator_columns(project, indicator, marts):
            yield Link(name, target, role)


def _indicator_columns(
    project: Project, indicator: Indicator, marts: dict[str, MartColumns]
) -> Iterator[tuple[Node, Role]]:
    sides: tuple[tuple[Role, Component | None], ...] = (
        ("numerator", indicator.numerator), ("denominator", indicator.denominator),
    )  # fmt: skip
    for role, component in sides:
        if component is not None:
            for name, of in _component_columns(project, component, role, marts):
                yield _column_of(project, component.from_, name), of
            for name, of in _placing_columns(project, indicator, component):
                yield _column_of(project, component.from_, name), of


def _component_columns(
    project: Project, component: Component, role: Role, marts: dict[str, MartColumns]
) -> Iterator[tuple[str, Role]]:
    fragment = parse_component(component)
    measured = fragment.measured_columns or _row_keys(project, component.from_, marts)
    for name in measured:
        yield name, role
    for name in fragment.condition_columns:
        yield name, "condition"


def _row_keys(project: Project, relation: str, marts: dict[str, MartColumns]) -> tuple[str, ...]:
    return marts[relation].row_keys if relation in marts else form_keys(project, relation)


def _placing_columns(
    project: Project, indicator: Indicator, component: Component
) -> Iterator[tuple[str, Role]]:
    relation = find_relation(project, component.from_)
    for name in indicator.dimensions:
        yield name, "dimension"
    for name in ("reporting_unit_code", "month_index"):
        yield name, "key"
    if "cluster" in indicator.levels and relation.has_clusters:
        yield CLUSTER_COLUMN, "key"
    rule = indicator.disclosure
    for name in (*rule.contributors, rule.counted_by) if rule is not None else ():
        if name in relation.columns:
            yield name, "disclosure"


def _column_of(project: Project, relation: str, name: str) -> Node:
    return Node("form" if relation in project.forms else "mart", relation, name)


def _scorecard_links(project: Project) -> Iterator[Link]:
    nodes = indicator_nodes(project)
    for scorecard in project.scorecards:
        for name in scorecard.time:
            yield Link(nodes[name], Node("scorecard", scorecard.name, name), "column")


def _figure_links(project: Project) -> Iterator[Link]:
    nodes = indicator_nodes(project)
    for figure in project.figures.figures if project.figures else ():
        yield Link(nodes[figure.read.indicator], Node("figure", PUBLISHED, figure.id), "figure")


def _given_links(project: Project, links: Iterable[Link]) -> list[Link]:
    """Where those columns of the forms' tables come from that are no fields of the form."""
    read = {link.source for link in links if link.source.layer == "form"}
    return [
        Link(_GIVEN[node.name], node, "value")
        for node in read
        if node.name in _GIVEN and node.name not in project.forms[node.table].field_by_name
    ]
