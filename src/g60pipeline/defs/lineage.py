"""Column lineage as Dagster shows it, emitted when an asset is materialised.

Reading it off the SQL loads sqlglot, which defining assets must not; hence at materialisation and not on the spec.
Belongs here: which column of ours is which column of which asset. Not here: finding links (indicators.lineage).
"""

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

import dagster as dg

from g60pipeline.contracts.lineage import CARRYING, COVER, Lineage, Link, Node, Role
from g60pipeline.defs.keys import RECEIVED, VERDICTS
from g60pipeline.defs.resources import project

_LEDGERS = {"ops.submission": RECEIVED, "ops.verdict": VERDICTS}
# What each column of `mart.indicator_value` takes from the links of the theme's indicators.
_VALUE_COLUMNS: dict[str, set[Role]] = {
    "value": {"numerator", "denominator", "condition"},
    "numerator": {"numerator", "condition"},
    "denominator": {"denominator", "condition"},
    "dimension_code": {"dimension"},
    "subject_code": {"key"},
}


def column_lineage(key: dg.AssetKey) -> dict[str, Any]:
    """Return the metadata of a mart's, theme's or scorecard's columns; empty for an asset that has none.

    A theme's table is long: beside its own columns every indicator is listed as a column, which scorecards point at.
    """
    lineage = _lineage()
    found = {node.name: lineage.sources(node) for node in lineage.nodes if _asset_key(node) == key}
    carried = {name: _of(links, CARRYING) for name, links in found.items()}
    if key.path[0] == "indicator":
        links = [link for links in found.values() for link in links]
        carried |= {column: _of(links, roles) for column, roles in _VALUE_COLUMNS.items()}
    deps = {column: _deps(links) for column, links in sorted(carried.items())}
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)} if deps else {}


@cache
def _lineage() -> Lineage:
    from g60pipeline.indicators.lineage import build_lineage

    return build_lineage(project())


def _of(links: Iterable[Link], roles: Collection[Role]) -> list[Link]:
    return [link for link in links if link.role in roles]


def _deps(links: Iterable[Link]) -> list[dg.TableColumnDep]:
    columns = {(_asset_key(link.source), link.source.name) for link in links}
    return [dg.TableColumnDep(asset_key=key, column_name=name) for key, name in sorted(columns)]


def _asset_key(node: Node) -> dg.AssetKey:
    match node.layer:
        case "form":
            return RECEIVED if node.table == COVER else dg.AssetKey(["core", node.table])
        case "ledger":
            return _LEDGERS.get(node.table, dg.AssetKey(node.table.split(".")))
        case "scorecard":
            return dg.AssetKey(["mart", node.table])
        case _:
            return dg.AssetKey([node.layer, node.table])
