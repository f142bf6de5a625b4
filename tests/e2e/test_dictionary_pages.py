"""Dictionary and lineage in a real browser: offline, quick to search, links lit, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from ui_screenshots import CHROMIUM, launch

from g60pipeline.contracts.project import load_project
from g60pipeline.operations.dictionary import write_dictionary

ROOT = Path(__file__).parents[2]
PAGES = ("dictionary.html", "lineage.html")
WIDTHS = "() => [document.documentElement.scrollWidth, window.innerWidth]"
SHOWN = "[data-entry]:not([hidden])"
LIT = ".row:not([hidden])"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium on the PATH")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dictionary")
    write_dictionary(load_project(ROOT), ROOT, out, out / "markdown")
    return out


@pytest.fixture(params=[1280, 390])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 900}, offline=True)
    page = context.new_page()
    yield page
    context.close()


def _open(page: Page, folder: Path, name: str, anchor: str = "") -> None:
    page.goto((folder / name).as_uri() + anchor)


@pytest.mark.parametrize("name", PAGES)
def test_the_page_asks_for_nothing_but_itself(browser: Browser, folder: Path, name: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((folder / name).as_uri(), wait_until="networkidle")
    page.close()
    assert asked == [(folder / name).as_uri()]
    assert said == []


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_runs_off_the_page(page: Page, folder: Path, name: str, language: str) -> None:
    _open(page, folder, name)
    page.locator(f"label[for=to-{language}]").click()
    scroll_width, inner_width = page.evaluate(WIDTHS)
    assert scroll_width <= inner_width


def test_search_finds_entries_by_word_code_and_area(page: Page, folder: Path) -> None:
    _open(page, folder, "dictionary.html")
    everything = page.locator(SHOWN).count()
    page.locator("#search").fill("预备党员 co-101")
    expect(page.locator(SHOWN)).to_have_count(1)
    expect(page.locator("#rule-CO-101")).to_be_visible()
    page.locator("#search").fill("member_count")
    found = page.locator(SHOWN).count()
    assert 5 < found < everything
    assert page.locator("#count").inner_text() == str(found)
    page.locator("[data-chip=indicators]").click()
    expect(page.locator("#indicator-cluster_member_count")).to_be_visible()
    assert page.locator("[data-area=forms]").is_hidden()
    page.locator("#search").fill("没有这样的词")
    expect(page.locator("#nothing")).to_be_visible()
    page.locator("#clear").click()
    assert page.locator(SHOWN).count() == everything


def test_a_link_shows_what_a_search_had_hidden(page: Page, folder: Path) -> None:
    _open(page, folder, "dictionary.html")
    page.locator("#search").fill("cluster_member_count")
    page.evaluate("location.hash = '#rule-CO-101'")
    expect(page.locator("#rule-CO-101")).to_be_in_viewport()


def test_a_click_lights_ancestors_and_descendants(page: Page, folder: Path) -> None:
    _open(page, folder, "lineage.html")
    page.locator("[data-key='indicator.services.service_duration_median']").click()
    lit = {row.get_attribute("data-key") for row in page.locator(LIT).all()}
    assert lit == {
        "form.service_case.accepted_at", "form.service_case.completed_at",
        "mart.service_duration.duration_hours", "indicator.services.service_duration_median",
    } | {key for key in lit if key and key.startswith("figure.")}  # fmt: skip
    assert page.locator(".row.up").count() == 3
    page.locator(".weak").click()
    expect(page.locator("[data-key='form.service_case.service_kind']")).to_be_visible()
    page.keyboard.press("Escape")
    assert page.locator(LIT).count() == page.locator(".row").count()


def test_lines_are_drawn_between_the_columns_lit(browser: Browser, folder: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    _open(page, folder, "lineage.html", "#mart.service_duration.duration_hours")
    row = page.locator("[data-key='mart.service_duration.duration_hours']").bounding_box()
    field = page.locator("[data-key='form.service_case.accepted_at']").bounding_box()
    line = page.locator("#curves path").first.bounding_box()
    assert row is not None
    assert field is not None
    assert line is not None
    assert line["x"] == pytest.approx(field["x"] + field["width"], abs=4)
    assert line["x"] + line["width"] == pytest.approx(row["x"], abs=4)
    page.close()


def test_dictionary_and_lineage_lead_to_each_other(page: Page, folder: Path) -> None:
    _open(page, folder, "dictionary.html", "#indicator-service_duration_median")
    page.locator("#indicator-service_duration_median .trace-link").click()
    page.wait_for_url("**/lineage.html#indicator.services.service_duration_median")
    expect(page.locator(".row[aria-pressed=true]")).to_have_count(1)
    page.locator("#meaning").click()
    page.wait_for_url("**/dictionary.html#indicator-service_duration_median")
    expect(page.locator("#indicator-service_duration_median")).to_be_in_viewport()


@pytest.mark.parametrize("name", PAGES)
def test_without_the_script_everything_is_there(browser: Browser, folder: Path, name: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    _open(page, folder, name)
    assert page.get_by_text("service_duration_median", exact=True).first.is_visible()
    page.locator("label[for=to-en]").click()
    assert page.locator(":visible", has_text="median duration").last.is_visible()
    context.close()
