"""Refuses a definition that means something wrong, with file, indicator and reason.

Belongs here: one function per reason, each yielding sentences. Not here: what pydantic refuses when a file is read
(contracts), or running the definition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sqlglot import exp

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.indicators import Component, Indicator, Level, TimeBasis
from g60pipeline.contracts.odcs import Measure
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.fragments import Fragment, FragmentError, parse_component
from g60pipeline.indicators.plan import ECONOMY_MEASURES, MEASURE_COLUMN, reporters_of
from g60pipeline.indicators.relations import Relation, find_relation

_BY_ROW: tuple[Measure, ...] = ("by_row", "by_row_ytd")
_RATIO = "ratio"
Part = tuple[Relation, Fragment]


def _units_of(project: Project, dimension: str) -> set[str]:
    units = project.code_lists["measurement_units"].codes
    return {unit.code for unit in units if unit.attributes["dimension"] == dimension}


def _check_component(project: Project, component: Component) -> Iterator[str]:
    if component.from_ not in project.forms and component.from_ not in project.marts:
        yield f"reads {component.from_}, which is neither a form nor a mart"
        return
    relation = find_relation(project, component.from_)
    try:
        fragment = parse_component(component)
    except FragmentError as error:
        yield str(error)
        return
    for name in dict.fromkeys([*fragment.measured_columns, *fragment.condition_columns]):
        if name not in relation.columns:
            yield f"uses {name}, which is no column of {relation.name}"


def _check_shape(project: Project, indicator: Indicator, parts: list[Part]) -> Iterator[str]:
    if indicator.unit not in project.code_lists["measurement_units"].by_code:
        yield f"is in {indicator.unit}, which is no unit of measure"
    if indicator.kind == "ratio" and indicator.denominator is None:
        yield "is a ratio without a denominator"
    for relation, _ in parts:
        for dimension in indicator.dimensions:
            if dimension not in relation.columns:
                yield f"is broken down by {dimension}, which is no column of {relation.name}"
        if "cluster" in indicator.levels and not relation.has_clusters:
            yield f"is wanted by cluster, but {relation.name} has no clusters"


def _type_by_row(project: Project, fragment: Fragment, measure: Measure) -> Measure | None:
    """Return the measure type of the code that the condition pins; None when it pins none."""
    code = fragment.pinned(MEASURE_COLUMN)
    listed = project.code_lists[ECONOMY_MEASURES].by_code.get(code or "")
    if listed is None:
        return None
    is_stock = listed.attributes["measure_type"] == "stock"
    if measure == "by_row":
        return "stock" if is_stock else "flow"
    return None if is_stock else "flow_ytd"


def _check_by_row(project: Project, relation: Relation, fragment: Fragment) -> Iterator[str]:
    for name in fragment.measured_columns:
        measure = relation.columns[name].measure
        if measure in _BY_ROW and _type_by_row(project, fragment, measure) is None:
            yield (
                f"measures {name}, whose kind depends on the row: `where` must pin {MEASURE_COLUMN} = '...' to a code"
                f" of {ECONOMY_MEASURES}, and a stock has no year-to-date"
            )


def _check_time(project: Project, relation: Relation, fragment: Fragment, time: TimeBasis) -> Iterator[str]:
    if fragment.is_count and not fragment.is_distinct_count:
        yield from _check_count(relation, time)
        return
    for name in fragment.measured_columns:
        measure = relation.columns[name].measure
        if measure in _BY_ROW:
            measure = _type_by_row(project, fragment, measure)
        yield from _check_measure(name, measure, time, fragment)


def _check_count(relation: Relation, time: TimeBasis) -> Iterator[str]:
    if relation.rows == "snapshot" and time != "end":
        yield f"counts rows of {relation.name} over {time}: a stock is counted at the end, or DISTINCT over time"
    if relation.rows == "events" and time == "end":
        yield f"counts rows of {relation.name} at the end: a flow is counted over month or year_to_date"


def _check_measure(name: str, measure: Measure | None, time: TimeBasis, fragment: Fragment) -> Iterator[str]:
    if measure == "stock" and fragment.is_sum and time != "end":
        yield f"sums {name} over {time}: a stock is summed over units, never over time"
    if measure == "flow" and time == "end":
        yield f"takes {name} at the end: a flow belongs to month or year_to_date"
    if measure == "flow_ytd" and time == "month":
        yield f"takes {name} for month: a YTD figure never stands in for a month's"
    if measure == "flow_ytd" and time == "year_to_date":
        yield f"takes {name} over several periods: it is cumulated already; read it at the end"


def _check_ratio(project: Project, relation: Relation, fragment: Fragment) -> Iterator[str]:
    if not isinstance(fragment.function, exp.Avg | exp.Sum):
        return
    ratios = _units_of(project, _RATIO)
    of_ratio = any(relation.columns[name].unit in ratios for name in fragment.measured_columns)
    if of_ratio or fragment.function.find(exp.Div) is not None:
        yield f"takes {fragment.function.sql()}: a ratio is never averaged, nor summed; give numerator and denominator"


def _check_base(indicator: Indicator) -> Iterator[str]:
    over_year = "year_to_date" in indicator.time and (indicator.over_months or 12) % 12 != 0
    if indicator.kind == "growth" and over_year:
        yield f"compares year_to_date with {indicator.over_months} months before: only whole years can be compared"
    if indicator.kind == "streak" and indicator.time != ("month",):
        yield "is a streak of months: its time must be [month]"


def _check_reporters(project: Project, parts: list[Part]) -> Iterator[str]:
    reporters = {unit for _, fragment in parts for unit in reporters_of(project, fragment)}
    if len(reporters) > 1:
        yield f"divides measures of different units ({', '.join(sorted(reporters))}), which cannot be matched"


def find_faults(project: Project, indicator: Indicator) -> list[str]:
    """List what is wrong with a definition, as sentences without their subject."""
    components = [
        component for component in (indicator.numerator, indicator.denominator) if component is not None
    ]
    faults = [fault for component in components for fault in _check_component(project, component)]
    if faults:
        return faults
    parts = [
        (find_relation(project, component.from_), parse_component(component)) for component in components
    ]
    faults += [*_check_shape(project, indicator, parts), *_check_base(indicator)]
    for relation, fragment in parts:
        by_row = list(_check_by_row(project, relation, fragment))
        faults += [*by_row, *_check_ratio(project, relation, fragment)]
        if not by_row:
            faults += [
                fault for time in indicator.time for fault in _check_time(project, relation, fragment, time)
            ]
    return faults or list(_check_reporters(project, parts))


def check_indicator(project: Project, indicator: Indicator, path: Path | str = "indicators") -> None:
    """Raise ContractError with file, indicator and reason of every fault."""
    faults = find_faults(project, indicator)
    if faults:
        raise ContractError("\n".join(f"{path}: {indicator.id} {fault}" for fault in faults))


def _check_ids(project: Project) -> Iterator[str]:
    ids = Counter(indicator.id for file in project.indicator_files for indicator in file.indicators)
    for name, count in ids.items():
        if count > 1:
            themes = [
                file.theme for file in project.indicator_files if name in {i.id for i in file.indicators}
            ]
            yield f"assets/indicators: {name} is defined {count} times ({', '.join(themes)})"


def _check_read(
    project: Project, name: str, time: TimeBasis, level: Level, dimension: str | None
) -> Iterator[str]:
    indicator = project.indicators.get(name)
    if indicator is None:
        yield f"reads {name}, which is no indicator"
        return
    if time not in indicator.time:
        yield f"reads {name} for {time}, which it is not computed for"
    if level not in indicator.levels:
        yield f"reads {name} by {level}, which it is not computed by"
    if dimension is not None and dimension not in indicator.dimensions:
        yield f"reads {name} by {dimension}, which is none of its dimensions"


def _check_readers(project: Project) -> Iterator[str]:
    for scorecard in project.scorecards:
        for name, time in scorecard.time.items():
            for fault in _check_read(project, name, time, scorecard.level, None):
                yield f"assets/reports/scorecards.yaml: {scorecard.name} {fault}"
    for figure in project.figures.figures if project.figures is not None else ():
        read = figure.read
        for fault in _check_read(project, read.indicator, read.time, read.level, read.dimension):
            yield f"assets/figures: {figure.id} {fault}"


def check_project(project: Project) -> None:
    """Check every definition and whatever reads one; ContractError lists all faults, one line each."""
    faults = [*_check_ids(project), *_check_readers(project)]
    for file in project.indicator_files:
        for indicator in file.indicators:
            path = f"assets/indicators/{file.theme}.yaml"
            faults += [f"{path}: {indicator.id} {fault}" for fault in find_faults(project, indicator)]
    if faults:
        raise ContractError("\n".join(faults))
