"""Computing indicators: in any world, and of the present one only what changed.

Belongs here: putting the warehouse's rows and the indicators' statements together. Not here: either of them, Dagster.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g60pipeline.contracts.indicators import Indicator, IndicatorFile
from g60pipeline.contracts.knowledge import Boundaries, Cut
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project

if TYPE_CHECKING:
    import sqlalchemy as sa

    from g60pipeline.indicators.compile import CompiledTheme, Dialect
    from g60pipeline.indicators.reach import Reach
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
    from g60pipeline.warehouse.marts import dialect_name
    from g60pipeline.warehouse.vintages import read_values

    dialect = dialect_name(warehouse)
    chosen = [
        tuple(indicator for indicator in file.indicators if only is None or indicator.id in only)
        for file in project.indicator_files
    ]
    rows: list[dict[str, Any]] = []
    # Planning a statement takes one core, and compiling the next theme another.
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting = [pool.submit(_compiled, project, some, dialect, boundaries) for some in chosen if some]
        for compiled in (future.result() for future in waiting):
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

    Only months whose inputs or definitions changed since they were last computed are computed; all when `rebuild`.
    One transaction per theme.
    """
    project = warehouse.project
    files = [file for file in project.indicator_files if themes is None or file.theme in themes]
    waiting = _waiting(warehouse, files, periods, rebuild)
    # Planning a statement takes one core, and compiling the next theme another.
    with ThreadPoolExecutor(max_workers=2) as pool:
        done = [pool.submit(_update, warehouse, file, waiting[file.theme]) for file in files]
    return [future.result() for future in done]


def _update(warehouse: Warehouse, file: IndicatorFile, fingerprints: dict[str, str]) -> Computed:
    """Compute the months (month → fingerprint) of a theme and store what became different."""
    from g60pipeline.warehouse.marts import dialect_name
    from g60pipeline.warehouse.timeliness import utc_now
    from g60pipeline.warehouse.vintages import remember_computations, store_values

    months, changed = sorted(fingerprints), 0
    if not months:
        return Computed(file.theme, (), 0)
    project, dialect = warehouse.project, dialect_name(warehouse)
    ids = [indicator.id for indicator in file.indicators]
    with warehouse.transaction() as connection:
        now = utc_now()
        for boundaries in boundaries_of(project):
            prepare_world(connection, warehouse, project, boundaries=boundaries)
            compiled = _compiled(project, file.indicators, dialect, boundaries)
            compute_theme(connection, warehouse, compiled, months)
            changed += store_values(connection, warehouse, months, ids, boundaries, now)
        remember_computations(connection, warehouse, file.theme, fingerprints, now)
    return Computed(file.theme, tuple(months), changed)


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


@cache
def _code_hash() -> str:
    """Hash of the code that makes statements of definitions: other code, other values."""
    import g60pipeline.indicators as package

    digest = hashlib.sha256()
    for path in sorted(Path(next(iter(package.__path__))).glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _theme_hash(project: Project, file: IndicatorFile) -> str:
    """Hash of everything but rows that a theme's values rest on."""
    lists = [*project.code_lists.values(), project.obligations, project.unit_links, project.cluster_hosts]
    parts = (
        _code_hash(),
        file,
        sorted(project.marts.items()),
        [(f.name, f.fields) for f in project.forms.values()],
        lists,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _waiting(
    warehouse: Warehouse, files: Sequence[IndicatorFile], periods: Sequence[str], rebuild: bool
) -> dict[str, dict[str, str]]:
    """Return what is to be computed: theme → month → fingerprint of its inputs as they are."""
    from g60pipeline.indicators.reach import reaches_of
    from g60pipeline.warehouse.vintages import read_computations, read_inputs

    known = read_computations(warehouse)
    inputs = _Inputs(warehouse.project, read_inputs(warehouse))
    waiting: dict[str, dict[str, str]] = {}
    for file in files:
        theme_hash, reaches = _theme_hash(warehouse.project, file), reaches_of(warehouse.project, file)
        months = {*periods, *(period for theme, period in known if theme == file.theme)}
        now = {period: inputs.fingerprint(theme_hash, reaches, Period.parse(period)) for period in months}
        waiting[file.theme] = {
            period: fingerprint
            for period, fingerprint in now.items()
            if rebuild or known.get((file.theme, period)) != fingerprint
        }
    return waiting


class _Inputs:
    """The state of every form and month, and which months lack something."""

    def __init__(self, project: Project, rows: Sequence[tuple[str, str, str, str]]) -> None:
        self.project = project
        parts: dict[tuple[str, int], list[str]] = {}
        units: dict[tuple[str, int], set[str]] = {}
        for form, period, unit, state in rows:
            key = (form, Period.parse(period).month_index)
            parts.setdefault(key, []).append(f"{unit} {state}")
            units.setdefault(key, set()).add(unit)
        self.states = {key: " ".join(sorted(found)) for key, found in parts.items()}
        self.units = units
        self._owed: dict[tuple[str, int], set[str]] = {}
        self.first = min((month for _, month in parts), default=0)

    def fingerprint(self, theme_hash: str, reaches: Sequence[Reach], period: Period) -> str:
        """Hash of all that the theme's values of a month can rest on."""
        month = period.month_index
        read: set[tuple[str, int]] = set()
        for reach in reaches:
            months = reach.months(month, self._is_complete(reach, month), self.first)
            read |= {(form, at) for form in (reach.forms or ("",)) for at in months}
        states = (
            f"{form} {at} {self.states[form, at]}" for form, at in sorted(read) if (form, at) in self.states
        )
        return hashlib.sha256("\n".join((theme_hash, *states)).encode()).hexdigest()

    def _is_complete(self, reach: Reach, month: int) -> bool:
        return all(
            self._owing(form, at) <= self.units.get((form, at), set())
            for form in reach.forms
            for at in reach.window(month)
        )

    def _owing(self, form: str, month: int) -> set[str]:
        from g60pipeline.indicators.reach import period_of

        key = (form, month)
        if key not in self._owed:
            period = period_of(month)
            self._owed[key] = {
                o.unit_code for o in self.project.obligations if o.form == form and o.is_owed_in(period)
            }
        return self._owed[key]
