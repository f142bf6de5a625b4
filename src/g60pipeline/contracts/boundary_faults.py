"""What cannot be right about units, their links, clusters' hosts and duties, taken together.

Belongs here: dates and parents against one another. Not here: any one file's shape (boundaries, codelists).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from g60pipeline.contracts.boundaries import ClusterHost, UnitLink, ancestors
from g60pipeline.contracts.codelists import Code, CodeList, Obligation
from g60pipeline.contracts.periods import Period

_EVER, _FOREVER = "0001-01-01", "9999-12-31"
_LINKS, _HOSTS, _DUTIES = "unit_links.csv", "cluster_hosts.csv", "obligations.csv"


def find_boundary_faults(
    code_lists: Mapping[str, CodeList],
    obligations: Sequence[Obligation],
    links: Sequence[UnitLink],
    hosts: Sequence[ClusterHost],
) -> list[str]:
    """Return what is wrong and what to do, a line each."""
    no_dates = list(_impossible_dates(links, hosts))
    if no_dates:
        return no_dates
    units, clusters = code_lists["units"], code_lists["clusters"].codes
    return [
        *_link_faults(links, units),
        *(fault for cluster in clusters for fault in _host_faults(cluster, hosts, units)),
        *_late_duties(obligations, links),
        *_homeless_duties(obligations, units),
    ]


def _impossible_dates(links: Sequence[UnitLink], hosts: Sequence[ClusterHost]) -> Iterator[str]:
    named = [(f"{_LINKS}: {link.from_unit} to {link.to_unit}", link.valid_from) for link in links]
    named += [
        (f"{_HOSTS}: {host.cluster_code} at {host.host_unit}", day)
        for host in hosts
        for day in (host.valid_from, host.valid_to)
        if day
    ]
    for name, day in named:
        try:
            date.fromisoformat(day)
        except ValueError:
            yield f"{name}: {day} is no date; write it as 2022-01-01"


def _next_day(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _link_faults(links: Sequence[UnitLink], units: CodeList) -> Iterator[str]:
    first = {link.from_unit: link for link in reversed(links)}
    for link in links:
        name, day = f"{_LINKS}: {link.from_unit} to {link.to_unit}", link.valid_from
        before, after = units.by_code[link.from_unit], units.by_code[link.to_unit]
        if day != first[link.from_unit].valid_from:
            yield f"{name}: begins on {day}, another link of the unit on another day; a unit ends once, date them alike"
        if day <= before.valid_from:
            yield f"{name}: begins on {day}, but the unit itself only on {before.valid_from}; mend one of the dates"
        if not before.valid_to or _next_day(before.valid_to) != day:
            yield (
                f"{name}: from {day} on {link.from_unit} is no more; units.csv must end it the day before (valid_to), "
                f"it says {before.valid_to or 'nothing'}"
            )
        if not after.valid_from <= day <= (after.valid_to or _FOREVER):
            yield f"{name}: on {day} {link.to_unit} is not valid; mend its dates in units.csv or the link's"


def _host_faults(cluster: Code, hosts: Sequence[ClusterHost], units: CodeList) -> Iterator[str]:
    """Walk through the cluster's hosts from its first day to its last, the present one at the end."""
    former = sorted((h for h in hosts if h.cluster_code == cluster.code), key=lambda h: h.valid_to)
    since = cluster.valid_from or _EVER
    for place, host in enumerate(former):
        name = f"{_HOSTS}: {cluster.code} at {host.host_unit}"
        begins = max(host.valid_from or _EVER, since) if place == 0 else host.valid_from or _EVER
        if begins != since:
            fault = "overlaps the host before it" if begins < since else "leaves days without a host"
            yield f"{name}: {fault}; valid_from must be {since}, not {host.valid_from or 'blank'}"
        if host.valid_to < begins:
            yield f"{name}: ends on {host.valid_to}, before it begins; mend one of the dates"
        yield from _absent_host(name, units.by_code[host.host_unit], begins, host.valid_to)
        since = _next_day(host.valid_to)
    present, end = cluster.attributes["host_unit"], cluster.valid_to or _FOREVER
    if since > end:
        yield f"{_HOSTS}: {cluster.code} ends on {end}, before {present} hosts it; clusters.csv must name the last host"
    elif present in units.by_code:
        yield from _absent_host(
            f"clusters.csv: {cluster.code} at {present}", units.by_code[present], since, end
        )


def _absent_host(name: str, unit: Code, first: str, last: str) -> Iterator[str]:
    starts, ends = unit.valid_from or _EVER, unit.valid_to or _FOREVER
    if starts > first or ends < last:
        yield f"{name}: the unit does not exist all the time; name the host of that time in cluster_hosts.csv"


def _late_duties(obligations: Sequence[Obligation], links: Sequence[UnitLink]) -> Iterator[str]:
    last_month = {link.from_unit: Period.parse(link.valid_from[:7]).plus(-1).key for link in links}
    for duty in obligations:
        last = last_month.get(duty.unit_code)
        if last is not None and (not duty.valid_to or duty.valid_to > last):
            yield f"{_DUTIES}: {duty.unit_code} owes {duty.form} after it went into another unit; set valid_to to {last}"


def _homeless_duties(obligations: Sequence[Obligation], units: CodeList) -> Iterator[str]:
    has_several = len(units.codes_where("kind", "district")) > 1
    wanted = ("district", "city", "corridor") if has_several else ("district",)
    for unit in dict.fromkeys(duty.unit_code for duty in obligations):
        if unit not in units.by_code:
            yield f"{_DUTIES}: {unit} owes returns but is no unit; add it to units.csv"
            continue
        above = ancestors(unit, units)
        lacking = [kind for kind in wanted if kind not in above]
        if lacking:
            yield (
                f"{_DUTIES}: {unit} owes returns but has no {' and no '.join(lacking)} above it; "
                "its parents in units.csv must lead there"
            )
