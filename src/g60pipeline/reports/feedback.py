"""The feedback workbook: a copy of a unit's own file with a front sheet, coloured cells and comments.

Belongs here: choosing between a copy, a fresh workbook and a front sheet alone, and putting it together. Not here: the
front sheet's content (feedback_front.py), how parts are changed (feedback_package.py, feedback_marks.py), where the
workbook goes.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from xml.dom.minidom import Element

from g60pipeline.contracts.project import Project
from g60pipeline.reports.feedback_extras import EVERYDAY, find_extras
from g60pipeline.reports.feedback_fresh import RawSheet, write_fresh
from g60pipeline.reports.feedback_front import (
    MAX_LISTED,
    Finding,
    FrontBuilder,
    SubmissionFacts,
    marks_by_sheet,
    sort_findings,
)
from g60pipeline.reports.feedback_marks import (
    Mark,
    put_colours_on,
    put_comments_on,
    take_colours_off,
    take_comments_off,
)
from g60pipeline.reports.feedback_package import (
    WORKBOOK,
    NotCopyable,
    Package,
    SheetPart,
    Worksheet,
    add_child,
    add_text,
    children,
    root_of,
    write_xml,
)
from g60pipeline.reports.feedback_sheet import write_front
from g60pipeline.reports.feedback_styles import COLOURS, AddedStyles, add_styles

__all__ = ["SubmissionFacts", "build_feedback"]

_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_DAMAGED = (
    ValueError, LookupError, zipfile.BadZipFile, zlib.error, NotImplementedError, RecursionError, MemoryError,
)  # fmt: skip
# Nothing of the file goes back: it could not be read, or must not be kept.
_FRONT_ONLY = frozenset({"unreadable", "refused"})
# In the standard's order, what stands in a workbook behind its defined names.
_BEHIND_NAMES = ("calcPr", "oleSize", "customWorkbookViews", "pivotCaches", "extLst")


def build_feedback(
    project: Project,
    facts: SubmissionFacts,
    findings: Sequence[Finding],
    original: bytes | None = None,
    kind: str | None = None,
    sheets: Sequence[RawSheet] = (),
) -> bytes:
    """Return the workbook (xlsx) for a submission and its findings, which are rows of `ops.finding`.

    `original`, `kind` and `sheets` are the file as archived, its kind and its sheets as read. Of a submission that is
    unreadable or refused nothing is copied, whatever is given. KeyError when the catalogue has no verdict `facts.status`.
    """
    builder = _Feedback(project, facts, findings)
    if original is None or kind is None or facts.status in _FRONT_ONLY:
        return builder.front_only()
    if kind == "xlsx":
        try:
            return builder.copy(original)
        except _DAMAGED:
            pass  # read, but not as the standard asks: the fresh workbook says what it lacks
    return builder.fresh(original, kind, sheets)


class _Feedback:
    """Puts one workbook together."""

    def __init__(self, project: Project, facts: SubmissionFacts, findings: Sequence[Finding]) -> None:
        self._project, self._facts, self._findings = project, facts, findings
        self._texts = project.feedback
        self._words = project.feedback.words

    def front_only(self) -> bytes:
        """Return a workbook with the front sheet alone."""
        note = "" if self._facts.status == "refused" else self._words["original_kept"]
        hidden = {"value": None, "compared_with": None} if self._facts.status == "refused" else {}
        return self._annotate(
            self._write_fresh((), ""), note, [{**finding, **hidden} for finding in self._findings]
        )

    def copy(self, original: bytes) -> bytes:
        """Return the copy of a workbook; NotCopyable and others when it is not as the standard asks."""
        extras = [name for name in find_extras(original, "xlsx") if name not in EVERYDAY]
        note = self._words["copied_with" if extras else "copied"].format(extras=self._list(extras))
        return self._annotate(original, note, self._findings)

    def fresh(self, original: bytes, kind: str, sheets: Sequence[RawSheet]) -> bytes:
        """Return a fresh workbook of the same shape."""
        lost = find_extras(original, kind)
        note = self._words["rewritten" if lost else "rewritten_whole"].format(
            kind=kind, extras=self._list(lost)
        )
        return self._annotate(self._write_fresh(sheets, kind), note, self._findings)

    def _list(self, extras: Sequence[str]) -> str:
        return self._words["separator"].join(self._texts.extras[name] for name in extras)

    def _write_fresh(self, sheets: Sequence[RawSheet], kind: str) -> bytes:
        created: datetime = self._facts.received_at
        return write_fresh(self._project, self._texts.sheet, sheets, kind, created.replace(tzinfo=None))

    def _annotate(self, workbook: bytes, note: str, findings: Sequence[Finding]) -> bytes:
        """Put the front sheet and the marks into a workbook."""
        package = Package(workbook)
        styles = _add_styles(package)
        others = [sheet for sheet in package.sheets() if sheet.name.strip() != self._texts.sheet]
        ordered = sort_findings(findings, [sheet.name for sheet in others])
        marks = marks_by_sheet(self._project, ordered[:MAX_LISTED])
        for sheet in others:
            _mark_sheet(package, sheet, marks.get(sheet.name, {}), styles, self._words["comment"])
        front = FrontBuilder(self._project, self._facts, [sheet.name for sheet in others]).build(
            ordered, note
        )
        tone = self._texts.verdicts[self._facts.status].tone
        colour = "FF70AD47" if tone == "good" else COLOURS[tone][1]
        data = write_front(front, styles.formats, colour, self._words["page"])
        _place_front(package, self._texts.sheet, data, len(front.above))
        return package.save()


def _add_styles(package: Package) -> AddedStyles:
    name = package.target(WORKBOOK, "styles")
    if name is None:
        raise NotCopyable("a workbook without styles")
    document = package.read_part(name)
    added = add_styles(document)
    package.write(name, write_xml(document))
    return added


def _mark_sheet(
    package: Package, part: SheetPart, marks: Mapping[str, Mark], styles: AddedStyles, sign: str
) -> None:
    """Take old marks off and put the new ones on; a sheet with nothing to change stays as it is."""
    sheet = Worksheet(package.read(part.part))
    was_coloured = take_colours_off(sheet)
    was_commented = take_comments_off(package, part.part, sheet, sign)
    was_selected = _deselect(sheet)
    if marks:
        put_colours_on(sheet, marks, styles.marks)
        put_comments_on(package, part.part, sheet, marks, sign)
    if marks or was_coloured or was_commented or was_selected:
        package.write(part.part, sheet.write())


def _deselect(sheet: Worksheet) -> bool:
    """Unselect the sheet: with two selected, what is typed into one is typed into both."""
    views = [view for views in children(sheet.root, "sheetViews") for view in children(views)]
    selected = [view for view in views if view.hasAttribute("tabSelected")]
    for view in selected:
        view.removeAttribute("tabSelected")
    return bool(selected)


def _place_front(package: Package, name: str, data: bytes, heading_row: int) -> None:
    """Put the front sheet into the place of an old one, or before all others."""
    known = [sheet for sheet in package.sheets() if sheet.name.strip() == name]
    if known:
        part = known[0].part
        folder, _, file = part.rpartition("/")
        package.drop(f"{folder}/_rels/{file}.rels")
    else:
        part = package.free_name("xl/worksheets/sheet{}.xml")
        package.declare(part, _SHEET_TYPE)
        _list_front(package, name, part)
    package.write(part, data)
    position = [sheet.getAttribute("name").strip() for sheet in children(package.sheet_list)].index(name)
    _show(package, position)
    _name_titles(package, name, position, heading_row)


def _list_front(package: Package, name: str, part: str) -> None:
    entries = children(package.sheet_list)
    number = max(int(entry.getAttribute("sheetId")) for entry in entries) + 1
    id_ = package.relate(WORKBOOK, "worksheet", part)
    add_child(package.sheet_list, "sheet", {"name": name, "sheetId": number, "r:id": id_}, before=entries[0])
    for defined in _defined_names(package):
        if defined.hasAttribute("localSheetId"):
            defined.setAttribute("localSheetId", str(int(defined.getAttribute("localSheetId")) + 1))


def _defined_names(package: Package) -> list[Element]:
    lists = children(root_of(package.workbook), "definedNames")
    return children(lists[0]) if lists else []


def _show(package: Package, position: int) -> None:
    """Open the workbook at the front sheet, which may have been hidden."""
    children(package.sheet_list)[position].setAttribute("state", "visible")
    for views in children(root_of(package.workbook), "bookViews"):
        for view in children(views):
            view.setAttribute("activeTab", str(position))
            view.setAttribute("firstSheet", "0")


def _name_titles(package: Package, name: str, position: int, heading_row: int) -> None:
    """Print the headings on every page."""
    root = root_of(package.workbook)
    for defined in _defined_names(package):
        if defined.parentNode and defined.getAttribute("localSheetId") == str(position):
            defined.parentNode.removeChild(defined)
    lists = children(root, "definedNames")
    later = (child for tag in _BEHIND_NAMES for child in children(root, tag))
    names = lists[0] if lists else add_child(root, "definedNames", before=next(later, None))
    defined = add_child(names, "definedName", {"name": "_xlnm.Print_Titles", "localSheetId": position})
    add_text(defined, f"'{name}'!${heading_row}:${heading_row}")
