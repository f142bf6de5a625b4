"""What edits would clear: edited copies of submissions, judged all together by the rules that an edit can touch.

Belongs here: copies under numbers of their own, which stand in the ledger's order just before the original. Not here:
which edits are tried (edits.py, moves.py), which is named (cause.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from g60pipeline.contracts.forms import Form, Rule
from g60pipeline.contracts.project import Project
from g60pipeline.quality.batch import Batch, Staged
from g60pipeline.quality.derive import derive
from g60pipeline.quality.edited import Trial, edited, moved_covers
from g60pipeline.quality.edits import Edit
from g60pipeline.quality.history import all_units, own_history
from g60pipeline.quality.reads import Reads
from g60pipeline.quality.suites import Expectations


class Place(NamedTuple):
    """Where a rule fails: the row of a sheet, 0 on the cover."""

    form: str
    rule: str
    sheet_row: int


@dataclass(frozen=True)
class Outcome:
    """What became of a trial: where the rules that were asked again fail now. `asked`: form → rules, and the rows."""

    trial: Trial
    rules: Mapping[str, frozenset[str]]
    rows: Mapping[str, frozenset[int]]
    failing: frozenset[Place]

    def has_asked(self, place: Place) -> bool:
        """Whether the rule was asked again of the row."""
        return place.rule in self.rules.get(place.form, ()) and place.sheet_row in self.rows.get(
            place.form, ()
        )


@dataclass(frozen=True)
class _Question:
    """What is asked of one trial: form → rules; `rows`: form → rows, None for all; `needed`: forms it must hold."""

    trial: Trial
    rules: dict[str, frozenset[str]]
    rows: dict[str, frozenset[int] | None]
    needed: frozenset[str]


def _question(project: Project, reads: Reads, trial: Trial) -> _Question:
    if trial.edit.moves:
        rules = {name: frozenset(rule.id for rule in form.rules) for name, form in reads.forms.items()}
        return _Question(trial, rules, dict.fromkeys(rules), frozenset(rules))
    edited = {(change.cell.form, change.cell.field) for change in trial.edit.changes}
    asked = {
        name: [rule for rule in form.rules if edited & reads.of(form, rule)]
        for name, form in reads.forms.items()
    }
    needed = {
        read
        for name, rules in asked.items()
        for rule in rules
        for read, _ in reads.of(reads.forms[name], rule)
    }
    return _Question(
        trial,
        {name: frozenset(rule.id for rule in rules) for name, rules in asked.items() if rules},
        {name: _rows(reads, name, rules, trial.edit) for name, rules in asked.items() if rules},
        frozenset(needed | {name for name, rules in asked.items() if rules}),
    )


def _rows(reads: Reads, name: str, rules: Sequence[Rule], edit: Edit) -> frozenset[int] | None:
    """Rows of a form that the edit can touch; None for all of them."""
    edited = {change.cell.form for change in edit.changes}
    form = reads.forms[name]
    if edited != {name} or any(reads.looks_around(form, rule) for rule in rules):
        return None
    return frozenset(change.cell.sheet_row for change in edit.changes)


@dataclass(frozen=True)
class _Trials(Batch):
    """A batch of trials; everything in it is fit to compute with already.

    `scale`: what numbers of submissions are multiplied by, to leave room between them.
    """

    ready: dict[str, pd.DataFrame] = field(default_factory=dict[str, pd.DataFrame])
    before: dict[str, pd.DataFrame] = field(default_factory=dict[str, pd.DataFrame])
    scale: int = 1

    @cached_property
    def prepared(self) -> dict[str, pd.DataFrame]:
        return self.ready

    @cached_property
    def prepared_history(self) -> dict[str, pd.DataFrame]:
        return self.before

    def in_force_rows(self, form: str) -> pd.DataFrame:
        rows = super().in_force_rows(form)
        return rows.assign(since=rows["since"] * self.scale, until=rows["until"] * self.scale)


def try_edits(
    batch: Batch,
    staged: Staged,
    expectations: Expectations,
    accepted: pd.DataFrame,
    edits: Mapping[int, Sequence[Edit]],
) -> list[Outcome]:
    """Judge every edit of every submission in one go; neither the batch nor what was staged is changed."""
    scale = 1 + max((len(few) for few in edits.values()), default=0)
    trials = [
        Trial(submission * scale - n, submission, edit)
        for submission, few in edits.items()
        for n, edit in enumerate(few, 1)
    ]
    if not trials:
        return []
    reads = Reads(batch.project)
    return _Run(batch, reads, [_question(batch.project, reads, trial) for trial in trials], scale).outcomes(
        staged, expectations, accepted
    )


class _Run:
    """The judging of some questions."""

    def __init__(self, batch: Batch, reads: Reads, questions: Sequence[_Question], scale: int) -> None:
        self._batch, self._reads, self._questions, self._scale = batch, reads, questions, scale
        self._all = [question.trial for question in questions]

    def outcomes(self, staged: Staged, expectations: Expectations, accepted: pd.DataFrame) -> list[Outcome]:
        ready = {name: frame for name in self._reads.forms if (frame := self._copy(name)) is not None}
        asked = {
            name: frame[mask] for name, frame in ready.items() if (mask := self._mask(name, frame)).any()
        }
        asked = {name: frame.reset_index(drop=True) for name, frame in asked.items()}
        before = self._history(asked, staged, accepted)
        batch = self._trials(ready, before, staged, accepted)
        failing: dict[int, set[Place]] = {}
        for name, frame in asked.items():
            for number, place in self._failing(batch, expectations, name, frame):
                failing.setdefault(number, set()).add(place)
        rows = self._rows_asked(asked)
        return [
            Outcome(
                question.trial,
                self._answered(question, before),
                {name: rows.get((name, question.trial.number), frozenset()) for name in question.rules},
                frozenset(failing.get(question.trial.number, ())),
            )
            for question in self._questions
        ]

    def _answered(
        self, question: _Question, before: Mapping[str, pd.DataFrame]
    ) -> Mapping[str, frozenset[str]]:
        """Without a month before it, a return that is moved to another month shows nothing by comparisons with one."""
        if question.trial.edit.period is None or any(
            ((frame["submission_id"] == question.trial.number) & (frame["months_before"] == 1)).any()
            for frame in before.values()
        ):
            return question.rules
        forms = self._reads.forms
        return {
            name: frozenset(rule.id for rule in forms[name].rules if rule.level != 2 and rule.id in few)
            for name, few in question.rules.items()
        }

    def _copy(self, name: str) -> pd.DataFrame | None:
        """The form's rows of every trial that needs it, edited."""
        frame = self._batch.prepared.get(name)
        chosen = [question.trial for question in self._questions if name in question.needed]
        if frame is None or not chosen:
            return None
        places = frame.groupby("submission_id").indices
        parts = [places.get(trial.submission, np.array([], dtype=int)) for trial in chosen]
        numbers = np.repeat([trial.number for trial in chosen], [len(part) for part in parts])
        copy = frame.take(np.concatenate(parts)).reset_index(drop=True).assign(submission_id=numbers)
        return edited(copy, name, chosen)

    def _mask(self, name: str, frame: pd.DataFrame) -> pd.Series:
        rows = {q.trial.number: q.rows[name] for q in self._questions if name in q.rows}
        answers = [
            number in rows and ((wanted := rows[number]) is None or row in wanted)
            for number, row in zip(frame["submission_id"].tolist(), frame["sheet_row"].tolist(), strict=True)
        ]
        return pd.Series(answers, index=frame.index, dtype=bool)

    def _failing(
        self, batch: Batch, expectations: Expectations, name: str, frame: pd.DataFrame
    ) -> Iterator[tuple[int, Place]]:
        form = self._reads.forms[name]
        wanted = {q.trial.number: q.rules[name] for q in self._questions if name in q.rules}
        rules = tuple(rule for rule in form.rules if any(rule.id in few for few in wanted.values()))
        derived = derive(frame, batch, form, rules)
        numbers, rows = derived["submission_id"].tolist(), derived["sheet_row"].tolist()
        for outcome in expectations.validate(form, rules, derived):
            for position in outcome.failing:
                number = int(numbers[position])
                if outcome.rule.id in wanted[number]:
                    yield number, Place(name, outcome.rule.id, int(rows[position]))

    def _rows_asked(self, asked: Mapping[str, pd.DataFrame]) -> dict[tuple[str, int], frozenset[int]]:
        rows: dict[tuple[str, int], set[int]] = {}
        for name, frame in asked.items():
            for number, row in zip(frame["submission_id"].tolist(), frame["sheet_row"].tolist(), strict=True):
                rows.setdefault((name, int(number)), set()).add(int(row))
        return {key: frozenset(own) for key, own in rows.items()}

    def _trials(
        self,
        ready: dict[str, pd.DataFrame],
        before: dict[str, pd.DataFrame],
        staged: Staged,
        accepted: pd.DataFrame,
    ) -> _Trials:
        batch, moved = self._batch, moved_covers(staged, self._all, self._scale)
        in_force = batch.in_force
        if not moved["month_index"].isin(staged.cover["month_index"]).all():
            cover = pd.concat([staged.cover[["month_index"]], moved[["month_index"]]])
            in_force = all_units(replace(staged, cover=cover), accepted, list(in_force))
        sent: dict[int, list[str]] = {}
        for submission, form in batch.present:
            sent.setdefault(submission, []).append(form)
        present = frozenset(
            (trial.number, form) for trial in self._all for form in sent.get(trial.submission, ())
        )
        return _Trials(
            batch.project, batch.cover, {}, present, {}, batch.openings, in_force, ready, before, self._scale
        )

    def _history(
        self, asked: Mapping[str, pd.DataFrame], staged: Staged, accepted: pd.DataFrame
    ) -> dict[str, pd.DataFrame]:
        """What was in force before each trial, of the keys that are asked for."""
        moved = moved_covers(staged, self._all, self._scale)
        own = self._batch.prepared_history
        new = own_history(self._batch.project, replace(staged, cover=moved), accepted) if len(moved) else {}
        new = replace(self._batch, history=new).prepared_history
        submission_of = {
            q.trial.number: q.trial.submission for q in self._questions if not q.trial.edit.moves
        }
        return {
            name: pd.concat(parts, ignore_index=True)
            for name, frame in asked.items()
            if name != "cover"
            and (parts := [
                part
                for part in (
                    _before(self._reads.forms[name], frame, own.get(name), submission_of),
                    _renumbered(new.get(name), self._scale),
                )
                if part is not None and len(part)
            ])
        }  # fmt: skip


def _before(
    form: Form, asked: pd.DataFrame, history: pd.DataFrame | None, submission_of: Mapping[int, int]
) -> pd.DataFrame | None:
    if history is None:
        return None
    keys = [field.name for field in form.key_fields]
    wanted = asked[["submission_id", *keys]].drop_duplicates()
    wanted = wanted.assign(original=wanted["submission_id"].map(submission_of)).dropna(subset=["original"])
    past = history[history["submission_id"].isin(wanted["original"])].rename(
        columns={"submission_id": "original"}
    )
    return wanted.merge(past, on=["original", *keys]).drop(columns="original")


def _renumbered(history: pd.DataFrame | None, scale: int) -> pd.DataFrame | None:
    if history is None:
        return None
    return history.assign(submission_id=(history["submission_id"] * scale).round().astype("int64"))
