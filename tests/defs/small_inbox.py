"""Returns of two units for two months, the last of them wrong: a key stands twice in its carriers."""

from __future__ import annotations

from pathlib import Path

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import load_project
from g60pipeline.sample.faults import FAULTS
from g60pipeline.sample.generate import SAMPLE_OPENING, Parcel, build_sample, render
from g60pipeline.sample.writers import Writer
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse
from g60pipeline.warehouse.openings import append_opening

FEBRUARY, MARCH = Period(2021, 2), Period(2021, 3)
FAULT = next(fault for fault in FAULTS if fault.kind == "duplicate_key")
PARCELS = {
    "february": (
        Parcel("310117001_2021-02_1.zip", "310117001", FEBRUARY),
        Parcel("310117U02_2021-02_1.xlsx", "310117U02", FEBRUARY),
    ),
    "march": (
        Parcel("310117001_2021-03_1.zip", "310117001", MARCH),
        Parcel(FAULT.file_name, FAULT.unit_code, MARCH, fault=FAULT),
    ),
}


def put(inbox: Path, *months: str) -> None:
    """Put the months' returns into the inbox of a home, and open the months, which were locked long ago."""
    contracts = load_project(find_project_root())
    sample, writer = build_sample(contracts), Writer(contracts)
    inbox.mkdir(parents=True, exist_ok=True)
    with Warehouse(f"duckdb:///{inbox.parent / 'warehouse.duckdb'}", contracts) as warehouse:
        warehouse.create()
        append_opening(warehouse, SAMPLE_OPENING)
    for month in months:
        for parcel in PARCELS[month]:
            (inbox / parcel.name).write_bytes(render(parcel, sample, writer)[0])
