"""The frames that come in and go out.

A release holds the values of one month. `values` has one row per value: the key columns (`KEY`; `boundaries` may be
absent), `value`, `numerator`, `denominator`, `status`; other columns are carried along. For a release that is out
already also `suppression` ('' | primary | secondary), and the TRUE values of what was suppressed in it.

`contributions` says what a magnitude rests on, one row per key, side and contributor column: the key columns, `side`
(numerator | denominator | remainder), `contributor` (the column's name), `contributor_count` (distinct contributors
with an amount other than 0), `largest_contribution` and `second_largest_contribution` (absolute sums by contributor).
Where only a count is reported (`counted_by`), the two amounts are null. `remainder` is denominator less numerator: what
both together give away; optional. A protected magnitude without a row is taken to rest on too few.

`changes` has the same columns, for the change of a value since the release of the same month before it; a contributor
counts there when its contribution changed. Without it every change is taken to rest on too few.

Belongs here: column names and their check. Not here: what is made of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from g60pipeline.contracts.knowledge import VALUE_KEY

KEY = VALUE_KEY
AS_WAS = "as_was"
SUPPRESSED = "suppressed"
Key = tuple[str, ...]
_VALUES = ("value", "numerator", "denominator")
_AMOUNTS = ("contributor_count", "largest_contribution", "second_largest_contribution")


class DisclosureError(ValueError):
    """Frames that cannot be protected as they are; the message says which column or value is wrong."""


def _require(frame: pd.DataFrame, columns: Iterable[str], name: str) -> None:
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise DisclosureError(f"{name} lacks {', '.join(missing)}")


def with_boundaries(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the column `boundaries`; as_was where it says nothing."""
    return frame if "boundaries" in frame.columns else frame.assign(boundaries=AS_WAS)


def keys_of(frame: pd.DataFrame) -> list[Key]:
    """Return the key of every row, in order."""
    full = with_boundaries(frame)
    return list(zip(*(full[column].fillna("").astype(str) for column in KEY), strict=True))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dicts by column."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


@dataclass(frozen=True)
class Release:
    """Values of one month as they are to be published or were; see the module. DisclosureError when a frame is wrong."""

    values: pd.DataFrame
    contributions: pd.DataFrame | None = None
    changes: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        given = [column for column in KEY if column != "boundaries"]
        _require(self.values, [*given, *_VALUES, "status"], "values")
        for name, frame in (("contributions", self.contributions), ("changes", self.changes)):
            if frame is not None:
                _require(frame, [*given, "side", "contributor", *_AMOUNTS], name)
        if self.values["period"].nunique() > 1:
            raise DisclosureError("values are of more than one month; a release is of one")
        keys = keys_of(self.values)
        if len(set(keys)) < len(keys):
            raise DisclosureError("values have the same key more than once")
        self._require_truth()

    def _require_truth(self) -> None:
        if "suppression" not in self.values.columns:
            return
        blank = self.values["value"].isna() & self.values["numerator"].isna()
        hidden = self.values["suppression"].fillna("").ne("") & blank
        if hidden.any():
            raise DisclosureError(
                f"{int(hidden.sum())} suppressed values come without their true value; recompute them at the release's cut"
            )

    @property
    def period(self) -> str:
        """The month; blank for a release of nothing."""
        return "" if self.values.empty else str(self.values["period"].iloc[0])


def redact(values: pd.DataFrame) -> pd.DataFrame:
    """Return what readers may see: suppressed rows without figures, nor the kind and the reason of a suppression.

    `coverage_ratio` of a suppressed row goes too: it is weighted by the figures that are hidden.
    """
    hidden = values["suppression"].ne("")
    figures = [column for column in (*_VALUES, "coverage_ratio") if column in values.columns]
    seen = values.drop(columns=[column for column in ("suppression", "reason") if column in values.columns])
    seen[figures] = seen[figures].astype(float).mask(hidden)
    seen["status"] = seen["status"].mask(hidden, SUPPRESSED)
    return seen
