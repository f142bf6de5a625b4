"""The briefing's catalogue (`assets/reports/briefing/texts.yaml`): every word of the page in Chinese and English.

Belongs here: the catalogue's shape and putting both languages side by side. Not here: the words, numbers, layout.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from markupsafe import Markup, escape
from pydantic import Field as Attr

from g60pipeline.contracts.base import Model, Text, read_model
from g60pipeline.contracts.odcs import Identifier
from g60pipeline.settings import find_project_root


class Section(Model):
    """A group of sentences: the figures that are read from these indicators."""

    title: Text
    indicators: tuple[Identifier, ...]


class BriefingTexts(Model):
    """The catalogue. `words` by key; `key_figures` name the figures of the strip; what is in no section goes to `other`."""

    words: dict[Identifier, Text]
    how_to_read: tuple[Text, ...] = Attr(min_length=1)
    sections: tuple[Section, ...] = Attr(min_length=1)
    other: Text
    key_figures: tuple[str, ...]


def find_briefing_folder() -> Path:
    """Return the folder of the briefing's template, style and texts."""
    return find_project_root() / "assets" / "reports" / "briefing"


@cache
def read_texts(path: Path) -> BriefingTexts:
    """Read the catalogue; ContractError names file and line of whatever is wrong."""
    return read_model(BriefingTexts, path)


def both(text: Text, **quoted: object) -> Markup:
    """Return the text in both languages, of which the page shows one; everything is escaped except what is Markup.

    A quoted value that is a Text is given in the language around it.
    """
    return Markup('<span lang="zh-CN">{}</span><span lang="en">{}</span>').format(
        _fill(text.zh, {name: value.zh if isinstance(value, Text) else value for name, value in quoted.items()}),
        _fill(text.en, {name: value.en if isinstance(value, Text) else value for name, value in quoted.items()}),
    )


def _fill(template: str, quoted: dict[str, object]) -> Markup:
    return escape(template).format(**quoted) if quoted else escape(template)
