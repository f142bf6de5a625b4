"""The probable cause of a returned submission: the one edit that would clear the most of its findings.

Belongs here: choosing the edit and saying it. It suggests and changes nothing. Not here: which edits there are (edits.py,
moves.py), judging them (trials.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from g60pipeline.contracts.feedback import CauseTexts
from g60pipeline.quality.batch import Batch, Staged
from g60pipeline.quality.edits import Change, Edit, edits_of
from g60pipeline.quality.moves import moves_of
from g60pipeline.quality.quoting import BLANK
from g60pipeline.quality.suites import Expectations
from g60pipeline.quality.suspects import Suspect
from g60pipeline.quality.trials import Outcome, Place, try_edits

Finding = dict[str, Any]
# Findings of a cell's type, which an edit clears by putting something else into the cell.
_OF_THE_TYPE = frozenset(
    {"value_has_the_declared_type", "value_may_be_not_applicable", "unit_of_measure_is_known"}
)


@dataclass(frozen=True)
class Cause:
    """An edit, how many of a submission's findings it clears, and how many it would raise."""

    submission: int
    edit: Edit
    cleared: int
    total: int
    raised: int

    @property
    def net(self) -> int:
        """Findings fewer than before."""
        return self.cleared - self.raised


def find_causes(
    batch: Batch,
    staged: Staged,
    expectations: Expectations,
    accepted: pd.DataFrame,
    findings: Iterable[Finding],
) -> dict[int, Cause]:
    """Find the probable cause of each submission that has findings, where there is one.

    `findings`: of the submissions that are held back, unexplained. `accepted`: what was in force, as for `own_history`.
    No cause is named where no edit clears more than it raises, or where several do equally well and are as simple.
    """
    own: dict[int, list[Finding]] = {}
    for finding in findings:
        own.setdefault(finding["submission_id"], []).append(finding)
    suspects = [Suspect(batch, staged.layouts, number, found) for number, found in own.items()]
    edits = {suspect.number: [*moves_of(suspect), *edits_of(suspect)] for suspect in suspects}
    tried: dict[int, list[Cause]] = {}
    for outcome in try_edits(batch, staged, expectations, accepted, edits):
        number = outcome.trial.submission
        tried.setdefault(number, []).append(_weigh(outcome, own[number]))
    return {number: cause for number, causes in tried.items() if (cause := _choose(causes)) is not None}


def _weigh(outcome: Outcome, findings: Sequence[Finding]) -> Cause:
    places = [Place(f["form"] or "", f["rule"], int(f["sheet_row"] or 0)) for f in findings]
    edit = outcome.trial.edit
    cleared = sum(
        _is_retyped(edit, finding) or (outcome.has_asked(place) and place not in outcome.failing)
        for finding, place in zip(findings, places, strict=True)
    )
    raised = len(outcome.failing - set(places))
    return Cause(outcome.trial.submission, edit, cleared, len(findings), raised)


def _is_retyped(edit: Edit, finding: Finding) -> bool:
    return finding["rule"] in _OF_THE_TYPE and any(
        tuple(change.cell) == (finding["form"], finding["sheet_row"], finding["field"])
        for change in edit.changes
    )


def _choose(causes: Sequence[Cause]) -> Cause | None:
    """The most is cleared; of equals what the cells show, then the simplest; of equally simple ones none."""
    convincing = [cause for cause in causes if cause.net > 0 and _is_convincing(cause)]
    ranked = sorted(convincing, key=_rank)
    return None if not ranked or [_rank(c) for c in ranked[:2]] == [_rank(ranked[0])] * 2 else ranked[0]


def _is_convincing(cause: Cause) -> bool:
    """One finding can be cleared by chance: by an edit of many cells, or where others stay or new ones come."""
    edit = cause.edit
    if edit.has_evidence or edit.unit is not None:
        return True
    if edit.moves or edit.size > 1:
        return cause.net > 1
    return cause.raised == 0 and (cause.cleared > 1 or cause.total == 1)


def _rank(cause: Cause) -> tuple[int, bool, int]:
    return -cause.net, not cause.edit.has_evidence, cause.edit.size


def describe(batch: Batch, staged: Staged, cause: Cause) -> str:
    """Say the edit to a clerk: which cell, what stands there, what would, and how many findings it clears."""
    said = batch.project.feedback.causes
    edit, suspect = cause.edit, _Quoting(batch, staged, cause.submission)
    if edit.moves:
        text = said.kinds[edit.kind].format(**suspect.cover(edit))
    else:
        text = said.kinds[edit.kind].format(
            **suspect.cells(edit), factor=edit.factor, reason=_reason(said, batch, edit)
        )
    outcome = said.all_cleared if cause.cleared == cause.total else said.some_cleared
    raised = said.raised.format(raised=cause.raised) if cause.raised else ""
    return text + outcome.format(cleared=cause.cleared, total=cause.total) + raised + said.end


def _reason(said: CauseTexts, batch: Batch, edit: Edit) -> str:
    cell = edit.changes[0].cell
    field = batch.project.forms[cell.form].field_by_name[cell.field]
    reasons: Mapping[str, str] = said.reasons_of_amounts if field.unit == "wan_yuan" else said.reasons
    name = f"{edit.kind.removeprefix('column_')}_{edit.factor}"
    return reasons.get(name) or said.reasons.get(name, "")


class _Quoting:
    """Writes places and values of one submission."""

    def __init__(self, batch: Batch, staged: Staged, number: int) -> None:
        self._batch, self._staged, self._number = batch, staged, number
        cover = batch.prepared["cover"]
        self._cover = cover[cover["submission_id"] == number].iloc[0]

    def cover(self, edit: Edit) -> dict[str, str]:
        units = self._batch.project.code_lists["units"]
        own = str(self._cover["reporting_unit_code"])
        other = edit.unit or own
        return {
            "unit": own,
            "unit_name": units.label_zh(own),
            "other_unit": other,
            "other_unit_name": units.label_zh(other),
            "period": str(self._cover["period"]),
            "other_period": edit.period or "",
        }

    def cells(self, edit: Edit) -> dict[str, str]:
        first, last = edit.changes[0], edit.changes[-1]
        form = self._batch.project.forms[first.cell.form]
        layout = self._staged.layouts.get(form.name, {}).get(self._number, {})
        return {
            "sheet": layout.get("sheet", form.sheet),
            "cell": self._address(layout, first),
            "last_cell": self._address(layout, last),
            "heading": form.field_by_name[first.cell.field].heading,
            "last_heading": form.field_by_name[last.cell.field].heading,
            "row": str(first.cell.sheet_row),
            "count": str(len(edit.changes)),
            "value": self._text(first),
            "last_value": self._text(last),
            "new": first.text or BLANK,
        }

    def _address(self, layout: Mapping[str, Any], change: Change) -> str:
        column = layout.get("fields", {}).get(change.cell.field, {}).get("column")
        return "" if column is None else f"{column}{change.cell.sheet_row}"

    def _text(self, change: Change) -> str:
        frame = self._batch.prepared[change.cell.form]
        row = frame[(frame["submission_id"] == self._number) & (frame["sheet_row"] == change.cell.sheet_row)]
        return row["raw_text"].iloc[0].get(change.cell.field, BLANK)
