"""Months. One partition is one reporting month; a run takes all units of it, or of a range of months."""

from __future__ import annotations

from datetime import datetime

import dagster as dg

from g60pipeline.contracts.periods import Period

FIRST_MONTH = "2015-01"
MONTHS = dg.MonthlyPartitionsDefinition(start_date=FIRST_MONTH, fmt="%Y-%m")
ONE_RUN = dg.BackfillPolicy.single_run()
# While one run writes the DuckDB file no other can open it.
WRITER = "duckdb_writer"


def months_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> list[str]:
    """Return the run's months in order, as YYYY-MM."""
    tags = context.run.tags
    first, last = (
        tags.get("dagster/asset_partition_range_start"),
        tags.get("dagster/asset_partition_range_end"),
    )
    if first is not None and last is not None:
        return list(MONTHS.get_partition_keys_in_range(dg.PartitionKeyRange(first, last)))
    return [context.partition_key]


def month_before(at: datetime) -> str:
    """Return the month before an instant's, as YYYY-MM."""
    return Period(at.year, at.month).plus(-1).key
