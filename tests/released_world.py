"""A warehouse with three releases made by hand, on either engine: what readers of `pub_v1` can come across.

Of 2021-12 there are two releases: in the second 九亭镇 has sent its late return, and a figure of 佘山镇 is hidden that the
first one showed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.project import Project
from g60pipeline.operations.published import create_published
from g60pipeline.warehouse.engine import Warehouse

JIUTING, SHESHAN, CHEDUN = "310117107", "310117103", "310117104"
DISTRICT = "310117"
KEY_COVERAGE, NEW_MEMBERS, ORDERS = (
    "key_enterprise_organisation_coverage", "cluster_new_member_count", "order_value_inside_clusters"
)  # fmt: skip
TRUE_ORDERS = 98765.5  # of 佘山镇: hidden since the second release
_INSTANTS = {
    "2021-11.1": datetime(2021, 12, 10, 2),
    "2021-12.1": datetime(2022, 1, 10, 2),
    "2021-12.2": datetime(2022, 1, 20, 2),
}
_ORDER = list(_INSTANTS)


def build_released(url: str, project: Project) -> Warehouse:
    """Create the warehouse, its releases and the published tables."""
    warehouse = Warehouse(url, project)
    warehouse.create()
    with warehouse.transaction() as connection:
        _fill(connection, warehouse)
        create_published(connection, project)
    return warehouse


def value(
    release: str, indicator: str, level: str, subject: str, unit: str, **columns: Any
) -> dict[str, Any]:
    """A row of `release.value`; whole, complete and published unless said otherwise."""
    plain = {
        "release_id": release, "indicator_id": indicator, "period": release[:7], "time_basis": "end", "level": level,
        "subject_code": subject, "dimension": "", "dimension_code": "", "boundaries": "as_was", "value": None,
        "numerator": None, "denominator": None, "unit": unit, "expected_unit_count": 1, "reporting_unit_count": 1,
        "coverage_ratio": 1.0, "status": "published", "note": None, "suppression": "",
    }  # fmt: skip
    return plain | columns


def _coverage(release: str) -> Iterator[dict[str, Any]]:
    """Key enterprises with an organisation: six units, the third of which is in from the second release on, the last never."""
    covered = {
        JIUTING: (9, 10),
        SHESHAN: (4, 5),
        CHEDUN: None,
        "310117501": (12, 12),
        "310117102": (3, 4),
        "310117106": None,
    }
    if release == "2021-12.2":
        covered[CHEDUN] = (17, 20)
    for unit, counts in covered.items():
        if counts is None:
            yield value(release, KEY_COVERAGE, "unit", unit, "ratio", reporting_unit_count=0, coverage_ratio=0.0,
                        status="missing")  # fmt: skip
            continue
        yield value(release, KEY_COVERAGE, "unit", unit, "ratio", value=counts[0] / counts[1],
                    numerator=counts[0], denominator=counts[1])  # fmt: skip
    known = [counts for counts in covered.values() if counts]
    above, below = sum(a for a, _ in known), sum(b for _, b in known)
    yield value(release, KEY_COVERAGE, "district", DISTRICT, "ratio", value=above / below, numerator=above,
                denominator=below, expected_unit_count=6, reporting_unit_count=len(known),
                coverage_ratio=below / 51)  # fmt: skip


def _members(release: str) -> Iterator[dict[str, Any]]:
    plain = {"time_basis": "year_to_date", "note": "may_count_twice"}
    for cluster, count in (("C01", 12), ("C02", 7), ("C03", 31)):
        yield value(release, NEW_MEMBERS, "cluster", cluster, "person", value=count, numerator=count, **plain)
    late = release == "2021-12.2"
    yield value(release, NEW_MEMBERS, "cluster", "C04", "person", value=5 if late else None, numerator=5 if late else None,
                status="published" if late else "withheld", reporting_unit_count=int(late), **plain)  # fmt: skip


def _orders(release: str) -> Iterator[dict[str, Any]]:
    """The second release hides one cell for its own sake and one for the first one's."""
    hidden = {"value": None, "numerator": None, "status": "suppressed"} if release == "2021-12.2" else {}
    first = {"suppression": "primary"} | hidden if hidden else {}
    second = {"suppression": "secondary"} | hidden if hidden else {}
    for unit, amount, extra in ((SHESHAN, TRUE_ORDERS, first), (JIUTING, 500.25, second), (CHEDUN, 20.0, {})):
        shown = {
            "time_basis": "year_to_date",
            "value": amount,
            "numerator": amount,
            "coverage_ratio": 0.75,
        } | extra
        yield value(release, ORDERS, "unit", unit, "wan_yuan", **shown)
    part = {
        "time_basis": "year_to_date",
        "dimension": "goods",
        "dimension_code": "not_reported",
        "value": 3.5,
        "numerator": 3.5,
    }
    yield value(release, ORDERS, "district", DISTRICT, "wan_yuan", **part)
    yield value(release, "enterprise_count", "district", DISTRICT, "enterprise", dimension="strategic_industry",
                dimension_code="new_energy", value=40, numerator=40)  # fmt: skip


def _releases() -> list[dict[str, Any]]:
    return [
        {"release_id": name, "period": name[:7], "release_no": int(name[-1]),
         "stage": "revised" if name.endswith(".2") else "preliminary", "cut_submission_id": 2 + at,
         "cut_verdict_id": 2 + at, "cut_correction_event_id": 0, "definitions_hash": "d" * 64,
         "previous_release_id": "2021-12.1" if name.endswith(".2") else None,
         "note": "车墩镇补报" if name.endswith(".2") else None, "created_at": instant, "manifest": {},
         "manifest_sha256": str(at) * 64}
        for at, (name, instant) in enumerate(_INSTANTS.items())
    ]  # fmt: skip


def _revisions() -> list[dict[str, Any]]:
    key = {
        "release_id": "2021-12.2", "previous_release_id": "2021-12.1", "period": "2021-12", "dimension": "",
        "dimension_code": "", "boundaries": "as_was", "late_returns": 0, "corrections": 0, "overlays": 0,
        "definitions": 0, "boundaries_change": 0, "note": None,
    }  # fmt: skip
    coverage = {"indicator_id": KEY_COVERAGE, "time_basis": "end"}
    return [
        key | coverage | {"level": "unit", "subject_code": CHEDUN, "value_before": None, "value_after": "0.85",
                          "late_returns": "0.85", "note": "appeared"},
        key | coverage | {"level": "district", "subject_code": DISTRICT, "value_before": "0.903225806452",
                          "value_after": "0.882352941176", "late_returns": "-0.020872865276"},
        key | {"indicator_id": NEW_MEMBERS, "time_basis": "year_to_date", "level": "cluster", "subject_code": "C04",
               "value_before": None, "value_after": 5, "late_returns": 7, "corrections": -2, "note": "appeared"},
        key | {"indicator_id": ORDERS, "time_basis": "year_to_date", "level": "unit", "subject_code": SHESHAN,
               "value_before": TRUE_ORDERS, "value_after": "54321.25", "corrections": "-44444.25"},
    ]  # fmt: skip


def _returns(warehouse: Warehouse) -> dict[str, list[dict[str, Any]]]:
    """Four returns: 九亭镇's in time, 佘山镇's sent back and sent again, 车墩镇's too late for the first release."""
    sent = [
        (1, "2021-12", JIUTING, datetime(2022, 1, 2), "accepted"),
        (2, "2021-12", SHESHAN, datetime(2022, 1, 3), "returned"),
        (3, "2021-12", SHESHAN, datetime(2022, 1, 4), "accepted"),
        (4, "2021-12", CHEDUN, datetime(2022, 1, 15), "accepted"),
    ]
    finding = {"form": "unit_summary", "rule": "r", "code": "US-301", "level": 3, "severity": "critical",
               "sheet": "单位汇总表", "sheet_row": 4, "cell": "B4", "finding_key": "k", "message_en": "wrong"}  # fmt: skip
    return {
        "ops.submission": [
            {"submission_id": n, "sha256": str(n), "file_name": f"{n}.xlsx", "kind": "xlsx", "reporting_unit_code": unit,
             "period": period, "status": "received", "received_at": at} for n, period, unit, at, _ in sent],
        "ops.submission_form": [
            {"submission_id": n, "form": form, "sheet": form, "row_count": 1}
            for n, period, unit, _, _ in sent
            for form in _owed(warehouse.project, unit, period)],
        "ops.verdict": [
            {"verdict_id": n, "submission_id": n, "rules_version": "1", "status": status,
             "critical_count": int(status == "returned"), "warning_count": 0, "judged_at": at}
            for n, _, _, at, status in sent],
        "ops.finding": [
            finding | {"verdict_id": n, "finding_no": 1, "submission_id": n, "reporting_unit_code": unit,
                       "period": period, "value": f"机密{unit}", "message_zh": f"{unit}：请核对。"}
            for n, period, unit, _, _ in sent],
    }  # fmt: skip


def _owed(project: Project, unit: str, period: str) -> Sequence[str]:
    from g60pipeline.contracts.periods import Period

    return project.owed_forms(unit, Period.parse(period))


def _fill(connection: sa.Connection, warehouse: Warehouse) -> None:
    rows = _returns(warehouse) | {
        "release.release": _releases(),
        "release.value": [
            row for release in _ORDER for part in (_coverage, _members, _orders) for row in part(release)
        ],
        "release.revision": _revisions(),
    }
    for name, values in rows.items():
        connection.execute(sa.insert(warehouse.table(name)), values)
