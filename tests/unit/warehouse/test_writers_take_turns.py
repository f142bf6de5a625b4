"""On a server several programs compute at once: each theme in a transaction of its own, one after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
import sqlalchemy as sa
from ledger_world import Ledger

from g60pipeline.contracts.project import load_project
from g60pipeline.operations.compute import update_indicators
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse, WarehouseError
from g60pipeline.warehouse.ledger import append_accepted

MONTHS = ("2021-11", "2021-12")
SENT = datetime(2022, 1, 3)
TWICE = """
SELECT count(*) FROM (
  SELECT 1 FROM mart.indicator_vintage WHERE known_to IS NULL
  GROUP BY indicator_id, period, time_basis, level, subject_code, dimension, dimension_code, boundaries
  HAVING count(*) > 1
) AS twice
"""


def _limited(url: str) -> str:
    """Whoever waits for ever is told so by the server: a lock that a transaction of our own holds is no deadlock to it."""
    return sa.make_url(url).update_query_dict({"options": "-c statement_timeout=60s"}).render_as_string()


def _fill(ledger: Ledger) -> None:
    for unit in ("310117001", "310117102"):
        for month in MONTHS:
            number = ledger.submit(unit, SENT, "accepted", month, ["unit_summary"])
            ledger.stage(number, "unit_summary", unit, {"member_count": 100}, period=month)
            with ledger.warehouse.transaction() as connection:
                append_accepted(connection, ledger.warehouse, "unit_summary", [number])


def test_two_programs_compute_everything_at_once(postgres_url: str) -> None:
    project = load_project(find_project_root())
    with Warehouse(_limited(postgres_url), project) as one, Warehouse(_limited(postgres_url), project) as two:
        one.create()
        _fill(Ledger(one))
        with ThreadPoolExecutor() as pool:
            both = [pool.submit(update_indicators, warehouse, MONTHS) for warehouse in (one, two)]
            done = [{item.theme: item for item in future.result()} for future in both]
        assert set(done[0]) == set(done[1]) == {file.theme for file in project.indicator_files}
        # Who comes second finds every value as it is.
        for theme in done[0]:
            assert 0 in (done[0][theme].changed_count, done[1][theme].changed_count)
        assert (
            sum(item.changed_count for item in done[0].values())
            + sum(item.changed_count for item in done[1].values())
            == one.read("SELECT count(*) FROM mart.indicator_vintage").iat[0, 0]
        )
        assert one.read(TWICE).iat[0, 0] == 0
        assert all(not item.months for item in update_indicators(two, MONTHS))


def test_a_second_transaction_within_the_first_does_not_hang_for_ever(postgres_url: str) -> None:
    url = sa.make_url(postgres_url).update_query_dict({"options": "-c statement_timeout=1s"})
    with Warehouse(url.render_as_string(), load_project(find_project_root())) as warehouse:
        warehouse.create()
        with warehouse.transaction(), pytest.raises(WarehouseError), warehouse.transaction():
            pass
