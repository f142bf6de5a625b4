"""Which units count for which window: months asked for, units expected, units reporting in every month that they owe.

Belongs here: the temporary tables of expected units, one per kind of window, shared by all indicators that look through
it, and the first CTEs of a statement. Not here: what they read (world.py), figures (measures.py).
"""

from __future__ import annotations

from hashlib import sha256

from sqlglot import exp

from g60pipeline.indicators.plan import AREA_COLUMNS, Plan
from g60pipeline.indicators.templates import fill

WEIGHT_MONTHS = 12

_MONTHS = """
SELECT p.period, p.month_index, :first AS first_index, :base_first AS base_first_index, :base_last AS base_last_index,
       NOT r.period IS NULL AS is_requested
FROM core.period AS p LEFT JOIN run_period AS r ON r.period = p.period
WHERE :reach
"""
_REQUESTED = "NOT r.period IS NULL"
_UP_TO_REQUESTED = "p.month_index <= (SELECT MAX(q.month_index) FROM run_period AS q)"
_YEAR_UP_TO_REQUESTED = """
EXISTS (SELECT 1 FROM run_period AS q WHERE p.month_index BETWEEN q.month_index - :weight_months AND q.month_index)
"""

_OWING_FORMS = """
SELECT reporting_unit_code, month_index, MIN(is_received) AS is_received
FROM run_return WHERE form IN :forms GROUP BY reporting_unit_code, month_index HAVING COUNT(*) = :form_count
"""
_OWING_FORMS_AS_REPORTER = """
SELECT reporting_unit_code, month_index, MIN(is_received) AS is_received
FROM run_return WHERE form IN :forms AND (reporting_unit_code IN :reporters OR reporting_unit_code IN (
  SELECT t.to_unit_code FROM run_today AS t WHERE t.from_unit_code IN :reporters AND t.cluster_code = ''))
GROUP BY reporting_unit_code, month_index HAVING COUNT(*) = :form_count
"""
# The house's own ledger knows every unit that owes anything, whether it has reported or not.
_OWING_ANYTHING = "SELECT DISTINCT reporting_unit_code, month_index, 1 AS is_received FROM run_return"

_PRESENT = """
SELECT m.period, m.month_index, m.first_index, m.base_first_index, m.base_last_index, m.is_requested,
       o.reporting_unit_code, MIN(o.is_received) AS is_present
FROM months AS m JOIN owing AS o ON o.month_index BETWEEN m.first_index AND m.month_index
GROUP BY m.period, m.month_index, m.first_index, m.base_first_index, m.base_last_index, m.is_requested,
         o.reporting_unit_code
HAVING MAX(o.month_index) = m.month_index
"""
_BASE = """
SELECT m.period, o.reporting_unit_code, MIN(o.is_received) AS is_present
FROM months AS m JOIN owing AS o ON o.month_index BETWEEN m.base_first_index AND m.base_last_index
GROUP BY m.period, m.base_last_index, o.reporting_unit_code
HAVING MAX(o.month_index) = m.base_last_index
"""
_EXPECTED = """
SELECT p.*, n.district_code, n.city_code, n.corridor_code, p.is_present AS is_matched
FROM present AS p JOIN run_unit AS n ON n.unit_code = p.reporting_unit_code
"""
_EXPECTED_WITH_BASE = """
SELECT p.*, n.district_code, n.city_code, n.corridor_code, p.is_present * COALESCE(b.is_present, 0) AS is_matched
FROM present AS p
JOIN run_unit AS n ON n.unit_code = p.reporting_unit_code
LEFT JOIN base AS b ON b.period = p.period AND b.reporting_unit_code = p.reporting_unit_code
"""

# Months before the ones asked for are aggregated only where a unit is missing: they give its last known weight.
_USED = """
SELECT e.* FROM expected AS e
WHERE e.is_matched = 1 AND (e.is_requested OR EXISTS (
  SELECT 1 FROM expected AS g
  WHERE g.is_requested AND g.is_matched = 0
    AND e.month_index BETWEEN g.month_index - :weight_months AND g.month_index))
"""
_USED_ALL = "SELECT e.* FROM expected AS e WHERE e.is_matched = 1"

_AREA_SUBJECT = """
SELECT e.period, e.month_index, e.is_requested, :level AS level, :code AS subject_code,
       COUNT(*) AS expected_count, SUM(e.is_matched) AS reporting_count, SUM(e.is_present) AS present_count
FROM expected AS e GROUP BY e.period, e.month_index, e.is_requested, :code
"""
_UNIT_SUBJECT = """
SELECT e.period, e.month_index, e.is_requested, 'unit' AS level, e.reporting_unit_code AS subject_code,
       1 AS expected_count, e.is_matched AS reporting_count, e.is_present AS present_count
FROM expected AS e
"""
_CLUSTER_SUBJECT = """
SELECT e.period, e.month_index, e.is_requested, 'cluster' AS level, c.cluster_code AS subject_code,
       1 AS expected_count, e.is_matched AS reporting_count, e.is_present AS present_count
FROM expected AS e
JOIN core.period AS p ON p.period = e.period
JOIN run_cluster_place AS c ON c.host_unit_code = e.reporting_unit_code
  AND (COALESCE(c.valid_from, '') = '' OR c.valid_from <= CAST(p.end_date AS TEXT))
  AND (COALESCE(c.valid_to, '') = '' OR c.valid_to >= CAST(p.end_date AS TEXT))
"""
_SUBJECTS = {"unit": _UNIT_SUBJECT, "cluster": _CLUSTER_SUBJECT}


def _months(plan: Plan) -> exp.Expr:
    first = fill("p.year_start_index" if plan.time == "year_to_date" else "p.month_index")
    last = fill("p.month_index")
    base_first, base_last = first, last
    if plan.base_shift is not None:
        base_first, base_last = (
            fill(":index - :shift", index=at, shift=plan.base_shift) for at in (first, last)
        )
    if plan.base_period is not None:
        base = plan.base_period
        january = base.month_index - base.month + 1
        base_first = exp.convert(january if plan.time == "year_to_date" else base.month_index)
        base_last = exp.convert(base.month_index)
    return fill(_MONTHS, first=first, base_first=base_first, base_last=base_last, reach=_reach(plan))


def _reach(plan: Plan) -> exp.Expr:
    if plan.indicator.kind == "streak":
        return fill(_UP_TO_REQUESTED)
    return fill(_YEAR_UP_TO_REQUESTED, weight_months=WEIGHT_MONTHS) if plan.is_weighted else fill(_REQUESTED)


def _owing(plan: Plan) -> exp.Expr:
    if not plan.forms:
        return fill(_OWING_ANYTHING)
    if plan.reporters:
        return fill(
            _OWING_FORMS_AS_REPORTER, forms=plan.forms, form_count=len(plan.forms), reporters=plan.reporters
        )
    return fill(_OWING_FORMS, forms=plan.forms, form_count=len(plan.forms))


def unit_table_name(plan: Plan) -> str:
    """Name of the temporary table of expected units; the same for all plans that look through the same window."""
    window = (plan.time, plan.forms, plan.reporters, plan.base_shift, plan.base_period, _reach(plan).sql())
    return f"run_units_{sha256(repr(window).encode()).hexdigest()[:10]}"


def build_unit_query(plan: Plan) -> exp.Select:
    """Return the query of expected units; it reads `run_period` and `run_return`."""
    parts = {"months": _months(plan), "owing": _owing(plan), "present": fill(_PRESENT)}
    if plan.has_base:
        parts["base"] = fill(_BASE)
    query = fill(_EXPECTED_WITH_BASE if plan.has_base else _EXPECTED)
    assert isinstance(query, exp.Select)
    for name, part in parts.items():
        query = query.with_(name, as_=part, copy=False)
    return query


def build_unit_table(name: str, query: exp.Select) -> exp.Expr:
    """Return the statement that keeps the query as a temporary table."""
    kind = exp.Properties(expressions=[exp.TemporaryProperty()])
    return exp.Create(this=exp.table_(name), kind="TABLE", expression=query, properties=kind)


def _subject(level: str) -> exp.Expr:
    if level in _SUBJECTS:
        return fill(_SUBJECTS[level])
    return fill(_AREA_SUBJECT, level=level, code=exp.column(AREA_COLUMNS[level], "e"))


def _subjects(plan: Plan) -> exp.Expr:
    queries = [_subject(level) for level in sorted({level for level, _ in plan.grouping})]
    return exp.union(*queries, distinct=False) if len(queries) > 1 else queries[0]


def build_units(plan: Plan) -> dict[str, exp.Expr]:
    """Return the CTEs that say which units and subjects count, in order."""
    is_streak = plan.indicator.kind == "streak"
    return {
        "expected": exp.select("*").from_(unit_table_name(plan)),
        "used": fill(_USED_ALL) if is_streak else fill(_USED, weight_months=WEIGHT_MONTHS),
        "subject": _subjects(plan),
    }
