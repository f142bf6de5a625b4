"""Asset `report/feedback`: receipts and feedback workbooks, in a folder per unit and month.

Belongs here: which months. Not here: which files (operations.feedback) and what stands in them (reports).
"""

from typing import Any

import dagster as dg

from g60pipeline.defs.keys import VERDICTS
from g60pipeline.defs.metadata import spec
from g60pipeline.defs.partitions import MONTHS, ONE_RUN, WRITER, months_of
from g60pipeline.defs.resources import House

FEEDBACK = dg.AssetKey(["report", "feedback"])


@dg.multi_asset(
    name="feedback",
    specs=[
        spec(
            list(FEEDBACK.path),
            deps=[VERDICTS],
            group="reports",
            description=(
                "反馈：每份报送一张回执；有问题的另有反馈工作簿，逐格标出。每个单位只有自己的文件夹。\n\n"
                "A receipt per submission, and where there are findings the unit's own workbook with every cell marked."
            ),
            kinds={"excel", "html"},
            partitions_def=MONTHS,
        )
    ],
    backfill_policy=ONE_RUN,
    pool=WRITER,
)
def feedback(context: dg.AssetExecutionContext, house: House) -> Any:
    """Write what goes back to the units for the run's months."""
    from g60pipeline.operations.feedback import write_feedback

    counts = write_feedback(house.settings, house.warehouse, months_of(context))
    folder = dg.MetadataValue.path((house.settings.out / "feedback").resolve())
    yield dg.MaterializeResult(asset_key=FEEDBACK, metadata={"folder": folder, **counts})
