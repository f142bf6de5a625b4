"""The main job, a month, and a late return beside a full rebuild, on DuckDB and on PostgreSQL: `python bench/warehouse.py`.

PostgreSQL is a throwaway cluster (15 or later must be installed); its server's CPU time counts. Takes some minutes; say
what else the machine did when you compare.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.operations.compute import update_indicators
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.timeliness import utc_now
from postgres import Cluster

FIRST, LAST = "2015-01", "2021-12"
UNIT, LATE = "310117107", "2021-03"
LEDGER = ("ops.submission", "ops.submission_form", "ops.verdict")


@dataclass(frozen=True)
class Took:
    """Seconds on the clock, and of every CPU together."""

    wall: float
    cpu: float


Clock = Callable[[], float]


def own_cpu() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def server_cpu(cluster: Cluster) -> float:
    """CPU seconds of the server, of its sessions that ended and of those that are there."""
    postmaster = int((Path(cluster.socket) / "data" / "postmaster.pid").read_text().split()[0])
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, _, rest = stat.read_text().partition(" (")
        except OSError:
            continue
        fields = rest.rpartition(") ")[2].split()
        if int(number) == postmaster:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == postmaster:
            ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def timed(clock: Clock, work: Callable[[], Any]) -> tuple[Took, Any]:
    """Do the work; return what it took and what it gave."""
    wall, cpu = time.perf_counter(), clock()
    result = work()
    return Took(time.perf_counter() - wall, clock() - cpu), result


def g60(home: Path, url: str, *arguments: str) -> None:
    """Run a command; returns may be sent back (3)."""
    environment = {**os.environ, "G60_HOME": str(home), "G60_WAREHOUSE_URL": url}
    command = [sys.executable, "-m", "g60pipeline.cli", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr)


def forget_month(warehouse: Warehouse, period: str) -> None:
    """Have the month computed again, and no other."""
    with warehouse.transaction() as connection:
        connection.execute(sa.text("DELETE FROM mart.computation WHERE period = :period"), {"period": period})


def send_again(warehouse: Warehouse, changed_forms: Collection[str]) -> None:
    """Enter the unit's return of the month once more, with one member more in its summary.

    `changed_forms`: those whose content counts as another, the summary's among them.
    """
    mine = {"unit": UNIT, "period": LATE}
    find = "SELECT max(submission_id) FROM core.latest_submission WHERE reporting_unit_code = :unit AND period = :period"
    with warehouse.transaction() as connection:
        old = connection.execute(sa.text(find), mine).scalar_one()
        new = connection.execute(sa.text("SELECT max(submission_id) + 1 FROM ops.submission")).scalar_one()
        verdict = connection.execute(sa.text("SELECT max(verdict_id) + 1 FROM ops.verdict")).scalar_one()
        changed = {"submission_id": sa.literal(new), "verdict_id": sa.literal(verdict)}
        changed |= {"received_at": sa.literal(utc_now()), "judged_at": sa.literal(utc_now())}
        tables = [*LEDGER, *(f"core.{form}" for form in warehouse.project.forms)]
        for table in map(warehouse.table, tables):
            own = changed | (
                {"member_count": table.c.member_count + 1} if table.name == "unit_summary" else {}
            )
            if table.name == "submission_form":
                hashed = sa.case(
                    (table.c.form.in_(changed_forms), sa.literal(f"sent again {new}")),
                    else_=table.c.content_hash,
                )
                own["content_hash"] = hashed
            rows = sa.select(*(own.get(c.name, c).label(c.name) for c in table.c)).where(
                table.c.submission_id == old
            )
            connection.execute(sa.insert(table).from_select([c.name for c in table.c], rows))


def measure(home: Path, url: str, project: Project, clock: Clock) -> dict[str, tuple[Took, str]]:
    """Run everything on one engine: what was done, what it took, and how much it was."""
    took: dict[str, tuple[Took, str]] = {}
    run, _ = timed(clock, lambda: g60(home, url, "run", "--from", FIRST, "--to", LAST))
    took["the main job"] = (run, f"{FIRST} to {LAST}")
    with Warehouse(url, project) as warehouse:
        update_indicators(warehouse, [LAST], rebuild=True)  # compiles; not part of what is measured
        forget_month(warehouse, LAST)
        steps: dict[str, Callable[[], Any]] = {
            f"indicators of {LAST}": lambda: update_indicators(warehouse, [LAST]),
            f"a late correction of {LATE}": lambda: update_indicators(warehouse, [LATE]),
            f"a late return of {LATE}": lambda: update_indicators(warehouse, [LATE]),
            "a full rebuild": lambda: update_indicators(warehouse, [LAST], rebuild=True),
        }
        for name, step in steps.items():
            if "late" in name:
                send_again(warehouse, ["unit_summary"] if "correction" in name else list(project.forms))
            spent, done = timed(clock, step)
            months = sum(len(item.months) for item in done)
            took[name] = (
                spent,
                f"{months} months of themes, {sum(d.changed_count for d in done)} values changed",
            )
    return took


def main() -> None:
    """Print a table."""
    project, cluster = load_project(find_project_root()), Cluster()
    results: dict[str, dict[str, tuple[Took, str]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("duckdb", "postgres"):
            home = Path(folder) / name
            url = f"duckdb:///{home / 'warehouse.duckdb'}" if name == "duckdb" else cluster.create_database()
            g60(home, url, "sample")
            is_server = name == "postgres"
            clock = (lambda: own_cpu() + server_cpu(cluster)) if is_server else own_cpu
            results[name] = measure(home, url, project, clock)
            shutil.rmtree(home)
    cluster.stop()
    print(f"{'':24} {'DuckDB':>16} {'PostgreSQL':>16}  ratio")
    print(f"{'':24} {'wall s':>8}{'CPU s':>8} {'wall s':>8}{'CPU s':>8}   wall")
    for step, (one, how_much) in results["duckdb"].items():
        two = results["postgres"][step][0]
        figures = f"{one.wall:8.1f}{one.cpu:8.1f} {two.wall:8.1f}{two.cpu:8.1f} {two.wall / one.wall:6.2f}"
        print(f"{step:24} {figures}  {how_much}")
    for name, took in results.items():
        full = took["a full rebuild"][0]
        for late in (step for step in took if "late" in step):
            wall, cpu = took[late][0].wall / full.wall, took[late][0].cpu / full.cpu
            print(f"{name}: {late} takes {wall:.0%} of a full rebuild's time, {cpu:.0%} of its CPU")


if __name__ == "__main__":
    main()
