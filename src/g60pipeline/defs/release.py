"""Asset `release/values`: a month's values, frozen when the gate lets them pass.

Belongs here: what the asset says of itself, and that a month which may not go out fails its run. Not here: the gate and
the release themselves (operations).
"""

from typing import Any

import dagster as dg

from g60pipeline.defs.metadata import columns_of, spec
from g60pipeline.defs.partitions import MONTHS, WRITER
from g60pipeline.defs.resources import House, project

RELEASE = dg.AssetKey(["release", "values"])


class ReleaseConfig(dg.Config):
    """Which release it is: preliminary, revised or final; `note` is for readers."""

    stage: str = "preliminary"
    note: str = ""


@dg.multi_asset(
    name="release",
    specs=[
        spec(
            list(RELEASE.path),
            deps=[
                *(dg.AssetKey(["indicator", file.theme]) for file in project().indicator_files),
                dg.AssetKey(["mart", "reconciliation"]),
            ],
            group="release",
            description=(
                "发布：经闸门检查后冻结的指标值，附清单，可随时重算核对。\n\n"
                "Values as published: frozen after the gate, with a manifest, to be computed again at any time."
            ),
            kinds={"sql", "table"},
            metadata={"dagster/table_name": "release.value"},
            partitions_def=MONTHS,
        )
    ],
    pool=WRITER,
)
def release(context: dg.AssetExecutionContext, house: House, config: ReleaseConfig) -> Any:
    """Make the next release of the month; the run fails, and nothing is written, when the gate does not let it pass."""
    from g60pipeline.contracts.releases import STAGES
    from g60pipeline.operations.freezing import ReleaseError
    from g60pipeline.operations.releases import create_release

    if config.stage not in STAGES:
        raise dg.Failure(f"{config.stage} is no stage; there are {', '.join(STAGES)}", allow_retries=False)
    try:
        made = create_release(
            house.warehouse, context.partition_key, config.stage, config.note or None, context.log.info
        )
    except ReleaseError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    metadata = {
        "release": made.release_id,
        "stage": made.stage,
        "inputs": len(made.manifest["inputs"]),
        "manifest_sha256": made.manifest_sha256,
        **{f"values_{status}": count for status, count in made.manifest["values_by_status"].items()},
        **columns_of(house, "release.value"),
    }
    yield dg.MaterializeResult(asset_key=RELEASE, metadata=metadata)
