"""What an asset shows of itself: table schema, table name, row counts. Not here: owners, versions, links (policy.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.indicators import Mart
from g60pipeline.defs.resources import House

SEVERITIES = {
    "critical": dg.AssetCheckSeverity.ERROR,
    "warning": dg.AssetCheckSeverity.WARN,
    "info": dg.AssetCheckSeverity.WARN,
}


def form_schema(form: Form) -> dg.TableSchema:
    """Columns of a form's table as the contract describes them."""
    technical = [
        dg.TableColumn("submission_id", "integer", description="台账序号 / number in the ledger"),
        dg.TableColumn("reporting_unit_code", "text", description="报送单位 / unit on the cover"),
        dg.TableColumn("period", "text", description="报送期 / month, YYYY-MM"),
        dg.TableColumn("sheet_row", "integer", description="行号 / row in the sheet"),
    ]
    fields = [
        dg.TableColumn(
            field.name,
            field.type,
            description=f"{field.heading} / {field.description.en}",
            constraints=dg.TableColumnConstraints(nullable=not field.is_required),
        )
        for field in form.fields
    ]
    return dg.TableSchema([*technical, *fields])


def mart_schema(mart: Mart) -> dg.TableSchema:
    """Columns of a mart as its header describes them."""
    columns = mart.columns.items()
    return dg.TableSchema(
        [
            dg.TableColumn(name, c.type, description=f"{c.description.zh} / {c.description.en}")
            for name, c in columns
        ]
    )


def columns_of(house: House, name: str) -> dict[str, Any]:
    """Columns of a table of the warehouse, by `schema.name`, for a materialisation.

    For what no form or mart declares: building those tables imports SQLAlchemy, which defining assets must not.
    """
    columns = house.warehouse.table(name).columns
    schema = [dg.TableColumn(c.name, str(c.type).lower(), description=c.comment) for c in columns]
    return {"dagster/column_schema": dg.TableSchema(schema)}


def table_metadata(schema: dg.TableSchema, table: str) -> dict[str, Any]:
    """Metadata of a spec whose asset is a table of the warehouse."""
    return {"dagster/column_schema": schema, "dagster/table_name": table}


def spec(
    key: list[str],
    *,
    deps: list[dg.AssetKey],
    group: str,
    description: str,
    kinds: set[str],
    metadata: Mapping[str, Any] | None = None,
    partitions_def: dg.PartitionsDefinition | None = None,
    code_version: str | None = None,
    skippable: bool = False,
    freshness_policy: dg.FreshnessPolicy | None = None,
) -> dg.AssetSpec:
    """Build a spec; what all assets have in common is laid over it in policy.py."""
    return dg.AssetSpec(
        key=dg.AssetKey(key),
        deps=deps,
        group_name=group,
        description=description,
        kinds=kinds,
        metadata=dict(metadata or {}),
        partitions_def=partitions_def,
        code_version=code_version,
        skippable=skippable,
        freshness_policy=freshness_policy,
    )


def row_count(rows: int, months: list[str]) -> dict[str, Any]:
    """Metadata of a materialisation: rows of its month, or of all months of a range."""
    return {"dagster/partition_row_count" if len(months) == 1 else "rows_of_all_months": rows}
