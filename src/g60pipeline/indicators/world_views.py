"""The views of a world as syntax trees: what was run, to be followed and to be run again elsewhere.

Belongs here: reading them off the statements, putting one that reads others into one SELECT. Not here: the statements
(world.py), what is made of the trees (explain.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlglot
from sqlglot import exp

from g60pipeline.contracts.knowledge import Boundaries
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.fragments import DIALECT
from g60pipeline.indicators.world import world_statements

Views = dict[str, exp.Select]
"""What the world's views are made of, by name."""


def read_views(project: Project, boundaries: Boundaries) -> Views:
    """Return the SELECTs behind the world's views, as they are run."""
    found: Views = {}
    for statement in world_statements(project, DIALECT, boundaries == "as_now"):
        if statement.startswith("CREATE TEMPORARY VIEW"):
            tree = sqlglot.parse_one(statement, dialect=DIALECT)
            assert isinstance(tree.expression, exp.Select)
            found[tree.this.name] = tree.expression
    return found


def views_behind(views: Views, name: str) -> Views:
    """Return the view of that name and those that it reads, the innermost first."""
    found: dict[str, exp.Select] = {}
    for table in views[name].find_all(exp.Table):
        if not table.db and table.name in views and table.name not in found:
            found |= views_behind(views, table.name)
    return found | {name: views[name]}


def inline_view(views: Views, name: str) -> exp.Select:
    """Return the view as one SELECT, with the views that it reads as CTEs and every column named."""
    behind = views_behind(views, name)
    columns: dict[str, list[str]] = {}
    for inner, select in behind.items():
        behind[inner] = select = _name_columns(select, columns)
        columns[inner] = list(select.named_selects)
    tree = behind.pop(name)
    nested = tree.args.pop("with_", None)
    for inner, select in behind.items():
        tree = tree.with_(inner, as_=select, copy=False)
    for cte in nested.expressions if nested is not None else ():
        tree = tree.with_(cte.alias, as_=cte.this, copy=False)
    return tree


def _name_columns(select: exp.Select, columns: Mapping[str, list[str]]) -> exp.Select:
    """Write the columns that `alias.*` stands for."""
    select = select.copy()
    tables = {table.alias_or_name: table.name for table in select.find_all(exp.Table)}
    named: list[exp.Expr] = []
    for part in select.expressions:
        if isinstance(part, exp.Column) and isinstance(part.this, exp.Star):
            named += [exp.column(name, part.table) for name in columns[tables[part.table]]]
        else:
            named.append(part)
    select.set("expressions", named)
    return select
