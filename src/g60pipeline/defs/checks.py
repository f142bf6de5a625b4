"""The expectations as asset checks, one per expectation: on the staged form, or for a whole return on the verdicts.

Verdicts are made by `quality/verdicts`; here their results are shown. A failing check never blocks the other units.
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import dagster as dg

from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.messages import IntakeMessage
from g60pipeline.defs.intake import RECEIPT_RULES
from g60pipeline.defs.keys import VERDICTS
from g60pipeline.defs.metadata import SEVERITIES
from g60pipeline.defs.partitions import MONTHS, WRITER, months_of
from g60pipeline.defs.resources import House, project

SHOWN_ROWS = 50
_PLACEHOLDER = re.compile(r"\{\w+\}")
# What a reader needs first comes first: the table is wider than the page.
_COLUMNS = (
    "reporting_unit_code", "period", "sheet", "cell", "value", "message_zh", "explanation", "message_en", "row_key",
    "code", "submission_id",
)  # fmt: skip


def _in_general(message: str) -> str:
    """The message without the values of a case."""
    return _PLACEHOLDER.sub("…", message)


def _form_checks(form: Form) -> Iterator[tuple[dg.AssetCheckSpec, str]]:
    seen: set[str] = set()
    for rule in form.rules:
        if rule.check not in seen:
            seen.add(rule.check)
            text = (
                rule.why if rule.is_generated else f"{rule.code} {rule.why} / {_in_general(rule.message.zh)}"
            )
            key = VERDICTS if form.rows == "cover" else dg.AssetKey(["staged", form.name])
            yield _spec(rule.check, key, text, rule.level, rule.severity), rule.severity


def _intake_check(name: str, message: IntakeMessage) -> tuple[dg.AssetCheckSpec, str]:
    return _spec(
        name,
        VERDICTS,
        f"{message.code} {message.why} / {_in_general(message.zh)}",
        message.level,
        message.severity,
    ), message.severity


def _spec(name: str, asset: dg.AssetKey, description: str, level: int, severity: str) -> dg.AssetCheckSpec:
    with warnings.catch_warnings():
        # Without it a check's record has no month; Dagster still calls the argument a preview.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            name=name,
            asset=asset,
            description=description,
            additional_deps=[] if asset == VERDICTS else [VERDICTS],
            partitions_def=MONTHS,
            metadata={"level": level, "severity": severity},
        )


def _all_checks() -> list[tuple[dg.AssetCheckSpec, str]]:
    forms = (project().cover, *project().forms.values())
    intake = project().messages.intake.items()
    return [
        *(check for form in forms for check in _form_checks(form)),
        *(_intake_check(name, message) for name, message in intake if name not in RECEIPT_RULES),
    ]


CHECKS = _all_checks()


def _name(spec: dg.AssetCheckSpec) -> tuple[str, str]:
    """Form and check, as the ledger names them."""
    return ("cover" if spec.asset_key == VERDICTS else spec.asset_key.path[-1], spec.name)


def _table(rows: list[dict[str, Any]]) -> dg.TableMetadataValue:
    records = [dg.TableRecord({name: str(row[name] or "") for name in _COLUMNS}) for row in rows[:SHOWN_ROWS]]
    return dg.MetadataValue.table(records, schema=dg.TableSchema([dg.TableColumn(name) for name in _COLUMNS]))


def _result(
    spec: dg.AssetCheckSpec, severity: str, looked_at: int, rows: list[dict[str, Any]]
) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"rows_looked_at": looked_at, "failing": len(rows), "severity": severity}
    if rows:
        metadata["code"] = rows[0]["code"]
        metadata["submissions"] = len({row["submission_id"] for row in rows})
        metadata["units"] = len({row["reporting_unit_code"] for row in rows})
        metadata["failing_by_month"] = dict(sorted(Counter(row["period"] for row in rows).items()))
        metadata["failing_rows"] = _table(rows)
    if len(rows) > SHOWN_ROWS:
        metadata["not_shown"] = len(rows) - SHOWN_ROWS
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=not rows,
        severity=SEVERITIES[severity],
        metadata=metadata,
    )


def _record(result: dg.AssetCheckResult, month: str) -> dg.AssetCheckEvaluation:
    assert result.asset_key is not None
    assert result.check_name is not None
    return dg.AssetCheckEvaluation(
        asset_key=result.asset_key,
        check_name=result.check_name,
        passed=result.passed,
        severity=result.severity,
        metadata=result.metadata,
        partition=month,
    )


def _month_records(
    spec: dg.AssetCheckSpec,
    severity: str,
    looked_at: dict[str, int],
    rows: list[dict[str, Any]],
    months: list[str],
) -> Iterator[dg.AssetCheckEvaluation]:
    """A record for each month of a range: the check's own result can name none of them."""
    rows_of: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        rows_of.setdefault(row["period"], []).append(row)
    for month in months:
        yield _record(_result(spec, severity, looked_at.get(month, 0), rows_of.get(month, [])), month)


@dg.multi_asset_check(name="expectations", specs=[check for check, _ in CHECKS], can_subset=True, pool=WRITER)
def expectations(context: dg.AssetCheckExecutionContext, house: House) -> Any:
    """Show what the expectations found in the run's months, from the warehouse."""
    from g60pipeline.warehouse import ledger

    months = months_of(context)
    all_found = ledger.read_findings(house.warehouse, project(), months)
    all_looked_at = ledger.read_element_counts(house.warehouse, months)
    checks = [check for check in CHECKS if check[0].key in context.selected_asset_check_keys]
    if len(months) > 1:
        for spec, severity in checks:
            found, looked_at = all_found.get(_name(spec), []), all_looked_at.get(_name(spec), {})
            for record in _month_records(spec, severity, looked_at, found, months):
                # Typed for fewer events than it takes.
                context.op_execution_context.log_event(record)  # pyright: ignore[reportArgumentType]
    for spec, severity in checks:
        found, looked_at = all_found.get(_name(spec), []), all_looked_at.get(_name(spec), {})
        yield _result(spec, severity, sum(looked_at.values()), found)
