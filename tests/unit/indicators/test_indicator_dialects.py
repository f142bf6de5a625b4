"""Every statement means the same on DuckDB and on PostgreSQL."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
import sqlglot
from indicator_world import World

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.compile import (
    Dialect,
    compile_indicator,
    compile_indicators,
)
from g60pipeline.indicators.marts import mart_view_sql, scorecard_sql
from g60pipeline.indicators.world import period_statements, world_statements
from g60pipeline.warehouse.connect import build_engine, parse_url

UNITS = {"310117107": ["C01"], "310117102": ["C08"], "310117501": ["C04", "C05"]}


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
def test_every_statement_parses_back(project: Project, dialect: Dialect) -> None:
    theme = compile_indicators(project, project.indicators.values(), dialect)
    texts = [*theme.tables, *(statement.sql for statement in theme.statements)]
    texts += [mart_view_sql(mart, dialect) for mart in project.marts.values()]
    texts += [text for card in project.scorecards for text in scorecard_sql(card, dialect).values()]
    texts += period_statements([Period(2021, 12)], dialect)
    texts += [text for today in (True, False) for text in world_statements(project, dialect, today)]
    for text in texts:
        sqlglot.parse_one(text, dialect=dialect, error_level=sqlglot.ErrorLevel.RAISE)


def _rows(cluster: str, month: int) -> dict[str, list[dict[str, Any]]]:
    plain = {"cluster_code": cluster}
    enterprises = [
        plain | {"enterprise_uscc": name, "chain_role": role, "strategic_industry": "biology", "key_field": "ai",
                 "is_key": key, "has_organisation": covered, "organisation_route": "area" if covered else None,
                 "joined_on": date(2021, 1, 4), "attracted_by_service": key, "is_high_tech": key,
                 "output_wan_yuan_ytd": 600_000 * month}
        for name, role, key, covered in
        (("both", "lead", True, True), (f"a{cluster}", "upstream", True, None), (f"b{cluster}", None, False, False))
    ]  # fmt: skip
    return {
        "cluster_organisation": [plain | {"organisation_form": "committee", "organisation_count": 10 + month,
                                          "branch_count": 8, "member_count": 100 + month, "new_member_count": month,
                                          "probationary_member_count": 3}],
        "cluster_enterprise": enterprises,
        "activity": [plain | {"category": "expo", "session_count": month, "participation_count": 30,
                              "course_system": "x", "studio": "y"},
                     plain | {"category": "lecture", "session_count": None, "participation_count": 5}],
        "integration_project": [plain | {"project_code": f"p{cluster}", "subject": "core_technology", "status": "running",
                                         "participating_member_count": 5, "patent_count": 3, "is_national_task": True,
                                         "outcome_metric": "每班产量", "baseline_value": 10, "achieved_value": 17}],
        "service_case": [plain | {"case_no": str(hours), "enterprise_uscc": "both", "service_kind": "construction_permit",
                                  "accepted_at": datetime(2021, 1, 1), "completed_at": datetime(2021, 1, 1, hours)}
                         for hours in (2, 5, 11)],
        "chain_cooperation": [plain | {"kind": kind, "supplier_uscc": "both", "receiver_uscc": "both",
                                       "goods": "去毛刺液", "quantity": 1.25, "quantity_unit": "tonne",
                                       "amount_wan_yuan": 7}
                              for kind in ("purchase_order", "emergency_supply")],
        "innovation_carrier": [plain | {"name": "x", "level": "national"}],
    }  # fmt: skip


def _fill(world: World) -> None:
    for form in world.project.forms:
        bureaus = form == "district_economy"
        world.owe(form, ["310117U03", "310117U04"] if bureaus else list(UNITS), "2020-11", "2021-12")
    for period, month in (("2020-12", 1), ("2021-11", 2), ("2021-12", 3)):
        for unit, clusters in UNITS.items():
            if (unit, period) == ("310117501", "2021-12"):
                continue
            forms: dict[str, list[dict[str, Any]]] = {
                "unit_summary": [{"member_count": 500, "new_member_count": 9}]
            }
            forms["recognition"] = [{"awarding_level": "national", "rank": month, "awarding_city": "wuhu"}]
            for cluster in clusters:
                for form, rows in _rows(cluster, month).items():
                    forms.setdefault(form, []).extend(rows)
            world.submit(unit, period, **forms)
        for code in world.project.code_lists["economy_measures"].codes:
            row = {"measure_code": code.code, "value": 10 + month, "base_value": 9, "value_ytd": 100 * month,
                   "base_value_ytd": 90 * month, "rank_in_city": 2}  # fmt: skip
            world.submit(code.attributes["reported_by"], period, district_economy=[row])


def _everything(world: World) -> dict[tuple[str, ...], tuple[Any, ...]]:
    _fill(world)
    world.request("2020-12", "2021-11", "2021-12")
    theme = compile_indicators(world.project, world.project.indicators.values(), world.dialect)
    for statement in theme.tables:
        world.connection.exec_driver_sql(statement)
    found = {}
    for statement in theme.statements:
        for row in world.connection.exec_driver_sql(statement.sql).mappings():
            key = tuple(row[name] for name in ("indicator_id", "period", "time_basis", "level", "subject_code",
                                               "dimension", "dimension_code"))  # fmt: skip
            numbers = (row["value"], row["numerator"], row["denominator"], row["coverage_ratio"])
            rounded = tuple(None if number is None else round(float(number), 9) for number in numbers)
            found[key] = (
                *rounded,
                row["expected_unit_count"],
                row["reporting_unit_count"],
                row["status"],
                row["note"],
            )
    return found


def test_every_indicator_yields_the_same_rows_on_postgres(
    world: World, postgres_url: str, project: Project
) -> None:
    engine = build_engine(parse_url(postgres_url))
    with engine.connect() as connection:
        there = _everything(World(connection, project, "postgres"))
    engine.dispose()
    here = _everything(world)
    assert here == there
    assert {key[0] for key in here} == set(project.indicators)
    assert {row[6] for row in here.values()} >= {"published", "missing", "no_value", "at_least"}


def test_a_statement_that_stands_alone_yields_the_same(world: World) -> None:
    _fill(world)
    world.request("2021-11", "2021-12")
    indicator = world.project.indicators["cluster_share_of_new_members"]
    alone = compile_indicator(world.project, indicator, "month").for_dialect(world.dialect)
    rows = [dict(row) for row in world.connection.exec_driver_sql(alone).mappings()]
    shared = world.rows(indicator, "month")
    assert sorted(map(str, rows)) == sorted(map(str, shared))
    assert len(rows) > 4
