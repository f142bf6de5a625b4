"""What the statements read beside the rows in force: marts, units on the boundaries asked for, months, who owes what.

`create_world` of the warehouse has made `was_<form>`, `run_in_force`, `run_today` and the dimensions on the connection.
From them come `was_<mart>`, and `run_<form>` and `run_<mart>`: the same rows under the units that are asked for, with
`unit_weight`, the share of a row that is the unit's; `run_cluster_place`, `run_return`, `run_period`.

Belongs here: statements, built once per world. Not here: windows and figures (units.py, measures.py), running them.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlglot
from sqlglot import exp

from g60pipeline.contracts.indicators import Mart
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.compile import Dialect
from g60pipeline.indicators.fragments import DIALECT
from g60pipeline.indicators.marts import marts_in_order, parse_mart
from g60pipeline.indicators.relations import CLUSTER_COLUMN, find_relation
from g60pipeline.indicators.templates import fill

_LATEST = "_latest"
# What marts read that is no form's rows, and its name in the world.
_LEDGER = {
    "core.latest_submission": "run_in_force",
    "core.obligation": "run_obligation",
    "core.unit": "run_unit",
    "core.unit_link": "run_unit_link",
    "core.cluster": "run_cluster",
    "core.cluster_host": "run_cluster_host",
    "core.code": "run_code",
    "ops.verdict": "run_verdict",
    "ops.submission": "run_submission",
}
_AS_WAS = "SELECT w.*, 1 AS unit_weight FROM :was AS w"
_ROWS = """
SELECT :columns, COALESCE(n.weight, 1) AS unit_weight
FROM :was AS w
LEFT JOIN run_today AS n ON n.from_unit_code = w.reporting_unit_code AND n.cluster_code = ''
"""
# A cluster's rows go where the cluster went, if its host of the time reported them; the others go with their unit.
_CLUSTER_ROWS = """
SELECT :columns, COALESCE(m.weight, n.weight, 1) AS unit_weight
FROM :was AS w
LEFT JOIN run_today AS m ON m.from_unit_code = w.reporting_unit_code AND m.cluster_code = w.cluster_code
LEFT JOIN run_today AS n ON n.from_unit_code = w.reporting_unit_code AND n.cluster_code = '' AND m.to_unit_code IS NULL
"""
_RETURN = """
SELECT o.reporting_unit_code, o.form, o.month_index, CASE WHEN s.submission_id IS NULL THEN 0 ELSE 1 END AS is_received
FROM run_obligation AS o
LEFT JOIN run_in_force AS s
  ON s.reporting_unit_code = o.reporting_unit_code AND s.form = o.form AND s.period = o.period
"""
# A unit of today has reported when all have whose rows it took: units that it follows, hosts of clusters that it got.
_RETURN_AS_NOW = """
SELECT c.reporting_unit_code, c.form, c.month_index, MIN(c.is_received) AS is_received
FROM (
  SELECT COALESCE(n.to_unit_code, r.reporting_unit_code) AS reporting_unit_code, r.form, r.month_index, r.is_received
  FROM was_return AS r
  LEFT JOIN run_today AS n ON n.from_unit_code = r.reporting_unit_code AND n.cluster_code = ''
  UNION ALL
  SELECT m.to_unit_code, r.form, r.month_index, r.is_received
  FROM was_return AS r
  JOIN run_today AS m ON m.from_unit_code = r.reporting_unit_code AND m.cluster_code <> ''
  JOIN run_cluster_host AS h ON h.cluster_code = m.cluster_code AND h.host_unit_code = m.from_unit_code
  JOIN core.period AS p ON p.month_index = r.month_index
  WHERE r.form IN :cluster_forms
    AND (COALESCE(h.valid_from, '') = '' OR h.valid_from <= CAST(p.end_date AS TEXT))
    AND (COALESCE(h.valid_to, '') = '' OR h.valid_to >= CAST(p.end_date AS TEXT))
) AS c
GROUP BY c.reporting_unit_code, c.form, c.month_index
"""
_PLACE = "SELECT h.cluster_code, h.host_unit_code, h.valid_from, h.valid_to FROM run_cluster_host AS h"
_PLACE_AS_NOW = """
SELECT h.cluster_code, COALESCE(m.to_unit_code, n.to_unit_code, h.host_unit_code) AS host_unit_code,
       h.valid_from, h.valid_to
FROM run_cluster_host AS h
LEFT JOIN run_today AS m ON m.from_unit_code = h.host_unit_code AND m.cluster_code = h.cluster_code
LEFT JOIN run_today AS n ON n.from_unit_code = h.host_unit_code AND n.cluster_code = '' AND m.to_unit_code IS NULL
"""
_PERIOD = "SELECT period, month_index, year_start_index FROM core.period WHERE period IN :periods"


def rename_relations(tree: exp.Expr, names: dict[str, str]) -> exp.Expr:
    """Replace tables (`schema.name`) by those of the world; their aliases stay, and a table without one gets its name."""
    for table in list(tree.find_all(exp.Table)):
        new = names.get(f"{table.db}.{table.name}")
        if new is not None:
            table.replace(exp.alias_(exp.table_(new), table.alias_or_name, table=True))
    return tree


def world_names(project: Project) -> dict[str, str]:
    """Return what marts read, as `schema.name`, and its name in the world, on the boundaries of its time."""
    forms = {f"core.{form}{_LATEST}": f"was_{form}" for form in project.forms}
    return {**_LEDGER, **forms, **{f"mart.{mart}": f"was_{mart}" for mart in project.marts}}


def _mart(project: Project, mart: Mart) -> exp.Expr:
    return rename_relations(parse_mart(mart), world_names(project))


def _rows(project: Project, name: str, is_as_now: bool) -> exp.Expr:
    was = exp.table_(f"was_{name}")
    if not is_as_now:
        return fill(_AS_WAS, was=was)
    relation = find_relation(project, name)
    targets = ["n.to_unit_code", "w.reporting_unit_code"]
    if relation.has_clusters:
        targets.insert(0, "m.to_unit_code")
    unit = sqlglot.parse_one(f"COALESCE({', '.join(targets)}) AS reporting_unit_code", dialect=DIALECT)
    columns: list[exp.Expr] = [unit]
    columns += [exp.column(column, "w") for column in relation.columns if column != "reporting_unit_code"]
    select = fill(_CLUSTER_ROWS if relation.has_clusters else _ROWS, was=was, columns=exp.null())
    assert isinstance(select, exp.Select)
    return select.select(*columns, select.expressions[-1], append=False, copy=False)


def world_statements(project: Project, dialect: Dialect, is_as_now: bool = False) -> tuple[str, ...]:
    """Return the statements that complete a world, to be run once on its connection, before any month is asked for."""
    relations: dict[str, exp.Expr] = {
        f"was_{mart.name}": _mart(project, mart) for mart in marts_in_order(project)
    }
    relations |= {f"run_{name}": _rows(project, name, is_as_now) for name in (*project.forms, *project.marts)}
    relations["run_cluster_place"] = fill(_PLACE_AS_NOW if is_as_now else _PLACE)
    tables: dict[str, exp.Expr] = {"was_return": fill(_RETURN)}
    clustered = [form for form in project.forms if CLUSTER_COLUMN in find_relation(project, form).columns]
    as_now = fill(_RETURN_AS_NOW, cluster_forms=clustered)
    tables["run_return"] = as_now if is_as_now else exp.select("*").from_("was_return")
    cascade = " CASCADE" if dialect == "postgres" else ""
    drops = [f"DROP VIEW IF EXISTS {name}{cascade}" for name in reversed(relations)]
    drops += [f"DROP TABLE IF EXISTS {name}{cascade}" for name in tables]
    views = [
        f"CREATE TEMPORARY VIEW {name} AS {tree.sql(dialect=dialect)}" for name, tree in relations.items()
    ]
    made = [f"CREATE TEMPORARY TABLE {name} AS {tree.sql(dialect=dialect)}" for name, tree in tables.items()]
    return (*drops, *views, *made)


def period_statements(periods: Sequence[Period], dialect: Dialect) -> tuple[str, ...]:
    """Return the statements that ask for months, in place of those asked for before."""
    asked = fill(_PERIOD, periods=[period.key for period in periods])
    return (
        "DROP TABLE IF EXISTS run_period",
        f"CREATE TEMPORARY TABLE run_period AS {asked.sql(dialect=dialect)}",
    )
