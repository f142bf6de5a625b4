"""Indicators, marts, scorecards and published figures as they are defined in `assets/`.

Belongs here: the keys of those files and the rules that a definition must keep on its own. Not here:
whether its SQL names real columns and what they may be used for (`g60pipeline.indicators.check`), or
running it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field as Attr
from pydantic import model_validator

from g60pipeline.contracts.base import ContractError, Model, Text, parse_yaml, read_yaml, validate
from g60pipeline.contracts.odcs import Identifier, Measure

Level = Literal["cluster", "unit", "district", "city", "corridor"]
TimeBasis = Literal["end", "month", "year_to_date"]
Kind = Literal["value", "ratio", "growth", "comparable_growth", "average_annual_growth", "multiple", "streak"]


class Component(Model):
    """Numerator, denominator or the one measure: a SQL aggregate over a form or a mart, with an optional
    condition.
    """

    from_: Identifier = Attr(alias="from")
    value: str
    where: str | None = None


class Waiver(Model):
    """A value that is published although the rule would suppress it, because the district published the figure itself."""

    figure: str = Attr(pattern=r"^F\d\d$")
    period: str = Attr(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")
    time: TimeBasis
    level: Level
    subject: str
    dimension: str = ""
    dimension_code: str = ""
    reason: Text


class Disclosure(Model):
    """When a magnitude that rests on enterprises is not published, and how well it then stays hidden.

    A magnitude is protected that rests on fewer than `minimum_contributors`, or from which the second largest
    contributor could estimate the largest to within the share `p` (p% rule: what is left without the two largest is
    less than p times the largest). It must pass for each of the columns `contributors`, which name an enterprise in
    the relation that is read. `counted_by` instead: a column that holds the number of contributors behind a row,
    where only that is reported; dominance cannot be tested then. `protection`: whoever solves for a hidden value
    must be left in doubt by at least this share of it, up and down.
    """

    contributors: tuple[Identifier, ...] = ()
    counted_by: Identifier | None = None
    minimum_contributors: int = Attr(ge=2)
    p: float | None = Attr(default=None, gt=0, lt=1)
    protection: float = Attr(gt=0, lt=1)
    published_by_district: tuple[Waiver, ...] = ()

    @model_validator(mode="after")
    def _can_be_judged(self) -> Disclosure:
        if bool(self.contributors) == (self.counted_by is not None):
            raise ValueError("disclosure needs either contributors or counted_by")
        if bool(self.contributors) != (self.p is not None):
            raise ValueError("p goes with contributors, and only with them")
        if self.p is not None and self.protection < self.p:
            raise ValueError(
                "a protection below p leaves the largest contributor closer to be estimated than p allows"
            )
        return self


class Indicator(Model):
    """One indicator.

    kind `value`: the numerator. `ratio`: numerator over denominator. `growth`: numerator against itself
    `over_months` before, less 1. `comparable_growth`: numerator over denominator (the restated base), less
    1. `average_annual_growth`: n-th root over `years`, less 1. `multiple`: numerator against itself in
    `base_period`. `streak`: consecutive months in which the numerator is above the denominator, or above
    itself twelve months before where no denominator is given.

    `missing`: a unit that has not reported is left out (`exclude_unit`) down to `threshold`, or withholds
    the value (`withhold`). `parts_only`: only the parts by dimension are published, because their sum has
    no meaning.
    """

    id: Identifier
    label: Text
    definition: Text
    kind: Kind
    unit: str
    numerator: Component
    denominator: Component | None = None
    over_months: int | None = Attr(default=None, ge=1)
    years: int | None = Attr(default=None, ge=1)
    base_period: str | None = Attr(default=None, pattern=r"^20\d\d-(0[1-9]|1[0-2])$")
    time: tuple[TimeBasis, ...] = Attr(min_length=1)
    levels: tuple[Level, ...] = Attr(min_length=1)
    dimensions: tuple[Identifier, ...] = ()
    parts_only: bool = False
    missing: Literal["exclude_unit", "withhold"]
    threshold: float = Attr(ge=0, le=1)
    target: float | None = None
    disclosure: Disclosure | None = None
    may_count_twice: bool = False

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Indicator:
        needs = {
            "ratio": ("denominator",),
            "comparable_growth": ("denominator",),
            "growth": ("over_months",),
            "average_annual_growth": ("years",),
            "multiple": ("base_period",),
        }.get(self.kind, ())
        for name in needs:
            if getattr(self, name) is None:
                raise ValueError(f"an indicator of kind {self.kind} needs {name}")
        if self.parts_only and not self.dimensions:
            raise ValueError("parts_only needs dimensions")
        return self


class IndicatorFile(Model):
    """One file of `assets/indicators/`: a theme."""

    theme: Identifier
    title: Text
    owner: str
    indicators: tuple[Indicator, ...]


class MartColumn(Model):
    """A column of a mart. `measure` says what an indicator may do with it over time."""

    type: Literal["integer", "decimal", "text", "date", "timestamp", "boolean"]
    description: Text
    measure: Measure | None = None
    unit: str | None = None


class MartHeader(Model):
    """The metadata at the head of a mart's SQL file.

    `forms`: whose returns its rows come from; empty where they come from the house's own ledger. `rows`:
    the state at the month's end (`snapshot`) or what happened in the month (`events`).
    """

    title: Text
    description: Text
    owner: str
    grain: str
    rows: Literal["snapshot", "events"]
    forms: tuple[Identifier, ...]
    columns: dict[Identifier, MartColumn]


class Mart(MartHeader):
    """One file of `assets/marts/`: a header and one SELECT."""

    name: Identifier
    sql: str


class Scorecard(Model):
    """A wide table: one row per period and subject of a level, one column per indicator (`column:
    indicator`).
    """

    name: Identifier
    title: Text
    description: Text
    owner: str
    level: Level
    time: dict[Identifier, TimeBasis]


class ScorecardFile(Model):
    """`assets/reports/scorecards.yaml`."""

    scorecards: tuple[Scorecard, ...]


class Binding(Model):
    """Where a published figure is read: an indicator's value, for a subject, in the figure's unit.

    `over`: the figure is the smallest or largest value over all subjects of the level.
    """

    indicator: Identifier
    period: str = Attr(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")
    time: TimeBasis
    level: Level
    subject: str | None = None
    over: Literal["min", "max"] | None = None
    dimension: str | None = None
    dimension_code: str | None = None


class Figure(Model):
    """A figure that the district published, and where ours is read."""

    id: str = Attr(pattern=r"^F\d\d$")
    measure: Text
    value: float
    decimals: int = Attr(ge=0)
    comparator: Literal["eq", "ge", "gt", "le", "approx"]
    unit: str
    period: str
    cluster: str | None = None
    unit_code: str | None = None
    mechanism: str
    sentence: Text
    read: Binding


class FigureFile(Model):
    """`assets/figures/published_2021.yaml`."""

    title: Text
    source: str
    figures: Annotated[tuple[Figure, ...], Attr(min_length=1)]


def read_mart(path: Path) -> Mart:
    """Read a mart: a YAML header between `/*` and `*/`, then one SELECT; ContractError names file and line."""
    text = path.read_text(encoding="utf-8")
    if not text.startswith("/*") or "*/" not in text:
        raise ContractError(f"{path}:1: a mart begins with its header between /* and */")
    head, sql = text[2:].split("*/", 1)
    header = validate(MartHeader, parse_yaml(head, path), path, head)
    return Mart(name=path.stem, sql=sql.strip(), **dict(header))


def read_indicator_file(path: Path) -> IndicatorFile:
    """Read a theme; ContractError names file and line."""
    return validate(IndicatorFile, read_yaml(path), path)
