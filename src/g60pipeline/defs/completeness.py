"""Asset `quality/completeness`, stale while a return that is expected is missing, and the check that names what is.

The asset is made only when everything that is owed for last month is accepted, and must be made again by the end of
every month's grace: so Dagster itself shows whether the district is complete. The check says of each month, however old,
who owes what. Belongs here: showing. Not here: states (warehouse.timeliness), dates (contracts.deadlines).
"""

import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from g60pipeline.contracts.deadlines import BEIJING_OFFSET
from g60pipeline.defs.days import BEIJING, days_of
from g60pipeline.defs.keys import COMPLETENESS, VERDICTS
from g60pipeline.defs.metadata import spec
from g60pipeline.defs.partitions import MONTHS, WRITER, month_before, months_of
from g60pipeline.defs.resources import House, project

if TYPE_CHECKING:
    import pandas as pd

CHECK = "every_expected_return_is_in"
_COLUMNS = (
    "period",
    "reporting_unit_code",
    "unit_zh",
    "form",
    "state",
    "due_date",
    "grace_end_date",
    "lock_date",
)
_GRACE_END = days_of(project()).grace_end[-1]


def _deadline() -> dg.FreshnessPolicy:
    """Complete between the first of the month and the end of grace."""
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"0 0 {_GRACE_END + 1} * *",
        lower_bound_delta=timedelta(days=_GRACE_END),
        timezone=BEIJING,
    )


def _check_spec() -> dg.AssetCheckSpec:
    with warnings.catch_warnings():
        # Without it a check's record has no month; Dagster still calls the argument a preview.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            name=CHECK,
            asset=VERDICTS,
            description=(
                "Every form that is owed and due is accepted; the table says what is not. / "
                "应报且已到期的报表均已接受；未报、退回的见列表。"
            ),
            partitions_def=MONTHS,
            metadata={"level": 5, "severity": "warning"},
        )


def _open(status: "pd.DataFrame") -> "pd.DataFrame":
    """What is owed and not accepted."""
    return status[status["is_expected"] & ~status["is_accepted"]]


@dg.multi_asset(
    name="completeness",
    specs=[
        spec(
            list(COMPLETENESS.path),
            deps=[VERDICTS],
            group="checks",
            description=(
                "报齐：上月应报的报表全部接受时才物化；宽限期满仍未报齐，则显示过期。\n\n"
                "Made when everything owed for last month is accepted; stale when that has not happened by the end of "
                "grace. What is missing stands in the check of `quality/verdicts`."
            ),
            kinds={"python"},
            skippable=True,
            freshness_policy=_deadline(),
        )
    ],
    pool=WRITER,
)
def completeness(context: dg.AssetExecutionContext, house: House) -> Any:
    """Say that last month is complete, when it is."""
    from g60pipeline.warehouse.timeliness import read_form_status

    month = month_before(datetime.now(UTC) + BEIJING_OFFSET)
    status = read_form_status(house.warehouse, month, month)
    missing, expected = len(_open(status)), int(status["is_expected"].sum())
    if missing or not expected:
        context.log.info(f"{month}: {missing} of {expected} forms are not accepted yet")
        return
    yield dg.MaterializeResult(asset_key=COMPLETENESS, metadata={"month": month, "forms_accepted": expected})


def _result(open_forms: "pd.DataFrame", expected: int, month: str | None) -> dg.AssetCheckEvaluation:
    due = open_forms[open_forms["is_missing"] | open_forms["is_overdue"]]
    units = project().code_lists["units"]
    rows = due.assign(unit_zh=due["reporting_unit_code"].map(units.label_zh)).to_dict("records")
    metadata: dict[str, Any] = {"expected": expected, "not_accepted": len(open_forms), "failing": len(rows)}
    if rows:
        records = [dg.TableRecord({name: str(row[name]) for name in _COLUMNS}) for row in rows]
        schema = dg.TableSchema([dg.TableColumn(name) for name in _COLUMNS])
        metadata["failing_rows"] = dg.MetadataValue.table(records, schema=schema)
    return dg.AssetCheckEvaluation(
        asset_key=VERDICTS,
        check_name=CHECK,
        passed=not rows,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
        partition=month,
    )


@dg.multi_asset_check(name="expected_returns", specs=[_check_spec()], can_subset=True, pool=WRITER)
def expected_returns(context: dg.AssetCheckExecutionContext, house: House) -> Any:
    """Name what is owed, due and not accepted in the run's months; a range gets a record for each of them."""
    from g60pipeline.warehouse.timeliness import read_form_status

    months = months_of(context)
    status = read_form_status(house.warehouse, months[0], months[-1])
    waiting = _open(status)
    for month in months if len(months) > 1 else []:
        of_month = status["period"] == month
        expected = int(status[of_month]["is_expected"].sum())
        record = _result(waiting[waiting["period"] == month], expected, month)
        # Typed for fewer events than it takes.
        context.op_execution_context.log_event(record)  # pyright: ignore[reportArgumentType]
    whole = _result(waiting, int(status["is_expected"].sum()), None)
    yield dg.AssetCheckResult(
        asset_key=whole.asset_key,
        check_name=whole.check_name,
        passed=whole.passed,
        severity=whole.severity,
        metadata=whole.metadata,
    )
