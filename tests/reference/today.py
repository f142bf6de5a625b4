"""The same state on today's boundaries.

Rows of a cluster go to its present host; other rows go where their unit went, divided by the weights of the links. A
unit of today has reported what all units that it was made of, and all former hosts of its clusters, have reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pandas as pd
from known import State
from plain_sql import Row

from g60pipeline.contracts.boundaries import UnitLink
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project

Place = tuple[str, str, int]


def successors(unit: str, links: Sequence[UnitLink]) -> dict[str, Fraction]:
    """Return the units of today that a unit became, with weights."""
    steps = [link for link in links if link.from_unit == unit]
    if not steps:
        return {unit: Fraction(1)}
    found: dict[str, Fraction] = {}
    for link in steps:
        for code, weight in successors(link.to_unit, links).items():
            found[code] = found.get(code, Fraction(0)) + Fraction(str(link.weight)) * weight
    return found


def present_hosts(project: Project) -> dict[str, str]:
    """Return the unit of today that hosts each cluster; a cluster is not divided, it goes where most of its host went."""
    hosts: dict[str, str] = {}
    for cluster in project.code_lists["clusters"].codes:
        today = successors(cluster.attributes["host_unit"], project.unit_links)
        hosts[cluster.code] = max(sorted(today), key=lambda code: today[code])
    return hosts


def _moved(frame: pd.DataFrame, project: Project, hosts: dict[str, str]) -> pd.DataFrame:
    rows: list[Row] = []
    for row in frame.to_dict("records"):
        unit, cluster = row["reporting_unit_code"], row.get("cluster_code")
        shares = {hosts[cluster]: Fraction(1)} if cluster in hosts else successors(unit, project.unit_links)
        rows += [
            {**row, "reporting_unit_code": code, "unit_weight": row["unit_weight"] * share}
            for code, share in shares.items()
        ]
    return pd.DataFrame(rows, columns=frame.columns, dtype=object)


def _duties(state: State, hosts: dict[str, str]) -> dict[Place, set[str]]:
    """Return by unit of today, form and month the units of the time whose return it rests on."""
    project = state.project
    duties: dict[Place, set[str]] = {}
    for unit, form, month in state.owed:
        for code in successors(unit, project.unit_links):
            duties.setdefault((code, form, month), set()).add(unit)
    clustered = {name for name, form in project.forms.items() if form.cluster_field is not None}
    for month in {month for _, _, month in state.owed}:
        for cluster, former in state.hosts(Period(month // 12, month % 12 + 1)).items():
            for form in clustered:
                if (former, form, month) in state.owed:
                    duties.setdefault((hosts[cluster], form, month), set()).add(former)
    return duties


def as_now(state: State) -> State:
    """Return the state on today's boundaries."""
    hosts = present_hosts(state.project)
    duties = _duties(state, hosts)
    clusters = state.project.code_lists["clusters"].by_code
    return replace(
        state,
        owed=set(duties),
        reported={
            (unit, form, month)
            for (unit, form, month), units in duties.items()
            if all((former, form, month) in state.reported for former in units)
        },
        sources={name: _moved(frame, state.project, hosts) for name, frame in state.sources.items()},
        hosts=lambda period: {
            code: host for code, host in hosts.items() if clusters[code].is_valid_in(period)
        },
    )
