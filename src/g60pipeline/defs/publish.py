"""Asset `published/snapshot`: files for readers, replaced as a whole.

Belongs here: what the asset says of itself. Not here: writing and replacing (operations.publish), when something is released.
"""

from typing import Any

import dagster as dg

from g60pipeline.defs.metadata import spec
from g60pipeline.defs.partitions import WRITER
from g60pipeline.defs.release import RELEASE
from g60pipeline.defs.resources import House

SNAPSHOT = dg.AssetKey(["published", "snapshot"])


@dg.multi_asset(
    name="snapshot",
    specs=[
        spec(
            list(SNAPSHOT.path),
            deps=[RELEASE],
            group="published",
            description=(
                "公开快照：DuckDB、Parquet、CSV、xlsx 与数据包说明，整体替换，读者不会读到一半。\n\n"
                "What was released, as files for readers, replaced as a whole; current.json names the newest."
            ),
            kinds={"duckdb", "parquet", "csv", "excel"},
        )
    ],
    pool=WRITER,
)
def snapshot(context: dg.AssetExecutionContext, house: House) -> Any:
    """Publish everything that was released."""
    from g60pipeline.operations.publish import publish

    done = publish(house.settings, house.project, house.warehouse)
    metadata = {
        "snapshot": done.snapshot,
        "folder": dg.MetadataValue.path(done.folder),
        "releases": list(done.releases),
        "files": done.file_count,
        "is_new": done.is_new,
    }
    yield dg.MaterializeResult(asset_key=SNAPSHOT, metadata=metadata)
