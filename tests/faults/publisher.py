"""Publishes one generation after another until it is killed: `python publisher.py <folder>`.

Every row of a generation bears its number. The numbers go on where a killed publisher stopped.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.operations.publish import replace_snapshot
from g60pipeline.operations.snapshots import SnapshotFolder
from g60pipeline.settings import find_project_root
from snapshot_world import FIRST, ROWS, TABLES, column, table

_RELEASE = table(
    "release",
    "发布",
    column("release_id", "发布编号", "VARCHAR", 1),
    column("released_at", "发布时间", "TIMESTAMP"),
    column("is_newest", "最新", "BOOLEAN"),
)
_GENERATION = table(
    "generation", "批次", column("row", "行", "BIGINT", 1), column("generation", "批次", "BIGINT")
)
ROW_COUNT = 3_000


def _rows(generation: int) -> dict[str, list[tuple[Any, ...]]]:
    release = (f"2021-12.{generation}", FIRST + timedelta(days=generation), True)
    return {**ROWS, "release": [release], "generation": [(row, generation) for row in range(ROW_COUNT)]}


def _project() -> Project:
    tables = {one.name: one for one in (*TABLES, _RELEASE, _GENERATION)}
    return load_project(find_project_root()).model_copy(update={"tables": tables})


def main(root: Path) -> None:
    folder, project = SnapshotFolder(root), _project()
    done = [int(path.name.split(".")[1].split("-")[0]) for path in root.glob("2021-12.*")]
    for generation in count(max(done, default=0) + 1):
        with folder.locked():
            replace_snapshot(folder, project, _rows(generation))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
