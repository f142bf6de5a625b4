"""Rules go by the month: who hosted the cluster at its end, whether the unit still existed, whose district it was."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from quality_tables import batch, table
from test_judge import UNIT, judged, submission
from test_units import look, sent

from g60pipeline.contracts.boundaries import ClusterHost
from g60pipeline.contracts.codelists import Code, CodeList, Obligation
from g60pipeline.contracts.project import Project
from g60pipeline.quality.derive import compute
from g60pipeline.quality.suites import Expectations

FORMER, PRESENT, CLUSTER = "310117103", "310117105", "C07"
OTHER_DISTRICT, OTHER_UNIT = "330421", "330421U01"


def changed(project: Project, **parts: Any) -> Project:
    return Project(**{**{name: getattr(project, name) for name in Project.model_fields}, **parts})


@pytest.fixture(scope="module")
def moved(project: Project) -> Project:
    """Until the end of January the cluster was another unit's."""
    host = ClusterHost(cluster_code=CLUSTER, host_unit=FORMER, valid_to="2021-01-31")
    return changed(project, cluster_hosts=(host,))


@pytest.fixture(scope="module")
def two_districts(project: Project) -> Project:
    units = project.code_lists["units"]
    plain = {"label_zh": "邻", "label_en": "neighbour"}
    above = (
        ("330400", "city", "G60"),
        (OTHER_DISTRICT, "district", "330400"),
        (OTHER_UNIT, "town", OTHER_DISTRICT),
    )
    codes = [Code(code=code, **plain, attributes={"kind": kind, "parent": up}) for code, kind, up in above]
    lists = project.code_lists | {"units": CodeList(name="units", codes=(*units.codes, *codes))}
    duty = Obligation(
        unit_code=OTHER_UNIT, form="unit_summary", valid_from="2020-12", due_day=5, grace_days=3, lock_day=20
    )
    return changed(project, code_lists=lists, obligations=(*project.obligations, duty))


def said(found: pd.Series) -> list[Any]:
    return [None if pd.isna(value) else value for value in found]


def test_a_row_of_a_cluster_is_compared_with_its_host_of_the_month(moved: Project) -> None:
    frame = table(
        cluster_code=[CLUSTER, CLUSTER, "C08", None], period=["2021-01", "2021-02", "2021-01", "2021-01"]
    )
    asked = {"field": "cluster_code", "code_list": "clusters", "attribute": "host_unit"}
    found = compute(frame, batch(moved), moved.forms["activity"], "code_attribute", asked)
    assert said(found) == [FORMER, PRESENT, "310117102", None]


def test_each_months_host_must_send_the_cluster(moved: Project) -> None:
    frame = table(submission_id=[1, 2, 3, 4], period=["2021-01", "2021-02", "2021-01", "2021-02"])
    frame = frame.assign(reporting_unit_code=[FORMER, FORMER, PRESENT, PRESENT])
    rows = table(submission_id=[1, 2], cluster_code=["C03", "C03"])
    present = {(number, "cluster_organisation") for number in (1, 2, 3, 4)}
    known = batch(moved, forms={"cluster_organisation": rows}, present=present)
    asked = {
        "form": "cluster_organisation",
        "field": "cluster_code",
        "code_list": "clusters",
        "owner": "host_unit",
    }
    found = compute(frame, known, moved.cover, "missing_codes", asked)
    cluster = f"{CLUSTER} 新桥现代装备产业集群"
    assert said(found) == [cluster, None, None, cluster]


@pytest.mark.parametrize(
    ("ended", "is_refused"), [("2021-01-31", False), ("2021-01-30", True), ("2020-12-31", True)]
)
def test_a_return_of_a_unit_that_is_no_more_is_returned(
    project: Project, expectations: Expectations, ended: str, is_refused: bool
) -> None:
    units = project.code_lists["units"]
    codes = tuple(c.model_copy(update={"valid_to": ended}) if c.code == UNIT else c for c in units.codes)
    lists = project.code_lists | {"units": CodeList(name="units", codes=codes)}
    known = changed(project, code_lists=lists)
    findings = judged(known, expectations, [submission(1, "2021-01", 3, 3)]).findings
    refused = [
        (finding["form"], finding["severity"])
        for finding in findings
        if finding["rule"] == "unit_code_is_in_its_code_list" and finding["form"] == "cover"
    ]
    assert refused == ([("cover", "critical")] if is_refused else [])


def test_a_bureau_is_compared_with_its_own_districts_units(two_districts: Project) -> None:
    frame = table(submission_id=[11], measure_code=["above_scale_enterprise_count"])
    frame = frame.assign(reporting_unit_code="310117U03")
    asked: dict[str, Any] = {"form": "unit_summary", "by": "measure_code"}
    asked |= {"fields": {"above_scale_enterprise_count": "above_scale_enterprise_count"}}
    own = [
        o.unit_code
        for o in two_districts.obligations
        if o.form == "unit_summary" and o.unit_code != OTHER_UNIT
    ]
    rows = [sent(unit, 3, above_scale_enterprise_count=5.0) for unit in own]
    other = sent(OTHER_UNIT, 3, above_scale_enterprise_count=1000.0)
    for in_force in (rows, [*rows, other]):
        found = look(
            two_districts, "district_economy", "sum_over_units", frame, {"unit_summary": in_force}, asked
        )
        assert found == [100.0]


def test_a_files_name_may_say_a_unit_of_any_district(two_districts: Project) -> None:
    names = [f"{OTHER_UNIT}_2021-02_1.xlsx", "310117103.xlsx", "123456789.xlsx", f"9{OTHER_UNIT}.xlsx"]
    frame = table(file_name=names)
    found = compute(
        frame, batch(two_districts), two_districts.cover, "file_name_part", {"field": "unit_code"}
    )
    assert said(found) == [OTHER_UNIT, "310117103", None, None]
