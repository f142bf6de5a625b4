"""Judging submissions: rules over a batch, findings, verdicts.

A verdict is a function of the ledger up to its submission: rules that look back see what was in force
before it. Within
one batch that depends on the verdicts of the same batch, so the batch is judged again until no verdict
changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from g60pipeline.contracts.forms import Rule
from g60pipeline.contracts.project import Project
from g60pipeline.quality.batch import HISTORY_MONTHS, Batch
from g60pipeline.quality.derive import derive
from g60pipeline.quality.findings import build_findings
from g60pipeline.quality.suites import Expectations


@dataclass(frozen=True)
class Judgement:
    """What came out: findings as rows of `ops.finding`, verdicts as rows of `ops.verdict`, results as rows
    of `ops.check_result`."""

    findings: list[dict[str, Any]]
    verdicts: list[dict[str, Any]]
    check_results: list[dict[str, Any]]


@dataclass(frozen=True)
class Staged:
    """What was staged of the submissions to judge, and how to fetch the rows of earlier ones.

    `layouts`: form → submission → layout. `intake_findings`: findings made while reading, as rows of
    `ops.finding`.
    `accepted`: forms of submissions already accepted (reporting_unit_code, form, month_index, submission_id).
    `fetch_rows`: form, submissions → their rows.
    """

    cover: pd.DataFrame
    forms: dict[str, pd.DataFrame]
    present: frozenset[tuple[int, str]]
    layouts: dict[str, dict[int, dict[str, Any]]]
    intake_findings: list[dict[str, Any]]
    accepted: pd.DataFrame
    fetch_rows: Callable[[str, Sequence[int]], pd.DataFrame]


# Rules of this level look at what was in force before the submission.
LOOKS_BACK = 2


def judge(project: Project, staged: Staged, expectations: Expectations) -> Judgement:
    """Judge the submissions; see the module's docstring for what a verdict depends on."""
    present = Batch(project, staged.cover, staged.forms, staged.present, {})
    findings, results = _validate(present, staged, expectations, lambda rule: rule.level != LOOKS_BACK)
    findings = [*staged.intake_findings, *findings]
    results += _intake_results(staged)
    returned = _with_critical(findings)
    while True:
        batch = Batch(
            project, staged.cover, staged.forms, staged.present, _history(project, staged, returned)
        )
        looking_back, back_results = _validate(
            batch, staged, expectations, lambda rule: rule.level == LOOKS_BACK
        )
        now = _with_critical([*findings, *looking_back])
        if now == returned:
            break
        returned = now
    findings += looking_back
    return Judgement(
        findings, _verdicts(staged.cover["submission_id"].tolist(), findings), results + back_results
    )


def _with_critical(findings: list[dict[str, Any]]) -> set[int]:
    return {finding["submission_id"] for finding in findings if finding["severity"] == "critical"}


def _validate(
    batch: Batch, staged: Staged, expectations: Expectations, chosen: Callable[[Rule], bool]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    findings: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for name, prepared in batch.prepared.items():
        form = batch.project.cover if name == "cover" else batch.project.forms[name]
        rules = tuple(rule for rule in form.rules if chosen(rule))
        if rules:
            frame = derive(prepared, batch, form, rules)
            outcomes = expectations.validate(form, rules, frame)
            found = build_findings(form, frame, outcomes, staged.layouts.get(name, {}))
            findings += found
            results += _check_results(name, frame, found, rules)
    return findings, results


def _check_results(
    form: str, frame: pd.DataFrame, findings: list[dict[str, Any]], rules: Sequence[Rule]
) -> list[dict[str, Any]]:
    check_of = {rule.id: rule.check for rule in rules}
    rows = frame["period"].value_counts().to_dict() if len(frame) else {}
    failing: dict[tuple[str, str], int] = {}
    for finding in findings:
        key = (check_of[finding["rule"]], finding["period"])
        failing[key] = failing.get(key, 0) + 1
    return [
        {
            "form": form,
            "check_name": check,
            "period": period,
            "element_count": int(count),
            "failing_count": failing.get((check, str(period)), 0),
        }
        for check in dict.fromkeys(rule.check for rule in rules)
        for period, count in rows.items()
    ]


def _intake_results(staged: Staged) -> list[dict[str, Any]]:
    """Rows of `ops.check_result` for the intake rules that fired; a rule that did not fire has no row."""
    failing: dict[tuple[str, str], int] = {}
    for finding in staged.intake_findings:
        key = (finding["rule"], finding["period"])
        failing[key] = failing.get(key, 0) + 1
    sent = staged.cover["period"].value_counts().to_dict()
    return [
        {
            "form": "cover",
            "check_name": rule,
            "period": period,
            "element_count": int(sent[period]),
            "failing_count": count,
        }
        for (rule, period), count in failing.items()
    ]


def _history(project: Project, staged: Staged, returned: set[int]) -> dict[str, pd.DataFrame]:
    """Rows in force before each submission, form by form, with `months_before` from 1 to 12."""
    cover = staged.cover.rename(columns={"submission_id": "judged_id", "month_index": "judged_month"})
    judged = cover[["judged_id", "reporting_unit_code", "judged_month"]]
    pending = _pending_forms(staged, returned)
    accepted = staged.accepted[~staged.accepted["submission_id"].isin(cover["judged_id"])][pending.columns]
    in_force = pd.concat([part for part in (accepted, pending) if len(part)] or [pending])
    pairs = judged.merge(in_force, on="reporting_unit_code")
    pairs["months_before"] = pairs["judged_month"] - pairs["month_index"]
    before = pairs["months_before"].between(1, HISTORY_MONTHS) & (pairs["submission_id"] < pairs["judged_id"])
    keys = ["judged_id", "form", "months_before"]
    chosen = pairs[before].sort_values("submission_id").drop_duplicates(keys, keep="last")
    return {
        str(name): _history_rows(project, staged, str(name), part) for name, part in chosen.groupby("form")
    }


def _pending_forms(staged: Staged, returned: set[int]) -> pd.DataFrame:
    forms = pd.DataFrame(sorted(staged.present), columns=["submission_id", "form"])
    units = staged.cover[["submission_id", "reporting_unit_code", "month_index"]]
    merged = forms.merge(units, on="submission_id")
    return merged[~merged["submission_id"].isin(returned)][
        ["reporting_unit_code", "form", "month_index", "submission_id"]
    ]


def _history_rows(project: Project, staged: Staged, name: str, chosen: pd.DataFrame) -> pd.DataFrame:
    fields = [field.name for field in project.forms[name].fields]
    own = staged.forms.get(name)
    wanted = set(chosen["submission_id"])
    parts: list[pd.DataFrame] = []
    if own is not None:
        parts.append(own[own["submission_id"].isin(wanted)][["submission_id", *fields]])
        wanted -= set(own["submission_id"])
    if wanted:
        parts.append(
            staged.fetch_rows(name, sorted(int(submission) for submission in wanted))[
                ["submission_id", *fields]
            ]
        )
    rows = pd.concat([part for part in parts if len(part)]) if any(len(part) for part in parts) else parts[0]
    merged = chosen[["judged_id", "submission_id", "months_before"]].merge(rows, on="submission_id")
    return merged.drop(columns="submission_id").rename(columns={"judged_id": "submission_id"})


def _verdicts(submission_ids: Sequence[int], findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counts = {int(submission): {"critical": 0, "warning": 0, "info": 0} for submission in submission_ids}
    for finding in findings:
        counts[finding["submission_id"]][finding["severity"]] += 1
    return [
        {
            "submission_id": submission,
            "status": "returned" if count["critical"] else "accepted",
            "critical_count": count["critical"],
            "warning_count": count["warning"],
        }
        for submission, count in counts.items()
    ]
