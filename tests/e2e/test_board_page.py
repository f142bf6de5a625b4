"""The status board in a real browser: offline, readable in both languages, on a desk and on a phone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from ui_screenshots import CHROMIUM, launch

from g60pipeline.contracts.project import load_project
from g60pipeline.reports.board import build_board
from g60pipeline.reports.receipt import build_receipt

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "unit" / "reports"))

from board_world import HOST, PERIOD, TOWN, make_board, status_row  # noqa: E402
from test_receipt import submission  # noqa: E402

WIDTHS = "() => [document.documentElement.scrollWidth, window.innerWidth]"
# Contrast of each tile's ink on its ground, as WCAG 2 counts it.
CONTRASTS = """() => [...document.querySelectorAll('.tile')].map(tile => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const style = getComputedStyle(tile);
  const light = colour => {
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [light(style.color), light(style.backgroundColor)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
})"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium on the PATH")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("board") / f"{PERIOD}.html"
    stray = status_row(TOWN, "activity", PERIOD, "not_owed")
    path.write_text(build_board(make_board(load_project(ROOT), stray)), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(params=[1280, 390])
def page(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 900}, offline=True)
    page = context.new_page()
    page.goto(url)
    yield page
    context.close()


def test_the_board_asks_for_nothing_but_itself(browser: Browser, url: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(url, wait_until="networkidle")
    page.close()
    assert asked == [url]
    assert said == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_runs_off_the_board(page: Page, language: str, tmp_path: Path) -> None:
    page.locator(f"label[for=to-{language}]").click()
    shot = tmp_path / "board.png"
    page.screenshot(path=shot, full_page=True)
    assert shot.stat().st_size > 50_000
    scroll_width, inner_width = page.evaluate(WIDTHS)
    assert scroll_width <= inner_width


def test_a_state_can_be_read_without_its_colour(page: Page) -> None:
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 300
    assert min(contrasts) >= 4.5
    icons = page.locator(".matrix .tile .icon")
    assert icons.count() == page.locator(".matrix .tile").count()
    shapes = page.locator("symbol").evaluate_all("all => all.map(one => one.innerHTML + one.id)")
    assert len(set(shapes)) == 10


def test_the_filter_leaves_units_with_something_to_do_and_needs_no_script(browser: Browser, url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url)
    fine, trouble = (page.locator(f".forms tr[data-unit='{code}']") for code in ("310117006", HOST))
    expect(fine).to_be_visible()
    page.locator("label[for=only-trouble]").click()
    expect(fine).to_be_hidden()
    expect(trouble).to_be_visible()
    context.close()


def test_a_units_name_leads_to_its_details_which_open(browser: Browser, url: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(url)
    table = page.locator(".unit-detail:has([id='u-310117006']) table")
    expect(table).to_be_hidden()
    page.locator(".forms tr[data-unit='310117006'] a").click()
    expect(table).to_be_visible()
    expect(table).to_be_in_viewport()
    page.close()


def test_the_receipt_prints_on_one_page(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "receipt.html"
    project = load_project(ROOT)
    forms = [{"form": form.name, "sheet": form.sheet, "row_count": 7} for form in project.forms.values()]
    path.write_text(build_receipt(project, submission(verdict="returned", forms=forms)), encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    scroll_width, inner_width = page.evaluate(WIDTHS)
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    page.close()
    assert (asked, scroll_width <= inner_width) == ([path.as_uri()], True)
    assert pdf.count(b"/Type /Page\n") == 1
