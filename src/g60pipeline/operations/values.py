"""Values and rows at one of the three times: latest, as of an instant, as published in a release.

Belongs here: the question in Python. Not here: the SQL behind it (warehouse.views).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from g60pipeline.warehouse.engine import Warehouse


def read_indicator_values(
    warehouse: Warehouse,
    indicator_id: str,
    period: str,
    *,
    as_of: datetime | None = None,
    release_id: str | None = None,
    is_as_now: bool = False,
) -> pd.DataFrame:
    """Return an indicator's values of a month: the latest, those known at an instant (UTC without a zone), or released.

    `is_as_now`: on today's boundaries, of the latest values. ValueError where more than one time is asked for,
    WarehouseError where there is no such release.
    """
    if is_as_now and (as_of is not None or release_id is not None):
        raise ValueError("ask for one of: an instant, a release, today's boundaries")
    latest = "mart.indicator_value_as_now" if is_as_now else "mart.indicator_value"
    source, parameters = _at(warehouse, latest, "mart.indicator_value", as_of, release_id)
    parameters |= {"indicator": indicator_id, "period": period}
    query = f"SELECT * FROM {source} WHERE indicator_id = :indicator AND period = :period"
    # Sorted here, as a server sorts texts by the rules of its language.
    order = ["time_basis", "level", "subject_code", "dimension", "dimension_code"]
    return warehouse.read(query, parameters).sort_values(order, ignore_index=True)


def read_rows(
    warehouse: Warehouse,
    name: str,
    period: str,
    *,
    as_of: datetime | None = None,
    release_id: str | None = None,
) -> pd.DataFrame:
    """Return the rows of a month of a form, a mart or a scorecard, at one of the three times, as `read_indicator_values`.

    Of a dimension that has no months all rows. KeyError for a name that is none of them.
    """
    from g60pipeline.warehouse.tables import DIMENSIONS

    project = warehouse.project
    if name in project.forms:
        latest, base = f"core.{name}_latest", f"core.{name}"
    elif name in project.marts or name in {scorecard.name for scorecard in project.scorecards}:
        latest = base = f"mart.{name}"
    elif name in DIMENSIONS:
        latest = base = f"core.{name}"
    else:
        raise KeyError(name)
    source, parameters = _at(warehouse, latest, base, as_of, release_id)
    if name in DIMENSIONS and "period" not in warehouse.table(f"core.{name}").c:
        return warehouse.read(f"SELECT * FROM {source}", parameters)
    return warehouse.read(f"SELECT * FROM {source} WHERE period = :period", {**parameters, "period": period})


def _at(
    warehouse: Warehouse, latest: str, base: str, as_of: datetime | None, release_id: str | None
) -> tuple[str, dict[str, Any]]:
    """Return what to select from at the time asked for, and its parameters."""
    from g60pipeline.warehouse.releases import find_release

    if as_of is not None and release_id is not None:
        raise ValueError("ask for an instant or for a release, not for both")
    if as_of is not None:
        return f"{base}_as_of(:instant)", {"instant": as_of}
    if release_id is not None:
        find_release(warehouse, release_id)
        return f"{base}_in_release(:release)", {"release": release_id}
    return latest, {}
