"""Edits of the cover: the return is another unit's, or of another month.

Belongs here: whose and of when the rows say they are. Not here: edits of cells (edits.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pandas as pd

from g60pipeline.contracts.boundaries import host_in
from g60pipeline.contracts.forms import Form, Rule
from g60pipeline.contracts.periods import Period
from g60pipeline.quality.edits import Edit
from g60pipeline.quality.suspects import Suspect, is_number

_MOST_UNITS = 2
_OF_THE_UNIT = frozenset({
    "the_summary_is_the_units_own", "file_name_does_not_contradict_the_units_code",
    "measure_is_reported_by_its_bureau",
})  # fmt: skip
_OF_THE_MONTH = frozenset({"period_start", "period_end", "period_close", "period_in_file_name"})


def moves_of(suspect: Suspect) -> list[Edit]:
    """List the units and months to try, where anything in the return speaks for another."""
    return [*_units(suspect), *_months(suspect)]


def _units(suspect: Suspect) -> Iterator[Edit]:
    votes: Counter[str] = Counter(_hosts(suspect))
    for finding in suspect.findings:
        if finding["rule"] in (
            "the_summary_is_the_units_own",
            "file_name_does_not_contradict_the_units_code",
        ):
            votes.update(text for text in (finding["value"], *finding["compared_with"].values()) if text)
    units = suspect.project.code_lists["units"].by_code
    others = [unit for unit, _ in votes.most_common() if unit != suspect.unit and unit in units]
    yield from (Edit("unit", unit=unit) for unit in others[:_MOST_UNITS])


def _hosts(suspect: Suspect) -> Iterator[str]:
    project, period = suspect.project, Period.parse(suspect.period)
    clusters = project.code_lists["clusters"].by_code
    for code in _column(suspect, "cluster_organisation", "cluster_code"):
        if code in clusters:
            yield host_in(code, period, project.cluster_hosts, clusters[code].attributes["host_unit"])


def _column(suspect: Suspect, form: str, field: str) -> list[str]:
    rows = suspect.rows(form)
    return [str(text) for text in rows[field].dropna()] if len(rows) else []


def _months(suspect: Suspect) -> Iterator[Edit]:
    if not any(
        _speaks_of_the_month(suspect, finding["form"], finding["rule"]) for finding in suspect.findings
    ):
        return
    period = Period.parse(suspect.period)
    is_copy = _is_last_months(suspect)
    yield Edit("last_months_file" if is_copy else "period", period=period.plus(-1).key)
    yield Edit("period", period=period.plus(1).key)


def _speaks_of_the_month(suspect: Suspect, form: str | None, name: str) -> bool:
    known: Form | None = suspect.project.cover if form == "cover" else suspect.project.forms.get(form or "")
    rules: tuple[Rule, ...] = () if known is None else known.rules
    return any(rule.id == name and (rule.level == 2 or _OF_THE_MONTH & {*rule.columns}) for rule in rules)


def _is_last_months(suspect: Suspect) -> bool:
    """Whether the figures of every form that shows a state equal those in force for the month before."""
    answers = [_equals_last_month(suspect, form) for form in suspect.project.forms.values()]
    known = [answer for answer in answers if answer is not None]
    return bool(known) and all(known)


def _equals_last_month(suspect: Suspect, form: Form) -> bool | None:
    rows, last = suspect.rows(form.name), suspect.last_month(form)
    numbers = [field.name for field in form.fields if is_number(field)]
    if form.rows != "snapshot" or not numbers or rows.empty or last.empty:
        return None
    keys = [field.name for field in form.key_fields]
    now = rows.drop_duplicates(keys).set_index(keys)[numbers].astype(float)
    before = last[numbers].astype(float).reindex(now.index)
    return len(now) == len(last) and bool(pd.DataFrame.equals(now, before))
