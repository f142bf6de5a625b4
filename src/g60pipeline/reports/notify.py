"""Sending the outbox by mail or webhook, where it is configured. Without configuration nothing leaves the machine.

Belongs here: who has which address, and the only use of apprise. Not here: what is said. Addresses hold passwords, so
none is ever quoted in a message.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from g60pipeline.reports.outbox import mark_sent, unsent
from g60pipeline.reports.reminders import DISTRICT, OPERATORS

_TARGET = re.compile(r"(?:(?P<addressee>\w+)=)?(?P<url>[a-z][a-z0-9+.]*://\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class Sending:
    """What came of it, as counts of reminders. `kept`: the addressee has no address."""

    sent: int = 0
    failed: int = 0
    kept: int = 0


def parse_targets(text: str) -> dict[str, list[str]]:
    """Read `G60_NOTIFY_URLS`: apprise URLs between blanks, each led by `<unit>=`, `operators=` or, for the district, nothing.

    Raises ValueError that says which entry is wrong by its position.
    """
    targets: dict[str, list[str]] = {}
    for position, entry in enumerate(text.split(), start=1):
        match = _TARGET.fullmatch(entry)
        if match is None:
            raise ValueError(f"entry {position} of G60_NOTIFY_URLS is neither a URL nor <unit>=<URL>")
        targets.setdefault(match["addressee"] or DISTRICT, []).append(match["url"])
    return targets


def send_outbox(folder: Path, targets: dict[str, list[str]], at: datetime) -> Sending:
    """Send every reminder of the outbox that was not sent; one that fails stays and is tried again next time."""
    outcomes = {"sent": 0, "failed": 0, "kept": 0}
    for path in unsent(folder):
        entry = json.loads(path.read_text(encoding="utf-8"))
        urls = _urls_of(entry["addressee"], targets)
        outcome = "kept" if not urls else "sent" if _send(urls, entry["subject"], entry["body"]) else "failed"
        outcomes[outcome] += 1
        if outcome == "sent":
            mark_sent(path, at)
    return Sending(**outcomes)


def _urls_of(addressee: str, targets: dict[str, list[str]]) -> list[str]:
    """Where operators have no address of their own, the district is told what they should be."""
    return targets.get(addressee) or (targets.get(DISTRICT, []) if addressee == OPERATORS else [])


def _send(urls: list[str], subject: str, body: str) -> bool:
    import apprise

    # Nothing of a message is kept on disk but in the outbox.
    asset = apprise.AppriseAsset(
        app_id="g60pipeline", app_desc="g60pipeline", storage_mode=apprise.PersistentStoreMode.MEMORY
    )
    channel = apprise.Apprise(asset=asset)
    if not all(channel.add(url) for url in urls):
        return False
    return bool(channel.notify(body=body, title=subject, body_format=apprise.NotifyFormat.TEXT))
