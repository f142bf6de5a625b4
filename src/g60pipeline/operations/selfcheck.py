"""A self-check: one file through the same expectations before it is sent.

Belongs here: doing it in memory. Nothing is archived and nothing entered in the ledger; all that is written is the
feedback workbook. Not here: reading (intake), rules (quality), looks (reports), what is printed (cli).

What was accepted before is compared with where there is a warehouse on the machine; elsewhere those rules have nothing
to compare with, and the result says so. The lock of the month is told, never judged: a self-check is about what stands
in the file, and the district may open the month before it is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.deadlines import ANY, Opening, beijing_day
from g60pipeline.contracts.findings import finding_key
from g60pipeline.contracts.project import Project
from g60pipeline.files import write_whole
from g60pipeline.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from g60pipeline.intake.raw import RawReturn
    from g60pipeline.intake.receive import Received
    from g60pipeline.intake.returns import ParsedReturn
    from g60pipeline.quality.judge import Staged
    from g60pipeline.warehouse.engine import Warehouse

Row = dict[str, Any]
_ACCEPTED_COLUMNS = ("reporting_unit_code", "form", "month_index", "submission_id")


@dataclass(frozen=True)
class SelfCheck:
    """What came of it. `status` is the verdict that the file would get; `findings` are rows of `ops.finding` in the
    front sheet's order; `notes` say what was compared, in Chinese."""

    status: str
    title: str
    feedback: Path
    findings: tuple[Row, ...]
    notes: tuple[str, ...]
    has_history: bool


@dataclass(frozen=True)
class _Result:
    status: str
    findings: list[Row]
    notes: tuple[str, ...]
    has_history: bool = False
    probable_cause: str | None = None


def check_file(settings: Settings, project: Project, file: Path, out: Path | None = None) -> SelfCheck:
    """Check one file and write its feedback workbook to `out`, or beside it under a name that is free.

    WarehouseError when there is a warehouse and it cannot be read; SandboxError when the parsers' process does not run.
    """
    from g60pipeline.reports.feedback_front import sort_findings

    project = project.model_copy(update={"feedback": project.feedback.before_sending()})
    now = datetime.now(UTC).replace(tzinfo=None)
    received, raw, data = _look_at(settings, project, file)
    result = _judge(settings, project, received, raw, now)
    ordered = sort_findings(result.findings, [sheet["name"] for sheet in raw.get("sheets", ())])
    target = out or _free_name(file, project.feedback.sheet)
    write_whole(target, _build_workbook(project, received, result, data, raw, now))
    return SelfCheck(
        status=result.status,
        title=project.feedback.verdicts[result.status].title,
        feedback=target,
        findings=tuple(dict(finding) for finding in ordered),
        notes=result.notes,
        has_history=result.has_history,
    )


def _free_name(file: Path, sheet: str) -> Path:
    """A name that is free: what a clerk has mended in an earlier result stays."""
    stem = file.stem.partition(f"-{sheet}")[0]
    names = (file.with_name(f"{stem}-{sheet}{number}.xlsx") for number in ("", *range(2, 10_000)))
    return next(name for name in names if not name.exists())


# --- reading


def _look_at(settings: Settings, project: Project, file: Path) -> tuple[Received, RawReturn, bytes]:
    from g60pipeline.intake.archive import hash_bytes
    from g60pipeline.intake.raw import RawReturn
    from g60pipeline.intake.receive import limits_of, look_at
    from g60pipeline.intake.sandbox import Parsed, parse_many

    if file.stat().st_size > settings.max_file_bytes:
        raw = RawReturn(failure="file_is_within_limits", reason="file_size")
        with file.open("rb") as source:
            received = replace(look_at(project, Parsed(file.name, b"", raw)), sha256=hash_bytes(source))
        return received, raw, b""
    data = file.read_bytes()
    (parsed,) = parse_many([(file.name, data)], limits_of(settings))
    return look_at(project, parsed), parsed.raw, data


# --- judging


def _judge(
    settings: Settings, project: Project, received: Received, raw: RawReturn, now: datetime
) -> _Result:
    from g60pipeline.intake.findings import finding_row
    from g60pipeline.intake.returns import read_return
    from g60pipeline.warehouse.engine import open_to_read

    if received.status != "received":
        keys = (0, received.unit_code, received.period)
        rows = [finding_row(project, finding, *keys) for finding in received.findings]
        return _Result(received.status, _with_keys(rows), ())
    parsed = read_return(project, raw, received.file_name)
    with open_to_read(settings.warehouse_url, project) as warehouse:
        return _judge_readable(project, parsed, warehouse, now)


def _judge_readable(
    project: Project, parsed: ParsedReturn, warehouse: Warehouse | None, now: datetime
) -> _Result:
    from g60pipeline.quality.judge import judge
    from g60pipeline.quality.suites import Expectations

    judgement = judge(project, _stage(project, parsed, warehouse, now), Expectations())
    (verdict,) = judgement.verdicts
    return _Result(
        status=verdict["status"],
        findings=_with_keys(judgement.findings),
        notes=_notes(project, parsed, warehouse, now),
        has_history=warehouse is not None,
        probable_cause=verdict["probable_cause"],
    )


def _with_keys(findings: Sequence[Row]) -> list[Row]:
    return [{**finding, "finding_key": finding_key(finding)} for finding in findings]


def _notes(
    project: Project, parsed: ParsedReturn, warehouse: Warehouse | None, now: datetime
) -> tuple[str, ...]:
    from g60pipeline.quality.locks import closed_forms, name_sheets
    from g60pipeline.warehouse.openings import read_openings

    words, cover = project.feedback.words, parsed.cover
    openings = () if warehouse is None else read_openings(warehouse)
    closed = closed_forms(project, openings, cover["unit_code"], cover["period"], beijing_day(now))
    sheets = name_sheets(project, [name for name in closed if name in parsed.rows])
    compared = words["without_history" if warehouse is None else "with_history"]
    return (compared, words["locked"].format(sheets=sheets)) if sheets else (compared,)


def _stage(project: Project, parsed: ParsedReturn, warehouse: Warehouse | None, now: datetime) -> Staged:
    import pandas as pd

    from g60pipeline.intake.findings import finding_row
    from g60pipeline.intake.frames import build_frame
    from g60pipeline.quality.judge import Staged
    from g60pipeline.warehouse import ledger

    number = 1 if warehouse is None else ledger.next_submission_id(warehouse)
    unit, period = parsed.cover["unit_code"], parsed.cover["period"]
    keys = {"submission_id": number, "reporting_unit_code": unit, "period": period}
    nothing = pd.DataFrame(columns=list(_ACCEPTED_COLUMNS))
    return Staged(
        cover=_cover(keys, parsed, now),
        forms={name: build_frame(project.forms[name], [(keys, rows)]) for name, rows in parsed.rows.items()},
        present=frozenset((number, name) for name in parsed.rows),
        layouts={name: {number: layout} for name, layout in parsed.layouts.items()},
        intake_findings=[finding_row(project, found, number, unit, period) for found in parsed.findings],
        accepted=nothing if warehouse is None else ledger.read_accepted_forms(warehouse),
        fetch_rows=lambda form, numbers: (
            nothing if warehouse is None else ledger.read_staged(warehouse, form, numbers)
        ),
        openings=(_open_today(period, now),),
        explanations={number: {said.key: said.text for said in parsed.explanations}},
    )


def _cover(keys: Row, parsed: ParsedReturn, now: datetime) -> pd.DataFrame:
    import pandas as pd

    from g60pipeline.contracts.periods import Period

    return pd.DataFrame([
        {
            "template_version": None, "sequence_number": None, "unit_name": None, "remark": None,
            **parsed.cover,
            **keys,
            "month_index": Period.parse(keys["period"]).month_index,
            "file_name": parsed.file_name,
            "received_at": now,
            "sheet_row": 0,
            "cell_addresses": parsed.cover_cells,
            "raw_text": parsed.cover_texts,
        }
    ])  # fmt: skip


def _open_today(period: str, now: datetime) -> Opening:
    """No lock is judged: see the module's docstring."""
    day = beijing_day(now)
    return Opening(
        unit_code=ANY, first_period=period, last_period=period, opened_from=day, opened_until=day,
        reason="自查", opened_by="自查",
    )  # fmt: skip


# --- writing


def _build_workbook(
    project: Project, received: Received, result: _Result, data: bytes, raw: RawReturn, now: datetime
) -> bytes:
    from g60pipeline.reports.feedback import SubmissionFacts, build_feedback

    units, unit = project.code_lists["units"], received.unit_code
    facts = SubmissionFacts(
        receipt_number="",
        sha256=received.sha256,
        file_name=received.file_name,
        received_at=now,
        status=result.status,
        unit_code=unit,
        unit_name=units.label_zh(unit) if unit in units.by_code else None,
        period=received.period,
        probable_cause=result.probable_cause,
        explanations={f["finding_key"]: f["explanation"] for f in result.findings if f.get("explanation")},
        notes=result.notes,
    )
    return build_feedback(project, facts, result.findings, data, received.kind, raw.get("sheets", ()))
