"""Suppression and attack on real months: `python bench/disclosure.py <warehouse.duckdb> [first month] [last month]`.

Prints, month by month with the releases before it known to the attacker, how many values there are, how many were
suppressed, how long it took and how far the attacker came. Contributions are worked out here in plain frames.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import duckdb
import pandas as pd

from g60pipeline.contracts.indicators import Component, Indicator
from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import DISTRICT, Project, load_project
from g60pipeline.disclosure.attacker import attack, judge_attack
from g60pipeline.disclosure.cells import Release, redact
from g60pipeline.disclosure.protect import derive_knowledge, protect
from g60pipeline.disclosure.relations import build_hierarchies
from g60pipeline.settings import find_project_root

_SUBJECT = {"cluster": "cluster_code", "unit": "reporting_unit_code"}
_KEPT_MONTHS = 12


def _rows(
    connection: duckdb.DuckDBPyConnection, project: Project, component: Component, where: str
) -> pd.DataFrame:
    name = component.from_
    source = f"({project.marts[name].sql})" if name in project.marts else f"core.{name}_latest"
    measured = component.value.removeprefix("SUM(").removesuffix(")")
    condition = f"({component.where or 'TRUE'}) AND ({where})"
    return connection.sql(
        f"SELECT *, CAST({measured} AS DOUBLE) AS amount FROM {source} AS r WHERE {condition}"
    ).df()


def _largest(rows: pd.DataFrame, by: list[str], contributor: str) -> pd.DataFrame:
    sums = rows.dropna(subset=["amount"]).groupby([*by, contributor], dropna=False)["amount"].sum().abs()
    sums = sums[sums > 0].sort_values(ascending=False).reset_index()
    ranked = sums.groupby(by)["amount"]
    return pd.DataFrame(
        {
            "contributor_count": ranked.size().astype(float),
            "largest_contribution": ranked.first(),
            "second_largest_contribution": ranked.apply(
                lambda amounts: amounts.iloc[1] if len(amounts) > 1 else 0.0
            ),
        }
    ).reset_index()


def _counted(rows: pd.DataFrame, by: list[str], column: str) -> pd.DataFrame:
    units = rows.groupby(list(dict.fromkeys([*by, "reporting_unit_code"])))[column].min().reset_index()
    counts = units.groupby(by)[column].sum().astype(float).rename("contributor_count").reset_index()
    return counts.assign(largest_contribution=None, second_largest_contribution=None)


def _side(
    rows: pd.DataFrame, indicator: Indicator, time_basis: str, side: str, period: str
) -> list[pd.DataFrame]:
    rule = indicator.disclosure
    assert rule is not None
    found: list[pd.DataFrame] = []
    rows = rows.assign(district=DISTRICT)
    for level in indicator.levels:
        subject = _SUBJECT.get(level, "district")
        for dimension in ("", *indicator.dimensions):
            by = [subject, dimension] if dimension else [subject]
            filled = rows.fillna({dimension: "not_reported"}) if dimension else rows
            for column in rule.contributors or (rule.counted_by or "",):
                made = _largest(filled, by, column) if rule.contributors else _counted(filled, by, column)
                key = {
                    "indicator_id": indicator.id,
                    "period": period,
                    "time_basis": time_basis,
                    "level": level,
                }
                made = made.assign(
                    **key, side=side, contributor=column, dimension=dimension, subject_code=made[subject]
                )
                found.append(made.assign(dimension_code=made[dimension] if dimension else ""))
    return found


def contributions(connection: duckdb.DuckDBPyConnection, project: Project, period: str) -> pd.DataFrame:
    """Work out what every protected magnitude of a month rests on."""
    found: list[pd.DataFrame] = []
    for indicator in project.indicators.values():
        if indicator.disclosure is None:
            continue
        for time_basis in indicator.time:
            first = f"{period[:4]}-01" if time_basis == "year_to_date" else period
            window = f"r.period BETWEEN '{first}' AND '{period}'"
            for side, component in (
                ("numerator", indicator.numerator),
                ("denominator", indicator.denominator),
            ):
                if component is not None:
                    rows = _rows(connection, project, component, window)
                    found += _side(rows, indicator, time_basis, side, period)
    return pd.concat(found, ignore_index=True)


def main(path: str, first: str = "2021-01", last: str = "2021-12") -> None:
    """Release month after month."""
    project = load_project(find_project_root())
    connection = duckdb.connect(path, read_only=True)
    indicators = list(project.indicators.values())
    hierarchies = build_hierarchies(project, last)
    protection = {i.id: i.disclosure.protection for i in indicators if i.disclosure is not None}
    out: list[Release] = []
    for month in period_range(Period.parse(first), Period.parse(last)):
        values = connection.sql(f"SELECT * FROM mart.indicator_value WHERE period = '{month.key}'").df()
        release = Release(values, contributions(connection, project, month.key))
        before = out[-_KEPT_MONTHS:]
        started = time.perf_counter()
        made = protect(release, indicators, hierarchies, before)
        seconds = time.perf_counter() - started
        counts = made["suppression"].value_counts()
        chain = [*before, Release(made)]
        started = time.perf_counter()
        knowledge = derive_knowledge(chain, indicators, hierarchies)
        verdict = judge_attack(attack([redact(r.values) for r in chain], knowledge), chain, protection)
        attacked = time.perf_counter() - started
        print(
            f"{month.key}: {len(made)} values, {counts.get('primary', 0)} primary, {counts.get('secondary', 0)} secondary,"
            f" {seconds:.1f} s; attack on {len(chain)} releases in {attacked:.1f} s: {verdict.hidden} hidden,"
            f" {verdict.exact} exact, {verdict.within_protection} of {verdict.primary} primary within the protection"
        )
        out.append(Release(made))
    print(
        made[made["reason"].ne("")]
        .groupby(["indicator_id", "time_basis", "level", "suppression", "reason"])
        .size()
        .to_string()
    )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main(*sys.argv[1:])
