"""Small projects for histories, and what becomes of duties and hosts when units and clusters change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from steps import changed

from g60pipeline.contracts.boundaries import ClusterHost
from g60pipeline.contracts.codelists import Code, CodeList, Obligation
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project

INDICATORS = 8  # of a history; all are asked for over fifty


def chosen_indicators(seed: int, project: Project) -> set[str]:
    """Choose the indicators of a history, so that consecutive seeds go round all of them."""
    names = list(project.indicators)
    return {names[(seed * INDICATORS + n) % len(names)] for n in range(INDICATORS)}


def with_indicators(project: Project, wanted: set[str]) -> Project:
    """Return the project with only these indicators."""
    files = [
        file.model_copy(update={"indicators": tuple(i for i in file.indicators if i.id in wanted)})
        for file in project.indicator_files
    ]
    return changed(
        project, indicator_files=tuple(file for file in files if file.indicators), scorecards=(), figures=None
    )


def with_second_district(project: Project, member: str) -> Project:
    """Return the project with one of the units in another district, of another city of the corridor."""
    units = project.code_lists["units"]
    plain = {"label_zh": "邻", "label_en": "neighbour"}
    above = (("330400", "city", "G60"), ("330402", "district", "330400"))
    codes = [Code(code=code, **plain, attributes={"kind": kind, "parent": up}) for code, kind, up in above]
    moved = [
        unit.model_copy(update={"attributes": unit.attributes | {"parent": "330402"}})
        if unit.code == member
        else unit
        for unit in units.codes
    ]
    lists = project.code_lists | {"units": CodeList(name="units", codes=(*codes, *moved))}
    return changed(project, code_lists=lists)


def former(project: Project, moves: Iterable[str], unit: str, since: Period) -> tuple[ClusterHost, ...]:
    """Former hosts, with the unit for the clusters that it hosts no more from a month on."""
    known = list(project.cluster_hosts)
    for cluster in moves:
        before = max((host.valid_to for host in known if host.cluster_code == cluster), default="")
        begins = Period.parse(before[:7]).plus(1).start.isoformat() if before else ""
        last = since.plus(-1).end.isoformat()
        if begins <= last:
            known.append(ClusterHost(cluster_code=cluster, host_unit=unit, valid_from=begins, valid_to=last))
    return tuple(known)


def taken_over(
    duties: Sequence[Obligation], unit: str, others: Sequence[str], since: Period
) -> tuple[Obligation, ...]:
    """What others owe from a month on because the unit owed it, and they did not yet."""
    owing = {(duty.unit_code, duty.form) for duty in duties}
    return tuple(
        duty.model_copy(update={"unit_code": other, "valid_from": since.key, "valid_to": ""})
        for duty in duties
        for other in others
        if duty.unit_code == unit and (other, duty.form) not in owing
    )


def succeeded(
    duties: Sequence[Obligation], unit: str, others: Sequence[str], since: Period
) -> tuple[Obligation, ...]:
    """The unit owes nothing from a month on; its successors do."""
    last = since.plus(-1).key
    ended = [d.model_copy(update={"valid_to": last}) if d.unit_code == unit else d for d in duties]
    kept = [d for d in ended if d.unit_code != unit or d.valid_from <= last]
    return (*kept, *taken_over(duties, unit, others, since))
