"""When a form is due, late and locked, and who may still send after the lock.

Belongs here: the three dates of an obligation, the day of an instant in Beijing, openings. Not here: who owes what
(codelists.py), what came when (warehouse), the rule that returns a late submission (schemas/forms/cover, quality).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple, Self

from pydantic import Field as Attr
from pydantic import field_validator, model_validator

from g60pipeline.contracts.base import Model
from g60pipeline.contracts.codelists import Obligation
from g60pipeline.contracts.periods import Period

ANY = "*"
# Beijing has had no summer time since 1991; a fixed offset needs no time-zone files on the machine.
BEIJING_OFFSET = timedelta(hours=8)


class Deadlines(NamedTuple):
    """Days in Beijing: on time up to `due`, late but taken up to `grace_end`, closed from `lock` on."""

    due: date
    grace_end: date
    lock: date


def deadlines_of(obligation: Obligation, period: Period) -> Deadlines:
    """Return the three dates of an obligation for a month; they lie in the month after it."""
    following = period.plus(1)
    due = date(following.year, following.month, obligation.due_day)
    lock = date(following.year, following.month, obligation.lock_day)
    return Deadlines(due, due + timedelta(days=obligation.grace_days), lock)


def beijing_day(instant: datetime) -> date:
    """Return the day in Beijing of an instant of the ledger, which is UTC without a zone."""
    return (instant + BEIJING_OFFSET).date()


class Opening(Model):
    """The district lets units send after the lock: which unit, form and months, from when to when, and why.

    `unit_code` and `form` may be `*`; months and days are inclusive, days are Beijing's. `opened_by` is an office,
    never a person.
    """

    unit_code: str = Attr(min_length=1)
    form: str = ANY
    first_period: str
    last_period: str
    opened_from: date
    opened_until: date
    reason: str
    opened_by: str

    @field_validator("first_period", "last_period")
    @classmethod
    def _is_a_month(cls, key: str) -> str:
        return Period.parse(key).key

    @field_validator("reason", "opened_by")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if len(text.strip()) < 2:
            raise ValueError("says nothing")
        return text.strip()

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.last_period < self.first_period or self.opened_until < self.opened_from:
            raise ValueError("ends before it begins")
        return self

    def covers(self, unit_code: str, form: str, period: str, day: date) -> bool:
        """Say whether the unit may send the form of the month on the day."""
        return (
            self.unit_code in (ANY, unit_code)
            and self.form in (ANY, form)
            and self.first_period <= period <= self.last_period
            and self.opened_from <= day <= self.opened_until
        )
