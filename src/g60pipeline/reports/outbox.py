"""The outbox: reminders as files, each said once.

Belongs here: names, what was put and sent before. Not here: texts (reminders.py), sending (notify.py).
A reminder is two files, a text to forward by hand and JSON for machines; `<name>.sent` beside them says that it was sent.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from g60pipeline.contracts.deadlines import beijing_day
from g60pipeline.files import write_whole
from g60pipeline.reports.pages import format_beijing
from g60pipeline.reports.reminders import Digest


def put_digest(folder: Path, digest: Digest, months: str, at: datetime) -> Path | None:
    """Put a digest into the outbox and return its JSON file; None when it is not put.

    It is not put when the same state was told before, or when the addressee was told of these months on the same day
    (in Beijing). `months` is part of the file's name, such as 2021-12 or 2021-01_2021-12.
    """
    day = beijing_day(at).isoformat()
    if find_told(folder, digest) or any(folder.glob(f"{day}_{digest.addressee}_{months}_*.json")):
        return None
    path = folder / f"{day}_{digest.addressee}_{months}_{digest.key}.json"
    entry = {
        "addressee": digest.addressee, "subject": digest.subject, "body": digest.body, "months": months,
        "written_at": format_beijing(at, "%Y-%m-%dT%H:%M:%S+08:00"),
        "items": [dict(zip(digest.item_names, item, strict=True)) for item in digest.items],
    }  # fmt: skip
    write_whole(path.with_suffix(".txt"), f"{digest.subject}\n\n{digest.body}")
    write_whole(path, json.dumps(entry, ensure_ascii=False, indent=1) + "\n")
    return path


def find_told(folder: Path, digest: Digest) -> list[Path]:
    """Files by which the addressee was told of the same state before."""
    return sorted(folder.glob(f"*_{digest.addressee}_*_{digest.key}.json"))


def unsent(folder: Path) -> list[Path]:
    """JSON files of the reminders that were not sent, oldest first."""
    return sorted(path for path in folder.glob("*.json") if not path.with_suffix(".sent").exists())


def mark_sent(path: Path, at: datetime) -> None:
    """Remember that a reminder was sent."""
    write_whole(path.with_suffix(".sent"), format_beijing(at, "%Y-%m-%dT%H:%M:%S+08:00") + "\n")
