"""Which assets a run of some months needs: those that depend on a form that somebody owes in them.

Belongs here: cutting a range where the set of owed forms changes. From 2015 to 2020 only the district's economy was
reported; a run over those months neither reads nor shows the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import dagster as dg

from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project
from g60pipeline.defs.intake import RECEIVED


@dataclass(frozen=True)
class Span:
    """Months from first to last for which the same forms are owed."""

    first: Period
    last: Period
    forms: frozenset[str]


def plan_spans(project: Project, first: Period, last: Period) -> list[Span]:
    """Cut the range where the set of owed forms changes; months in which nothing is owed are left out."""
    spans: list[Span] = []
    for period in period_range(first, last):
        forms = frozenset(o.form for o in project.obligations if o.is_owed_in(period))
        if not forms:
            continue
        if spans and spans[-1].forms == forms and spans[-1].last.plus(1) == period:
            spans[-1] = Span(spans[-1].first, period, forms)
        else:
            spans.append(Span(period, period, forms))
    return spans


def select_assets(graph: dg.Definitions, forms: Iterable[str]) -> list[dg.AssetKey]:
    """Keys of the receipt, the forms' staged tables, and the assets that depend on them."""
    deps = {spec.key: {dep.asset_key for dep in spec.deps} for spec in graph.resolve_all_asset_specs()}
    chosen = {dg.AssetKey(["staged", form]) for form in forms}
    others = {key for key in deps if key.path[0] in ("staged", "core")} - chosen
    others -= {dg.AssetKey(["core", form]) for form in forms}
    grown = True
    while grown:
        more = {key for key, on in deps.items() if on & chosen} - others - chosen
        chosen |= more
        grown = bool(more)
    return sorted(chosen | {RECEIVED})
