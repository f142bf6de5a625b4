"""The catalogue: complete in both languages, in step with template, indicators and figures."""

from __future__ import annotations

import re
from string import Formatter

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.project import Project
from g60pipeline.reports.briefing_texts import BriefingTexts, both, find_briefing_folder, read_texts

FOLDER = find_briefing_folder()
TEXTS: BriefingTexts = read_texts(FOLDER / "texts.yaml")
ALL = [*TEXTS.words.values(), *TEXTS.how_to_read, TEXTS.other, *(section.title for section in TEXTS.sections)]


def quoted(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_text_is_there_in_both_languages_and_quotes_the_same() -> None:
    for text in ALL:
        assert text.zh.strip()
        assert text.en.strip()
        assert quoted(text.zh) == quoted(text.en), text


def test_english_holds_no_chinese() -> None:
    assert [text.en for text in ALL if re.search(r"[\u4e00-\u9fff]", text.en)] == [TEXTS.words["to_zh"].en]


def test_every_word_is_used() -> None:
    sources = [path.read_text(encoding="utf-8") for path in FOLDER.glob("*.j2")]
    package = FOLDER.parents[2] / "src" / "g60pipeline" / "reports"
    sources += [path.read_text(encoding="utf-8") for path in package.glob("briefing*.py")]
    by_prefix = ("mark_", "status_", "state_", "reason_", "comparator_")
    by_chart = {f"{name}_{part}" for name in ("share", "coverage") for part in ("title", "note")}
    for key in set(TEXTS.words) - by_chart:
        assert key.startswith(by_prefix) or any(re.search(rf"\b{key}\b", source) for source in sources), key


def test_every_published_figure_has_one_section_and_sections_name_real_indicators(project: Project) -> None:
    assert project.figures is not None
    listed = [name for section in TEXTS.sections for name in section.indicators]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(project.indicators)
    assert {figure.read.indicator for figure in project.figures.figures} <= set(listed)
    assert set(TEXTS.key_figures) <= {figure.id for figure in project.figures.figures}


def test_texts_are_escaped_in_both_languages() -> None:
    assert both(Text(zh="甲{x}", en="a{x}"), x=Text(zh="<乙>", en="<b>")) == (
        '<span lang="zh-CN">甲&lt;乙&gt;</span><span lang="en">a&lt;b&gt;</span>'
    )
