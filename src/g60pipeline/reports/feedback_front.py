"""What stands on the front sheet of the feedback workbook: verdict, what to do next, and the findings with their links.

Belongs here: content and order. Not here: texts (schemas/feedback.yaml), looks (feedback_styles.py), the sheet's XML
(feedback_sheet.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

from g60pipeline.contracts.feedback import Column
from g60pipeline.contracts.findings import finding_key
from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.odcs import Severity
from g60pipeline.contracts.project import Project
from g60pipeline.reports.feedback_marks import Mark, place_of

COLUMNS: tuple[Column, ...] = (
    "number", "severity", "code", "sheet", "cell", "field", "value", "compared", "message", "explanation", "key",
)  # fmt: skip
MAX_LISTED = 2_000
_SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
_BEIJING = timezone(timedelta(hours=8))
# An amount of eleven digits looks like a phone number, for which the door would refuse the feedback sent back.
_ELEVEN_DIGITS = re.compile(r"(?<![0-9A-Za-z.,])1[3-9]\d{9}(?![0-9A-Za-z])", re.ASCII)

Finding = Mapping[str, Any]


@dataclass(frozen=True)
class SubmissionFacts:
    """What the ledger knows of a submission. `received_at` is UTC.

    `status` is a key of the catalogue's verdicts; `explanations` are the unit's earlier ones by `finding_key`; `notes`
    are further lines for the clerk.
    """

    receipt_number: str
    sha256: str
    file_name: str | None
    received_at: datetime
    status: str
    unit_code: str | None = None
    unit_name: str | None = None
    period: str | None = None
    probable_cause: str | None = None
    explanations: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()


class FrontCell(NamedTuple):
    """A cell: what stands in it, its look, and where it leads."""

    text: str | int
    style: str
    link: str | None = None


class FrontLine(NamedTuple):
    """A row: one text over all columns, or a cell per column."""

    cells: tuple[FrontCell, ...]

    @property
    def is_whole(self) -> bool:
        """Say whether one text stands over all columns."""
        return len(self.cells) == 1


class Front(NamedTuple):
    """The rows above the findings, of which the last holds the headings, and the findings."""

    above: tuple[FrontLine, ...]
    findings: tuple[FrontLine, ...]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def safe_text(value: Any) -> str:
    """Return text of a submission with long amounts in groups of three, so that none reads as a phone number."""
    return _ELEVEN_DIGITS.sub(lambda match: f"{int(match[0]):,}", _text(value))


def _row(finding: Finding) -> int:
    row = finding.get("sheet_row")
    return int(row) if isinstance(row, int | float) and row == row else 0


def place(finding: Finding) -> str | None:
    """Return the address of a finding's cell, or of its row's first; None when it has neither."""
    cell, row = _text(finding.get("cell")), _row(finding)
    try:
        place_of(cell)
    except ValueError:
        return f"A{row}" if row else None
    return cell


def sort_findings(findings: Sequence[Finding], sheets: Sequence[str]) -> list[Finding]:
    """Sort by severity, then by the sheets' order, row and column; what has no sheet comes first."""
    order = {name: number for number, name in enumerate(sheets)}

    def rank(finding: Finding) -> tuple[int, int, int, int, str]:
        sheet, at = _text(finding.get("sheet")), place(finding)
        row, column = place_of(at) if at else (-1, -1)
        position = order.get(sheet, len(order)) if sheet else -1
        return _SEVERITIES.index(finding["severity"]), position, row, column, finding["code"]

    return sorted(findings, key=rank)


def marks_by_sheet(project: Project, findings: Sequence[Finding]) -> dict[str, dict[str, Mark]]:
    """Return the marks by sheet and cell; a cell with several findings has the colour of the first, the gravest."""
    texts = project.feedback
    marks: dict[str, dict[str, Mark]] = {}
    for finding in findings:
        sheet, cell = _text(finding.get("sheet")), _text(finding.get("cell"))
        if not sheet or place(finding) != cell:
            continue
        line = texts.words["comment_line"].format(
            code=finding["code"],
            severity=texts.severities[finding["severity"]],
            message=safe_text(finding["message_zh"]),
        )
        known = marks.setdefault(sheet, {}).get(cell)
        mark = (
            Mark(finding["severity"], line)
            if known is None
            else Mark(known.severity, f"{known.text}\n{line}")
        )
        marks[sheet][cell] = mark
    return marks


class FrontBuilder:
    """Builds the front sheet of one submission."""

    def __init__(self, project: Project, facts: SubmissionFacts, sheets: Sequence[str]) -> None:
        self._project = project
        self._texts = project.feedback
        self._words = project.feedback.words
        self._facts = facts
        self._sheets = frozenset(sheets)

    def build(self, findings: Sequence[Finding], note: str) -> Front:
        """Build it from findings in their order; `note` says what the workbook is beside it."""
        lines = [self._line(number, finding) for number, finding in enumerate(findings[:MAX_LISTED], start=1)]
        if not findings:
            lines.append(_whole(self._words["none_found"], "line"))
        if len(findings) > MAX_LISTED:
            count = len(findings) - MAX_LISTED
            lines.append(_whole(self._words["too_many"].format(count=count), "line"))
        return Front((*self._above(findings, note), self._headings()), tuple(lines))

    def _above(self, findings: Sequence[Finding], note: str) -> list[FrontLine]:
        facts, words = self._facts, self._words
        verdict = self._texts.verdicts[facts.status]
        counts = {s: sum(finding["severity"] == s for finding in findings) for s in _SEVERITIES}
        title = words["title"].format(
            unit=facts.unit_name or facts.unit_code or words["unknown_unit"], month=self._month()
        )
        said = f"{verdict.title}　　{words['counts'].format(**counts)}"
        lines = [
            _whole(title, "title"),
            _whole(said, f"verdict_{verdict.tone}"),
            _whole(verdict.next, "line"),
        ]
        if facts.probable_cause:
            lines.append(_whole(words["cause"].format(cause=safe_text(facts.probable_cause)), "cause"))
        return [*lines, *(_whole(text, "note") for text in (*facts.notes, note, self._receipt()) if text)]

    def _month(self) -> str:
        year, _, month = (self._facts.period or "").partition("-")
        if not month.isdecimal():
            return self._words["unknown_month"]
        return self._words["month"].format(year=year, month=int(month))

    def _receipt(self) -> str:
        facts = self._facts
        received = facts.received_at.replace(tzinfo=facts.received_at.tzinfo or UTC)
        return self._words["receipt"].format(
            receipt=facts.receipt_number,
            received_at=received.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M"),
            file_name=facts.file_name or "",
            sha256=facts.sha256,
        )

    def _headings(self) -> FrontLine:
        return FrontLine(tuple(FrontCell(self._texts.columns[name], "heading") for name in COLUMNS))

    def _line(self, number: int, finding: Finding) -> FrontLine:
        severity: Severity = finding["severity"]
        sheet, key = _text(finding.get("sheet")), finding_key(finding)
        at = place(finding) if sheet in self._sheets else None
        link = f"'{sheet.replace(chr(39), chr(39) * 2)}'!{at or 'A1'}" if sheet in self._sheets else None
        form = self._form(finding)
        cells: dict[Column, FrontCell] = {
            "number": FrontCell(number, "centre"),
            "severity": FrontCell(self._texts.severities[severity], severity),
            "code": FrontCell(finding["code"], "centre"),
            "sheet": FrontCell(sheet, "submitted" if at or not link else "link", None if at else link),
            "cell": FrontCell(self._place(finding), "link" if at else "centre", link if at else None),
            "field": FrontCell(_heading(form, _text(finding.get("field"))), "text"),
            "value": FrontCell(self._value(finding), "submitted"),
            "compared": FrontCell(self._compared(finding), "submitted"),
            "message": FrontCell(safe_text(finding["message_zh"]), "submitted"),
            "explanation": FrontCell(
                _text(self._facts.explanations.get(key)),
                "explanation_needed" if severity == "warning" else "explanation",
            ),
            "key": FrontCell(key, "submitted"),
        }
        return FrontLine(tuple(cells[name] for name in COLUMNS))

    def _place(self, finding: Finding) -> str:
        cell, row = _text(finding.get("cell")), _row(finding)
        return cell or (self._words["row"].format(row=row) if row else "")

    def _form(self, finding: Finding) -> Form | None:
        name = finding.get("form")
        return (
            self._project.cover if name == self._project.cover.name else self._project.forms.get(_text(name))
        )

    def _value(self, finding: Finding) -> str:
        if not _text(finding.get("field")):
            return ""
        return safe_text(finding.get("value")) or self._words["blank"]

    def _compared(self, finding: Finding) -> str:
        """Write what should stand there, what the value was compared with, and where that stands."""
        words, expected = self._words, safe_text(finding.get("expected"))
        compared, related = finding.get("compared_with"), finding.get("related_cells")
        lines = [words["expected"].format(value=expected)] if expected else []
        for label, value in compared.items() if isinstance(compared, Mapping) else ():
            lines.append(words["compared_with"].format(label=label, value=safe_text(value)))
        for cell in related if isinstance(related, list) else ():
            lines.append(words["related"].format(cell=safe_text(cell)))
        return "\n".join(lines)


def _heading(form: Form | None, name: str) -> str:
    return form.field_by_name[name].heading if form is not None and name in form.field_by_name else ""


def _whole(text: str, style: str) -> FrontLine:
    return FrontLine((FrontCell(text, style),))
