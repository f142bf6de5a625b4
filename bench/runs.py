"""What runs cost: from a file dropped to its values, a year's backfill, loading the code location: `python bench/runs.py`.

Needs `tests/defs` on PYTHONPATH. One run per unit is measured over a few units and scaled. Takes some minutes; the clock
counts, so say what else the machine did (its load is printed).
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
from daemon import run_daemon, wait_for
from small_inbox import put

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import load_project
from g60pipeline.defs.instance import open_instance
from g60pipeline.defs.run import run_months
from g60pipeline.sample.generate import SAMPLE_OPENING, write_sample
from g60pipeline.settings import Settings, find_project_root, load_settings
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.openings import append_opening

FIRST, LAST = Period(2021, 1), Period(2021, 12)
UNITS_MEASURED = 3
TIMES = 5
_BARE = """
import dagster as dg

@dg.asset
def one() -> None: ...

definitions = dg.Definitions(assets=[one])
"""
_OURS = "from g60pipeline.definitions import definitions as build\n"


def cpu_seconds() -> float:
    """CPU of this process and of those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measure(work: Callable[[], object]) -> tuple[float, float]:
    """Return seconds on the clock and of CPU."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    work()
    return time.perf_counter() - wall, cpu_seconds() - cpu


def measure_latency(home: Path) -> tuple[float, float]:
    """Seconds from dropping two files to the receipt, and to their indicators; the daemon was running before."""
    put(home / "inbox")
    theme = dg.AssetKey(["indicator", "membership"])
    with open_instance(home) as instance, run_daemon(home) as daemon:
        heartbeats = instance.get_daemon_heartbeats
        wait_for(lambda: "SENSOR" in heartbeats(), home, daemon)
        time.sleep(5)
        dropped = time.time()
        put(home / "inbox", "march")
        wait_for(lambda: bool(instance.fetch_materializations(theme, limit=1).records), home, daemon)
        received = instance.fetch_materializations(dg.AssetKey(["intake", "received"]), limit=1).records
        computed = instance.fetch_materializations(theme, limit=1).records
        wait_for(lambda: all(run.is_finished for run in instance.get_runs()), home, daemon)
    return received[0].timestamp - dropped, computed[0].timestamp - dropped


def prepare(home: Path, names: Callable[[str], bool], sample: Path) -> Settings:
    """A home with the sample's files of some names in its inbox, its months open."""
    settings = load_settings({"G60_HOME": str(home)})
    inbox = Path(settings.inbox)
    inbox.mkdir(parents=True, exist_ok=True)
    for file in sorted(sample.iterdir()):
        if names(file.name):
            shutil.copy(file, inbox)
    with Warehouse(settings.warehouse_url, load_project(find_project_root())) as warehouse:
        warehouse.create()
        append_opening(warehouse, SAMPLE_OPENING)
    return settings


def measure_year(home: Path, sample: Path) -> tuple[float, float]:
    """Cost per month of a year over all units in one run, everything judged and computed."""
    os.environ["G60_HOME"] = str(home)
    settings = prepare(home, lambda name: "_2021-" in name or "_2020-12" in name, sample)
    wall, cpu = measure(lambda: run_months(settings, FIRST, LAST))
    return wall / 12, cpu / 12


def measure_units(home: Path, sample: Path) -> tuple[float, float, int]:
    """Cost per unit of a month when each unit has a run of its own, and how many units there are."""
    os.environ["G60_HOME"] = str(home)
    of_month = sorted(file.name for file in sample.iterdir() if f"_{FIRST.key}_1." in file.name)
    walls: list[float] = []
    cpus: list[float] = []
    for name in of_month[:UNITS_MEASURED]:
        settings = prepare(home, lambda other, name=name: other == name, sample)
        wall, cpu = measure(lambda settings=settings: run_months(settings, FIRST, FIRST))
        walls.append(wall)
        cpus.append(cpu)
    return sum(walls) / len(walls), sum(cpus) / len(cpus), len(of_month)


def measure_start(program: str) -> float:
    """CPU seconds of a fresh process, the best of some."""
    command = [sys.executable, "-c", program]
    return min(measure(lambda: subprocess.run(command, check=True))[1] for _ in range(TIMES))


def main() -> None:
    """Measure and print."""
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
    load = "definitions.get_repository_def().get_all_jobs()"
    ours, bare = measure_start("import g60pipeline.definitions"), measure_start("import dagster")
    print(f"import: {ours:.2f} s of CPU, dagster alone {bare:.2f} s, ratio {ours / bare:.2f}", flush=True)
    ours = measure_start(f"{_OURS}definitions = build()\n{load}")
    bare = measure_start(f"{_BARE}{load}")
    print(
        f"code location: {ours:.2f} s of CPU, one bare asset {bare:.2f} s, ratio {ours / bare:.2f}",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        receipt, values = measure_latency(root / "latency")
        print(
            f"dropped to received {receipt:.0f} s, to indicators {values:.0f} s (the sensor looks every 30 s)",
            flush=True,
        )
        write_sample(
            load_project(find_project_root()), root / "sample", 2021, manifest_path=root / "manifest.json"
        )
        wall, cpu = measure_year(root / "year", root / "sample")
        print(f"a year in one run: {wall:.1f} s, {cpu:.1f} s of CPU per month, all units", flush=True)
        wall_unit, cpu_unit, units = measure_units(root / "units", root / "sample")
        print(
            f"a run per unit: {wall_unit:.1f} s, {cpu_unit:.1f} s of CPU per unit and month, over {UNITS_MEASURED} units; "
            f"scaled to {units}: {units * cpu_unit / cpu:.0f} times the CPU of one run"
        )
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
