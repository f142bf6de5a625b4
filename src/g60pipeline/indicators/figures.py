"""Published figures against ours: units converted, rounded once, compared under the figure's comparator.

Belongs here: the comparison. Not here: reading our value (the binding says where; the warehouse reads it).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from g60pipeline.contracts.codelists import Code, CodeList
from g60pipeline.contracts.indicators import Figure
from g60pipeline.contracts.project import Project

_NEARLY = Decimal("0.9")


@dataclass(frozen=True)
class Comparison:
    """`ours` is in the figure's unit and unrounded; None when there is no value, which meets nothing."""

    ours: Decimal | None
    met: bool


def _listed(units: CodeList, code: str) -> Code:
    if code not in units.by_code:
        raise ValueError(f"{code} is no unit of measure")
    return units.by_code[code]


def convert_unit(units: CodeList, value: Decimal, from_unit: str, to_unit: str) -> Decimal:
    """Return the value in another unit of the same dimension; ValueError when there is no way from one to
    the other.
    """
    source, target = _listed(units, from_unit), _listed(units, to_unit)
    if source.attributes["dimension"] != target.attributes["dimension"]:
        raise ValueError(f"{from_unit} cannot be converted to {to_unit}")
    return value * Decimal(source.attributes["factor"]) / Decimal(target.attributes["factor"])


def round_half_up(value: Decimal, decimals: int) -> Decimal:
    """Round as a reader does: halves away from zero."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def _is_met(figure: Figure, ours: Decimal) -> bool:
    published = Decimal(str(figure.value))
    match figure.comparator:
        case "eq":
            return round_half_up(ours, figure.decimals) == published
        case "ge":
            return ours >= published
        case "gt":
            return ours > published
        case "le":
            return ours <= published
        case "approx":
            return _NEARLY * published <= ours <= published


def compare(project: Project, figure: Figure, our_value: float | None) -> Comparison:
    """Compare our value, in the indicator's unit, with the published figure; ValueError when the units do
    not fit.
    """
    if our_value is None:
        return Comparison(None, met=False)
    unit = project.indicators[figure.read.indicator].unit
    # repr is the shortest text of the float, so 0.3 is three tenths and not a little less.
    ours = convert_unit(project.code_lists["measurement_units"], Decimal(repr(our_value)), unit, figure.unit)
    return Comparison(ours, _is_met(figure, ours))
