"""Small tables for derived columns: submission 1 unless it says otherwise, and history below it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from g60pipeline.contracts.project import Project
from g60pipeline.quality.batch import Batch

NAN = float("nan")


def table(*, period: Any = "2021-02", **columns: Any) -> pd.DataFrame:
    """Return a prepared frame with these columns; raw_text holds what is not missing."""
    count = len(next(iter(columns.values())))
    texts = [
        {name: str(values[n]) for name, values in columns.items() if not pd.isna(values[n])}
        for n in range(count)
    ]
    start = pd.to_datetime(pd.Series([period] * count if isinstance(period, str) else period) + "-01")
    keys: dict[str, Any] = {"submission_id": 1, "reporting_unit_code": "310117103", "period": period}
    columns = {"raw_text": texts, **columns}
    frame = pd.DataFrame({name: pd.Series(values) for name, values in columns.items()})
    return frame.assign(
        **{name: value for name, value in keys.items() if name not in columns}, period_start=start
    )


def batch(
    project: Project,
    forms: dict[str, pd.DataFrame] | None = None,
    present: set[tuple[int, str]] | None = None,
    history: dict[str, pd.DataFrame] | None = None,
    in_force: dict[str, pd.DataFrame] | None = None,
) -> Prepared:
    """Return a batch whose forms are prepared already, whose history is as staged."""
    sent = frozenset(present or set())
    return Prepared(project, pd.DataFrame(), forms or {}, sent, history or {}, in_force=in_force or {})


class Prepared(Batch):
    """A batch whose forms are prepared already."""

    @property
    def prepared(self) -> dict[str, pd.DataFrame]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.forms
