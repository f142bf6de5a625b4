"""The briefing in a real browser: offline, readable in both languages, on a desk and on a phone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from ui_screenshots import CHROMIUM, launch

from g60pipeline.contracts.project import load_project
from g60pipeline.reports.briefing import build_briefing

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "unit" / "reports"))

from briefing_world import make_data  # noqa: E402

DRAWN = """text => {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  context.font = '24px ' + getComputedStyle(document.body).fontFamily;
  context.fillText(text, 4, 30);
  return canvas.toDataURL();
}"""
WIDTHS = "() => [document.documentElement.scrollWidth, window.innerWidth]"
OVERLAPPING = """() => {
  const boxes = [...document.querySelectorAll('svg text')].map(t => t.getBoundingClientRect());
  const hit = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom - 3 && b.top < a.bottom - 3;
  return boxes.filter((a, i) => boxes.slice(i + 1).some(b => hit(a, b))).length;
}"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium on the PATH")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    data = make_data(load_project(ROOT))
    withheld = replace(data.figures[8], status="withheld", ours=None, met=False)
    figures = (*data.figures[:8], withheld, *data.figures[9:])
    path = tmp_path_factory.mktemp("briefing") / "2021-12.html"
    path.write_text(build_briefing(replace(data, figures=figures)), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(params=[1280, 390])
def page(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 900}, offline=True)
    page = context.new_page()
    page.goto(url)
    yield page
    context.close()


def test_the_page_asks_for_nothing_but_itself(browser: Browser, url: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(url, wait_until="networkidle")
    page.close()
    assert asked == [url]
    assert said == []


def test_chinese_is_drawn_as_characters_and_not_as_boxes(page: Page) -> None:
    drawn = {text: page.evaluate(DRAWN, text) for text in ("松", "江", "党", "\ue001")}
    assert len(set(drawn.values())) == len(drawn), "no Chinese font here: install Noto Sans CJK"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_runs_off_the_page_or_into_each_other(page: Page, language: str, tmp_path: Path) -> None:
    page.locator(f"label[for=to-{language}]").click()
    scroll_width, inner_width = page.evaluate(WIDTHS)
    shot = tmp_path / f"{language}-{inner_width}.png"
    page.screenshot(path=shot, full_page=True)
    assert shot.stat().st_size > 50_000
    assert scroll_width <= inner_width
    assert page.evaluate(OVERLAPPING) == 0


def test_the_language_is_chosen_without_a_script(browser: Browser, url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url)
    chinese, english = page.get_by_text("主要情况"), page.get_by_text("Findings", exact=True)
    assert (chinese.is_visible(), english.is_visible()) == (True, False)
    page.locator("label[for=to-en]").click()
    assert (chinese.is_visible(), english.is_visible()) == (False, True)
    page.locator("label[for=to-zh]").click()
    assert (chinese.is_visible(), english.is_visible()) == (True, False)
    context.close()


def test_the_language_can_be_chosen_from_the_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_text("Findings", exact=True).is_visible()


def test_bars_are_as_long_as_their_values(page: Page) -> None:
    track = page.locator(".bars svg .track").first.bounding_box()
    bar = page.locator(".bars svg .value").first.bounding_box()
    assert track is not None
    assert bar is not None
    assert bar["width"] / track["width"] == pytest.approx(0.9, abs=0.01)


def test_the_page_prints_on_a4(browser: Browser, url: str, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(url)
    pdf = page.pdf(path=tmp_path / "briefing.pdf", prefer_css_page_size=True, print_background=True)
    page.emulate_media(media="print")
    assert not page.locator(".languages").is_visible()
    page.close()
    assert 2 <= pdf.count(b"/Type /Page\n") <= 8
