"""How units and clusters' hosts changed: dated, weighted links between units, and dated hosts.

Belongs here: reading `unit_links.csv` and `cluster_hosts.csv`, and where a unit or a cluster is today. Not here: what is
made of it in SQL (warehouse, indicators).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field as Attr
from pydantic import ValidationError

from g60pipeline.contracts.base import ContractError, Model
from g60pipeline.contracts.codelists import CodeList
from g60pipeline.contracts.periods import Period

_DATE = r"^\d{4}-\d{2}-\d{2}$"
M = TypeVar("M", bound=Model)


class UnitLink(Model):
    """From `valid_from` on (an ISO date) `to_unit` stands for `weight` of what `from_unit` was."""

    from_unit: str
    to_unit: str
    kind: Literal["merge", "split", "rename"]
    valid_from: str = Attr(pattern=_DATE)
    weight: float = Attr(gt=0, le=1)


class ClusterHost(Model):
    """A unit that hosted a cluster from `valid_from` to `valid_to` (ISO dates, inclusive; blank from means ever)."""

    cluster_code: str
    host_unit: str
    valid_from: str = ""
    valid_to: str = Attr(pattern=_DATE)


def _read(path: Path, model: type[M]) -> tuple[M, ...]:
    if not path.exists():
        return ()
    rows: list[M] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            try:
                rows.append(model.model_validate(row))
            except ValidationError as error:
                fault = error.errors()[0]
                raise ContractError(f"{path}:{reader.line_num}: {fault['loc'][0]}: {fault['msg']}") from error
    return tuple(rows)


def _shares(links: Sequence[UnitLink]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for link in links:
        shares[link.from_unit] = shares.get(link.from_unit, 0) + link.weight
    return shares


def read_unit_links(path: Path, units: CodeList) -> tuple[UnitLink, ...]:
    """Read how units changed; ContractError for unknown units, weights of a unit that are not 1 in sum, circles."""
    links = _read(path, UnitLink)
    faults = [
        f"{path}: {code} is no unit"
        for link in links
        for code in (link.from_unit, link.to_unit)
        if code not in units.by_code
    ]
    faults += [
        f"{path}: the weights of {unit} add up to {share:g}, not to 1"
        for unit, share in _shares(links).items()
        if abs(share - 1) > 1e-9
    ]
    faults += [f"{path}: {unit} comes back to itself" for unit in _circles(links)]
    if faults:
        raise ContractError("\n".join(faults))
    return links


def _circles(links: Sequence[UnitLink]) -> list[str]:
    followers: dict[str, set[str]] = {}
    for link in links:
        followers.setdefault(link.from_unit, set()).add(link.to_unit)
    found: list[str] = []
    for start in followers:
        seen: set[str] = set()
        waiting = set(followers[start])
        while waiting:
            unit = waiting.pop()
            if unit not in seen:
                seen.add(unit)
                waiting |= followers.get(unit, set())
        if start in seen:
            found.append(start)
    return found


def read_cluster_hosts(path: Path, clusters: CodeList, units: CodeList) -> tuple[ClusterHost, ...]:
    """Read the former hosts of clusters; the present one stands in the list of clusters."""
    hosts = _read(path, ClusterHost)
    faults = [
        f"{path}: {host.cluster_code} is no cluster"
        for host in hosts
        if host.cluster_code not in clusters.by_code
    ]
    faults += [
        f"{path}: {host.host_unit} is no unit" for host in hosts if host.host_unit not in units.by_code
    ]
    if faults:
        raise ContractError("\n".join(faults))
    return hosts


def units_today(unit: str, links: Iterable[UnitLink]) -> dict[str, float]:
    """Return where a unit is today, with weights that add up to 1; itself where it never changed."""
    followers = [link for link in links if link.from_unit == unit]
    if not followers:
        return {unit: 1.0}
    today: dict[str, float] = {}
    for link in followers:
        for code, weight in units_today(link.to_unit, links).items():
            today[code] = today.get(code, 0) + weight * link.weight
    return today


def host_in(cluster: str, period: Period, hosts: Iterable[ClusterHost], present_host: str) -> str:
    """Return the unit that hosted the cluster at the end of the period."""
    end = period.end.isoformat()
    for host in hosts:
        if host.cluster_code == cluster and host.valid_from <= end <= host.valid_to:
            return host.host_unit
    return present_host


def ancestors(unit: str, units: CodeList) -> dict[str, str]:
    """Return the unit's district, city and corridor, by kind, as far as the list names them; itself included."""
    found: dict[str, str] = {}
    code = unit
    while code in units.by_code and code not in found.values():
        attributes = units.by_code[code].attributes
        found.setdefault(attributes["kind"], code)
        code = attributes["parent"]
    return found
