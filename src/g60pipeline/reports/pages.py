"""Templates and words of the smaller pages: where they lie and how they are read.

Belongs here: the environment that renders `assets/reports/<page>/`. Not here: any one page, any word.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from g60pipeline.contracts.base import Model, Text, read_model
from g60pipeline.contracts.deadlines import BEIJING_OFFSET
from g60pipeline.contracts.odcs import Identifier
from g60pipeline.reports.briefing_texts import both
from g60pipeline.settings import find_project_root


class Catalogue(Model):
    """`assets/reports/<page>/texts.yaml`: every word of a page in both languages."""

    words: dict[Identifier, Text]


def find_reports_folder() -> Path:
    """Return the folder that holds a folder per page."""
    return find_project_root() / "assets" / "reports"


@cache
def _read_catalogue(path: Path) -> Catalogue:
    return read_model(Catalogue, path)


def read_words(page: str) -> dict[str, Text]:
    """Return a page's words; ContractError names file and line of whatever is wrong."""
    return _read_catalogue(find_reports_folder() / page / "texts.yaml").words


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(find_reports_folder()),
        autoescape=lambda name: name is None or ".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["beijing"] = format_beijing
    return environment


def format_beijing(instant: datetime, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """Write an instant of the ledger (UTC) as a clock in Beijing shows it."""
    return (instant + BEIJING_OFFSET).strftime(pattern)


def _word(words: dict[str, Text], key: str, **quoted: object) -> Markup:
    return both(words[key], **quoted)


def render(template: str, context: dict[str, Any], words: dict[str, Text] | None = None) -> str:
    """Render `<page>/<template>`; in it `t("key")` is a word in both languages. KeyError for a word that is missing."""
    translate = partial(_word, words or {})
    return _environment().get_template(template).render(context, t=translate, words=words, both=both)
