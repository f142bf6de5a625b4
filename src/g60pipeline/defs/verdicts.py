"""Asset `quality/verdicts`: staged forms → expectations → a verdict and findings per submission.

Belongs here: judging what is not judged yet. Not here: showing it as checks (checks.py).
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import dagster as dg

from g60pipeline.defs.grid import report_submissions
from g60pipeline.defs.keys import VERDICTS
from g60pipeline.defs.metadata import columns_of, spec
from g60pipeline.defs.partitions import MONTHS, ONE_RUN, WRITER, months_of
from g60pipeline.defs.resources import House, project
from g60pipeline.operations.events import emit_verdicts

if TYPE_CHECKING:
    import pandas as pd

    from g60pipeline.quality.judge import Staged
    from g60pipeline.quality.suites import Expectations

SHOWN_RULES = 20


@cache
def _expectations() -> "Expectations":
    from g60pipeline.quality.suites import Expectations

    return Expectations()


def _cover_frame(house: House, submissions: "pd.DataFrame", ids: list[int]) -> "pd.DataFrame":
    from g60pipeline.contracts.periods import Period
    from g60pipeline.warehouse import ledger

    read = ledger.read_staged(house.warehouse, "cover", ids)
    cover = submissions.merge(read, on="submission_id")
    months = {key: Period.parse(key).month_index for key in cover["period"].unique()}
    return cover.assign(
        month_index=cover["period"].map(months),
        unit_code=cover["reporting_unit_code"],
        unit_name=None,
        remark=None,
        sheet_row=0,
    )


def _intake_findings(house: House, cover: "pd.DataFrame", ids: list[int]) -> list[dict[str, Any]]:
    from g60pipeline.intake.findings import IntakeFinding, finding_row
    from g60pipeline.warehouse import ledger

    whose = {
        int(row["submission_id"]): (row["reporting_unit_code"], row["period"])
        for row in cover.to_dict("records")
    }
    found = ledger.read_staged(house.warehouse, "intake_finding", ids)
    names = ("rule", "form", "sheet", "sheet_row", "cell", "field", "value", "quoted")
    rows: list[dict[str, Any]] = []
    for entry in found.astype(object).where(found.notna(), None).to_dict("records"):
        number = int(entry["submission_id"])
        finding = IntakeFinding(**{name: entry[name] for name in names})
        unit, period = whose[number]
        rows.append(finding_row(house.project, finding, submission_id=number, unit_code=unit, period=period))
    return rows


def read_staged(house: House, submissions: "pd.DataFrame") -> "Staged":
    """Gather what the judge needs of the submissions."""
    from g60pipeline.quality.judge import Staged
    from g60pipeline.warehouse import ledger
    from g60pipeline.warehouse.openings import read_openings

    warehouse = house.warehouse
    ids = [int(number) for number in submissions["submission_id"]]
    cover = _cover_frame(house, submissions, ids)
    layouts: dict[str, dict[int, dict[str, Any]]] = {}
    sent = ledger.read_layouts(warehouse, ids)
    for row in sent.to_dict("records"):
        layouts.setdefault(str(row["form"]), {})[int(row["submission_id"])] = row["layout"]
    return Staged(
        cover=cover,
        forms={name: ledger.read_staged(warehouse, name, ids) for name in layouts},
        present=frozenset(
            (int(number), str(name)) for number, name in zip(sent["submission_id"], sent["form"], strict=True)
        ),
        layouts=layouts,
        intake_findings=_intake_findings(house, cover, ids),
        accepted=ledger.read_accepted_forms(warehouse),
        fetch_rows=lambda form, numbers: ledger.read_staged(warehouse, form, numbers),
        openings=read_openings(warehouse),
        explanations=ledger.read_explanations(warehouse, ids),
    )


def _rule_health(house: House) -> dict[str, Any]:
    """The rules that fired most, over all months, and what became of their findings; `ops.rule_health` has them all."""
    from g60pipeline.warehouse.summary import most_fired_rules

    rows = most_fired_rules(house.warehouse, SHOWN_RULES)
    return {"most_fired_rules": dg.MetadataValue.table([dg.TableRecord(row) for row in rows])} if rows else {}


@dg.multi_asset(
    name="verdicts",
    specs=[
        spec(
            list(VERDICTS.path),
            deps=[dg.AssetKey(["staged", name]) for name in project().forms],
            group="checks",
            description=(
                "校验结论：逐份报送判定接受或退回，并记录每个问题的单元格、数值和说明。\n\n"
                "A verdict per submission and a finding per cell. A critical finding returns the submission whole; "
                "what was accepted before stays in force."
            ),
            kinds={"greatexpectations", "pandas"},
            metadata={"dagster/table_name": "ops.verdict"},
            partitions_def=MONTHS,
            code_version=project().rules_version,
        )
    ],
    backfill_policy=ONE_RUN,
    pool=WRITER,
)
def verdicts(context: dg.AssetExecutionContext, house: House) -> Any:
    """Judge every submission that is not judged yet, up to the run's last month; one transaction per month."""
    from g60pipeline.quality.judge import judge
    from g60pipeline.warehouse import ledger

    warehouse = house.warehouse
    submissions = ledger.unjudged(warehouse, months_of(context)[-1])
    statuses: dict[str, int] = {}
    if len(submissions):
        judgement = judge(house.project, read_staged(house, submissions), _expectations())
        month_of = dict(zip(submissions["submission_id"], submissions["period"], strict=True))
        unit_of = dict(zip(submissions["submission_id"], submissions["reporting_unit_code"], strict=True))
        for month in sorted(set(month_of.values())):
            chosen = [v for v in judgement.verdicts if month_of[v["submission_id"]] == month]
            found = [f for f in judgement.findings if f["period"] == month]
            results = [
                {**r, "run_id": context.run.run_id} for r in judgement.check_results if r["period"] == month
            ]
            with warehouse.transaction() as connection:
                ledger.append_verdicts(connection, warehouse, chosen, found)
                ledger.append_check_results(connection, warehouse, results)
            emit_verdicts(chosen, unit_of, month)
        report_submissions(context, house, [verdict["submission_id"] for verdict in judgement.verdicts])
        for verdict in judgement.verdicts:
            statuses[verdict["status"]] = statuses.get(verdict["status"], 0) + 1
    counts = {"judged": len(submissions), **statuses}
    shown = columns_of(house, "ops.verdict") | _rule_health(house)
    yield dg.MaterializeResult(asset_key=VERDICTS, metadata=counts | shown)
