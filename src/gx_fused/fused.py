"""All checks of a suite in one pass.

Belongs here: running expressions together. Not here: which expressions (rules.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gx_fused.rules import Check
from gx_fused.tables import Table


@dataclass(frozen=True)
class Found:
    """What one check found. `positions` of unexpected rows, ascending; None when they were not asked for.

    `considered_count`: values (or rows) that the expectation looked at; None where it looks at all rows.
    """

    unexpected_count: int
    considered_count: int | None
    positions: np.ndarray[Any, Any] | None


def run(table: Table, checks: Sequence[Check], with_positions: bool) -> list[Found]:
    """Evaluate all checks over the table at once."""
    if not checks:
        return []
    names = dict.fromkeys(name for check in checks for name in check.columns)
    frame = pl.DataFrame({name: table.column(name).values for name in names})
    asked: list[pl.Expr] = []
    for number, check in enumerate(checks):
        rows = pl.arg_where(check.unexpected).implode() if with_positions else _count(check.unexpected, table)
        asked.append(rows.alias(f"unexpected_{number}"))
        if check.considered is not None:
            asked.append(_count(check.considered, table).alias(f"considered_{number}"))
    answers = frame.select(asked)
    return [_read(frame, check, answers, number) for number, check in enumerate(checks)]


def _count(mask: pl.Expr, table: Table) -> pl.Expr:
    # A literal stands for every row, but its sum is that of one row.
    return (mask & pl.repeat(True, table.height, dtype=pl.Boolean)).sum()


def _read(frame: pl.DataFrame, check: Check, answers: pl.DataFrame, number: int) -> Found:
    considered = None
    if check.considered is not None:
        considered = int(answers[f"considered_{number}"][0])
    elif check.family == "column":
        considered = frame.height - frame[check.columns[0]].null_count()
    unexpected = answers[f"unexpected_{number}"][0]
    if not isinstance(unexpected, pl.Series):
        return Found(int(unexpected), considered, None)
    return Found(len(unexpected), considered, unexpected.to_numpy())
