"""Which returns the values of a month can rest on: forms and months. The other way round: what a late return can touch.

Belongs here: windows, told from the plan. Not here: whether anything changed in them (operations).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from g60pipeline.contracts.indicators import Indicator
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.plan import Plan, build_plan
from g60pipeline.indicators.units import WEIGHT_MONTHS


@dataclass(frozen=True)
class Reach:
    """What one indicator on one time basis reads. `forms`: none means the ledger of the month itself."""

    plan: Plan

    @property
    def forms(self) -> tuple[str, ...]:
        """Forms that it reads."""
        return self.plan.forms

    def months(self, month: int, is_complete: bool, first: int) -> set[int]:
        """Months (as indexes) that the value of a month reads; `first`: the first month of all.

        Where a unit is missing its weight is looked up in the months before, which read windows of their own.
        """
        if self.plan.indicator.kind == "streak":
            return self._with_base(range(first, month + 1))
        months = self._window(month)
        if not is_complete and self.plan.is_weighted:
            for earlier in range(month - WEIGHT_MONTHS, month):
                months |= self._window(earlier)
        return months

    def window(self, month: int) -> set[int]:
        """Months in which a unit must have reported to count for a month."""
        return self._window(month)

    def _window(self, month: int) -> set[int]:
        january = month - month % 12
        return self._with_base(range(january if self.plan.time == "year_to_date" else month, month + 1))

    def _with_base(self, months: Iterable[int]) -> set[int]:
        found = set(months)
        if self.plan.base_shift is not None:
            found |= {month - self.plan.base_shift for month in found}
        if self.plan.base_period is not None:
            last = self.plan.base_period.month_index
            found |= set(range(last - last % 12 if self.plan.time == "year_to_date" else last, last + 1))
        return found


def reaches_of(project: Project, indicator: Indicator) -> tuple[Reach, ...]:
    """Return what an indicator reads, on each of its time bases."""
    return tuple(Reach(build_plan(project, indicator, time)) for time in indicator.time)


def period_of(month_index: int) -> Period:
    """Return the month of an index."""
    return Period(month_index // 12, month_index % 12 + 1)
