"""Which assets a run of some months needs: those that rest on forms which somebody owes in them.

Belongs here: cutting a range where the set of owed forms changes. From 2015 to 2020 only the district's economy was
reported; a run over those months neither reads nor shows the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project
from g60pipeline.defs.automation import month_job
from g60pipeline.defs.keys import RECEIVED, VERDICTS
from g60pipeline.defs.resources import project


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


def _rests_on(key: dg.AssetKey, deps: dict[dg.AssetKey, set[dg.AssetKey]]) -> frozenset[str]:
    """Forms that an asset's values come from."""
    if key in (RECEIVED, VERDICTS):
        return frozenset()
    if key.path[0] in ("staged", "core"):
        return frozenset({key.path[-1]})
    if key.path[0] == "mart" and deps[key] == {VERDICTS}:
        return frozenset(project().forms)
    return frozenset().union(*(_rests_on(dep, deps) for dep in deps[key]))


def select_assets(graph: dg.Definitions, forms: frozenset[str]) -> list[dg.AssetKey]:
    """Keys of the month's assets of which every form is owed."""
    deps = {spec.key: {dep.asset_key for dep in spec.deps} for spec in graph.resolve_all_asset_specs()}
    runs = graph.resolve_job_def(month_job.name).asset_layer.selected_asset_keys
    return sorted(key for key in runs if _rests_on(key, deps) <= forms)
