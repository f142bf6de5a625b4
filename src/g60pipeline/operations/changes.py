"""Which indicators are to be computed for which months, because what they rest on is no longer what it was.

Belongs here: fingerprints of inputs, compared with those remembered. Not here: computing (compute.py), what an indicator
reads (indicators.reach).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from g60pipeline.contracts.indicators import IndicatorFile
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project

if TYPE_CHECKING:
    from g60pipeline.indicators.reach import Reach
    from g60pipeline.warehouse.engine import Warehouse

Waiting = dict[str, dict[str, str]]
"""What is to be computed: indicator → month → fingerprint of its inputs as they are."""


def find_waiting(
    warehouse: Warehouse, files: Iterable[IndicatorFile], periods: Sequence[str], rebuild: bool = False
) -> Waiting:
    """Return what is to be computed of the files' indicators: of the months given, and of every month computed before.

    Of a new indicator those are the months of the others in its file. Those whose inputs or definitions changed since they
    were last computed; all when `rebuild`.
    """
    from g60pipeline.indicators.reach import reaches_of
    from g60pipeline.warehouse.vintages import read_computations, read_inputs

    project = warehouse.project
    known, shared = read_computations(warehouse), _hash_of_shared(project)
    inputs = _Inputs(project, read_inputs(warehouse))
    waiting: Waiting = {}
    for file in files:
        months = set(periods).union(*(known.get(indicator.id, {}) for indicator in file.indicators))
        for indicator in file.indicators:
            before = known.get(indicator.id, {})
            definition, reaches = f"{shared} {indicator!r}", reaches_of(project, indicator)
            now = {
                period: inputs.fingerprint(definition, reaches, Period.parse(period))
                for period in sorted(months)
            }
            waiting[indicator.id] = {
                period: fingerprint
                for period, fingerprint in now.items()
                if rebuild or before.get(period) != fingerprint
            }
    return waiting


@cache
def _hash_of_code() -> str:
    """Hash of the code that makes statements of definitions: other code, other values."""
    import g60pipeline.indicators as package

    digest = hashlib.sha256()
    for path in sorted(Path(next(iter(package.__path__))).glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _hash_of_shared(project: Project) -> str:
    """Hash of everything but rows and its own definition that an indicator's values rest on."""
    lists = [*project.code_lists.values(), project.obligations, project.unit_links, project.cluster_hosts]
    fields = [(form.name, form.fields) for form in project.forms.values()]
    parts = (_hash_of_code(), sorted(project.marts.items()), fields, lists)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


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
        self.states = {
            key: hashlib.sha256(" ".join(sorted(found)).encode()).hexdigest() for key, found in parts.items()
        }
        self.units = units
        self._owed: dict[tuple[str, int], set[str]] = {}
        self.first = min((month for _, month in parts), default=0)

    def fingerprint(self, definition: str, reaches: Sequence[Reach], period: Period) -> str:
        """Hash of all that the indicator's values of a month can rest on."""
        month = period.month_index
        read: set[tuple[str, int]] = set()
        for reach in reaches:
            months = reach.months(month, self._is_complete(reach, month), self.first)
            read |= {(form, at) for form in (reach.forms or ("",)) for at in months}
        states = (
            f"{form} {at} {self.states[form, at]}" for form, at in sorted(read) if (form, at) in self.states
        )
        return hashlib.sha256("\n".join((definition, *states)).encode()).hexdigest()

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
