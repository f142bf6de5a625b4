"""Columns that look at other units: what was in force when the submission was entered, no earlier and no later."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from quality_tables import batch, table

from g60pipeline.contracts.project import Project
from g60pipeline.quality.derive import compute

SHESHAN, XINQIAO, SIJING = "310117103", "310117105", "310117102"
FOREVER = float("inf")
MONTH = "2021-02"


def sent(unit: str, since: int, until: float = FOREVER, period: str = MONTH, **row: Any) -> dict[str, Any]:
    """A row of another form in force."""
    raw = {name: str(value) for name, value in row.items() if value is not None}
    typed = {name: None if value == "不适用" else value for name, value in row.items()}
    keys = {"reporting_unit_code": unit, "since": since, "until": until, "period": period}
    return {**keys, **typed, "raw_text": raw}


def look(
    project: Project,
    place: str,
    function: str,
    frame: pd.DataFrame,
    in_force: dict[str, list[dict[str, Any]]],
    arguments: dict[str, Any],
    own: dict[str, pd.DataFrame] | None = None,
) -> list[Any]:
    """Compute a column of the form `place`; `own` are other forms that submission 11 holds."""
    frames = {
        name: pd.DataFrame(rows).reindex(
            columns=[*dict.fromkeys([*rows[0], *project.forms[name].field_by_name])]
        )
        for name, rows in in_force.items()
        if rows
    }
    known = batch(project, forms=own, present={(11, name) for name in own or {}}, in_force=frames)
    found = compute(frame, known, project.forms[place], function, arguments)
    return [None if pd.isna(value) else value for value in found]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (sent(XINQIAO, 4, enterprise_uscc="A"), "新桥镇"),
        (sent(XINQIAO, 10, enterprise_uscc="A"), "新桥镇"),
        (sent(XINQIAO, 11, enterprise_uscc="A"), None),  # the same return
        (sent(XINQIAO, 12, enterprise_uscc="A"), None),  # came later: that one is told
        (sent(XINQIAO, 4, 10, enterprise_uscc="A"), None),  # replaced before
        (sent(XINQIAO, 4, 12, enterprise_uscc="A"), "新桥镇"),  # replaced after
        (sent(XINQIAO, 4, period="2021-01", enterprise_uscc="A"), None),
        (sent(SHESHAN, 4, enterprise_uscc="A"), None),
        (sent(XINQIAO, 4, enterprise_uscc="B"), None),
    ],
)
def test_the_later_of_two_registers_is_told_of_the_earlier(
    project: Project, other: Any, expected: str | None
) -> None:
    frame = table(submission_id=[11, 11], enterprise_uscc=["A", None], period=MONTH)
    asked = {"form": "cluster_enterprise", "fields": ["enterprise_uscc"]}
    in_force = {"cluster_enterprise": [other]}
    assert look(project, "cluster_enterprise", "also_in_other_units", frame, in_force, asked) == [
        expected,
        None,
    ]


def test_all_other_units_are_named_once(project: Project) -> None:
    rows = [
        sent(XINQIAO, 1, enterprise_uscc="A"),
        sent(SIJING, 2, enterprise_uscc="A"),
        sent(SIJING, 2, enterprise_uscc="A"),
    ]
    frame = table(submission_id=[11], enterprise_uscc=["A"])
    asked = {"form": "cluster_enterprise", "fields": ["enterprise_uscc"]}
    found = look(
        project, "cluster_enterprise", "also_in_other_units", frame, {"cluster_enterprise": rows}, asked
    )
    assert found == ["新桥镇、泗泾镇"]
    assert look(project, "cluster_enterprise", "also_in_other_units", frame, {}, asked) == [None]


SAME = ["supplier_uscc", "receiver_uscc", "kind"]
DEAL = {"supplier_uscc": "S", "receiver_uscc": "R", "kind": "order"}


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ([], "新桥镇"),
        ([sent(XINQIAO, 5, **DEAL)], None),
        ([sent(XINQIAO, 5, **{**DEAL, "kind": "supply"})], "新桥镇"),
        ([sent(SIJING, 5, **DEAL)], "新桥镇"),
        ([sent(XINQIAO, 15, **DEAL)], "新桥镇"),
    ],
)
def test_the_unit_that_lists_the_other_party_reports_the_cooperation_too(
    project: Project, reported: Any, expected: str | None
) -> None:
    frame = table(submission_id=[11], **{name: [value] for name, value in DEAL.items()})
    in_force = {"cluster_enterprise": [sent(XINQIAO, 5, enterprise_uscc="S")], "chain_cooperation": reported}
    asked: dict[str, Any] = {"parties": SAME[:2], "same": SAME}
    asked |= {"register": "cluster_enterprise", "register_field": "enterprise_uscc"}
    assert look(project, "chain_cooperation", "counterparts_without_it", frame, in_force, asked) == [expected]
    nobody = {"chain_cooperation": reported}
    assert look(project, "chain_cooperation", "counterparts_without_it", frame, nobody, asked) == [None]


def test_a_cooperation_that_only_the_other_unit_reported_is_told_once(project: Project) -> None:
    frame = table(submission_id=[11, 11, 11], enterprise_uscc=["S", "S", "T"])
    in_force = {
        "chain_cooperation": [sent(XINQIAO, 5, **DEAL), sent(XINQIAO, 5, **{**DEAL, "supplier_uscc": "T"})]
    }
    own = table(submission_id=[11], supplier_uscc=["T"], receiver_uscc=["R"], kind=["order"])
    asked: dict[str, Any] = {
        "form": "chain_cooperation",
        "field": "enterprise_uscc",
        "parties": SAME[:2],
        "same": SAME,
    }
    function = "reported_by_others_only"
    found = look(project, "cluster_enterprise", function, frame, in_force, asked, {"chain_cooperation": own})
    assert found == ["新桥镇", None, None]
    assert look(project, "cluster_enterprise", function, frame, in_force, asked) == [None, None, None]


def summaries(project: Project, **changes: Any) -> list[dict[str, Any]]:
    """A summary of each of the 20 units, 5 above-scale enterprises each, with changes by unit."""
    units = [o.unit_code for o in project.obligations if o.form == "unit_summary"]
    values = {unit: changes.get(f"u{unit}", 5.0) for unit in units}
    return [
        sent(unit, 3, above_scale_enterprise_count=value)
        for unit, value in values.items()
        if value != "absent"
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 100),
        ({f"u{XINQIAO}": 7.0}, 102),
        ({f"u{XINQIAO}": "不适用"}, 95),  # adds nothing
        ({f"u{XINQIAO}": None}, None),  # a missing addend is not 0
        ({f"u{XINQIAO}": "absent"}, None),  # not all units have come
    ],
)
def test_units_are_summed_when_all_have_come(project: Project, changes: Any, expected: float | None) -> None:
    frame = table(submission_id=[11, 11], measure_code=["above_scale_enterprise_count", "gdp"])
    frame = frame.assign(reporting_unit_code="310117U03")
    asked: dict[str, Any] = {"form": "unit_summary", "by": "measure_code"}
    asked |= {"fields": {"above_scale_enterprise_count": "above_scale_enterprise_count"}}
    in_force = {"unit_summary": summaries(project, **changes)}
    assert look(project, "district_economy", "sum_over_units", frame, in_force, asked) == [expected, None]
    long_ago = frame.assign(period="2015-02")
    assert look(project, "district_economy", "sum_over_units", long_ago, in_force, asked) == [None, None]
