"""Dimensions written from the code lists: codes, units, clusters, months, obligations.

Belongs here: their rows. They follow the code lists, which are dated and under version control, so they are replaced.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from g60pipeline.contracts.codelists import Obligation
from g60pipeline.contracts.deadlines import deadlines_of
from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project

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
    for code in project.code_lists["units"].codes:
        yield {
            "unit_code": code.code,
            "label_zh": code.label_zh,
            "label_en": code.label_en,
            "kind": code.attributes["kind"],
            "parent_code": code.attributes["parent"] or None,
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


def write_dimensions(connection: sa.Connection, metadata: sa.MetaData, project: Project) -> None:
    """Replace the rows of all dimensions, within the caller's transaction."""
    from g60pipeline.warehouse.engine import append_rows

    rows = {
        "core.code": _codes(project),
        "core.unit": _units(project),
        "core.cluster": _clusters(project),
        "core.period": _periods(),
        "core.obligation": _obligations(project),
    }
    for name, values in rows.items():
        table = metadata.tables[name]
        connection.execute(sa.delete(table))
        append_rows(connection, table, list(values))
