"""Assets `staged/<form>`: archived cells → typed frames with sheet, row and raw text.

Belongs here: reading what is not judged yet, up to the run's last month. Not here: judging (verdicts.py).
"""

from typing import TYPE_CHECKING, Any

import dagster as dg

from g60pipeline.defs.intake import RECEIVED
from g60pipeline.defs.metadata import form_schema, row_count, spec, table_metadata
from g60pipeline.defs.partitions import MONTHS, ONE_RUN, months_of
from g60pipeline.defs.resources import House, project

if TYPE_CHECKING:
    import pandas as pd


def _specs() -> list[dg.AssetSpec]:
    return [
        spec(
            ["staged", form.name],
            deps=[RECEIVED],
            group="staged",
            description=f"{form.title.zh}（暂存）：{form.title.en}. {form.description}\n\n{form.grain}.",
            kinds={"pandas", "duckdb"},
            metadata=table_metadata(form_schema(form), f"staged.{form.name}"),
            partitions_def=MONTHS,
            code_version=form.version,
        )
        for form in project().forms.values()
    ]


def _read(
    house: House, submissions: "pd.DataFrame"
) -> "tuple[dict[str, pd.DataFrame], dict[str, list[dict[str, Any]]]]":
    """Read the submissions' forms from the archive: frames by form, and rows by table for the rest."""
    import pandas as pd

    from g60pipeline.intake.archive import Archive
    from g60pipeline.intake.returns import read_return

    archive = Archive(house.settings.archive)
    frames: dict[str, list[pd.DataFrame]] = {}
    rows: dict[str, list[dict[str, Any]]] = {
        "staged.cover": [],
        "staged.intake_finding": [],
        "ops.submission_form": [],
    }
    for entry in submissions.to_dict("records"):
        number = int(entry["submission_id"])
        parsed = read_return(house.project, archive.get_cells(entry["sha256"]), entry["file_name"])
        rows["staged.cover"].append(
            {"submission_id": number, "cell_addresses": parsed.cover_cells, "raw_text": parsed.cover_texts}
        )
        for name, frame in parsed.forms.items():
            keys = {
                "submission_id": number,
                "reporting_unit_code": entry["reporting_unit_code"],
                "period": entry["period"],
            }
            frames.setdefault(name, []).append(frame.assign(**keys))
            layout = parsed.layouts[name]
            sheet = {"submission_id": number, "form": name, "sheet": layout["sheet"], "row_count": len(frame)}
            rows["ops.submission_form"].append({**sheet, "layout": layout})
        for n, finding in enumerate(parsed.findings, 1):
            values = {
                name: getattr(finding, name)
                for name in ("form", "rule", "sheet", "sheet_row", "cell", "field", "value", "quoted")
            }
            rows["staged.intake_finding"].append({**values, "submission_id": number, "finding_no": n})
    return {
        name: pd.concat([part for part in parts if len(part)] or parts[:1]) for name, parts in frames.items()
    }, rows


@dg.multi_asset(name="staged", specs=_specs(), can_subset=True, backfill_policy=ONE_RUN)
def staged(context: dg.AssetExecutionContext, house: House) -> Any:
    """Read every submission that is not judged yet, up to the run's last month."""
    from g60pipeline.warehouse import ledger

    months = months_of(context)
    submissions = ledger.unjudged(house.warehouse, months[-1])
    if len(submissions):
        frames, rows = _read(house, submissions)
        ids = [int(number) for number in submissions["submission_id"]]
        with house.warehouse.transaction() as connection:
            ledger.replace_staged(connection, house.warehouse, ids, frames, rows)
    counts = ledger.count_all_rows(house.warehouse, "staged", months)
    for key in sorted(context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=key, metadata=row_count(counts[key.path[-1]], months))
