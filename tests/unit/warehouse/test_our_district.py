"""States of returns are our district's, and what a return should hold goes by the cluster's host of the month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ledger_world import HOST, Ledger

from g60pipeline.contracts.boundaries import ClusterHost
from g60pipeline.contracts.codelists import Code, CodeList, Obligation
from g60pipeline.contracts.indicators import Binding
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.summary import read_bindings, returns_of_month, submissions_by_month
from g60pipeline.warehouse.timeliness import read_contents, read_form_status

OTHER_UNIT, MOVED, PRESENT = "330421U01", "C07", "310117105"  # until November the cluster was HOST's
BEFORE, AFTER = "2021-11", "2021-12"
CAME = datetime(2022, 2, 1)


def _two_districts() -> Project:
    project = load_project(find_project_root())
    units = project.code_lists["units"]
    plain = {"label_zh": "邻", "label_en": "neighbour"}
    above = (("330400", "city", "G60"), ("330421", "district", "330400"), (OTHER_UNIT, "town", "330421"))
    codes = [
        Code(code=code, **plain, attributes={"kind": kind, "parent": up, "code_source": ""})
        for code, kind, up in above
    ]
    duty = Obligation(
        unit_code=OTHER_UNIT, form="unit_summary", valid_from="2020-12", due_day=5, grace_days=3, lock_day=20
    )
    parts: dict[str, Any] = {name: getattr(project, name) for name in Project.model_fields}
    parts["code_lists"] = project.code_lists | {"units": CodeList(name="units", codes=(*units.codes, *codes))}
    parts["obligations"] = (*project.obligations, duty)
    parts["cluster_hosts"] = (ClusterHost(cluster_code=MOVED, host_unit=HOST, valid_to="2021-11-30"),)
    return Project(**parts)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with Warehouse(f"duckdb:///{tmp_path_factory.mktemp('two') / 'w.duckdb'}", _two_districts()) as warehouse:
        warehouse.create()
        made = Ledger(warehouse)
        for unit in (HOST, PRESENT, OTHER_UNIT):
            for month in (BEFORE, AFTER):
                number = made.submit(
                    unit, CAME, period=month, verdict="returned" if unit == OTHER_UNIT else "accepted"
                )
                if unit != OTHER_UNIT:
                    made.stage(number, "cluster_organisation", unit, {"cluster_code": MOVED}, period=month)
        yield made


def test_keys_are_expected_of_the_host_of_the_month(ledger: Ledger) -> None:
    contents = read_contents(
        ledger.warehouse, read_form_status(ledger.warehouse, BEFORE, AFTER, datetime(2022, 3, 1))
    )
    rows = contents[contents["form"] == "cluster_organisation"].to_dict("records")
    found = {
        (row["reporting_unit_code"], row["period"]): (row["present_key_count"], row["expected_key_count"])
        for row in rows
    }
    assert found == {
        (HOST, BEFORE): (1, 2),
        (HOST, AFTER): (0, 1),
        (PRESENT, BEFORE): (0, 0),
        (PRESENT, AFTER): (1, 1),
    }


def test_returns_are_those_of_our_district(ledger: Ledger) -> None:
    returns = returns_of_month(ledger.warehouse, AFTER)
    assert len(returns) == 22
    assert OTHER_UNIT not in set(returns["reporting_unit_code"])
    (month,) = submissions_by_month(ledger.warehouse, AFTER, AFTER).to_dict("records")
    assert (month["expected"], month["received"], month["accepted"], month["returned"]) == (22, 2, 2, 0)


def test_a_file_of_no_known_unit_is_still_counted(ledger: Ledger, tmp_path: Path) -> None:
    with Warehouse(f"duckdb:///{tmp_path / 'w.duckdb'}", ledger.warehouse.project) as warehouse:
        warehouse.create()
        Ledger(warehouse).submit("999", CAME, period=AFTER, verdict="returned", forms=())
        (month,) = submissions_by_month(warehouse, AFTER, AFTER).to_dict("records")
    assert (month["received"], month["returned"]) == (1, 1)


@pytest.mark.parametrize(
    ("level", "subjects"), [("unit", (HOST, OTHER_UNIT)), ("district", ("310117", "330421"))]
)
def test_a_figure_is_our_districts(ledger: Ledger, level: Any, subjects: tuple[str, str]) -> None:
    keys = {
        "indicator_id": "x",
        "period": AFTER,
        "time_basis": "end",
        "level": level,
        "dimension": "",
        "dimension_code": "",
    }
    rest = {"unit": "ratio", "expected_unit_count": 1, "reporting_unit_count": 1, "status": "published",
            "boundaries": "as_was", "definitions_version": "1", "known_from": CAME}  # fmt: skip
    for subject, value in zip(subjects, (0.7, 0.1), strict=True):
        ledger.insert("mart.indicator_vintage", {**keys, **rest, "subject_code": subject, "value": value})
    over = {"over": "min"} if level == "unit" else {}
    binding = Binding(indicator="x", period=AFTER, time="end", level=level, **over)
    (found,) = read_bindings(ledger.warehouse, [binding])
    assert found is not None
    assert (found["subject_code"], found["value"], found["expected_unit_count"]) == (subjects[0], 0.7, 1)
