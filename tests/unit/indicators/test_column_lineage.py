"""Column lineage is read off the SQL: what the SQL says, no more and no less, down to cells of forms."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from indicator_world import ROOT, World

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.indicators import Mart
from g60pipeline.contracts.lineage import CARRYING, Lineage, Node
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.indicators.fragments import parse_component
from g60pipeline.indicators.lineage import build_lineage, indicator_nodes
from g60pipeline.indicators.mart_lineage import read_mart_columns


@pytest.fixture(scope="module")
def lineage(project: Project) -> Lineage:
    return build_lineage(project)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("assets", "schemas"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def _values(lineage: Lineage, mart: str, column: str) -> set[str]:
    links = lineage.sources(Node("mart", mart, column))
    return {link.source.key for link in links if link.role == "value"}


def _of(project: Project, sql: str, *columns: str) -> dict[str, set[str]]:
    """Values of the columns of a made-up mart."""
    mart = project.marts["service_duration"]
    kept = {name: next(iter(mart.columns.values())) for name in columns}
    found = read_mart_columns(project, Mart(**{**dict(mart), "columns": kept, "sql": sql}))
    values: dict[str, set[str]] = {name: set() for name in columns}
    for link in found.links:
        if link.role == "value":
            values[link.target.name].add(link.source.key)
    return values


def test_every_column_of_every_mart_has_a_source_or_is_a_constant(project: Project, lineage: Lineage) -> None:
    for mart in project.marts.values():
        for name in mart.columns:
            node = Node("mart", mart.name, name)
            assert bool(_values(lineage, mart.name, name)) != (node in lineage.constants), node.key


def test_a_computed_column_comes_from_every_column_in_its_expression(lineage: Lineage) -> None:
    assert _values(lineage, "service_duration", "duration_hours") == {
        "form.service_case.accepted_at",
        "form.service_case.completed_at",
    }
    assert _values(lineage, "service_duration", "promised_hours") == {"ledger.core.code.attributes"}
    assert _values(lineage, "cluster_register", "is_newly_covered") == {
        "form.cluster_enterprise.has_organisation",
        "form.cluster_enterprise.joined_on",
        "ledger.core.period.end_date",
    }


def test_a_count_of_rows_rests_on_what_tells_the_rows_apart(lineage: Lineage) -> None:
    keys = {"form.cluster_enterprise.cluster_code", "form.cluster_enterprise.enterprise_uscc"}
    assert _values(lineage, "cluster_output", "enterprise_count") == keys
    blanks = keys | {"form.cluster_enterprise.output_wan_yuan_ytd"}
    assert _values(lineage, "cluster_output", "unreported_count") == blanks


def test_conditions_of_joins_and_filters_decide_which_rows_there_are(lineage: Lineage) -> None:
    links = lineage.sources(Node("mart", "return_status", "is_accepted"))
    assert {link.source.key for link in links if link.role == "value"} == {"ledger.ops.verdict.status"}
    deciding = {link.source.key for link in links if link.role == "rows"}
    assert {"ledger.ops.submission.status", "ledger.core.obligation.period"} <= deciding


def test_every_indicator_rests_on_what_its_fragments_name(project: Project, lineage: Lineage) -> None:
    nodes = indicator_nodes(project)
    for indicator in project.indicators.values():
        links = lineage.sources(nodes[indicator.id])
        for component in (indicator.numerator, indicator.denominator):
            if component is None:
                continue
            fragment = parse_component(component)
            named = {*fragment.measured_columns, *fragment.condition_columns, *indicator.dimensions}
            read = {link.source.name for link in links if link.source.table == component.from_}
            assert named <= read, indicator.id
            assert {"reporting_unit_code", "month_index"} <= read


def test_every_indicator_ends_in_fields_of_forms_or_in_the_ledgers(
    project: Project, lineage: Lineage
) -> None:
    for node in indicator_nodes(project).values():
        ends = {found for found in lineage.ancestors(node, CARRYING) if not lineage.sources(found)}
        assert ends, node.key
        assert {end.layer for end in ends} <= {"form", "ledger"}, node.key


def test_what_is_read_exists_in_the_warehouse(world: World, lineage: Lineage) -> None:
    rows = world.connection.exec_driver_sql(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns"
    )
    known = {(f"{schema}.{table}", column) for schema, table, column in rows}
    for node in lineage.nodes:
        if node.layer == "ledger":
            assert (node.table, node.name) in known, node.key
        if node.layer == "form" and node.table != "cover":
            assert (f"core.{node.table}_latest", node.name) in known, node.key


def test_scorecards_and_published_figures_come_from_their_indicators(
    project: Project, lineage: Lineage
) -> None:
    nodes = indicator_nodes(project)
    for scorecard in project.scorecards:
        for name in scorecard.time:
            (link,) = lineage.sources(Node("scorecard", scorecard.name, name))
            assert link.source == nodes[name]
    assert project.figures is not None
    for figure in project.figures.figures:
        (link,) = lineage.sources(Node("figure", "published", figure.id))
        assert link.source == nodes[figure.read.indicator]


def test_descendants_are_ancestors_the_other_way_round(lineage: Lineage) -> None:
    field = Node("form", "service_case", "completed_at")
    reached = lineage.descendants(field, CARRYING)
    assert {node.layer for node in reached} == {"mart", "indicator", "scorecard", "figure"}
    for node in reached:
        assert field in lineage.ancestors(node, CARRYING)
    assert field not in lineage.ancestors(Node("indicator", "services", "service_case_count"), CARRYING)


def test_a_change_of_a_marts_sql_changes_the_lineage(root: Path, lineage: Lineage) -> None:
    path = root / "assets" / "marts" / "service_duration.sql"
    sql = path.read_text("utf-8")
    assert sql.count("c.completed_at - c.accepted_at") == 1
    path.write_text(sql.replace("c.completed_at - c.accepted_at", "c.completed_at - c.completed_at"), "utf-8")
    changed = build_lineage(load_project(root))
    accepted = Node("form", "service_case", "accepted_at")
    median = Node("indicator", "services", "service_duration_median")
    assert accepted in lineage.ancestors(median, CARRYING)
    assert accepted not in changed.ancestors(median, CARRYING)


def test_a_change_of_an_indicator_changes_the_lineage(root: Path) -> None:
    path = root / "assets" / "indicators" / "membership.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("SUM(branch_count)", "SUM(organisation_count)"), "utf-8")
    changed = build_lineage(load_project(root))
    node = Node("indicator", "membership", "cluster_branch_count")
    found = {link.source.name for link in changed.sources(node) if link.role == "numerator"}
    assert found == {"organisation_count"}


def test_unions_sub_queries_and_stars_are_followed(project: Project) -> None:
    parts = (
        "SELECT a.held_on AS x FROM core.activity_latest AS a",
        "SELECT s.accepted_at FROM core.service_case_latest AS s",
    )
    union = " UNION ALL ".join(parts)
    assert _of(project, union, "x") == {"x": {"form.activity.held_on", "form.service_case.accepted_at"}}
    nested = "SELECT (SELECT MAX(c.label_zh) FROM core.code AS c WHERE c.code = a.category) AS x FROM core.activity_latest AS a"
    assert _of(project, nested, "x") == {
        "x": {"ledger.core.code.label_zh", "ledger.core.code.code", "form.activity.category"}
    }
    star = "WITH b AS (SELECT a.* FROM core.activity_latest AS a) SELECT b.studio AS x, 1 AS y FROM b"
    assert _of(project, star, "x", "y") == {"x": {"form.activity.studio"}, "y": set()}
    derived = (
        "SELECT d.n AS x FROM (SELECT COUNT(*) AS n FROM core.activity_latest AS a GROUP BY a.studio) AS d"
    )
    assert _of(project, derived, "x") == {"x": {"form.activity.activity_no"}}


def test_a_window_rests_on_its_partition_and_order(project: Project) -> None:
    sql = "SELECT ROW_NUMBER() OVER (PARTITION BY a.studio ORDER BY a.held_on) AS x FROM core.activity_latest AS a"
    assert _of(project, sql, "x") == {"x": {"form.activity.studio", "form.activity.held_on"}}


def test_a_name_that_could_be_of_two_tables_is_refused(project: Project) -> None:
    sql = "SELECT held_on AS x FROM core.activity_latest AS a, core.service_case_latest AS s"
    with pytest.raises(
        ContractError, match=r"marts/service_duration\.sql: it is open where held_on comes from"
    ):
        _of(project, sql, "x")


def test_a_header_that_is_not_the_selects_is_refused(project: Project) -> None:
    with pytest.raises(ContractError, match="the header's columns are not those of the SELECT"):
        _of(project, "SELECT a.held_on AS y FROM core.activity_latest AS a", "x")
