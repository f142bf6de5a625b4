"""Pictures of Dagster's pages for the documents: `python tests/e2e/ui_screenshots.py http://127.0.0.1:3000 docs/images`.

The pages must be up (`make ui`) and show a run of the sample. Belongs here also: how to find one's way in those pages,
which `test_ui.py` uses.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE = {"width": 1600, "height": 1000}
GROUPS = ("intake", "staged", "checks", "core", "indicators", "marts", "scorecards", "reports")
PATIENCE_MS = 30_000


def launch(playwright: Playwright) -> Browser:
    """Start the browser."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


def open_lineage(page: Page, base: str) -> None:
    """Show the graph of all assets, by group; TimeoutError when a group is missing."""
    page.goto(f"{base}/asset-groups")
    for group in GROUPS:
        page.get_by_text(group, exact=True).last.wait_for(timeout=PATIENCE_MS)


def open_check(page: Page, base: str, asset: str, check: str) -> None:
    """Show a check of an asset with the rows that failed it; TimeoutError when there are none."""
    page.goto(f"{base}/assets/{asset}?view=checks&checkDetail={check}")
    page.get_by_role("columnheader", name="message_zh").first.wait_for(timeout=PATIENCE_MS)


def open_cell(page: Page, base: str, month: str, unit: str) -> str:
    """Show a cell of the grid of units and months, and return what it says; TimeoutError when nothing was reported."""
    page.goto(f"{base}/assets/submission/return?view=partitions&partition={month}%7C{unit}")
    page.get_by_text("probable_cause", exact=True).first.wait_for(timeout=PATIENCE_MS)
    return page.locator("body").inner_text()


def open_missing_cell(page: Page, base: str, month: str, unit: str) -> None:
    """Show a cell of the grid to which nothing was reported; TimeoutError when something was."""
    page.goto(f"{base}/assets/submission/return?view=partitions&partition={month}%7C{unit}")
    page.get_by_text("No metadata entries", exact=True).first.wait_for(timeout=PATIENCE_MS)


def main(base: str, folder: Path) -> None:
    """Write `lineage.png`, `checks.png` and `grid.png`."""
    with sync_playwright() as playwright:
        page = launch(playwright).new_page(viewport=SIZE)
        open_lineage(page, base)
        page.wait_for_timeout(2000)  # the graph moves into place
        page.screenshot(path=folder / "lineage.png")
        open_check(page, base, "staged/cluster_enterprise", "credit_codes_have_valid_check_digits")
        page.wait_for_timeout(1000)
        page.screenshot(path=folder / "checks.png")
        open_cell(page, base, "2021-12", "310117107")
        page.wait_for_timeout(1000)
        # Below stand paths of the machine that ran it.
        page.screenshot(path=folder / "grid.png", clip={"x": 0, "y": 0, "width": 1600, "height": 940})


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]))
