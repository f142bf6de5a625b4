"""Which rows were in force when a submission was entered: the unit's own of earlier months, every unit's of its month.

Belongs here: reading the ledger's order. An accepted form is in force from its submission until the next accepted one
of the same unit, form and month. Not here: comparisons (derive), verdicts (judge.py).
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from g60pipeline.contracts.project import Project
from g60pipeline.quality.batch import HISTORY_MONTHS, Staged

_KEYS = ["reporting_unit_code", "form", "month_index"]


def accepted_forms(staged: Staged, returned: set[int]) -> pd.DataFrame:
    """Forms of accepted submissions: those accepted earlier, and those to judge that are not returned."""
    judged = staged.cover[["submission_id", "reporting_unit_code", "month_index"]]
    forms = pd.DataFrame(sorted(staged.present), columns=["submission_id", "form"])
    pending = forms[~forms["submission_id"].isin(returned)].merge(judged, on="submission_id")
    columns = [*_KEYS, "submission_id"]
    earlier = staged.accepted[~staged.accepted["submission_id"].isin(judged["submission_id"])]
    parts = [part[columns] for part in (earlier, pending) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pending[columns]


def own_history(project: Project, staged: Staged, accepted: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows in force before each submission, form by form, with `months_before` from 1 to 12."""
    judged = staged.cover[["submission_id", "reporting_unit_code", "month_index"]].rename(
        columns={"submission_id": "judged_id", "month_index": "judged_month"}
    )
    pairs = judged.merge(accepted, on="reporting_unit_code")
    pairs["months_before"] = pairs["judged_month"] - pairs["month_index"]
    before = pairs["months_before"].between(1, HISTORY_MONTHS) & (pairs["submission_id"] < pairs["judged_id"])
    keys = ["judged_id", "form", "months_before"]
    chosen = pairs[before].sort_values("submission_id").drop_duplicates(keys, keep="last")
    return {
        str(name): _history_rows(project, staged, str(name), part) for name, part in chosen.groupby("form")
    }


def _history_rows(project: Project, staged: Staged, name: str, chosen: pd.DataFrame) -> pd.DataFrame:
    fields = [field.name for field in project.forms[name].fields]
    rows = _rows(staged, name, chosen["submission_id"])[["submission_id", *fields]]
    merged = chosen[["judged_id", "submission_id", "months_before"]].merge(rows, on="submission_id")
    return merged.drop(columns="submission_id").rename(columns={"judged_id": "submission_id"})


def all_units(staged: Staged, accepted: pd.DataFrame, forms: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Rows of every unit for the judged months, each with the submissions `since` and `until` which it was in force."""
    months = accepted[accepted["month_index"].isin(staged.cover["month_index"])].sort_values("submission_id")
    until = months.groupby(_KEYS)["submission_id"].shift(-1).fillna(float("inf"))
    spans = months.assign(since=months["submission_id"], until=until)[
        ["form", "submission_id", "since", "until"]
    ]
    return {
        name: _rows(staged, name, part["submission_id"]).merge(part.drop(columns="form"), on="submission_id")
        for name in forms
        if len(part := spans[spans["form"] == name])
    }


def _rows(staged: Staged, name: str, submissions: pd.Series) -> pd.DataFrame:
    """Rows of submissions, from what is judged now or from before."""
    wanted = {int(submission) for submission in submissions}
    own = staged.forms.get(name)
    if own is None:
        return staged.fetch_rows(name, sorted(wanted))
    here = own[own["submission_id"].isin(wanted)]
    rest = wanted - {int(submission) for submission in own["submission_id"].unique()}
    parts = [here, staged.fetch_rows(name, sorted(rest))] if rest else [here]
    return pd.concat([part for part in parts if len(part)] or [here], ignore_index=True)
