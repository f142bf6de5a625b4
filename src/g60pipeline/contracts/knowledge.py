"""Which world a figure belongs to: what was known (a cut through the ledgers), and on which boundaries.

Belongs here: the two coordinates and nothing else. Not here: finding a cut (warehouse), computing in it (operations).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Boundaries = Literal["as_was", "as_now"]


class Cut(NamedTuple):
    """What was known: the last submission, the last verdict and the last correction event that count, inclusive.

    The order is the ledgers', never a clock's: an instant is first turned into a cut.
    """

    submission_id: int
    verdict_id: int
    correction_event_id: int
