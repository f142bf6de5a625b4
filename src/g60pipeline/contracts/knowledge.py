"""What names a figure, and which world it belongs to: what was known (a cut through the ledgers), on which boundaries.

Belongs here: key and coordinates, nothing else. Not here: finding a cut (warehouse), computing in it (operations).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

# What names a value of an indicator, wherever it is stored, compared or released.
VALUE_KEY = (
    "indicator_id",
    "period",
    "time_basis",
    "boundaries",
    "level",
    "subject_code",
    "dimension",
    "dimension_code",
)
Boundaries = Literal["as_was", "as_now"]


class Cut(NamedTuple):
    """What was known: the last submission, the last verdict and the last correction event that count, inclusive.

    The order is the ledgers', never a clock's: an instant is first turned into a cut.
    """

    submission_id: int
    verdict_id: int
    correction_event_id: int
