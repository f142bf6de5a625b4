"""Putting returns into the inbox as a person would drop them, and saying what is known of each.

Belongs here: what is put, and what became of it. Not here: receiving and judging (defs), the inbox itself (intake.inbox).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from g60pipeline.contracts.project import Project
from g60pipeline.settings import Settings

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse


@dataclass(frozen=True)
class Submitted:
    """A file that was given. `name`: as it lies in the inbox; None where it was received before and so not put again.

    `month` and `verdict` are known once it was run: None where the file says no month.
    """

    file: str
    sha256: str
    outcome: Literal["put", "in_inbox", "received_before"]
    name: str | None
    month: str | None = None
    verdict: str | None = None


def read_known(settings: Settings, project: Project) -> set[str]:
    """Fingerprints of what was received; WarehouseError when the warehouse cannot be read, as while a run writes it."""
    from g60pipeline.warehouse.engine import open_to_read
    from g60pipeline.warehouse.ledger import known_hashes

    with open_to_read(settings.warehouse_url, project) as warehouse:
        return set() if warehouse is None else known_hashes(warehouse)


def submit_files(settings: Settings, files: Iterable[Path], known: set[str]) -> list[Submitted]:
    """Put files into the inbox, but those whose content is in `known`. OSError when one cannot be read or put."""
    from g60pipeline.intake.inbox import Inbox

    inbox = Inbox(settings.inbox)
    submitted: list[Submitted] = []
    for file in files:
        data = file.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 in known:
            submitted.append(Submitted(str(file), sha256, "received_before", None))
            continue
        name, is_new = inbox.put_file(file.name, data)
        submitted.append(Submitted(str(file), sha256, "put" if is_new else "in_inbox", name))
    return submitted


def find_months(settings: Settings, project: Project, submitted: Sequence[Submitted]) -> list[Submitted]:
    """Say of each file which month its cover names, by the same reading as at the door."""
    from g60pipeline.intake.receive import limits_of, look_at
    from g60pipeline.intake.sandbox import parse_many

    given = [(Path(one.file).name, Path(one.file).read_bytes()) for one in submitted]
    months = [look_at(project, parsed).period for parsed in parse_many(given, limits_of(settings))]
    return [replace(one, month=month) for one, month in zip(submitted, months, strict=True)]


def find_verdicts(warehouse: Warehouse, submitted: Sequence[Submitted]) -> list[Submitted]:
    """Say of each file what its verdict is now; None where it was not received."""
    from g60pipeline.warehouse.receipts import read_receipts

    months = sorted({one.month for one in submitted if one.month is not None})
    verdicts = {row["sha256"]: row["verdict"] for row in read_receipts(warehouse, months)}
    return [replace(one, verdict=verdicts.get(one.sha256)) for one in submitted]
