"""Asset `received`: inbox → archive and ledger. Not here: reading forms (staging.py)."""

from typing import Any

import dagster as dg

from g60pipeline.defs.grid import report_submissions
from g60pipeline.defs.keys import RECEIVED
from g60pipeline.defs.metadata import SEVERITIES, columns_of, spec
from g60pipeline.defs.partitions import WRITER
from g60pipeline.defs.resources import House, project
from g60pipeline.operations.events import emit_received

# What intake can find before it is known whose return it is.
RECEIPT_RULES = tuple(
    name
    for name, message in project().messages.intake.items()
    if message.level == 0 and message.code <= "FI-008"
)


def _check_spec(rule: str) -> dg.AssetCheckSpec:
    message = project().messages.intake[rule]
    return dg.AssetCheckSpec(
        name=rule,
        asset=RECEIVED,
        description=f"{message.code} {message.why} / {message.zh}",
        metadata={"level": message.level, "severity": message.severity},
    )


def _check_result(rule: str, findings: list[dict[str, Any]], names: dict[int, str]) -> dg.AssetCheckResult:
    """The latest receipt's files that broke the rule; what stays unplaced is shown by `g60 status`."""
    failing = [finding for finding in findings if finding["rule"] == rule]
    metadata: dict[str, Any] = {"failing": len(failing)}
    if failing:
        metadata["failing_files"] = dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {
                        "file_name": names[finding["submission_id"]],
                        "message_zh": finding["message_zh"],
                        "message_en": finding["message_en"],
                    }
                )
                for finding in failing
            ]
        )
    return dg.AssetCheckResult(
        asset_key=RECEIVED,
        check_name=rule,
        passed=not failing,
        severity=SEVERITIES[project().messages.intake[rule].severity],
        metadata=metadata,
    )


def _verdict_rows(received: list[Any], ids: list[int]) -> list[dict[str, Any]]:
    return [
        {
            "submission_id": number,
            "status": entry.status,
            "critical_count": len(entry.findings),
            "warning_count": 0,
        }
        for entry, number in zip(received, ids, strict=True)
        if entry.status != "received"
    ]


def _finding_rows(house: House, received: list[Any], ids: list[int]) -> list[dict[str, Any]]:
    from g60pipeline.intake.findings import finding_row

    return [
        finding_row(
            house.project, finding, submission_id=number, unit_code=entry.unit_code, period=entry.period
        )
        for entry, number in zip(received, ids, strict=True)
        if entry.status != "received"
        for finding in entry.findings
    ]


@dg.multi_asset(
    name="received",
    specs=[
        spec(
            list(RECEIVED.path),
            deps=[],
            group="intake",
            description=(
                "收件：收件箱 → 按内容归档 → 台账。每个文件只登记一次，台账序号决定先后。\n\n"
                "Inbox → content-addressed archive → ledger. Each file is entered once; the ledger's order is the "
                "order of everything. Files that carry personal numbers are refused and not stored."
            ),
            kinds={"excel", "python"},
            metadata={"dagster/table_name": "ops.submission"},
        )
    ],
    check_specs=[_check_spec(rule) for rule in RECEIPT_RULES],
    pool=WRITER,
)
def received(context: dg.AssetExecutionContext, house: House) -> Any:
    """Take in every new file of the inbox."""
    from g60pipeline.intake.receive import receive
    from g60pipeline.warehouse import ledger

    warehouse = house.warehouse
    arrived = receive(house.settings, house.project, ledger.known_hashes(warehouse))
    fields = (
        "sha256", "file_name", "kind", "byte_count", "period", "template_version", "sequence_number", "status",
    )  # fmt: skip
    rows = [{**{f: getattr(e, f) for f in fields}, "reporting_unit_code": e.unit_code} for e in arrived]
    with warehouse.transaction() as connection:
        ids = ledger.append_submissions(connection, warehouse, rows)
        verdicts, findings = _verdict_rows(arrived, ids), _finding_rows(house, arrived, ids)
        ledger.append_verdicts(connection, warehouse, verdicts, findings)
    emit_received(rows, ids)
    report_submissions(context, house, [verdict["submission_id"] for verdict in verdicts])
    by_status = {
        status: sum(e.status == status for e in arrived) for status in ("received", "unreadable", "refused")
    }
    counts = {"dagster/row_count": len(arrived), **by_status}
    yield dg.MaterializeResult(asset_key=RECEIVED, metadata=counts | columns_of(house, "ops.submission"))
    names = {number: entry.file_name for entry, number in zip(arrived, ids, strict=True)}
    for rule in RECEIPT_RULES:
        yield _check_result(rule, findings, names)
