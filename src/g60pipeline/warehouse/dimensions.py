"""Dimensions written from the code lists: codes, units, clusters, months, obligations.

Belongs here: their rows. They follow the code lists, so they are replaced; what they said before stays in their history.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.boundaries import ancestors
from g60pipeline.contracts.codelists import Obligation
from g60pipeline.contracts.deadlines import deadlines_of
from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project
from g60pipeline.warehouse.loading import append_rows
from g60pipeline.warehouse.tables import DIMENSIONS

FIRST_PERIOD = Period(2014, 1)  # a year before the first return, for growth on reported bases
LAST_PERIOD = Period(2030, 12)


def _codes(project: Project) -> Iterator[dict[str, Any]]:
    for code_list in project.code_lists.values():
        for code in code_list.codes:
            yield {
                "code_list": code_list.name,
                "code": code.code,
                "label_zh": code.label_zh,
                "label_en": code.label_en,
                "valid_from": code.valid_from or None,
                "valid_to": code.valid_to or None,
                "attributes": code.attributes,
            }


def _units(project: Project) -> Iterator[dict[str, Any]]:
    units = project.code_lists["units"]
    for code in units.codes:
        above = ancestors(code.code, units)
        yield {
            "unit_code": code.code,
            "label_zh": code.label_zh,
            "label_en": code.label_en,
            "kind": code.attributes["kind"],
            "parent_code": code.attributes["parent"] or None,
            "district_code": above.get("district"),
            "city_code": above.get("city"),
            "corridor_code": above.get("corridor"),
            "valid_from": code.valid_from or None,
            "valid_to": code.valid_to or None,
        }


def _clusters(project: Project) -> Iterator[dict[str, Any]]:
    for code in project.code_lists["clusters"].codes:
        yield {
            "cluster_code": code.code,
            "label_zh": code.label_zh,
            "label_en": code.label_en,
            "organisation_form": code.attributes["organisation_form"],
            "host_unit_code": code.attributes["host_unit"],
            "strategic_industry": code.attributes["strategic_industry"],
            "valid_from": code.valid_from or None,
            "valid_to": code.valid_to or None,
        }


def _unit_links(project: Project) -> Iterator[dict[str, Any]]:
    for link in project.unit_links:
        yield {
            "from_unit_code": link.from_unit,
            "to_unit_code": link.to_unit,
            "kind": link.kind,
            "valid_from": link.valid_from,
            "weight": link.weight,
        }


def _cluster_hosts(project: Project) -> Iterator[dict[str, Any]]:
    """Hosts of every cluster: the former ones with their dates, then the present one from the day after."""
    for code in project.code_lists["clusters"].codes:
        former = sorted(
            (host for host in project.cluster_hosts if host.cluster_code == code.code),
            key=lambda host: host.valid_to,
        )
        for host in former:
            yield {
                "cluster_code": code.code,
                "host_unit_code": host.host_unit,
                "valid_from": max(host.valid_from, code.valid_from),
                "valid_to": host.valid_to,
            }
        since = (
            (date.fromisoformat(former[-1].valid_to) + timedelta(days=1)).isoformat()
            if former
            else code.valid_from
        )
        yield {
            "cluster_code": code.code,
            "host_unit_code": code.attributes["host_unit"],
            "valid_from": since,
            "valid_to": code.valid_to or None,
        }


def _periods() -> Iterator[dict[str, Any]]:
    for period in period_range(FIRST_PERIOD, LAST_PERIOD):
        yield {
            "period": period.key,
            "month_index": period.month_index,
            "year_start_index": Period(period.year, 1).month_index,
            "start_date": period.start,
            "end_date": period.end,
        }


def _obligation(obligation: Obligation, period: Period) -> dict[str, Any]:
    days = deadlines_of(obligation, period)
    return {
        "reporting_unit_code": obligation.unit_code,
        "form": obligation.form,
        "period": period.key,
        "month_index": period.month_index,
        "due_date": days.due,
        "grace_end_date": days.grace_end,
        "lock_date": days.lock,
    }


def _obligations(project: Project) -> Iterator[dict[str, Any]]:
    for obligation in project.obligations:
        for period in period_range(FIRST_PERIOD, LAST_PERIOD):
            if obligation.is_owed_in(period):
                yield _obligation(obligation, period)


def dimension_rows(project: Project) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every dimension that follows the code lists, by name."""
    return {
        "code": list(_codes(project)),
        "unit": list(_units(project)),
        "unit_link": list(_unit_links(project)),
        "cluster": list(_clusters(project)),
        "cluster_host": list(_cluster_hosts(project)),
        "obligation": list(_obligations(project)),
    }


def write_dimensions(connection: sa.Connection, metadata: sa.MetaData, project: Project) -> None:
    """Replace the rows of all dimensions and keep in their histories what changed, within the caller's transaction."""
    now = datetime.now(UTC).replace(tzinfo=None)
    for name, rows in {**dimension_rows(project), "period": list(_periods())}.items():
        table = metadata.tables[f"core.{name}"]
        connection.execute(sa.delete(table))
        append_rows(connection, table, rows)
        if name in DIMENSIONS:
            _keep_history(connection, table, metadata.tables[f"core.{name}_history"], now)


def _keep_history(connection: sa.Connection, table: sa.Table, history: sa.Table, now: datetime) -> None:
    """Close what the dimension says no longer, and open what it says anew."""
    # PostgreSQL cannot compare JSON, but the texts that it is written as.
    pairs = [(sa.cast(history.c[c.name], sa.Text()), sa.cast(c, sa.Text())) for c in table.columns]
    same = sa.and_(history.c.known_to.is_(None), *(one.is_not_distinct_from(other) for one, other in pairs))
    still = sa.exists(sa.select(sa.literal(1)).select_from(table).where(same))
    connection.execute(sa.update(history).where(history.c.known_to.is_(None), ~still).values(known_to=now))
    known = sa.exists(sa.select(sa.literal(1)).select_from(history).where(same))
    names = [*table.columns.keys(), "known_from"]
    new = sa.select(*table.columns, sa.literal(now, sa.DateTime())).where(~known)
    connection.execute(sa.insert(history).from_select(names, new))
