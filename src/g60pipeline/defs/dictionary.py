"""Asset `report/dictionary`: the pages of the data dictionary and of column lineage, to which other assets link.

They are written when the definitions, or the program, are others than those of the pages that are there. Not here: what
stands on them (reports).
"""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg

from g60pipeline.defs.metadata import spec
from g60pipeline.defs.resources import House, project

DICTIONARY = dg.AssetKey(["report", "dictionary"])
_CODE_VERSION = f"{version('g60pipeline')}-{project().definitions_version[:12]}"


def _is_written(instance: dg.DagsterInstance, pages: tuple[Path, ...]) -> bool:
    made = instance.get_latest_materialization_event(DICTIONARY)
    event = made.asset_materialization if made is not None else None
    of_version = (event.tags or {}).get("dagster/code_version") if event is not None else None
    return of_version == _CODE_VERSION and all(page.exists() for page in pages)


@dg.multi_asset(
    name="dictionary",
    specs=[
        spec(
            list(DICTIONARY.path),
            deps=[],
            group="reports",
            description=(
                "数据字典和字段级血缘：离线网页，中英文，可检索。\n\n"
                "Data dictionary and column lineage: offline pages, Chinese and English, with search."
            ),
            kinds={"html", "jinja"},
            code_version=_CODE_VERSION,
            skippable=True,
        )
    ],
)
def dictionary(context: dg.AssetExecutionContext, house: House) -> Any:
    """Write both pages, unless those that lie there say the same."""
    from g60pipeline.operations.dictionary import pages_in, write_pages

    out = house.settings.out
    if _is_written(context.instance, pages_in(out)):
        return
    pages = write_pages(project(), house.settings.project_root, out)
    metadata = {page.stem: dg.MetadataValue.path(page.resolve()) for page in pages}
    yield dg.MaterializeResult(asset_key=DICTIONARY, metadata=metadata)
