"""What an explanation is made of: a figure, the units, files, rows and cells that it rests on, and its proof.

Belongs here: the shape that whoever has the warehouse hands to the terminal and the page. Not here: reading or showing it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from g60pipeline.contracts.base import Text

Role = Literal["measured", "condition", "group", "match"]


@dataclass(frozen=True)
class Overlay:
    """A correction by the district that stands in place of what the unit sent. `event_id`: its entry in the ledger;
    `decided_by`: the office."""

    event_id: int
    correction_id: str
    old_value: str | None
    new_value: str | None
    reason: Text
    decided_by: str


@dataclass(frozen=True)
class CitedCell:
    """A cell. `raw`: its text, None for a blank; `value`: what the figure takes; `parsed_again`: what its text means to
    today's parser; `conversion`: how a number came into its unit of measure; `agrees`: the value is the text's, or an
    overlay's."""

    field: str
    heading: str
    address: str
    role: Role
    raw: str | None
    value: str | None
    unit: str | None
    parsed_again: str | None
    conversion: str | None
    overlay: Overlay | None
    agrees: bool


@dataclass(frozen=True)
class CitedRow:
    """A row of a sheet. `row_version`: 0 as sent, else the number of the correction event. `weight`: share of the row
    that counts for the unit."""

    sheet_row: int
    row_version: int
    weight: float
    cells: tuple[CitedCell, ...]


@dataclass(frozen=True)
class CitedFile:
    """A submission's file, and its cited rows of one sheet."""

    submission_id: int
    file_name: str
    sha256: str
    period: str
    sheet: str
    rows: tuple[CitedRow, ...]


@dataclass(frozen=True)
class CitedForm:
    """A form of a unit."""

    form: str
    title: Text
    files: tuple[CitedFile, ...]


@dataclass(frozen=True)
class CitedUnit:
    """A unit's part."""

    unit_code: str
    label: Text
    forms: tuple[CitedForm, ...]

    @property
    def row_count(self) -> int:
        """Rows cited."""
        return sum(len(file.rows) for form in self.forms for file in form.files)


@dataclass(frozen=True)
class LedgerEntry:
    """An entry of the house's own ledger: which, and what it says."""

    ledger: str
    values: dict[str, str]


@dataclass(frozen=True)
class ExplainedSide:
    """Numerator or denominator. `is_base`: the numerator in the base window. `definition`: its SQL."""

    name: str
    is_base: bool
    definition: str
    recomputed: float | None
    units: tuple[CitedUnit, ...]
    ledger: tuple[LedgerEntry, ...] = ()

    @property
    def row_count(self) -> int:
        """Rows cited of returns and of ledgers."""
        return sum(unit.row_count for unit in self.units) + len(self.ledger)

    def cells(self) -> Iterator[CitedCell]:
        """Every cell."""
        for unit in self.units:
            for form in unit.forms:
                for file in form.files:
                    for row in file.rows:
                        yield from row.cells


@dataclass(frozen=True)
class UnitStanding:
    """A unit that is expected. `missing`: forms and months that it has not brought in."""

    unit_code: str
    label: Text
    counts: bool
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """A figure and what it rests on.

    `key`: period, time, level, subject_code, dimension, dimension_code, boundaries. `known`: latest, an instant or a
    release. `stored`: the row as it is stored; `recomputed`: the value from the cells alone; `formula`: the arithmetic
    with its numbers.
    `equality`: exactly,
    within_tolerance (1e-12 of it) or differs. `months`: of a streak, the months that decide it.
    """

    indicator_id: str
    label: Text
    definition: Text
    kind: str
    unit: Text
    key: dict[str, str]
    subject: Text
    known: str
    stored: dict[str, Any]
    recomputed: float | None
    formula: str
    equality: Literal["exactly", "within_tolerance", "differs"]
    sides: tuple[ExplainedSide, ...]
    standings: tuple[UnitStanding, ...]
    months: tuple[str, ...] = ()
    notes: tuple[Text, ...] = field(default=())

    @property
    def is_release(self) -> bool:
        """Say whether it is a figure of a release."""
        return self.known != "latest" and not self.known.endswith("Z")

    @property
    def is_equal(self) -> bool:
        """Say whether the figure is the one that its cells give."""
        return self.equality != "differs"

    @property
    def disagreeing(self) -> int:
        """Cells whose value is neither their text's nor an overlay's."""
        return sum(not cell.agrees for side in self.sides for cell in side.cells())
