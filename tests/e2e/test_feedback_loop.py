"""The way back: what a wrong return's feedback workbook marks is mended, nothing else, and it is accepted.

Every kind of wrong return of the sample, with the workbooks that the main job wrote for it, sent again through the same
job; some are saved by a real office program in between.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from feedback_clerk import Clerk, Mended, coloured_cells, front_lines, open_book, save_by_office

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.defs.assemble import build_definitions
from g60pipeline.defs.instance import open_instance
from g60pipeline.defs.resources import House
from g60pipeline.intake.parsers import parse
from g60pipeline.intake.returns import read_return
from g60pipeline.reports.receipt import receipt_number
from g60pipeline.sample.faults import FAULTS, Fault
from g60pipeline.sample.generate import Parcel, build_sample, render
from g60pipeline.sample.writers import Writer
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.receipts import read_receipts

KINDS = {fault.kind: fault for fault in FAULTS}
ROUNDS = 2
# Beside what must be saved by one: a mended value, an explanation, a front sheet with a long list.
SAVED_BY_OFFICE = {"coverage_above_one", "in_two_registers", "unit_output_in_yuan", "hidden_row"}
FIRST, LAST = Period(2021, 3), Period(2021, 11)
QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
Values = dict[tuple[str, int, str], Any]


@dataclass
class Trip:
    """A wrong return on its way: what was sent and came back, round by round."""

    fault: Fault
    clerk: Clerk
    original: bytes
    correct: bytes
    at_fault: set[tuple[str | None, int | None, str | None]]
    feedback: list[bytes] = field(default_factory=list[bytes])
    mended: list[Mended] = field(default_factory=list[Mended])
    status: str = ""
    submission_id: int = 0


@dataclass
class Loop:
    """All trips, the home in which they were made, and the checks of the last run."""

    home: Path
    trips: dict[str, Trip]
    checks: list[Any]


def _trips(project: Project) -> dict[str, Trip]:
    sample, writer = build_sample(project), Writer(project)
    trips: dict[str, Trip] = {}
    for kind, fault in KINDS.items():
        parcel = Parcel(fault.file_name, fault.unit_code, fault.period, fault=fault)
        wrong, findings = render(parcel, sample, writer)
        at_fault = {(finding.form, finding.sheet_row, finding.field) for finding in findings}
        right = writer.render(sample.correct_return(fault.unit_code, fault.period))
        trips[kind] = Trip(fault, Clerk(project, fault, wrong, right), wrong, right, at_fault)
    return trips


def _submissions(project: Project, home: Path) -> dict[str, dict[str, Any]]:
    """Every submission of the months by its fingerprint."""
    months = [FIRST.plus(n).key for n in range(LAST.month_index - FIRST.month_index + 1)]
    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project) as warehouse:
        return {row["sha256"]: row for row in read_receipts(warehouse, months)}


def _feedback_of(project: Project, home: Path, row: dict[str, Any]) -> bytes:
    folder = home / "out" / "feedback"
    if row["period"] is None:
        return (
            folder / "unplaced" / f"{row['submission_id']:06d}-{project.feedback.sheet}.xlsx"
        ).read_bytes()
    name = f"{receipt_number(row)}-{project.feedback.sheet}.xlsx"
    return (folder / row["reporting_unit_code"] / row["period"] / name).read_bytes()


def _run(home: Path) -> list[Any]:
    """Run the months as `g60 run` does, up to the feedback; return what the checks showed."""
    graph = build_definitions(resource_overrides={"house": House(home=str(home))})
    wanted = [
        spec.key
        for spec in graph.resolve_all_asset_specs()
        if spec.key.path[0] in ("intake", "staged", "quality", "core")
        or spec.key.path == ["report", "feedback"]
    ]
    tags = {"dagster/asset_partition_range_start": FIRST.key, "dagster/asset_partition_range_end": LAST.key}
    with open_instance(home) as instance:
        job = graph.resolve_job_def("month")
        done = job.execute_in_process(instance=instance, asset_selection=wanted, tags=tags, run_config=QUIET)
        return done.get_asset_check_evaluations()


def _mend(trips: list[Trip], project: Project, home: Path, folder: Path) -> None:
    """Let the clerk mend every return that is not accepted yet, from its last feedback, and send it."""
    for trip in trips:
        trip.mended.append(trip.clerk.mend(trip.feedback[-1]))
    by_office = {
        trip.fault.kind: trip.mended[-1].content
        for trip in trips
        if trip.mended[-1].is_to_be_saved_by_office or trip.fault.kind in SAVED_BY_OFFICE
    }
    for kind, content in (save_by_office(folder, by_office) if by_office else {}).items():
        next(trip for trip in trips if trip.fault.kind == kind).mended[-1].content = content
    for trip in trips:
        name = f"{trip.fault.unit_code}-{trip.fault.period.key}-{len(trip.mended)}.xlsx"
        (home / "inbox" / name).write_bytes(trip.mended[-1].content)


def _look(trips: list[Trip], project: Project, home: Path) -> None:
    """See what became of what was sent last, and fetch the feedback where it was not accepted."""
    known = _submissions(project, home)
    for trip in trips:
        sent = trip.mended[-1].content if trip.mended else trip.original
        row = known[hashlib.sha256(sent).hexdigest()]
        trip.status, trip.submission_id = row["verdict"], row["submission_id"]
        if trip.status != "accepted":
            trip.feedback.append(_feedback_of(project, home, row))


@pytest.fixture(scope="module")
def loop(full_home: Path, project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    """Every wrong return of the main job's home, mended and sent again until it is accepted, twice at most."""
    folder = tmp_path_factory.mktemp("loop")
    home = folder / "home"
    shutil.copytree(full_home, home, ignore=shutil.ignore_patterns("dagster"))
    trips, checks = _trips(project), list[Any]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")  # restored afterwards: opening the instance sets it
        _look(list(trips.values()), project, home)
        for number in range(1, ROUNDS + 1):
            waiting = [trip for trip in trips.values() if trip.status != "accepted"]
            if waiting:
                _mend(waiting, project, home, folder / f"office{number}")
                checks = _run(home)
                _look(waiting, project, home)
    return Loop(home, trips, checks)


def values_of(project: Project, content: bytes) -> Values:
    """Every cell of the forms as it is read: by form, row and field."""
    rows = read_return(project, parse(content), "a.xlsx").rows
    return {
        (form, row.number, name): value
        for form, of in rows.items()
        for row in of
        for name, value in row.values.items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_accepted_in_two_rounds_at_most(loop: Loop, project: Project, kind: str) -> None:
    trip = loop.trips[kind]
    left = [] if trip.status == "accepted" else front_lines(project, open_book(trip.feedback[-1]))
    assert trip.status == "accepted", left
    assert trip.feedback
    assert len(trip.mended) <= ROUNDS


@pytest.mark.parametrize("kind", KINDS)
def test_only_marked_cells_were_touched_and_all_others_are_those_of_the_return(
    loop: Loop, project: Project, kind: str
) -> None:
    trip = loop.trips[kind]
    marked = set[tuple[str, str]]()
    if trip.fault.status in ("returned", "awaiting_explanation"):
        marked = set().union(*(coloured_cells(open_book(feedback)) for feedback in trip.feedback))
        assert marked >= set().union(*(mended.touched for mended in trip.mended))
    meant = trip.original if trip.fault.status == "awaiting_explanation" else trip.correct
    expected, found = values_of(project, meant), values_of(project, trip.mended[-1].content)
    different = {key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)}
    assert expected
    # what a formula comes to is its own result, not the sample's value
    assert different <= (trip.at_fault if kind == "formula_without_value" else set())


@pytest.mark.parametrize("kind", [k for k, fault in KINDS.items() if fault.status == "awaiting_explanation"])
def test_explanations_are_kept_with_their_findings_and_shown_beside_them(
    loop: Loop, project: Project, kind: str
) -> None:
    trip = loop.trips[kind]
    explained = {key: text for mended in trip.mended for key, text in mended.explained.items()}
    assert explained
    with Warehouse(f"duckdb:///{loop.home / 'warehouse.duckdb'}", project) as warehouse:
        query = "SELECT finding_key, explanation, rule FROM ops.finding WHERE submission_id = :id AND severity = 'warning'"
        rows = warehouse.read(query, {"id": trip.submission_id}).to_dict("records")
    assert {row["finding_key"]: row["explanation"] for row in rows} == explained
    for row in rows:
        assert row["explanation"] in _shown(loop, row["rule"], trip)


def _shown(loop: Loop, rule: str, trip: Trip) -> set[str]:
    """The explanations in the rows that the rule's check shows of the submission."""
    tables = [
        check.metadata["failing_rows"]
        for check in loop.checks
        if check.check_name == rule and check.partition in (trip.fault.period.key, None) and not check.passed
    ]
    assert all(isinstance(table, dg.TableMetadataValue) for table in tables)
    records = [record.data for table in tables for record in table.records]
    return {str(r["explanation"]) for r in records if r["submission_id"] == str(trip.submission_id)}
