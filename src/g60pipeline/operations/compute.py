"""Computing indicators: in any world, and of the present one only what changed.

Belongs here: putting the warehouse's rows and the indicators' statements together. Not here: either of them, Dagster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.indicators import Indicator, IndicatorFile
from g60pipeline.contracts.knowledge import Boundaries, Cut
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.logs import emit

if TYPE_CHECKING:
    import sqlalchemy as sa

    from g60pipeline.indicators.compile import CompiledTheme, Dialect
    from g60pipeline.operations.changes import Waiting
    from g60pipeline.warehouse.engine import Warehouse


@dataclass(frozen=True)
class Computed:
    """What a computation of a theme did: months computed, and how many values became new or different."""

    theme: str
    months: tuple[str, ...]
    changed_count: int


@contextmanager
def open_world(
    warehouse: Warehouse,
    project: Project,
    cut: Cut | None = None,
    boundaries: Boundaries = "as_was",
    in_force: Sequence[dict[str, Any]] | None = None,
) -> Generator[sa.Connection]:
    """Yield a connection on which the relations of a world exist; nothing can be stored through it.

    `project`: whose definitions and dimensions count. `cut`: what was known; everything when None. `in_force`:
    submissions to take in place of those in force at the cut. Ask for months with `ask_for_months`.
    """
    with warehouse.workspace() as connection:
        prepare_world(connection, warehouse, project, cut, boundaries, in_force)
        yield connection


def prepare_world(
    connection: sa.Connection,
    warehouse: Warehouse,
    project: Project,
    cut: Cut | None = None,
    boundaries: Boundaries = "as_was",
    in_force: Sequence[dict[str, Any]] | None = None,
) -> None:
    """Create the relations of a world on a connection (see `open_world`)."""
    from g60pipeline.indicators.world import world_statements
    from g60pipeline.warehouse.marts import dialect_name, run_statements
    from g60pipeline.warehouse.world import create_world, find_cut, gather_statistics

    create_world(connection, warehouse, project, cut or find_cut(connection), boundaries, in_force)
    run_statements(connection, world_statements(project, dialect_name(warehouse), boundaries == "as_now"))
    gather_statistics(connection)


def ask_for_months(connection: sa.Connection, warehouse: Warehouse, periods: Sequence[str]) -> None:
    """Say which months the statements that follow compute."""
    from g60pipeline.indicators.world import period_statements
    from g60pipeline.warehouse.marts import dialect_name, run_statements

    months = [Period.parse(period) for period in periods]
    run_statements(connection, period_statements(months, dialect_name(warehouse)))


def compute_theme(
    connection: sa.Connection, warehouse: Warehouse, compiled: CompiledTheme, periods: Sequence[str]
) -> None:
    """Compute a theme's values of months in the connection's world into the temporary table `run_value`."""
    from g60pipeline.warehouse.marts import run_statements
    from g60pipeline.warehouse.vintages import compute_values
    from g60pipeline.warehouse.world import gather_statistics

    ask_for_months(connection, warehouse, periods)
    run_statements(connection, compiled.tables)
    gather_statistics(connection)
    compute_values(connection, warehouse, [statement.sql for statement in compiled.statements])


def compute_all(
    connection: sa.Connection,
    warehouse: Warehouse,
    project: Project,
    periods: Sequence[str],
    boundaries: Boundaries = "as_was",
    only: Container[str] | None = None,
) -> list[dict[str, Any]]:
    """Return the values of every indicator (or of those in `only`) for months in the connection's world, unsorted.

    Nothing is stored.
    """
    from g60pipeline.warehouse.vintages import read_values

    chosen = [
        tuple(indicator for indicator in file.indicators if only is None or indicator.id in only)
        for file in project.indicator_files
    ]
    rows: list[dict[str, Any]] = []
    for compiled in _compile_ahead(warehouse, project, [some for some in chosen if some], boundaries):
        compute_theme(connection, warehouse, compiled, periods)
        rows += read_values(connection, warehouse)
    return rows


def update_indicators(
    warehouse: Warehouse,
    periods: Sequence[str],
    themes: Sequence[str] | None = None,
    rebuild: bool = False,
) -> list[Computed]:
    """Bring the stored values of themes up to date: of the months given, and of every month computed before.

    Only indicators and months whose inputs or definitions changed since they were last computed are computed; all when
    `rebuild`. Indicators that are defined no longer, of whatever theme, end. One transaction.
    """
    from g60pipeline.operations.changes import find_waiting
    from g60pipeline.warehouse.vintages import find_undefined

    files = [file for file in warehouse.project.indicator_files if themes is None or file.theme in themes]
    waiting = find_waiting(warehouse, files, periods, rebuild)
    batches = [batch for file in files for batch in _batches(file, waiting)]
    undefined = find_undefined(warehouse)
    changed = _update(warehouse, batches, waiting, undefined) if batches or undefined else Counter[str]()
    computed = [
        Computed(
            file.theme,
            tuple(sorted({month for indicator in file.indicators for month in waiting[indicator.id]})),
            changed[file.theme],
        )
        for file in files
    ]
    for done in computed:
        if done.months:
            emit(
                "computed", theme=done.theme, months=",".join(done.months), values_changed=done.changed_count
            )
    return computed


@dataclass(frozen=True)
class _Batch:
    """Indicators of a theme that wait for the same months."""

    theme: str
    indicators: tuple[Indicator, ...]
    months: tuple[str, ...]


def _batches(file: IndicatorFile, waiting: Waiting) -> list[_Batch]:
    by_months: dict[tuple[str, ...], list[Indicator]] = {}
    for indicator in file.indicators:
        if waiting[indicator.id]:
            by_months.setdefault(tuple(waiting[indicator.id]), []).append(indicator)
    return [_Batch(file.theme, tuple(found), months) for months, found in by_months.items()]


def _update(
    warehouse: Warehouse, batches: Sequence[_Batch], waiting: Waiting, undefined: Sequence[str]
) -> Counter[str]:
    """Compute the batches and store what became different; returns how many values did, by theme."""
    from g60pipeline.warehouse.timeliness import utc_now
    from g60pipeline.warehouse.vintages import close_values, remember_computations, store_values

    project, changed, now = warehouse.project, Counter[str](), utc_now()
    sets = [batch.indicators for batch in batches]
    with warehouse.transaction() as connection:
        ended = close_values(connection, warehouse, undefined, boundaries_of(project), now)
        for boundaries in boundaries_of(project) if batches else ():
            prepare_world(connection, warehouse, project, boundaries=boundaries)
            themes = _compile_ahead(warehouse, project, sets, boundaries)
            for batch, compiled in zip(batches, themes, strict=True):
                compute_theme(connection, warehouse, compiled, batch.months)
                ids = [indicator.id for indicator in batch.indicators]
                changed[batch.theme] += store_values(
                    connection, warehouse, batch.months, ids, boundaries, now
                )
        remember_computations(connection, warehouse, waiting, now)
    if ended:
        emit("ended", indicators=",".join(undefined) or None, values_ended=ended)
    return changed


def _compile_ahead(
    warehouse: Warehouse, project: Project, sets: Sequence[Sequence[Indicator]], boundaries: Boundaries
) -> Generator[CompiledTheme]:
    """Yield each set of indicators compiled: planning a statement takes one core, and compiling the next set another."""
    from g60pipeline.warehouse.marts import dialect_name

    dialect = dialect_name(warehouse)
    with ThreadPoolExecutor(max_workers=1) as pool:
        compiled = [pool.submit(_compiled, project, indicators, dialect, boundaries) for indicators in sets]
        for future in compiled:
            yield future.result()


def boundaries_of(project: Project) -> tuple[Boundaries, ...]:
    """Boundaries that values are computed on; today's only where something was regrouped."""
    return ("as_was", "as_now") if project.has_regroupings else ("as_was",)


_COMPILED: dict[tuple[str, str, str, Boundaries], CompiledTheme] = {}
_CHECKED = set[str]()


def _compiled(
    project: Project, indicators: Sequence[Indicator], dialect: Dialect, boundaries: Boundaries
) -> CompiledTheme:
    """Compile indicators, once per process and definitions."""
    from g60pipeline.indicators.check import check_project
    from g60pipeline.indicators.compile import compile_indicators

    key = (project.definitions_version, repr(indicators), dialect, boundaries)
    if key not in _COMPILED:
        if project.definitions_version not in _CHECKED:
            check_project(project)
            _CHECKED.add(project.definitions_version)
        _COMPILED[key] = compile_indicators(project, indicators, dialect, boundaries)
    return _COMPILED[key]
