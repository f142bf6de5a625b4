"""Judging submissions: rules over a batch, findings, verdicts.

A verdict is a function of the ledger up to its submission: rules between months, units and sources see what was in
force when it was entered. Within one batch that depends on the verdicts of the same batch, so the batch is judged again
until no verdict changes.

So of two units that contradict each other the later one is told, and a finding is never added to a verdict afterwards:
what only shows once the last unit has come, such as a sum over all units, is the reconciliation of the release.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from g60pipeline.contracts.findings import finding_key
from g60pipeline.contracts.forms import Rule
from g60pipeline.contracts.project import Project
from g60pipeline.quality.batch import Batch, Staged
from g60pipeline.quality.cause import Cause, describe, find_causes
from g60pipeline.quality.derive import check_derived, derive, needed_columns
from g60pipeline.quality.findings import build_findings
from g60pipeline.quality.history import accepted_forms, all_units, own_history
from g60pipeline.quality.suites import Expectations


@dataclass(frozen=True)
class Judgement:
    """What came out: findings as rows of `ops.finding`, verdicts as rows of `ops.verdict`, results as rows
    of `ops.check_result`; and the probable causes that the verdicts quote, by submission."""

    findings: list[dict[str, Any]]
    verdicts: list[dict[str, Any]]
    check_results: list[dict[str, Any]]
    causes: dict[int, Cause]


# Rules of these levels look at what was in force when the submission was entered: the unit's own earlier months, other
# units' returns of the month.
LOOKS_BEYOND = frozenset({2, 4, 5})
LOOKS_AT_OTHERS = frozenset({4, 5})


def judge(project: Project, staged: Staged, expectations: Expectations) -> Judgement:
    """Judge the submissions; see the module's docstring for what a verdict depends on.

    Raises ContractError when a contract names a function that does not exist.
    """
    check_derived(project)
    alone = Batch(project, staged.cover, staged.forms, staged.present, {}, staged.openings)
    findings, results = _validate(alone, staged, expectations, lambda rule: rule.level not in LOOKS_BEYOND)
    findings = _with_explanations(staged, [*staged.intake_findings, *findings])
    results += _intake_results(staged)
    returned = _held_back(findings)
    while True:
        batch = _with_what_came_before(alone, staged, returned)
        looking_beyond, beyond_results = _validate(
            batch, staged, expectations, lambda rule: rule.level in LOOKS_BEYOND
        )
        looking_beyond = _with_explanations(staged, looking_beyond)
        now = _held_back([*findings, *looking_beyond])
        if now == returned:
            break
        returned = now
    findings += looking_beyond
    causes = _causes(batch, staged, expectations, returned, findings)
    said = {submission: describe(batch, staged, cause) for submission, cause in causes.items()}
    verdicts = _verdicts(staged.cover["submission_id"].tolist(), findings, said)
    return Judgement(findings, verdicts, results + beyond_results, causes)


def _causes(
    batch: Batch,
    staged: Staged,
    expectations: Expectations,
    held_back: set[int],
    findings: list[dict[str, Any]],
) -> dict[int, Cause]:
    """Causes of what is held back; what the unit has explained needs none."""
    accepted = accepted_forms(staged, held_back)
    open_ = [f for f in findings if f["submission_id"] in held_back and f["explanation"] is None]
    return find_causes(batch, staged, expectations, accepted, open_)


def _with_what_came_before(alone: Batch, staged: Staged, returned: set[int]) -> Batch:
    accepted = accepted_forms(staged, returned)
    return replace(
        alone,
        history=own_history(alone.project, staged, accepted),
        in_force=all_units(staged, accepted, _forms_of_others(alone.project, staged)),
    )


def _forms_of_others(project: Project, staged: Staged) -> set[str]:
    """Forms that rules between units look at, for the forms that are judged."""
    named: set[str] = set()
    for form in (project.forms[name] for name in staged.forms):
        rules = [rule for rule in form.rules if rule.level in LOOKS_AT_OTHERS]
        named |= {form.name} if rules else set()
        for column in needed_columns(form, rules):
            named |= {value for value in column.arguments.values() if isinstance(value, str)}
    return named & set(project.forms)


def _with_explanations(staged: Staged, findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The findings with what the unit says to each."""
    return [
        {
            **finding,
            "explanation": staged.explanations.get(finding["submission_id"], {}).get(finding_key(finding)),
        }
        for finding in findings
    ]


def _needs_an_explanation(finding: dict[str, Any]) -> bool:
    return finding["severity"] == "warning" and finding["explanation"] is None


def _held_back(findings: list[dict[str, Any]]) -> set[int]:
    """Submissions that are not accepted: a critical finding, or a warning that the unit has not explained."""
    return {f["submission_id"] for f in findings if f["severity"] == "critical" or _needs_an_explanation(f)}


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
            found = build_findings(batch, form, frame, outcomes, staged.layouts)
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


def _verdicts(
    submission_ids: Sequence[int], findings: list[dict[str, Any]], causes: dict[int, str]
) -> list[dict[str, Any]]:
    own: dict[int, list[dict[str, Any]]] = {int(submission): [] for submission in submission_ids}
    for finding in findings:
        own[finding["submission_id"]].append(finding)
    return [
        {"submission_id": submission, **_verdict(found), "probable_cause": causes.get(submission)}
        for submission, found in own.items()
    ]


def _verdict(findings: list[dict[str, Any]]) -> dict[str, Any]:
    critical = sum(finding["severity"] == "critical" for finding in findings)
    warning = sum(finding["severity"] == "warning" for finding in findings)
    open_ = "awaiting_explanation" if any(map(_needs_an_explanation, findings)) else "accepted"
    status = "returned" if critical else open_
    return {"status": status, "critical_count": critical, "warning_count": warning}
