"""The page's contents: every figure, nothing withheld, everything escaped, nothing from outside."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import pandas as pd
import pytest
from briefing_world import PERIOD, REASON, make_data, make_readings, return_row

from g60pipeline.contracts.project import Project
from g60pipeline.reports.briefing import build_briefing
from g60pipeline.reports.briefing_data import BriefingData

VOID = {"meta", "col", "input", "br", "rect", "line"}


class Reader(HTMLParser):
    """Text by language, as a reader with that language sees it, and the tags that were not closed."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.hidden = {"zh-CN": "en", "en": "zh-CN"}[language]
        self.open: list[tuple[str, bool]] = []
        self.parts: list[str] = []
        self.unclosed: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        hides = tag in ("style", "title") or dict(attrs).get("lang") == self.hidden
        if tag not in VOID:
            self.open.append((tag, hides))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self.open.pop()
        if opened != tag:
            self.unclosed.append(opened)

    def handle_data(self, data: str) -> None:
        if not any(hides for tag, hides in self.open if tag != "html"):
            self.parts.append(data)


def read(html: str, language: str = "zh-CN") -> str:
    reader = Reader(language)
    reader.feed(html)
    assert not reader.unclosed
    assert not reader.open
    return re.sub(r"\s+", " ", "".join(reader.parts))


def change_figure(data: BriefingData, figure_id: str, **changes: object) -> BriefingData:
    return replace(
        data,
        figures=tuple(replace(r, **changes) if r.figure.id == figure_id else r for r in data.figures),
    )


def item(html: str, figure_id: str) -> str:
    (found,) = re.findall(rf'<li class="\w+" data-figure="{figure_id}">.*?</li>', html, re.S)
    return found


def test_every_published_figure_stands_on_the_page_once(data: BriefingData) -> None:
    ids = re.findall(r'data-figure="(F\d\d)"', build_briefing(data))
    assert sorted(ids) == [f"F{i:02d}" for i in range(1, 45)]


def test_a_figure_shows_sentence_value_mark_coverage_and_indicator(data: BriefingData) -> None:
    found = read(item(build_briefing(data), "F29"))
    assert "规上工业产值4,355亿元" in found
    assert "与公布数相符" in found
    assert "21/21 家单位" in found
    assert "above_scale_output_ytd" in found


def test_our_value_is_printed_and_not_the_published_one(data: BriefingData) -> None:
    html = build_briefing(change_figure(data, "F23", ours=Decimal("2143.0000")))
    assert "党史学习教育2,143场次" in read(item(html, "F23"))
    assert "2,000" not in item(html, "F23")


def test_a_disagreement_shows_the_published_value_too(data: BriefingData) -> None:
    html = build_briefing(change_figure(data, "F10", ours=812, met=False))
    assert "与公布数不符 公布：近 1,000" in read(item(html, "F10"))
    assert "disagrees published: nearly 1,000" in read(item(html, "F10"), "en")
    assert "43/44 项与公布数据相符" in read(html)


@pytest.mark.parametrize("ours", [None, 7654.0])
def test_a_withheld_figure_shows_no_number_anywhere(data: BriefingData, ours: float | None) -> None:
    html = build_briefing(
        change_figure(data, "F10", ours=ours, met=False, status="withheld", coverage_ratio=0.62)
    )
    found = read(item(html, "F10"))
    assert "培育深度融合项目：暂不公布" in found
    assert "7,654" not in html
    assert "7654" not in html
    assert not re.search(r"<b>", item(html, "F10"))
    assert "62.0%" in read(html)


def test_a_value_that_is_absent_though_published_is_said_to_be_none(data: BriefingData) -> None:
    assert "无数值" in read(item(build_briefing(change_figure(data, "F32", ours=None)), "F32"))


def test_a_streak_behind_which_a_month_is_missing_is_at_least(data: BriefingData) -> None:
    html = build_briefing(change_figure(data, "F40", ours=36.0, met=False, status="at_least"))
    assert "连续至少36个月同比增长" in read(html)
    assert "for at least 36 months running" in read(html, "en")
    assert "按下限公布" in read(html)


def test_a_lowest_share_is_never_rounded_up(data: BriefingData) -> None:
    html = build_briefing(change_figure(data, "F25", ours=Decimal("29.97"), met=False))
    assert "均不低于29%" in read(item(html, "F25"))


def test_a_figure_in_no_section_goes_to_other(project: Project, data: BriefingData) -> None:
    first = data.figures[0]
    read_elsewhere = first.figure.read.model_copy(update={"indicator": "served_enterprise_count"})
    moved = replace(first, figure=first.figure.model_copy(update={"read": read_elsewhere}))
    html = build_briefing(replace(data, figures=(moved, *data.figures[1:])))
    assert "其他" in read(html)
    assert "served_enterprise_count" in item(html, first.figure.id)


def test_a_month_without_references_shows_values_and_says_so(project: Project, data: BriefingData) -> None:
    html = build_briefing(replace(data, period="2020-05", figures=make_readings(project, "2020-05")))
    assert "本月无公布数可对照" in read(html)
    assert "全区培育深度融合项目1,000项" in read(item(html, "F10"))
    assert 'class="mark"' not in html
    assert "项与公布数据相符" not in read(html)


def test_december_has_nothing_without_a_reference(data: BriefingData) -> None:
    assert "本月无公布数可对照" not in read(build_briefing(data))


def test_partial_coverage_is_listed_and_full_coverage_said_in_words(data: BriefingData) -> None:
    assert "均已报送" in read(build_briefing(data))
    html = build_briefing(change_figure(data, "F10", reporting_unit_count=19, coverage_ratio=0.93999))
    assert re.search(r"培育深度融合项目\s*19/21\s*93\.9%", read(html))
    assert "均已报送" not in read(html)


def test_missing_and_returned_units_stand_with_their_reasons(data: BriefingData) -> None:
    text = read(build_briefing(data))
    assert (
        "应报 22 家：通过 19 家，退回 1 家，无法读取或拒收 1 家，缺报 1 家。其中 1 家报送不止一次后通过。"
        in text
    )
    assert REASON in text
    assert "另有 3 个严重问题" in text
    assert "泖港镇 缺报" in text
    assert "没有收到本月报送" in text


def test_a_month_in_which_all_units_passed(project: Project, data: BriefingData) -> None:
    returns = data.returns[data.returns["state"] == "accepted"]
    assert "本月没有缺报或退回的单位" in read(build_briefing(replace(data, returns=returns)))


def test_whatever_a_unit_wrote_is_escaped(project: Project, data: BriefingData) -> None:
    bad = "<script>alert(1)</script>{value}{0}{{ data.run_id }}"
    row = return_row("X", bad, bad, "returned", critical_count=1, messages_zh=[bad], messages_en=[bad])
    html = build_briefing(
        replace(data, returns=pd.DataFrame([row]), file_names=(bad,), run_id=bad, generated_by=bad)
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;{value}{0}{{ data.run_id }}") == 7


def test_the_page_needs_nothing_from_outside(data: BriefingData) -> None:
    html = build_briefing(data)
    assert not re.search(r"https?:|//\w|\bsrc=|\bhref=|url\(|@import|<script|<link|\bon\w+=", html)
    assert "default-src 'none'" in html


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_sample_data_are_marked_and_real_data_are_not(data: BriefingData, language: str) -> None:
    words = {"zh-CN": "合成样例数据", "en": "Synthetic sample data"}[language]
    assert words in read(build_briefing(data), language)
    assert words not in read(build_briefing(replace(data, is_synthetic=False)), language)


def test_no_chinese_is_left_on_the_english_page(data: BriefingData) -> None:
    text = read(build_briefing(replace(data, file_names=())), "en")
    assert re.findall(r"[\u4e00-\u9fff]+", text) == []
    assert f"monthly briefing {PERIOD}" in text


def test_the_page_says_where_it_comes_from(project: Project) -> None:
    text = read(
        build_briefing(make_data(project, run_id="run-17", rules_version="abc", generated_by="g60 9"))
    )
    assert "运行编号run-17" in text
    assert "规则版本abc" in text
    assert "g60 9" in text


def test_the_same_data_give_the_same_page(data: BriefingData) -> None:
    assert build_briefing(data) == build_briefing(data)
