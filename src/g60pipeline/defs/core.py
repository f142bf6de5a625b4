"""Assets `core/<form>`: staged rows of accepted submissions, appended once each, one transaction per month; then the
district's corrections, whatever month they are of."""

from typing import Any

import dagster as dg

from g60pipeline.defs.keys import VERDICTS
from g60pipeline.defs.metadata import form_schema, row_count, spec, table_metadata
from g60pipeline.defs.partitions import MONTHS, ONE_RUN, WRITER, months_of
from g60pipeline.defs.resources import House, project
from g60pipeline.operations.events import emit_loaded


def _specs() -> list[dg.AssetSpec]:
    return [
        spec(
            ["core", form.name],
            deps=[dg.AssetKey(["staged", form.name]), VERDICTS],
            group="core",
            description=(
                f"{form.title.zh}（入库）：{form.title.en}. Append-only; `core.{form.name}_latest` holds the rows in force.\n\n"
                f"{form.description} {form.grain}."
            ),
            kinds={"sql", "table"},
            metadata=table_metadata(form_schema(form), f"core.{form.name}"),
            partitions_def=MONTHS,
            code_version=form.version,
        )
        for form in project().forms.values()
    ]


@dg.multi_asset(name="core", specs=_specs(), can_subset=True, backfill_policy=ONE_RUN, pool=WRITER)
def core(context: dg.AssetExecutionContext, house: House) -> Any:
    """Append what was accepted up to the run's last month, and lay the corrections over it."""
    from g60pipeline.operations.corrections import apply_corrections
    from g60pipeline.warehouse import ledger

    months, warehouse = months_of(context), house.warehouse
    for month, forms in ledger.submissions_to_load(warehouse, months[-1]).items():
        with warehouse.transaction() as connection:
            for form, submission_ids in forms.items():
                ledger.append_accepted(connection, warehouse, form, submission_ids)
        emit_loaded(warehouse, month, forms)
    for event in apply_corrections(warehouse):
        context.log.info(f"correction {event['correction_id']}: {event['kind']}")
    counts = ledger.count_all_rows(warehouse, "core", months)
    for key in sorted(context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=key, metadata=row_count(counts[key.path[-1]], months))
