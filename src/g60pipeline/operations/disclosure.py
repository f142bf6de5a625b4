"""What disclosure control needs to know of a release: what its magnitudes rest on, and what was published before.

Belongs here: reading it in the worlds of the releases. Not here: rules and suppression (disclosure).
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.indicators import Indicator, TimeBasis
from g60pipeline.contracts.knowledge import VALUE_KEY, Boundaries
from g60pipeline.contracts.project import Project
from g60pipeline.operations.compute import ask_for_months

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa

    from g60pipeline.disclosure.attacker import Verdict
    from g60pipeline.indicators.compile import Dialect
    from g60pipeline.indicators.contributions import ContributionStatement
    from g60pipeline.warehouse.engine import Warehouse

KEY = list(VALUE_KEY)
_SIDE = [*KEY, "side", "contributor"]


def protected_indicators(project: Project) -> frozenset[str]:
    """Return the indicators that carry a magnitude which must be protected."""
    from g60pipeline.disclosure.definitions import read_definitions

    return frozenset(read_definitions(project.indicators.values()))


def _read(
    connection: sa.Connection, warehouse: Warehouse, project: Project, boundaries: Boundaries
) -> Iterator[pd.DataFrame]:
    """Yield the amount of every contributor to every protected side, in the connection's world and months."""
    import pandas as pd

    from g60pipeline.warehouse.engine import read_frame
    from g60pipeline.warehouse.marts import dialect_name

    for statement in _statements(project, dialect_name(warehouse), boundaries):
        frame = pd.DataFrame(read_frame(connection, statement.sql))
        yield frame.assign(
            indicator_id=statement.indicator_id,
            time_basis=statement.time,
            boundaries=boundaries,
            side=statement.side,
            contributor=statement.contributor,
            is_count=statement.is_count,
        )


_STATEMENTS: dict[tuple[str, str, str], tuple[ContributionStatement, ...]] = {}


def _statements(
    project: Project, dialect: Dialect, boundaries: Boundaries
) -> tuple[ContributionStatement, ...]:
    """Compile a statement for every contributor to every protected side, once per process and definitions."""
    from g60pipeline.indicators.contributions import contribution_statement

    key = (project.definitions_version, dialect, boundaries)
    if key not in _STATEMENTS:
        _STATEMENTS[key] = tuple(
            contribution_statement(project, *contributor, dialect, boundaries)
            for contributor in _contributors(project)
        )
    return _STATEMENTS[key]


def _contributors(project: Project) -> Iterator[tuple[Indicator, TimeBasis, str, str, bool]]:
    """Yield indicator, time, side, column with the contributor's code or their number, and whether it is the number."""
    from g60pipeline.disclosure.definitions import read_definitions

    for definition in read_definitions(project.indicators.values()).values():
        rule = definition.disclosure
        columns = rule.contributors if rule.counted_by is None else (rule.counted_by,)
        for time in definition.indicator.time:
            for side in definition.sides:
                for column in columns:
                    yield definition.indicator, time, side.name, column, rule.counted_by is not None


def read_contributions(
    connection: sa.Connection, warehouse: Warehouse, project: Project, period: str, boundaries: Boundaries
) -> pd.DataFrame:
    """Return the amounts of all contributors to the protected magnitudes of a month, in the connection's world."""
    import pandas as pd

    ask_for_months(connection, warehouse, [period])
    frames = [frame for frame in _read(connection, warehouse, project, boundaries) if len(frame)]
    columns = [*_SIDE, "is_count", "contributor_code", "measure"]
    return pd.concat(frames).reindex(columns=columns) if frames else pd.DataFrame(columns=columns)


def summarise(amounts: pd.DataFrame) -> pd.DataFrame:
    """Return count, largest and second largest of the contributors by magnitude; only a count where that is reported."""
    import pandas as pd

    is_count = amounts["is_count"].astype(bool)
    counted = amounts[is_count]
    told = counted[_SIDE].assign(
        contributor_count=counted["measure"], largest_contribution=None, second_largest_contribution=None
    )
    named = amounts[~is_count & amounts["contributor_code"].notna()]
    named = named.assign(measure=named["measure"].astype(float).abs())
    named = named[named["measure"] > 0].sort_values(
        [*_SIDE, "measure"], ascending=[True] * len(_SIDE) + [False]
    )
    groups = named.groupby(_SIDE, sort=True)["measure"]
    found = pd.DataFrame({
        "contributor_count": groups.size(),
        "largest_contribution": groups.max(),
        "second_largest_contribution": groups.agg(lambda amounts: amounts.iloc[1] if len(amounts) > 1 else 0.0),
    }).reset_index()  # fmt: skip
    parts = [part.astype(object) for part in (told, found) if len(part)]
    columns = [*_SIDE, "contributor_count", "largest_contribution", "second_largest_contribution"]
    return pd.concat(parts)[columns].reset_index(drop=True) if parts else pd.DataFrame(columns=columns)


def changes_between(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the amounts by which contributors changed between two worlds, in the shape of `read_contributions`."""
    keys = [*_SIDE, "is_count", "contributor_code"]
    joined = after.merge(before, on=keys, how="outer", suffixes=("", "_before"))
    change = joined["measure"].astype(float).fillna(0) - joined["measure_before"].astype(float).fillna(0)
    return joined[keys].assign(measure=change)[change.ne(0) | joined["is_count"].astype(bool)]


def protect_values(
    values: Sequence[dict[str, Any]],
    project: Project,
    contributions: pd.DataFrame,
    changes: pd.DataFrame | None,
    previous: Sequence[Any],
) -> list[dict[str, Any]]:
    """Return the values with `suppression`, and without figures where it says something.

    `previous`: `disclosure.cells.Release` of what was published before, earliest first, with true values.
    """
    import pandas as pd

    from g60pipeline.disclosure.cells import Release
    from g60pipeline.disclosure.protect import protect
    from g60pipeline.disclosure.relations import build_hierarchies

    frame = pd.DataFrame(list(values))
    period = str(frame["period"].iloc[0])
    release = Release(frame, summarise(contributions), None if changes is None else summarise(changes))
    done = protect(release, project.indicators.values(), build_hierarchies(project, period), previous)
    kinds = dict(zip(_keys(done), done["suppression"], strict=True))
    return [{**row, "suppression": kinds[tuple(row[name] for name in KEY)]} for row in values]


def attack_values(
    project: Project, period: str, values: Sequence[dict[str, Any]], known: Sequence[Any]
) -> Verdict:
    """Return how far somebody comes who has these values as published and the releases before (`known`)."""
    import pandas as pd

    from g60pipeline.disclosure.attacker import attack, judge_attack
    from g60pipeline.disclosure.cells import Release, redact
    from g60pipeline.disclosure.protect import derive_knowledge
    from g60pipeline.disclosure.relations import build_hierarchies

    releases = [*known, Release(pd.DataFrame(list(values)))]
    knowledge = derive_knowledge(releases, project.indicators.values(), build_hierarchies(project, period))
    found = attack([redact(release.values) for release in releases], knowledge)
    rules = {i.id: i.disclosure.protection for i in project.indicators.values() if i.disclosure is not None}
    return judge_attack(found, releases, rules)


def _keys(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(zip(*(frame[name] for name in KEY), strict=True))


def redact_value(row: dict[str, Any], protected: Container[str]) -> dict[str, Any]:
    """Return the row as it may be published: of a suppressed one no figure is left.

    Of a protected indicator the weighted coverage goes too where a unit is missing: it is weighted by that unit's last
    known figure, which could be read from it. How many of how many units report is still said.
    """
    shown = dict(row)
    if row["indicator_id"] in protected and row["reporting_unit_count"] != row["expected_unit_count"]:
        shown["coverage_ratio"] = None
    if row["suppression"]:
        shown |= {
            **dict.fromkeys(("value", "numerator", "denominator", "coverage_ratio")),
            "status": "suppressed",
        }
    return shown
