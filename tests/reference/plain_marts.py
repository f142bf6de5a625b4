"""The marts of `assets/marts/`, built again in plain Python from the rows in force."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pandas as pd
from plain_sql import Row

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project

Frames = dict[str, pd.DataFrame]
Place = tuple[str, str, int]
_BEIJING = timedelta(hours=8)


def _records(frame: pd.DataFrame) -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _frame(project: Project, mart: str, rows: list[Row]) -> pd.DataFrame:
    columns = [*project.marts[mart].columns, "unit_weight", "row_id"]
    return pd.DataFrame([[row[name] for name in columns] for row in rows], columns=columns, dtype=object)


def _chain_supply(forms: Frames) -> list[Row]:
    register = {
        (row["period"], row["cluster_code"], row["enterprise_uscc"])
        for row in _records(forms["cluster_enterprise"])
        if None not in (row["cluster_code"], row["enterprise_uscc"])
    }
    found: list[Row] = []
    for row in _records(forms["chain_cooperation"]):
        place = (row["period"], row["cluster_code"])
        if (*place, row["receiver_uscc"]) in register:
            found.append(row | {"is_inside_cluster": (*place, row["supplier_uscc"]) in register})
    return found


def _cluster_output(forms: Frames) -> list[Row]:
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in _records(forms["cluster_enterprise"]):
        groups[row["reporting_unit_code"], row["period"], row["cluster_code"]].append(row)
    found: list[Row] = []
    for rows in groups.values():
        outputs = [row["output_wan_yuan_ytd"] for row in rows if row["output_wan_yuan_ytd"] is not None]
        found.append(
            rows[0]
            | {
                "enterprise_count": Fraction(len(rows)),
                "unreported_count": Fraction(len(rows) - len(outputs)),
                "output_wan_yuan_ytd": sum(outputs, Fraction(0)) if outputs else None,
            }
        )
    return found


def _newly_covered(row: Row) -> bool | None:
    joined, period = row["joined_on"], Period.parse(row["period"])
    this_year = None if joined is None else joined.year == period.year and joined <= period.end
    answers = (row["has_organisation"], this_year)
    if False in answers:
        return False
    return None if None in answers else True


def _cluster_register(forms: Frames) -> list[Row]:
    return [row | {"is_newly_covered": _newly_covered(row)} for row in _records(forms["cluster_enterprise"])]


def _service_duration(project: Project, forms: Frames) -> list[Row]:
    kinds = project.code_lists["service_kinds"].by_code
    found: list[Row] = []
    for row in _records(forms["service_case"]):
        hours = promised = within = None
        if row["accepted_at"] is not None and row["completed_at"] is not None:
            took = row["completed_at"] - row["accepted_at"]
            hours = Fraction(took // timedelta(microseconds=1)) / 3_600_000_000
        if row["service_kind"] in kinds:
            promised = Fraction(kinds[row["service_kind"]].attributes["promised_hours"])
        if hours is not None and promised is not None:
            within = hours <= promised
        found.append(row | {"duration_hours": hours, "promised_hours": promised, "is_within_promise": within})
    return found


def _return_status(project: Project, owed: set[Place], reported: set[Place], returns: list[Row]) -> list[Row]:
    forms: dict[tuple[str, int], set[str]] = defaultdict(set)
    for unit, form, index in owed:
        forms[unit, index].add(form)
    came: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in returns:
        came[row["unit"], row["period"]].append(row)
    found: list[Row] = []
    for (unit, index), names in forms.items():
        period = Period(index // 12, index % 12 + 1)
        is_complete = all((unit, form, index) in reported for form in names)
        state = _return_state(_due(project, unit, period), came[unit, period.key])
        place: Row = {"reporting_unit_code": unit, "period": period.key, "month_index": index}
        place |= {"unit_weight": Fraction(1), "row_id": ("return", unit, index)}
        found.append(place | state | {"is_complete": is_complete})
    return found


def _due(project: Project, unit: str, period: Period) -> date:
    days = [
        duty.due_day for duty in project.obligations if duty.unit_code == unit and duty.is_owed_in(period)
    ]
    return period.plus(1).start.replace(day=max(days))


def _return_state(due: date, rows: list[Row]) -> Row:
    accepted = [row["received_at"] for row in rows if row["status"] == "accepted"]
    return {
        "due_date": due,
        "is_received": bool(rows),
        "is_accepted": bool(accepted),
        "is_returned": any(row["status"] in ("returned", "awaiting_explanation") for row in rows),
        "is_on_time": bool(accepted) and (min(accepted) + _BEIJING).date() <= due,
    }


def build_marts(
    project: Project, forms: Frames, owed: set[Place], reported: set[Place], returns: list[Row]
) -> Frames:
    """Build the marts that indicators read."""
    built = {
        "chain_supply": _chain_supply(forms),
        "cluster_output": _cluster_output(forms),
        "cluster_register": _cluster_register(forms),
        "return_status": _return_status(project, owed, reported, returns),
        "service_duration": _service_duration(project, forms),
    }
    return {name: _frame(project, name, rows) for name, rows in built.items()}
