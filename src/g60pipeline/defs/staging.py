"""Assets `staged/<form>`: archived cells → typed frames with sheet, row and raw text.

Belongs here: reading what is not judged yet, up to the run's last month. Not here: judging (verdicts.py).
"""

from typing import TYPE_CHECKING, Any

import dagster as dg

from g60pipeline.defs.keys import RECEIVED
from g60pipeline.defs.metadata import form_schema, row_count, spec, table_metadata
from g60pipeline.defs.partitions import MONTHS, ONE_RUN, WRITER, months_of
from g60pipeline.defs.resources import House, project

if TYPE_CHECKING:
    import pandas as pd

    from g60pipeline.intake.returns import ParsedReturn


def _specs() -> list[dg.AssetSpec]:
    return [
        spec(
            ["staged", form.name],
            deps=[RECEIVED],
            group="staged",
            description=f"{form.title.zh}（暂存）：{form.title.en}. {form.description}\n\n{form.grain}.",
            kinds={"pandas", "table"},
            metadata=table_metadata(form_schema(form), f"staged.{form.name}"),
            partitions_def=MONTHS,
            code_version=form.version,
        )
        for form in project().forms.values()
    ]


_FINDING = ("form", "rule", "sheet", "sheet_row", "cell", "field", "value", "quoted")


def _rows_beside(number: int, parsed: "ParsedReturn") -> dict[str, list[dict[str, Any]]]:
    """Rows, by table, of what a return holds beside its forms' rows."""
    from g60pipeline.intake.forms import hash_content

    key = {"submission_id": number}
    sheets = [
        {
            **key,
            "form": name,
            "sheet": layout["sheet"],
            "row_count": len(parsed.rows[name]),
            "layout": layout,
            "content_hash": hash_content(parsed.rows[name]),
        }
        for name, layout in parsed.layouts.items()
    ]
    findings = [
        {**key, "finding_no": n, **{name: getattr(finding, name) for name in _FINDING}}
        for n, finding in enumerate(parsed.findings, 1)
    ]
    cover = {**key, "cell_addresses": parsed.cover_cells, "raw_text": parsed.cover_texts}
    # Of two texts to one finding the last counts.
    said = {explanation.key: explanation.text for explanation in parsed.explanations}
    explanations = [{**key, "finding_key": finding, "explanation": text} for finding, text in said.items()]
    return {
        "staged.cover": [cover],
        "staged.intake_finding": findings,
        "staged.explanation": explanations,
        "ops.submission_form": sheets,
    }


def _read(
    house: House, submissions: "pd.DataFrame"
) -> "tuple[dict[str, pd.DataFrame], dict[str, list[dict[str, Any]]]]":
    """Read the submissions from the archive: a frame per form, and rows by table for the rest."""
    from g60pipeline.intake.archive import Archive
    from g60pipeline.intake.frames import build_frame
    from g60pipeline.intake.returns import read_return

    archive = Archive(house.settings.archive)
    parts: dict[str, list[Any]] = {}
    beside: dict[str, list[dict[str, Any]]] = {}
    for entry in submissions.to_dict("records"):
        keys = {str(name): entry[name] for name in ("submission_id", "reporting_unit_code", "period")}
        parsed = read_return(house.project, archive.get_cells(entry["sha256"]), entry["file_name"])
        for name, rows in parsed.rows.items():
            parts.setdefault(name, []).append((keys, rows))
        for table, rows in _rows_beside(int(entry["submission_id"]), parsed).items():
            beside.setdefault(table, []).extend(rows)
    return {name: build_frame(house.project.forms[name], part) for name, part in parts.items()}, beside


@dg.multi_asset(name="staged", specs=_specs(), can_subset=True, backfill_policy=ONE_RUN, pool=WRITER)
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
