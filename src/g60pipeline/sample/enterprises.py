"""Made-up enterprises: names, credit codes and what stays the same of one over the year.

Belongs here: one enterprise. Not here: how many a cluster has and what it reports each month (clusters).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

NEVER = 99
_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ALL_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_FIRST = "启瀚澜骏铭恒晟睿博鸿昱拓凯嘉翔锦汇卓远宏"
_SECOND = "芯达诚峰源泰智科新腾业创盛联信通益川越航"


@dataclass(frozen=True)
class Enterprise:
    """An enterprise in a cluster. Steps count months from 2020-12 (0); `NEVER` is a step that does not come.

    `output_cents` is the month's output at each step in 0.01 万元; None for one below the scale threshold.
    """

    uscc: str
    name: str
    chain_role: str
    strategic_industry: str
    key_field: str
    is_key: bool
    is_high_tech: bool
    is_specialised: bool
    is_little_giant: bool
    is_listed: bool
    joined_step: int
    joined_on: date
    organised_step: int
    organisation_route: str
    attracted_by_service: bool
    output_cents: tuple[int, ...] | None
    members: tuple[int, int]


def organisation_check_character(code: str) -> str:
    """Return the check character of an eight-character organisation code (GB 11714)."""
    total = sum(
        weight * _ALL_CHARACTERS.index(c) for weight, c in zip(_ORGANISATION_WEIGHTS, code, strict=True)
    )
    return "0123456789X0"[11 - total % 11]


def uscc_check_character(code: str) -> str:
    """Return the check character of a credit code's first seventeen characters (GB 32100-2015)."""
    total = sum(pow(3, i, 31) * _CHARACTERS.index(c) for i, c in enumerate(code))
    return _CHARACTERS[-total % 31]


class Registry:
    """Hands out credit codes and names, each once."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._taken: set[str] = set()

    def uscc(self) -> str:
        """Return a new valid code. The letters in its middle keep it from looking like a personal number."""
        while True:
            organisation = "MA1J" + "".join(self._chance.choices(_CHARACTERS, k=4))
            code = "91310117" + organisation + organisation_check_character(organisation)
            if code not in self._taken:
                self._taken.add(code)
                return code + uscc_check_character(code)

    def name(self, place: str, trade: str) -> str:
        """Return a new name."""
        while True:
            brand = self._chance.choice(_FIRST) + self._chance.choice(_SECOND)
            name = f"上海{place}{brand}{trade}有限公司"
            if name not in self._taken:
                self._taken.add(name)
                return name
