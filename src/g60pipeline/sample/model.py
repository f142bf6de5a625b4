"""What the parts of the sample hand to each other: a return as a clerk would type it, and the manifest.

Not here: any value (calibration, clusters, economy) and any file (writers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Literal

from g60pipeline.contracts.periods import Period

NOT_APPLICABLE = "不适用"
SYNTHETIC = "合成样例数据，非真实报送"
OPENING = Period(2020, 12)
YEAR = tuple(Period(2021, month) for month in range(1, 13))
MONTHS = (OPENING, *YEAR)  # a month's position in here is its `step`: 0 is the opening return


@dataclass(frozen=True)
class Formula:
    """A cell with a formula; `value` is what was stored, None when nothing was."""

    text: str
    value: str | None


Cell = str | int | float | bool | date | datetime | Formula | None
Row = dict[str, Cell]
Forms = dict[str, list[Row]]
FileKind = Literal["xlsx", "csv_utf8", "csv_gb18030", "json"]
Status = Literal["accepted", "awaiting_explanation", "returned", "unreadable", "refused"]


@dataclass(frozen=True)
class Return:
    """A return before it is written. Code-list fields hold codes; other text is written as it stands.

    `headings` renames a heading, `hidden_rows` hides a row by its position; only wrong returns use them.
    """

    unit_code: str
    period: Period
    sequence: int
    cover: Row
    forms: Forms
    headings: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    hidden_rows: frozenset[tuple[str, int]] = frozenset()

    @property
    def stem(self) -> str:
        """File name without suffix."""
        return f"{self.unit_code}_{self.period.key}_{self.sequence}"


@dataclass(frozen=True)
class ExpectedFinding:
    """A finding that a wrong return must get. `sheet_row` None: the finding is on no row of its own."""

    form: str | None
    rule: str
    field: str | None
    sheet_row: int | None


@dataclass(frozen=True)
class SampleFile:
    """A file of the sample. `purpose`: `correct`, `corrected` or the name of the wrong kind."""

    name: str
    sha256: str
    unit_code: str
    period: str
    purpose: str
    expected_status: Status
    expected_findings: tuple[ExpectedFinding, ...] = ()


@dataclass(frozen=True)
class SampleManifest:
    """All files in the order in which they are sent, and the returns that are owed but never sent."""

    seed: int
    files: tuple[SampleFile, ...]
    not_sent: tuple[tuple[str, str], ...]
    manifest_path: Path

    def as_json(self) -> dict[str, object]:
        """Return what `manifest.json` holds."""
        files = [asdict(file) for file in self.files]
        return {"synthetic": SYNTHETIC, "seed": self.seed, "files": files, "not_sent": self.not_sent}


def dice(seed: int, *purpose: object) -> Random:
    """Return a source of chance for one purpose, so that one part's draws do not shift another's."""
    return Random("/".join(map(str, (seed, *purpose))))


def spread(total: int, weights: Sequence[float], minimum: int = 0) -> list[int]:
    """Split `total` into whole parts by weight, each at least `minimum`; they add up to `total` exactly."""
    rest = total - minimum * len(weights)
    exact = [rest * weight / sum(weights) for weight in weights]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_remainder[: rest - sum(parts)]:
        parts[i] += 1
    return [part + minimum for part in parts]


def interpolate(start: int, end: int, step: int) -> int:
    """Return the value at `step` months (0…12) on the straight line from `start` to `end`."""
    return start + round((end - start) * step / 12)
