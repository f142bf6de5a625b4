"""Corrections laid over real rows, on both engines: applied once, composed, undone, and loud where they do not fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from ledger_world import HOST, MONTH, Ledger

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.corrections import Correction
from g60pipeline.contracts.project import load_project
from g60pipeline.operations.corrections import apply_corrections
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.correction_states import CorrectionState, read_states
from g60pipeline.warehouse.corrections import read_corrections_of_rows, sync_corrections
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.ledger import append_accepted
from postgres import Cluster

FORM = "cluster_organisation"
AT = datetime(2021, 12, 4)
ROW: dict[str, Any] = {
    "cluster_code": "C04", "organisation_form": "committee", "founded_on": date(2019, 5, 9), "member_count": 1105,
    "branch_count": 7, "lead_enterprise_uscc": "91310117MA1JM1R005", "also_counted_in": None,
}  # fmt: skip
OTHER = {**ROW, "cluster_code": "C05", "member_count": 80}


def correct(name: str, action: dict[str, Any], **changes: Any) -> Correction:
    """An active correction of the row, unless said otherwise."""
    return Correction.model_validate({
        "id": name, "unit": HOST, "period": MONTH, "form": FORM, "match": {"cluster_code": "C04"}, "action": action,
        "reason": {"zh": "录入颠倒", "en": "Two digits are swapped"}, "decided_by": "区委组织部",
        "decided_on": "2022-01-10", "status": "active", **changes,
    })  # fmt: skip


def put(field: str, expected: Any, value: Any) -> dict[str, Any]:
    return {"kind": "set", "field": field, "expected": expected, "value": value}


def drop(**expected: Any) -> dict[str, Any]:
    return {"kind": "drop_row", "expected": expected}


MEMBERS = correct("members", put("member_count", 1105, 1150))
BRANCHES = correct("branches", put("branch_count", 7, 8))
DROP = correct("drop", drop(member_count=1105))


class World(Ledger):
    """A ledger whose submissions are sent with rows and loaded into core."""

    def send(self, *rows: dict[str, Any], form: str = FORM, load: bool = True) -> int:
        """Submit the rows, accepted at once."""
        number = self.submit(HOST, AT, forms=())
        layout = {"fields": {"member_count": {"column": "G"}}}
        entry = {
            "submission_id": number,
            "form": form,
            "sheet": "集群",
            "row_count": len(rows),
            "layout": layout,
        }
        self.insert("ops.submission_form", entry)
        self.stage(number, form, HOST, *rows)
        if load:
            self.load(number, form)
        return number

    def add_form(self, number: int, form: str, *rows: dict[str, Any]) -> None:
        """Let the submission have sent another form too."""
        entry = {"submission_id": number, "form": form, "sheet": form, "row_count": len(rows), "layout": {}}
        self.insert("ops.submission_form", entry)
        self.stage(number, form, HOST, *rows)
        self.load(number, form)

    def load(self, number: int, form: str = FORM) -> None:
        with self.warehouse.transaction() as connection:
            append_accepted(connection, self.warehouse, form, [number])

    def sync(self, *corrections: Correction) -> list[str]:
        """Sync with the corrections in the files; what happened, as `kind id`."""
        project = self.warehouse.project.model_copy(update={"corrections": corrections})
        self.warehouse.project = project
        with self.warehouse.transaction() as connection:
            events = sync_corrections(connection, self.warehouse, project)
        return [f"{event['kind']} {event['correction_id']}" for event in events]

    def states(self) -> dict[str, CorrectionState]:
        return {state.correction.id: state for state in read_states(self.warehouse)}

    def state(self, name: str) -> CorrectionState:
        return self.states()[name]

    def versions(self, number: int, *columns: str, form: str = FORM) -> list[tuple[Any, ...]]:
        """Versions of the submission's first row, in order: ids of corrections, whether it is dropped, and the columns."""
        table = self.warehouse.table(f"core.{form}")
        shown = [table.c[name] for name in ("correction_ids", "is_dropped", *columns)]
        query = sa.select(*shown).where(table.c.submission_id == number, table.c.sheet_row == 4)
        with self.warehouse.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query.order_by(table.c.row_version))]

    def latest(self, *columns: str) -> list[tuple[Any, ...]]:
        """Rows in force, as readers see them."""
        shown = ", ".join(columns)
        with self.warehouse.engine.connect() as connection:
            rows = connection.exec_driver_sql(f"SELECT {shown} FROM core.{FORM}_latest ORDER BY sheet_row")
            return [tuple(row) for row in rows]

    def events(self) -> list[dict[str, Any]]:
        with self.warehouse.engine.connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT * FROM ops.correction_event ORDER BY event_id"
            ).mappings()
            return [dict(row) for row in rows]


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def engine_warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """A warehouse of this module on either engine."""
    if request.param == "duckdb":
        url = f"duckdb:///{tmp_path_factory.mktemp('corrections') / 'w.duckdb'}"
    else:
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        url = cluster.create_database()
    with Warehouse(url, load_project(find_project_root())) as warehouse:
        warehouse.create()
        yield warehouse


@pytest.fixture
def world(engine_warehouse: Warehouse) -> World:
    world = World(engine_warehouse)
    world.clear()
    with engine_warehouse.transaction() as connection:
        for form in engine_warehouse.project.forms:
            connection.execute(sa.delete(engine_warehouse.table(f"core.{form}")))
    return world


def test_a_correction_changes_its_cell_and_nothing_else(world: World) -> None:
    number = world.send(ROW, OTHER)

    assert world.sync(MEMBERS) == ["entered members", "applied members"]

    columns = [
        name for name in (*ROW, "raw_text", "sheet_row", "reporting_unit_code") if name != "member_count"
    ]
    sent, corrected = world.versions(number, "member_count", *columns)
    assert sent[:3] == (None, False, 1105)
    assert corrected[:3] == ("members", False, 1150)
    assert corrected[3:] == sent[3:]
    assert world.latest("cluster_code", "member_count") == [("C04", 1150), ("C05", 80)]


def test_the_ledger_says_what_was_changed_and_why(world: World) -> None:
    number = world.send(ROW)
    world.sync(MEMBERS)

    entered, applied = world.events()
    said = entered["definition"]
    assert (json.loads(said) if isinstance(said, str) else said) == MEMBERS.definition
    place = {
        "form": FORM,
        "reporting_unit_code": HOST,
        "period": MONTH,
        "submission_id": number,
        "sheet_row": 4,
    }
    assert {**applied, **place, "field": "member_count", "old_value": "1105", "new_value": "1150"} == applied
    assert [event["event_id"] for event in world.events()] == [1, 2]


def test_what_has_been_done_is_not_done_again(world: World) -> None:
    world.send(ROW, OTHER)
    others = correct("others", put("member_count", 5, 6), match={"cluster_code": "C05"})
    missing = correct("missing", put("member_count", 5, 6), match={"cluster_code": "C06"})
    first = world.sync(MEMBERS, others, missing)

    assert first[-3:] == ["applied members", "stale others", "unmatched missing"]
    assert world.sync(MEMBERS, others, missing) == []


@pytest.mark.parametrize(
    "after", [(), (MEMBERS.model_copy(update={"status": "retired"}),)], ids=["gone", "retired"]
)
def test_a_retired_correction_leaves_the_row_as_it_was_sent(
    world: World, after: tuple[Correction, ...]
) -> None:
    number = world.send(ROW)
    world.sync(MEMBERS)

    assert world.sync(*after) == ["retired members"]

    assert world.versions(number, "member_count") == [
        (None, False, 1105), ("members", False, 1150), (None, False, 1105)
    ]  # fmt: skip
    assert world.latest("member_count") == [(1105,)]
    assert world.sync(*after) == []


def test_a_correction_that_was_never_active_is_never_entered(world: World) -> None:
    world.send(ROW)
    retired = MEMBERS.model_copy(update={"status": "retired"})

    assert world.sync(retired) == []
    assert world.state("members").state == "retired"


def test_a_changed_correction_is_retired_and_entered_anew(world: World) -> None:
    number = world.send(ROW)
    world.sync(MEMBERS)
    changed = correct("members", put("member_count", 1105, 1151))

    world.sync(changed)

    assert [event["kind"] for event in world.events()] == [
        "entered",
        "applied",
        "retired",
        "entered",
        "applied",
    ]
    assert [row[2] for row in world.versions(number, "member_count")] == [1105, 1150, 1105, 1151]


def test_corrections_of_one_row_add_up_and_come_off_one_by_one(world: World) -> None:
    number = world.send(ROW)
    world.sync(MEMBERS, BRANCHES)
    world.sync(BRANCHES)

    assert world.versions(number, "member_count", "branch_count") == [
        (None, False, 1105, 7),
        ("members", False, 1150, 7),
        ("members;branches", False, 1150, 8),
        ("branches", False, 1105, 8),
    ]


def test_several_retired_at_once_leave_nothing(world: World) -> None:
    number = world.send(ROW)
    world.sync(MEMBERS, BRANCHES, DROP)

    assert world.sync() == ["retired members", "retired branches", "retired drop"]

    assert world.versions(number, "member_count", "branch_count")[-1] == (None, False, 1105, 7)


def test_a_dropped_row_is_out_of_force_until_the_correction_is_retired(world: World) -> None:
    number = world.send(ROW, OTHER)

    world.sync(MEMBERS, DROP)
    assert world.latest("cluster_code") == [("C05",)]
    assert world.versions(number, "member_count")[-1] == ("members;drop", True, 1150)

    world.sync(MEMBERS)
    assert world.latest("cluster_code", "member_count") == [("C04", 1150), ("C05", 80)]


def test_a_drop_that_expects_something_else_leaves_the_row(world: World) -> None:
    world.send(ROW)

    assert world.sync(correct("drop", drop(branch_count=7, member_count=1)))[-1] == "stale drop"

    assert world.latest("member_count") == [(1105,)]
    assert (
        "集群!G4 (member_count) of submission 1 was expected to hold 1, but holds 1105"
        in world.state("drop").message
    )


def test_an_old_value_that_is_not_the_expected_one_is_told_and_left(world: World) -> None:
    number = world.send({**ROW, "member_count": 1200})

    assert world.sync(MEMBERS) == ["entered members", "stale members"]

    assert len(world.versions(number)) == 1
    state = world.state("members")
    assert (state.state, state.submission_id, state.cell) == ("stale", number, "集群!G4")
    assert (state.expected, state.found, state.has_failed) == ("1105", "1200", True)
    assert state.message == (
        f"assets/corrections/{MONTH}.yaml: members: 集群!G4 (member_count) of submission {number} was expected to hold "
        "1105, but holds 1200: not applied. Retire the correction, or enter it anew with what is expected now."
    )


def test_a_return_that_brings_the_value_itself_asks_for_the_end_of_the_correction(world: World) -> None:
    world.send(ROW)
    world.sync(MEMBERS)
    mended = world.send({**ROW, "member_count": 1150})

    assert world.sync(MEMBERS) == ["stale members"]

    assert world.versions(mended, "member_count") == [(None, False, 1150)]
    assert world.state("members").message.endswith("The unit has mended it: retire the correction.")


def test_a_return_that_still_needs_it_is_corrected_too(world: World) -> None:
    first = world.send(ROW)
    world.sync(MEMBERS)
    second = world.send({**ROW, "branch_count": 9})
    assert world.state("members").state == "waiting"

    assert world.sync(MEMBERS) == ["applied members"]
    assert world.latest("member_count", "branch_count") == [(1150, 9)]

    world.sync()
    for number in (first, second):
        assert world.versions(number, "member_count")[-1] == (None, False, 1105)


def test_a_return_that_falls_out_of_force_leaves_the_earlier_one_corrected(world: World) -> None:
    world.send(ROW)
    world.sync(MEMBERS)
    second = world.send({**ROW, "member_count": 9})
    world.sync(MEMBERS)
    world.judge(second, "returned", AT)

    assert world.sync(MEMBERS) == []
    assert world.state("members").state == "applied"
    assert world.latest("member_count") == [(1150,)]


def test_a_row_that_is_missing_or_not_alone_is_told_and_left(world: World) -> None:
    number = world.send(ROW, OTHER)
    missing = correct("missing", put("member_count", 1105, 1150), match={"cluster_code": "C06"})
    several = correct(
        "several", put("member_count", 1105, 1150), match={"branch_count": 7, "also_counted_in": None}
    )

    assert world.sync(missing, several)[-2:] == ["unmatched missing", "ambiguous several"]

    assert len(world.versions(number)) == 1
    assert (
        f"no row of submission {number} has cluster_code=C06: not applied" in world.state("missing").message
    )
    assert (
        "several rows of submission 1 have branch_count=7, also_counted_in=(blank)"
        in world.state("several").message
    )


def test_what_is_not_in_force_or_not_loaded_waits(world: World) -> None:
    assert world.sync(MEMBERS) == ["entered members"]
    assert world.state("members").state == "waiting"

    number = world.send(ROW, load=False)
    assert world.sync(MEMBERS) == []
    assert world.state("members").state == "waiting"

    world.load(number)
    assert world.sync(MEMBERS) == ["applied members"]
    assert world.state("members").state == "applied"


def test_a_second_correction_of_a_cell_by_another_match_is_stale(world: World) -> None:
    number = world.send(ROW)
    again = correct("again", put("member_count", 1105, 1160), match={"branch_count": 7})
    drop_again = correct("drop_again", drop(member_count=1105), match={"branch_count": 7})

    done = world.sync(MEMBERS, DROP, again, drop_again)

    assert done[4:] == ["applied members", "applied drop", "stale again", "stale drop_again"]
    assert world.versions(number, "member_count")[-1] == ("members;drop", True, 1150)
    assert world.state("again").found == "1150"
    assert "is dropped by another correction" in world.state("drop_again").message


def test_rows_of_different_forms_have_nothing_to_do_with_each_other(world: World) -> None:
    number = world.send(ROW)
    world.add_form(number, "unit_summary", {"unit_code": HOST, "member_count": 1105})
    summary = correct(
        "summary", put("member_count", 1105, 1150), form="unit_summary", match={"unit_code": HOST}
    )

    assert world.sync(MEMBERS, summary)[-2:] == ["applied members", "applied summary"]

    assert world.versions(number, "member_count", form="unit_summary")[-1] == ("summary", False, 1150)
    assert world.versions(number, "member_count")[-1] == ("members", False, 1150)


@pytest.mark.parametrize("text", ["310101199003074514", "１３８００１３８０００"])
def test_a_correction_with_a_personal_number_stops_before_anything_is_written(
    world: World, text: str
) -> None:
    world.send(ROW)
    said = correct("said", put("member_count", 1105, 1150), reason={"zh": f"来函 {text}", "en": "by letter"})
    world.warehouse.project = world.warehouse.project.model_copy(update={"corrections": (MEMBERS, said)})

    with pytest.raises(ContractError) as caught:
        apply_corrections(world.warehouse)

    assert str(caught.value) == f"assets/corrections/{MONTH}.yaml: said: holds a personal number; take it out"
    assert world.events() == []


TYPED = {
    "a long decimal": (
        "chain_cooperation",
        "quantity",
        Decimal("123456789012345678.123456"),
        Decimal("0.000001"),
    ),
    "a date": ("cluster_organisation", "founded_on", date(2019, 5, 9), date(2019, 9, 5)),
    "a time": ("service_case", "accepted_at", datetime(2021, 12, 3, 9, 30), datetime(2021, 12, 3, 19, 30)),
    "yes or no": ("cluster_enterprise", "is_key", False, True),
    "a text": ("cluster_enterprise", "enterprise_name", "某某公司's", "某某"),
    "a blank": ("cluster_organisation", "also_counted_in", None, "C01;C02"),
    "a value to a blank": ("cluster_organisation", "member_count", 5, None),
}


@pytest.mark.parametrize("kind", TYPED)
def test_values_of_every_type_are_exact(world: World, kind: str) -> None:
    form, field, old, new = TYPED[kind]
    number = world.send({field: old}, form=form)
    correction = correct("typed", put(field, old, new), form=form, match={field: old})

    assert world.sync(correction)[-1] == "applied typed"
    world.sync()

    assert [row[2] for row in world.versions(number, field, form=form)] == [old, new, old]


def test_a_cut_finds_the_row_as_it_was_then(world: World) -> None:
    number = world.send(ROW)
    world.sync(MEMBERS)
    world.sync()
    found = {}
    with world.warehouse.engine.connect() as connection:
        for event in range(4):
            query = f"SELECT member_count FROM core.{FORM}_at({number}, 1, {event})"
            found[event] = connection.exec_driver_sql(query).scalar_one()

    assert found == {0: 1105, 1: 1105, 2: 1150, 3: 1105}  # 1 entered, 2 applied, 3 retired


def test_provenance_names_the_corrections_of_a_row_at_a_cut(world: World) -> None:
    number = world.send(ROW, OTHER)
    world.sync(MEMBERS, BRANCHES)  # 1, 2 entered; 3, 4 applied
    world.sync(BRANCHES)  # 5 retired

    with world.warehouse.engine.connect() as connection:
        now = read_corrections_of_rows(connection, FORM, [(number, 4), (number, 5)])
        before = read_corrections_of_rows(connection, FORM, [(number, 4)], 4)
        sent = read_corrections_of_rows(connection, FORM, [(number, 4)], 2)
        elsewhere = read_corrections_of_rows(connection, "unit_summary", [(number, 4)])
        other_row = read_corrections_of_rows(connection, FORM, [(number, 5)])

    assert now.to_dict("records") == [{
        "event_id": 4, "correction_id": "branches", "submission_id": number, "sheet_row": 4, "field": "branch_count",
        "old_value": "7", "new_value": "8", "reason_zh": "录入颠倒", "reason_en": "Two digits are swapped",
        "decided_by": "区委组织部", "decided_on": "2022-01-10",
    }]  # fmt: skip
    assert list(before["correction_id"]) == ["members", "branches"]
    assert list(sent.columns) == list(now.columns)
    assert [len(frame) for frame in (sent, elsewhere, other_row)] == [0, 0, 0]
