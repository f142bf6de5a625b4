"""The ledger's questions and entries: what was received, what is not judged yet, what came before.

Belongs here: reading and writing `ops` and `staged`. Not here: the judgement itself (quality).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from g60pipeline.contracts.findings import finding_key
from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.engine import Warehouse, append_frame, append_rows
from g60pipeline.warehouse.views import accepted_forms

if TYPE_CHECKING:
    import pandas as pd


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _next(connection: sa.Connection, column: sa.Column[Any]) -> int:
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(column), 0))).scalar_one()) + 1


def known_hashes(warehouse: Warehouse) -> set[str]:
    """Fingerprints of everything that was ever received.

    A refused file was not kept and may have been refused for its name, so it is known by both: `<sha256> <file_name>`.
    """
    submission = warehouse.table("ops.submission")
    columns = (submission.c.sha256, submission.c.file_name, submission.c.status)
    rows = warehouse.read(sa.select(*columns)).to_dict("records")
    return {
        f"{row['sha256']} {row['file_name']}" if row["status"] == "refused" else row["sha256"] for row in rows
    }


def next_submission_id(warehouse: Warehouse) -> int:
    """Number that the next submission would get."""
    with warehouse.engine.connect() as connection:
        return _next(connection, warehouse.table("ops.submission").c.submission_id)


def append_submissions(
    connection: sa.Connection, warehouse: Warehouse, rows: Sequence[dict[str, Any]]
) -> list[int]:
    """Enter submissions in the given order, which is the ledger's from then on. Returns their numbers."""
    table = warehouse.table("ops.submission")
    first = _next(connection, table.c.submission_id)
    now = _now()
    ids = list(range(first, first + len(rows)))
    entries = [{**row, "submission_id": n, "received_at": now} for n, row in zip(ids, rows, strict=True)]
    append_rows(connection, table, entries)
    return ids


def read_units(warehouse: Warehouse, submission_ids: Sequence[int]) -> dict[int, str]:
    """Unit of each of the submissions, in the ledger's order."""
    table = warehouse.table("ops.submission")
    query = sa.select(table.c.submission_id, table.c.reporting_unit_code).order_by(table.c.submission_id)
    rows = warehouse.read(query.where(table.c.submission_id.in_(submission_ids)))
    return dict(zip(map(int, rows["submission_id"]), rows["reporting_unit_code"], strict=True))


def unjudged(warehouse: Warehouse, last_period: str) -> pd.DataFrame:
    """Readable submissions up to a month whose last verdict is not by the present rules, in the ledger's order.

    The last one counts: rules that were changed and changed back judge again, or what the change did would stay.
    """
    submission, verdict = warehouse.table("ops.submission"), warehouse.table("ops.verdict")
    last = sa.select(sa.func.max(verdict.c.verdict_id)).group_by(verdict.c.submission_id)
    judged = sa.select(verdict.c.submission_id).where(
        verdict.c.rules_version == warehouse.project.rules_version, verdict.c.verdict_id.in_(last)
    )
    return warehouse.read(
        sa.select(submission)
        .where(
            submission.c.status == "received",
            submission.c.period <= last_period,
            submission.c.submission_id.not_in(judged),
        )
        .order_by(submission.c.submission_id)
    )


def replace_staged(
    connection: sa.Connection,
    warehouse: Warehouse,
    submission_ids: Sequence[int],
    frames: dict[str, pd.DataFrame],
    rows: dict[str, list[dict[str, Any]]],
) -> None:
    """Write what was read of the submissions, in place of what an earlier reading left.

    `frames`: form → rows for `staged.<form>`. `rows`: rows by table name for covers, intake findings and layouts.
    """
    tables = [
        *(f"staged.{form}" for form in warehouse.project.forms),
        "staged.cover",
        "staged.intake_finding",
        "staged.explanation",
        "ops.submission_form",
    ]
    for name in tables:
        table = warehouse.table(name)
        connection.execute(sa.delete(table).where(table.c.submission_id.in_(submission_ids)))
    for form, frame in frames.items():
        append_frame(connection, warehouse.table(f"staged.{form}"), frame)
    for name, values in rows.items():
        append_rows(connection, warehouse.table(name), values)


def read_staged(warehouse: Warehouse, name: str, submission_ids: Sequence[int]) -> pd.DataFrame:
    """Rows of `staged.<name>` for the submissions."""
    table = warehouse.table(f"staged.{name}")
    order = [table.c[name] for name in ("submission_id", "sheet_row", "finding_no") if name in table.c]
    return warehouse.read(sa.select(table).where(table.c.submission_id.in_(submission_ids)).order_by(*order))


def read_layouts(warehouse: Warehouse, submission_ids: Sequence[int]) -> pd.DataFrame:
    """Where the columns of the submissions' forms stood."""
    table = warehouse.table("ops.submission_form")
    return warehouse.read(sa.select(table).where(table.c.submission_id.in_(submission_ids)))


def read_explanations(warehouse: Warehouse, submission_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """What units say to findings: submission → finding key → text."""
    found: dict[int, dict[str, str]] = {}
    for row in read_staged(warehouse, "explanation", submission_ids).to_dict("records"):
        found.setdefault(int(row["submission_id"]), {})[row["finding_key"]] = row["explanation"]
    return found


def read_accepted_forms(warehouse: Warehouse) -> pd.DataFrame:
    """Every form of every accepted submission: unit, form, period, month_index, submission_id."""
    return warehouse.read(accepted_forms(warehouse.metadata))


def append_verdicts(
    connection: sa.Connection,
    warehouse: Warehouse,
    verdicts: Sequence[dict[str, Any]],
    findings: Sequence[dict[str, Any]],
) -> None:
    """Enter verdicts (submission_id, status, counts) and the findings of each, numbered within their verdict."""
    table = warehouse.table("ops.verdict")
    first, now = _next(connection, table.c.verdict_id), _now()
    ids = {verdict["submission_id"]: first + n for n, verdict in enumerate(verdicts)}
    version = warehouse.project.rules_version
    append_rows(
        connection, table,
        [{**v, "verdict_id": ids[v["submission_id"]], "rules_version": version, "judged_at": now} for v in verdicts],
    )  # fmt: skip
    numbers: dict[int, int] = {}
    rows: list[dict[str, Any]] = []
    for finding in findings:
        submission = finding["submission_id"]
        numbers[submission] = numbers.get(submission, 0) + 1
        number = {"verdict_id": ids[submission], "finding_no": numbers[submission]}
        rows.append({**finding, **number, "finding_key": finding_key(finding)})
    append_rows(connection, warehouse.table("ops.finding"), rows)


def _accepted_up_to(warehouse: Warehouse, last_period: str) -> sa.Subquery:
    accepted = accepted_forms(warehouse.metadata).subquery()
    return sa.select(accepted).where(accepted.c.period <= last_period).subquery()


def submissions_to_load(warehouse: Warehouse, last_period: str) -> dict[str, dict[str, list[int]]]:
    """Accepted submissions up to a month whose rows core does not have yet: month, in order → form → submissions."""
    waiting: dict[str, dict[str, list[int]]] = {}
    accepted = _accepted_up_to(warehouse, last_period)
    for form in warehouse.project.forms:
        staged, core = warehouse.table(f"staged.{form}"), warehouse.table(f"core.{form}")
        wanted = sa.select(accepted.c.submission_id).where(accepted.c.form == form)
        missing = staged.c.submission_id.in_(wanted) & staged.c.submission_id.not_in(
            sa.select(core.c.submission_id)
        )
        rows = warehouse.read(sa.select(staged.c.period, staged.c.submission_id).where(missing).distinct())
        for period, number in zip(rows["period"], rows["submission_id"], strict=True):
            waiting.setdefault(str(period), {}).setdefault(form, []).append(int(number))
    return dict(sorted(waiting.items()))


def append_accepted(
    connection: sa.Connection, warehouse: Warehouse, form: str, submission_ids: Sequence[int]
) -> None:
    """Copy the staged rows of submissions into core."""
    staged, core = warehouse.table(f"staged.{form}"), warehouse.table(f"core.{form}")
    as_sent = {"row_version": sa.literal(0), "correction_ids": sa.null(), "is_dropped": sa.false()}
    names = [column.name for column in core.columns]
    columns = [as_sent[name].label(name) if name in as_sent else staged.c[name] for name in names]
    rows = sa.select(*columns).where(staged.c.submission_id.in_(submission_ids))
    connection.execute(sa.insert(core).from_select(names, rows))


def count_all_rows(warehouse: Warehouse, schema: str, periods: Sequence[str]) -> dict[str, int]:
    """Rows of the months by form, in one question."""
    tables = [warehouse.table(f"{schema}.{form}") for form in warehouse.project.forms]
    counts = [
        sa.select(sa.literal(t.name).label("form"), sa.func.count().label("rows")).where(
            t.c.period.in_(periods)
        )
        for t in tables
    ]
    frame = warehouse.read(sa.union_all(*counts))
    return {str(form): int(rows) for form, rows in zip(frame["form"], frame["rows"], strict=True)}


def append_check_results(
    connection: sa.Connection, warehouse: Warehouse, results: Sequence[dict[str, Any]]
) -> None:
    """Enter what each check looked at and found, by month."""
    append_rows(connection, warehouse.table("ops.check_result"), results)


def _check_names(project: Project) -> dict[tuple[str, str], str]:
    forms = (project.cover, *project.forms.values())
    return {(form.name, rule.id): rule.check for form in forms for rule in form.rules}


def read_findings(
    warehouse: Warehouse, project: Project, periods: Sequence[str]
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Findings of the present verdicts of the months, by form and check; intake's stand under the cover."""
    finding, verdict = warehouse.table("ops.finding"), warehouse.table("ops.verdict")
    last = sa.select(sa.func.max(verdict.c.verdict_id)).group_by(verdict.c.submission_id)
    query = (
        sa.select(finding)
        .where(finding.c.period.in_(periods), finding.c.verdict_id.in_(last))
        .order_by(finding.c.verdict_id, finding.c.finding_no)
    )
    names = _check_names(project)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in warehouse.read(query).to_dict("records"):
        key = (row["form"], row["rule"])
        check = (row["form"], names[key]) if key in names else ("cover", row["rule"])
        found.setdefault(check, []).append({str(name): value for name, value in row.items()})
    return found


def read_element_counts(
    warehouse: Warehouse, periods: Sequence[str]
) -> dict[tuple[str, str], dict[str, int]]:
    """Rows that each check looked at, by form and check, then by month."""
    result = warehouse.table("ops.check_result")
    keys = (result.c.form, result.c.check_name, result.c.period)
    query = (
        sa.select(*keys, sa.func.sum(result.c.element_count).label("rows"))
        .where(result.c.period.in_(periods))
        .group_by(*keys)
    )
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in warehouse.read(query).to_dict("records"):
        check = (str(row["form"]), str(row["check_name"]))
        counts.setdefault(check, {})[str(row["period"])] = int(row["rows"])
    return counts


def months_to_judge(warehouse: Warehouse) -> list[tuple[str, str]]:
    """Months with submissions that have no verdict under the present rules, each with what is known of it so far:
    the numbers of its last submission and of its last verdict.
    """
    waiting = unjudged(warehouse, "9999-12")
    submission, verdict = warehouse.table("ops.submission"), warehouse.table("ops.verdict")
    judged = warehouse.read(
        sa.select(submission.c.period, sa.func.max(verdict.c.verdict_id).label("verdict_id"))
        .join(verdict, verdict.c.submission_id == submission.c.submission_id)
        .group_by(submission.c.period)
    )
    verdicts = dict(zip(judged["period"], judged["verdict_id"], strict=True))
    last = waiting.groupby("period")["submission_id"].max()
    return [(str(month), f"{number}-{verdicts.get(month, 0)}") for month, number in last.items()]
