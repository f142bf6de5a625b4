"""Days of the month on which returns are due, grace ends and periods lock, from the obligations; times are Beijing's.

Belongs here: cron lines. Not here: what runs on them (automation.py), the dates of one obligation (contracts.deadlines).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from g60pipeline.contracts.deadlines import deadlines_of
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project

BEIJING = "Asia/Shanghai"
_ANY_MONTH = Period(2021, 1)


class Days(NamedTuple):
    """Days of the month after the one reported on, each in order."""

    due: tuple[int, ...]
    grace_end: tuple[int, ...]
    lock: tuple[int, ...]


def days_of(project: Project) -> Days:
    """Return the days of what is owed from now on."""
    dates = [deadlines_of(owed, _ANY_MONTH) for owed in project.obligations if not owed.valid_to]
    return Days(*(tuple(sorted({date.day for date in column})) for column in zip(*dates, strict=True)))


def morning_of(days: Iterable[int]) -> str:
    """Return the cron line of six o'clock on days of every month."""
    return f"0 6 {','.join(map(str, days))} * *"
