"""The door: files of the inbox that are not yet known → archived and placed in the ledger's order.

Belongs here: what is received, refused or unreadable. Not here: the ledger's numbers (warehouse), forms
(returns.py). A file is looked at for personal numbers before anything of it is kept; a refused one leaves
only its fingerprint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from g60pipeline.contracts.project import Project
from g60pipeline.intake.archive import Archive, hash_bytes
from g60pipeline.intake.cover import Cover, read_cover
from g60pipeline.intake.findings import IntakeFinding
from g60pipeline.intake.inbox import Inbox, InboxFile
from g60pipeline.intake.layout import amount_columns
from g60pipeline.intake.personal import (
    PersonalNumber,
    find_personal_numbers,
    kinds_in_bytes,
    kinds_in_text,
    mask,
)
from g60pipeline.intake.raw import RawReturn
from g60pipeline.intake.sandbox import Limits, Parsed, parse_many
from g60pipeline.settings import Settings

Status = Literal["received", "unreadable", "refused"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Received:
    """A file as it came in.

    What its cover did not say, or could not, is None; personal numbers in its name are masked.
    """

    sha256: str
    file_name: str
    kind: str | None
    byte_count: int
    status: Status
    unit_code: str | None = None
    period: str | None = None
    template_version: str | None = None
    sequence_number: int | None = None
    findings: tuple[IntakeFinding, ...] = ()


def _order(received: Received) -> tuple[bool, str, str, int, str]:
    is_placed = received.unit_code is not None and received.period is not None
    return (
        not is_placed,
        received.period or "",
        received.unit_code or "",
        received.sequence_number or 0,
        received.sha256,
    )


def _personal_finding(number: PersonalNumber) -> IntakeFinding:
    return IntakeFinding(
        "no_personal_number_is_sent",
        sheet=number.sheet or None,
        sheet_row=number.row,
        cell=number.cell or None,
        quoted={"kind": number.kind, "part": number.part},
    )


def _find_personal(project: Project, parsed: Parsed) -> list[IntakeFinding]:
    numbers = find_personal_numbers(parsed.raw, parsed.name, amount_columns(project, parsed.raw))
    if "failure" in parsed.raw:
        numbers += [PersonalNumber(kind, "content") for kind in sorted(kinds_in_bytes(parsed.data))]
    return [_personal_finding(number) for number in numbers]


def _failure(raw: RawReturn) -> IntakeFinding:
    return IntakeFinding(raw.get("failure", "file_is_readable"), quoted={"reason": raw.get("reason", "")})


def _status(cover: Cover) -> Status:
    stale = any(finding.rule == "template_version_is_known" for finding in cover.findings)
    return "received" if cover.is_placed and not stale else "unreadable"


def _refuse(project: Project, parsed: Parsed, sha256: str, findings: list[IntakeFinding]) -> Received:
    values = read_cover(project, parsed.raw).values
    return Received(
        sha256=sha256,
        file_name=mask(parsed.name),
        kind=parsed.raw.get("kind"),
        byte_count=len(parsed.data),
        status="refused",
        unit_code=values.get("unit_code"),
        period=values.get("period"),
        findings=tuple(findings),
    )


def look_at(project: Project, parsed: Parsed) -> Received:
    """Say what a parsed file is: whose return, refused or unreadable. Nothing of it is kept."""
    personal, sha256 = _find_personal(project, parsed), hashlib.sha256(parsed.data).hexdigest()
    if personal:
        return _refuse(project, parsed, sha256, personal)
    if "failure" in parsed.raw:
        findings = (_failure(parsed.raw),)
        return Received(sha256, parsed.name, None, len(parsed.data), "unreadable", findings=findings)
    cover = read_cover(project, parsed.raw)
    return Received(
        sha256=sha256,
        file_name=parsed.name,
        kind=parsed.raw.get("kind"),
        byte_count=len(parsed.data),
        status=_status(cover),
        unit_code=cover.values.get("unit_code"),
        period=cover.values.get("period"),
        template_version=cover.values.get("template_version"),
        sequence_number=cover.values.get("sequence_number"),
        findings=tuple(cover.findings),
    )


def _receive_one(project: Project, archive: Archive, parsed: Parsed) -> Received:
    received = look_at(project, parsed)
    if received.status != "refused":
        archive.put(parsed.data)
        if "failure" not in parsed.raw:
            archive.put_cells(received.sha256, parsed.raw)
    return received


def _receive_too_big(
    inbox: Inbox, archive: Archive, file: InboxFile, known: Container[str]
) -> Received | None:
    """Keep a file that is not parsed for its size, without ever holding it in memory."""
    kinds = sorted(kinds_in_text(file.name))
    with inbox.open_file(file) as source:
        sha256 = hash_bytes(source)
        if _is_known(known, sha256, file.name):
            return None
        if kinds:
            findings = tuple(_personal_finding(PersonalNumber(kind, "file_name")) for kind in kinds)
            return Received(sha256, mask(file.name), None, file.byte_count, "refused", findings=findings)
        source.seek(0)
        archive.put_stream(source)
    finding = IntakeFinding("file_is_within_limits", quoted={"reason": "file_size"})
    return Received(sha256, file.name, None, file.byte_count, "unreadable", findings=(finding,))


def limits_of(settings: Settings) -> Limits:
    """Return what the parsing of one file may take."""
    return Limits(settings.parse_memory_bytes, settings.parse_cpu_seconds, settings.parse_wall_seconds)


def _is_known(known: Container[str], sha256: str, name: str) -> bool:
    return sha256 in known or f"{sha256} {mask(name)}" in known


class _Fresh:
    """Reads the files whose content is not known, each content once."""

    def __init__(self, inbox: Inbox, known: Container[str]) -> None:
        self._inbox = inbox
        self._known = known
        self._seen: set[str] = set()

    def read(self, files: list[InboxFile]) -> Iterator[tuple[str, bytes]]:
        for file in files:
            try:
                data = self._inbox.read_file(file)
            except FileNotFoundError:  # taken away since it was listed
                continue
            sha256 = hashlib.sha256(data).hexdigest()
            if sha256 not in self._seen and not _is_known(self._known, sha256, file.name):
                self._seen.add(sha256)
                yield file.name, data


def receive(
    settings: Settings, project: Project, known: Container[str], progress: Progress | None = None
) -> list[Received]:
    """Take every file of the inbox whose SHA-256 is not in `known`; return them in the ledger's order.

    Of files that were refused, and so not kept, `known` holds `<sha256> <masked name>`.

    The order is period, unit, sequence number, SHA-256; files without a readable cover come last.
    `progress` is told how many are done, of how many at most. Raises SandboxError when the parsers' process
    does not run.
    """
    inbox, archive = Inbox(settings.inbox), Archive(settings.archive)
    files = inbox.list_files()
    too_big = [file for file in files if file.byte_count > settings.max_file_bytes]
    received = [one for file in too_big if (one := _receive_too_big(inbox, archive, file, known)) is not None]
    fresh = _Fresh(inbox, known).read([file for file in files if file.byte_count <= settings.max_file_bytes])
    with closing(parse_many(fresh, limits_of(settings))) as results:
        for parsed in results:
            received.append(_receive_one(project, archive, parsed))
            if progress is not None:
                progress(len(received), len(files))
    return sorted(received, key=_order)
