"""The briefing's catalogue (`assets/reports/briefing/texts.yaml`): every word of the page in Chinese and
English.

Belongs here: the catalogue's shape and putting both languages side by side. Not here: the words, numbers,
layout.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from markupsafe import Markup
from pydantic import Field as Attr

from g60pipeline.contracts.base import Model, Text, read_model
from g60pipeline.contracts.odcs import Identifier
from g60pipeline.settings import find_project_root


class Section(Model):
    """A group of sentences: the figures that are read from these indicators."""

    title: Text
    indicators: tuple[Identifier, ...]


class BriefingTexts(Model):
    """The catalogue. `key_figures`: figures of the strip; what is in no section goes to `other`."""

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


def fill(text: Text, **quoted: object) -> Text:
    """Fill in what the text quotes; a quoted Text is given in the language around it."""
    return Text(
        zh=text.zh.format(**{name: getattr(value, "zh", value) for name, value in quoted.items()}),
        en=text.en.format(**{name: getattr(value, "en", value) for name, value in quoted.items()}),
    )


def side_by_side(zh: str, en: str) -> Markup:
    """Put both languages on the page, which shows one; whatever is not Markup is escaped."""
    return Markup('<span lang="zh-CN">{}</span><span lang="en">{}</span>').format(zh, en)


def both(text: Text, **quoted: object) -> Markup:
    """Return the text, filled in, in both languages and escaped."""
    filled = fill(text, **quoted) if quoted else text
    return side_by_side(filled.zh, filled.en)
