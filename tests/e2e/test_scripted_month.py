"""A month as it goes: files dropped over time, one wrong, one corrected, one late, one missing. What Dagster's pages, the
command and the warehouse say is compared at each step. A sweep (`make sweep`): every step waits for a real daemon.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command import g60
from playwright.sync_api import Page, sync_playwright
from test_ui import free_port, wait_until_up
from ui_screenshots import CHROMIUM, launch, open_cell, open_check, open_missing_cell

from g60pipeline.contracts.project import Project
from g60pipeline.sample.generate import Parcel, build_sample, render
from g60pipeline.sample.writers import Writer
from g60pipeline.warehouse.engine import Warehouse, WarehouseError

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "defs"))

from small_inbox import FAULT, FEBRUARY, MARCH, put  # noqa: E402

pytestmark = [
    pytest.mark.sweep,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium on the PATH"),
]
TOWN, COMMISSION = "310117001", "310117U02"
SECONDS = 240


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an empty inbox; the months, which were locked long ago, are open."""
    home = tmp_path_factory.mktemp("month")
    put(home / "inbox")
    return home


@pytest.fixture(scope="module")
def base(home: Path) -> Iterator[str]:
    """Address of Dagster's pages; the daemon runs beside them, as `g60 ui` starts both."""
    port = free_port()
    command = [sys.executable, "-m", "g60pipeline.cli", "ui", "--port", str(port)]
    with (home / "ui.log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "G60_HOME": str(home)}, stdout=log, stderr=log
        )
        try:
            wait_until_up(f"http://127.0.0.1:{port}", server, 120)
            environment = {**os.environ, "DAGSTER_HOME": str(home / "dagster"), "G60_HOME": str(home)}
            switch = [
                Path(sys.executable).with_name("dagster"),
                "sensor",
                "start",
                "inbox_sensor",
                "-w",
                "workspace.yaml",
            ]
            subprocess.run(switch, cwd=ROOT, env=environment, check=True, capture_output=True)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=60)


@pytest.fixture(scope="module")
def page(base: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.goto(base)
        yield page
        browser.close()


def drop(home: Path, project: Project, parcel: Parcel) -> None:
    """Drop a file as a person does, whole."""
    content = render(parcel, build_sample(project), Writer(project))[0]
    half = home / "half"
    half.write_bytes(content)
    os.replace(half, home / "inbox" / parcel.name)


def wait_for(what: Callable[[], bool], home: Path) -> None:
    until = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < until, (home / "ui.log").read_text()[-3000:]
        time.sleep(2)


def verdicts(home: Path, project: Project) -> list[tuple[str, str, str]]:
    """Unit, month and verdict of every submission that has one, in the ledger's order; waits for who writes."""
    query = """
        SELECT s.reporting_unit_code AS unit, s.period, v.status FROM ops.submission s
        JOIN ops.verdict v ON v.submission_id = s.submission_id ORDER BY s.submission_id, v.verdict_id
    """
    while True:
        try:
            with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project, read_only=True) as warehouse:
                return [tuple(row) for row in warehouse.read(query).itertuples(index=False, name=None)]
        except WarehouseError:
            time.sleep(1)


def members(home: Path, project: Project) -> dict[str, float]:
    """Members of the town by month, as the warehouse has them."""
    query = """
        SELECT period, value FROM mart.indicator_value WHERE indicator_id = 'unit_member_count'
          AND subject_code = '310117001' AND dimension = '' AND status = 'published'
    """
    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project, read_only=True) as warehouse:
        return {row["period"]: row["value"] for row in warehouse.read(query).to_dict("records")}


def status(home: Path) -> dict[str, dict[str, Any]]:
    """What the command says of both months."""
    for _ in range(30):
        done = g60(home, "status", "--from", FEBRUARY.key, "--to", MARCH.key, "--json")
        if done.returncode != 1:  # 1: a run has the file
            return {month["period"]: month for month in json.loads(done.stdout)["months"]}
        time.sleep(1)
    raise TimeoutError(done.stderr)


def test_a_month_as_it_goes(home: Path, base: str, page: Page, project: Project) -> None:
    def is_judged(*expected: tuple[str, str, str]) -> Callable[[], bool]:
        return lambda: verdicts(home, project) == list(expected)

    on_time = (COMMISSION, FEBRUARY.key, "accepted")
    drop(home, project, Parcel("310117U02_2021-02_1.xlsx", COMMISSION, FEBRUARY))
    wait_for(is_judged(on_time), home)
    months = status(home)
    assert (months[FEBRUARY.key]["received"], months[FEBRUARY.key]["accepted"]) == (1, 1)
    assert "accepted" in open_cell(page, base, FEBRUARY.key, COMMISSION)

    wrong = (COMMISSION, MARCH.key, "returned")
    drop(home, project, Parcel(FAULT.file_name, COMMISSION, MARCH, fault=FAULT))
    wait_for(is_judged(on_time, wrong), home)
    months = status(home)
    assert (months[MARCH.key]["received"], months[MARCH.key]["returned"]) == (1, 1)
    assert "returned" in open_cell(page, base, MARCH.key, COMMISSION)
    open_check(page, base, "staged/innovation_carrier", "keys_are_unique")
    assert page.get_by_text(COMMISSION, exact=True).first.is_visible()

    corrected = (COMMISSION, MARCH.key, "accepted")
    drop(home, project, Parcel("310117U02_2021-03_2.xlsx", COMMISSION, MARCH))
    wait_for(is_judged(on_time, wrong, corrected), home)
    months = status(home)
    counted = {name: months[MARCH.key][name] for name in ("received", "accepted", "returned")}
    assert counted == {"received": 2, "accepted": 1, "returned": 1}  # what was sent back stays on record
    assert "accepted" in open_cell(page, base, MARCH.key, COMMISSION)
    assert members(home, project) == {}

    late = (TOWN, FEBRUARY.key, "accepted")
    drop(home, project, Parcel("310117001_2021-02_1.zip", TOWN, FEBRUARY))
    wait_for(is_judged(on_time, wrong, corrected, late), home)
    wait_for(lambda: status(home)[FEBRUARY.key]["accepted"] == 2, home)
    assert "accepted" in open_cell(page, base, FEBRUARY.key, TOWN)
    wait_for(lambda: set(members(home, project)) == {FEBRUARY.key}, home)

    # The town's March is missing: its cell is empty, the command counts it, and the warehouse had no value of it above.
    open_missing_cell(page, base, MARCH.key, TOWN)
    months = status(home)
    assert months[MARCH.key]["missing"] == months[MARCH.key]["expected"] - 1
