"""The dictionary as one offline page with search, and as Markdown that is kept beside the code and checked.

Belongs here: rendering, writing, comparing. Not here: content (dictionary.py and the modules it names), words and layout
(assets/reports/dictionary/).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from g60pipeline.contracts.base import Text
from g60pipeline.reports.dictionary import Area, Dictionary, Ref, Sources
from g60pipeline.reports.dictionary_forms import describe_code_lists, describe_forms, describe_rules
from g60pipeline.reports.dictionary_indicators import (
    describe_figures,
    describe_marts,
    describe_scorecards,
    describe_themes,
)
from g60pipeline.reports.dictionary_published import describe_published
from g60pipeline.reports.pages import find_reports_folder, render
from g60pipeline.reports.scripts import script_hash

README = "README.md"
# Area → the word that counts its entries.
COUNTED: dict[Area, str] = {
    "forms": "fields_count", "codelists": "codes_count", "rules": "rules_count", "indicators": "indicators_count",
    "marts": "columns_count", "scorecards": "columns_count", "figures": "figures_count", "published": "columns_count",
}  # fmt: skip


def build_dictionary(sources: Sources, root: Path) -> Dictionary:
    """Describe everything that the project below `root` defines; ContractError for a faulty published table."""
    return Dictionary(
        rules_version=sources.project.rules_version,
        forms=describe_forms(sources),
        codelists=describe_code_lists(sources),
        rules=describe_rules(sources),
        indicators=describe_themes(sources),
        marts=describe_marts(sources),
        scorecards=describe_scorecards(sources),
        figures=describe_figures(sources),
        published=describe_published(root),
    )


def count_entries(dictionary: Dictionary) -> dict[Area, int]:
    """Entries of each area that has any, in the areas' order."""
    counts: dict[Area, int] = {
        "forms": sum(len(entry.fields) for entry in dictionary.forms),
        "codelists": sum(len(entry.codes) for entry in dictionary.codelists),
        "rules": sum(len(group.rules) for group in dictionary.rules),
        "indicators": sum(len(theme.indicators) for theme in dictionary.indicators),
        "marts": sum(len(entry.columns) for entry in dictionary.marts),
        "scorecards": sum(len(entry.columns) for entry in dictionary.scorecards),
        "figures": len(dictionary.figures),
        "published": sum(len(entry.columns) for entry in dictionary.published),
    }
    return {area: count for area, count in counts.items() if count}


def render_page(sources: Sources, dictionary: Dictionary, lineage_page: str) -> str:
    """Return the page; `lineage_page` is the address of the lineage page beside it."""
    script = (find_reports_folder() / "dictionary" / "script.js").read_text(encoding="utf-8")
    context = {
        "dictionary": dictionary,
        "counts": count_entries(dictionary),
        "counted": COUNTED,
        "lineage_page": lineage_page,
        "script": Markup(script),
        "script_hash": script_hash(script),
    }
    return render("dictionary/template.html.j2", context, sources.words)


def render_markdown(sources: Sources, dictionary: Dictionary) -> dict[str, str]:
    """Return the Markdown by file name: the index and a file for each area that has entries."""
    counts = count_entries(dictionary)
    context: dict[str, Any] = {"dictionary": dictionary, "counts": counts, "counted": COUNTED, "pair": pair}

    def say(key: str, **quoted: object) -> str:
        return pair(sources.say(key, **quoted))

    context["say"] = say
    files = {README: render("dictionary/README.md.j2", {**context, "area": ""}, sources.words)}
    for area in counts:
        context |= {"link": partial(_link, area), "area": area}
        files[f"{area}.md"] = render(f"dictionary/{area}.md.j2", context, sources.words)
    return {name: text.strip() + "\n" for name, text in files.items()}


def pair(text: Text) -> str:
    """Both languages on one line, fit for a cell of a Markdown table."""
    said = text.zh if text.zh == text.en else f"{text.zh} / {text.en}"
    return _plain(said)


def _plain(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
    return " ".join(escaped.split())


def _link(area: Area, ref: Ref) -> str:
    file = "" if ref.area == area else f"{ref.area}.md"
    return f"[{_plain(ref.label.zh)}]({file}#{ref.anchor})"


def find_stale(folder: Path, files: dict[str, str]) -> list[Path]:
    """List the files of the folder that are missing, differ, or have no area any more."""
    known = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return sorted(folder / name for name in files.keys() | known.keys() if files.get(name) != known.get(name))


def write_markdown(folder: Path, files: dict[str, str]) -> list[Path]:
    """Bring the folder in step; return what was written or removed."""
    folder.mkdir(parents=True, exist_ok=True)
    stale = find_stale(folder, files)
    for path in stale:
        if path.name in files:
            path.write_text(files[path.name], encoding="utf-8")
        else:
            path.unlink()
    return stale
