"""What is read: by name at load time, and by the SQL itself; scorecards pivot what is stored."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime

import pytest
from indicator_world import World

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.compile import compile_indicator
from g60pipeline.indicators.marts import (
    mart_columns,
    mart_forms,
    mart_relations,
    mart_view_sql,
    scorecard_sql,
)
from g60pipeline.indicators.relations import forms_of, relations_of, relations_of_theme


def test_a_marts_header_says_what_its_sql_reads_and_yields(project: Project) -> None:
    for mart in project.marts.values():
        assert mart_forms(mart) == tuple(sorted(mart.forms)), mart.name
        assert mart_columns(mart) == tuple(mart.columns), mart.name
        assert {"reporting_unit_code", "period", "month_index"} <= set(mart.columns)


def test_mart_relations_name_every_table(project: Project) -> None:
    assert mart_relations(project.marts["service_duration"]) == ("core.code", "core.service_case_latest")
    assert "ops.verdict" in mart_relations(project.marts["return_status"])


def test_a_mart_that_is_no_select_is_refused(project: Project) -> None:
    mart = project.marts["cluster_output"]
    for sql in ("DROP TABLE core.unit", "SELECT FROM WHERE"):
        with pytest.raises(ContractError, match=r"marts/cluster_output\.sql"):
            mart_view_sql(mart.model_copy(update={"sql": sql}), "duckdb")


def test_the_statement_reads_the_relations_that_the_definition_names(project: Project) -> None:
    for indicator in project.indicators.values():
        compiled = compile_indicator(project, indicator, indicator.time[0])
        sql = compiled.for_dialect("duckdb")
        for name in relations_of(indicator):
            assert f"run_{name}" in sql
        assert compiled.relations == relations_of(indicator)


def test_a_themes_forms_come_through_its_marts(project: Project) -> None:
    file = next(file for file in project.indicator_files if file.theme == "cooperation")
    assert relations_of_theme(file) == ("chain_supply",)
    assert forms_of(project, relations_of_theme(file)) == ("chain_cooperation", "cluster_enterprise")


def test_lineage_by_name_does_not_load_sqlglot() -> None:
    code = "import sys, g60pipeline.indicators.relations, g60pipeline.indicators.figures; print('sqlglot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_scorecard_has_a_column_per_indicator(world: World) -> None:
    plain = {"period": "2021-12", "level": "unit", "subject_code": "310117107", "dimension": "", "dimension_code": "",
             "boundaries": "as_was", "unit": "person", "expected_unit_count": 1, "reporting_unit_count": 1,
             "status": "published", "definitions_version": "1", "known_from": datetime(2022, 1, 1)}  # fmt: skip
    world.insert("mart.indicator_vintage", [
        plain | {"indicator_id": "unit_member_count", "time_basis": "end", "value": 7},
        plain | {"indicator_id": "activity_session_count", "time_basis": "month", "value": 99},
        plain | {"indicator_id": "activity_session_count", "time_basis": "year_to_date", "value": 8},
        plain | {"indicator_id": "project_count", "time_basis": "end", "value": 5, "dimension": "subject",
                 "dimension_code": "talent_team"},
        plain | {"indicator_id": "unit_member_count", "time_basis": "end", "value": 1, "known_to": datetime(2022, 1, 2)},
    ])  # fmt: skip
    scorecard = next(card for card in world.project.scorecards if card.name == "unit_scorecard")
    selects = scorecard_sql(scorecard, "duckdb")
    rows = world.connection.exec_driver_sql(selects[""]).mappings().all()
    assert len(rows) == 1
    assert list(rows[0]) == ["period", "subject_code", "label_zh", *scorecard.time]
    assert (rows[0]["label_zh"], rows[0]["unit_member_count"], rows[0]["activity_session_count"]) == (
        "九亭镇",
        7,
        8,
    )
    assert rows[0]["project_count"] is None
