"""A second district joins a warehouse in use: its rows, its returns, a merger and a move, by the commands of its README."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from command import g60

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.sample.generate import build_sample
from g60pipeline.sample.writers import Writer, suffix
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse

pytestmark = pytest.mark.sweep
EXAMPLE = Path(__file__).parents[2] / "examples" / "second_district"
HOME, SECOND, CORRIDOR = "310117", "330421", "G60"
ZONE, XITANG, DAYUN, CLUSTER = "330421U01", "330421U02", "330421U03", "C21"
BEFORE, AFTER = "2021-12", "2022-01"
MEMBERS, COVERAGE, GROWTH = (
    "unit_member_count",
    "key_enterprise_organisation_coverage",
    "member_growth_in_a_month",
)
INDICATOR = f"""\
theme: second_district
title: {{zh: 样例, en: Example}}
owner: district-office
indicators:
  - id: {GROWTH}
    label: {{zh: 党员数环比增长, en: growth of members in a month}}
    definition: {{zh: 期末党员数比上月增长。, en: Members at the end over those of the month before.}}
    kind: growth
    unit: ratio
    numerator: {{from: unit_summary, value: SUM(member_count)}}
    over_months: 1
    time: [end]
    levels: [unit, district]
    missing: exclude_unit
    threshold: 0.8
"""
Key = tuple[str, str, str]
Values = dict[str, dict[Key, dict[str, Any]]]


@dataclass(frozen=True)
class World:
    """The home before and after the second district joined; values by boundaries, indicator:month, level and subject."""

    home: Path
    project: Project
    briefings: tuple[str, str]
    outcomes: tuple[dict[str, Any], dict[str, Any]]
    values: dict[str, Values]
    verdicts: dict[tuple[str, str], str]

    def was(self, indicator: str, period: str, level: str, subject: str) -> dict[str, Any]:
        return self.values["as_was"][indicator][period, level, subject]

    def now(self, indicator: str, period: str, level: str, subject: str) -> dict[str, Any]:
        return self.values["as_now"][indicator][period, level, subject]


def _write_own_returns(project: Project, inbox: Path) -> None:
    sample, writer, month = build_sample(project), Writer(project), Period.parse(BEFORE)
    inbox.mkdir(parents=True)
    for unit in project.reporting_units(month):
        sent = sample.correct_return(unit, month)
        (inbox / f"{sent.stem}{suffix(unit)}").write_bytes(writer.render(sent))


def _run(home: Path, first: str, last: str) -> dict[str, Any]:
    done = g60(home, "run", "--from", first, "--to", last, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    outcome = json.loads(done.stdout)
    return {"month": outcome["months"][0], "figures": outcome["figures"]}


def _briefing(home: Path) -> str:
    """The page without what names the run and the rules."""
    page = (home / "out" / "briefing" / f"{BEFORE}.html").read_text("utf-8")
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{16}\b", "-", unescape(page))


def _join(root: Path, home: Path) -> Project:
    """Do what the README says, with an indicator more."""
    for script, target in (("build_project.py", root), ("write_returns.py", home / "inbox")):
        subprocess.run([sys.executable, EXAMPLE / script, target], check=True, capture_output=True)
    (root / "assets" / "indicators" / "second_district.yaml").write_text(INDICATOR, "utf-8")
    return load_project(root)


def _read_values(warehouse: Warehouse, view: str) -> Values:
    rows = warehouse.read(f"SELECT * FROM mart.{view} WHERE dimension = '' AND time_basis = 'end'")
    values: Values = {}
    for row in rows.to_dict("records"):
        key = (row["period"], row["level"], row["subject_code"])
        values.setdefault(row["indicator_id"], {})[key] = {str(name): value for name, value in row.items()}
    return values


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("second_district")
    home, root = folder / "home", folder / "project"
    _write_own_returns(load_project(find_project_root()), home / "inbox")
    opened = [
        "--from",
        BEFORE,
        "--to",
        AFTER,
        "--until",
        "2099-12-31",
        "--reason",
        "样例补报",
        "--office",
        "样例",
    ]
    assert g60(home, "open", "--unit", "*", *opened).returncode == 0
    before = _run(home, BEFORE, BEFORE), _briefing(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(root / "src"))
        project = _join(root, home)
        after = _run(home, BEFORE, AFTER), _briefing(home)
        with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project) as warehouse:
            views = {"as_was": "indicator_value", "as_now": "indicator_value_as_now"}
            values = {name: _read_values(warehouse, view) for name, view in views.items()}
            sent = warehouse.read(
                "SELECT reporting_unit_code, period, v.status FROM ops.submission JOIN ops.verdict v USING (submission_id)"
            )
        verdicts = {(row[0], row[1]): row[2] for row in sent.itertuples(index=False)}
        yield World(home, project, (before[1], after[1]), (before[0], after[0]), values, verdicts)


def test_every_return_is_accepted_the_former_hosts_too(world: World) -> None:
    second = {key: status for key, status in world.verdicts.items() if key[0].startswith(SECOND)}

    expected = [(ZONE, BEFORE), (XITANG, BEFORE), (DAYUN, BEFORE), (ZONE, AFTER), (XITANG, AFTER)]
    assert second == dict.fromkeys(expected, "accepted")


@pytest.mark.parametrize(
    ("level", "subject", "district"),
    [("district", SECOND, 3600), ("city", "330400", 3600)],
)
def test_the_second_district_has_figures_of_its_own(
    world: World, level: str, subject: str, district: int
) -> None:
    found = world.was(MEMBERS, BEFORE, level, subject)

    assert (found["value"], found["reporting_unit_count"], found["expected_unit_count"]) == (district, 3, 3)


def test_sums_and_coverage_add_up_to_city_and_corridor(world: World) -> None:
    names = ("value", "reporting_unit_count", "expected_unit_count")
    own, second, city, corridor = (
        [world.was(MEMBERS, BEFORE, level, subject)[name] for name in names]
        for level, subject in (
            ("district", HOME),
            ("district", SECOND),
            ("city", "310100"),
            ("corridor", CORRIDOR),
        )
    )

    assert own[0] > 60_000
    assert own[1:] == [20, 20]
    assert city == own
    assert corridor == [a + b for a, b in zip(own, second, strict=True)]


def test_ratios_are_sum_over_sum(world: World) -> None:
    own, second = (world.was(COVERAGE, BEFORE, "district", code) for code in (HOME, SECOND))
    corridor = world.was(COVERAGE, BEFORE, "corridor", CORRIDOR)

    assert (second["numerator"], second["denominator"], second["value"]) == (3, 4, 0.75)
    for part in ("numerator", "denominator"):
        assert corridor[part] == own[part] + second[part]
    assert corridor["value"] == pytest.approx(corridor["numerator"] / corridor["denominator"])
    assert corridor["reporting_unit_count"] == corridor["expected_unit_count"] == 9


def test_where_too_few_reported_the_corridor_has_no_value_but_says_how_many(world: World) -> None:
    corridor, city = (
        world.was(MEMBERS, AFTER, "corridor", CORRIDOR),
        world.was(MEMBERS, AFTER, "city", "330400"),
    )

    assert (city["status"], city["value"]) == ("published", 3610)
    assert (city["reporting_unit_count"], city["expected_unit_count"]) == (2, 2)
    assert corridor["status"] == "withheld"
    assert (corridor["reporting_unit_count"], corridor["expected_unit_count"]) == (2, 22)
    assert world.was(MEMBERS, AFTER, "district", HOME)["status"] == "missing"


def test_after_the_merger_the_month_before_is_told_on_both_boundaries(world: World) -> None:
    was, now = (world.values[name][MEMBERS] for name in ("as_was", "as_now"))
    units = {
        name: {
            key[2]: row["value"]
            for key, row in rows.items()
            if key[:2] == (BEFORE, "unit") and key[2][:6] == SECOND
        }
        for name, rows in (("was", was), ("now", now))
    }

    assert units == {"was": {ZONE: 2000, XITANG: 1500, DAYUN: 100}, "now": {ZONE: 2000, XITANG: 1600}}
    assert was[BEFORE, "district", SECOND]["value"] == now[BEFORE, "district", SECOND]["value"] == 3600
    assert now[BEFORE, "district", SECOND]["expected_unit_count"] == 2
    assert (AFTER, "unit", DAYUN) not in was


def test_growth_across_the_merger_compares_like_with_like_on_todays_boundaries(world: World) -> None:
    was, now = (
        [read(GROWTH, AFTER, "unit", XITANG)["value"], read(GROWTH, AFTER, "district", SECOND)["value"]]
        for read in (world.was, world.now)
    )

    assert was == pytest.approx([1604 / 1500 - 1, 3610 / 3500 - 1])
    assert now == pytest.approx([1604 / 1600 - 1, 3610 / 3600 - 1])


def test_the_moved_cluster_is_its_host_of_the_time_and_its_host_of_today(world: World) -> None:
    indicator = "cluster_member_count"

    assert world.was(indicator, BEFORE, "unit", XITANG)["value"] == 60
    assert (BEFORE, "unit", ZONE) not in world.values["as_was"][indicator]
    assert world.now(indicator, BEFORE, "unit", ZONE)["value"] == 60
    assert world.was(indicator, AFTER, "unit", ZONE)["value"] == 63
    assert (AFTER, "unit", XITANG) not in world.values["as_was"][indicator]
    for values in world.values.values():
        assert [values[indicator][month, "cluster", CLUSTER]["value"] for month in (BEFORE, AFTER)] == [
            60,
            63,
        ]


def test_briefing_and_status_stay_the_same(world: World) -> None:
    assert "松江区" in world.briefings[0]
    assert world.briefings[0] == world.briefings[1]
    assert (
        world.outcomes[0]["month"] | {"period": BEFORE, "expected": 22, "accepted": 22}
        == world.outcomes[0]["month"]
    )
    assert world.outcomes[0] == world.outcomes[1]


def test_board_and_the_districts_reminder_leave_the_others_out(world: World) -> None:
    board = (world.home / "out" / "board" / f"{AFTER}.html").read_text("utf-8")

    assert "九亭镇" in board
    assert "西塘镇" not in board


def test_the_shipped_lists_have_one_district_still(world: World) -> None:
    shipped = load_project(find_project_root())

    assert not shipped.has_several_districts
    assert not shipped.has_regroupings
    assert world.project.has_several_districts
