"""The data dictionary and the lineage page, from contracts, definitions and their SQL.

Belongs here: bringing lineage and formulas (indicators) and pages (reports) together, and where files go. Not here: what
stands on the pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from g60pipeline.contracts.project import Project
from g60pipeline.files import write_whole
from g60pipeline.indicators.formulas import describe_formulas
from g60pipeline.indicators.lineage import build_lineage
from g60pipeline.reports.dictionary import Dictionary, Sources
from g60pipeline.reports.dictionary_pages import (
    build_dictionary,
    count_entries,
    find_stale,
    render_markdown,
    render_page,
    write_markdown,
)
from g60pipeline.reports.lineage import build_lineage_page
from g60pipeline.reports.pages import read_words

DICTIONARY_PAGE = "dictionary.html"
LINEAGE_PAGE = "lineage.html"


@dataclass(frozen=True)
class Written:
    """What was made: `pages`, the Markdown's `folder`, the files in it that changed, and the entries by area."""

    pages: tuple[Path, ...]
    folder: Path
    changed: tuple[Path, ...]
    entries: dict[str, int]


def read_sources(project: Project) -> Sources:
    """Work out what the dictionary is made from; ContractError when a mart's SQL cannot be followed."""
    return Sources(project, build_lineage(project), describe_formulas(project, read_words("dictionary")))


def find_markdown_folder(root: Path) -> Path | None:
    """Return where a checkout keeps the dictionary's Markdown; None where the project is installed, not checked out."""
    return root / "docs" / "dictionary" if (root / "pyproject.toml").exists() else None


def pages_in(out: Path) -> tuple[Path, Path]:
    """Return where the dictionary and the lineage page lie."""
    return out / DICTIONARY_PAGE, out / LINEAGE_PAGE


def write_pages(project: Project, root: Path, out: Path) -> tuple[Path, ...]:
    """Write the dictionary and the lineage page, which link to each other."""
    sources = read_sources(project)
    return _write_pages(sources, build_dictionary(sources, root), out)


def _write_pages(sources: Sources, dictionary: Dictionary, out: Path) -> tuple[Path, ...]:
    page, lineage_page = pages_in(out)
    write_whole(page, render_page(sources, dictionary, LINEAGE_PAGE))
    write_whole(lineage_page, build_lineage_page(sources.project, sources.lineage, DICTIONARY_PAGE))
    return page, lineage_page


def write_dictionary(project: Project, root: Path, out: Path, folder: Path) -> Written:
    """Write the pages to `out` and the dictionary's Markdown to `folder`."""
    sources = read_sources(project)
    dictionary = build_dictionary(sources, root)
    pages = _write_pages(sources, dictionary, out)
    changed = write_markdown(folder, render_markdown(sources, dictionary))
    entries = {str(area): count for area, count in count_entries(dictionary).items()}
    return Written(pages, folder, tuple(changed), entries)


def find_stale_dictionary(project: Project, root: Path, folder: Path) -> list[Path]:
    """List the Markdown files that differ from what contracts and definitions say now."""
    sources = read_sources(project)
    return find_stale(folder, render_markdown(sources, build_dictionary(sources, root)))


def write_lineage(project: Project, path: Path) -> Path:
    """Write the lineage page alone; it links to a dictionary that lies beside it."""
    beside = DICTIONARY_PAGE if (path.parent / DICTIONARY_PAGE).exists() else None
    write_whole(path, build_lineage_page(project, build_lineage(project), beside))
    return path
