"""Dagster's pages in a real browser: groups in the lineage, the rows of a failed check, and nothing from elsewhere."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from ui_screenshots import CHROMIUM, PATIENCE_MS, launch, open_cell, open_check, open_lineage

from g60pipeline.defs.assemble import build_definitions
from g60pipeline.defs.instance import open_instance
from g60pipeline.defs.resources import House

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "defs"))

from small_inbox import MARCH, put  # noqa: E402

LAYERS = ("intake", "staged", "quality")
QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium on the PATH")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home in which March failed a check."""
    home = tmp_path_factory.mktemp("home")
    put(home / "inbox", "march")
    graph = build_definitions(resource_overrides={"house": House(home=str(home))})
    keys = [spec.key for spec in graph.resolve_all_asset_specs() if spec.key.path[0] in LAYERS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")  # restored afterwards: opening the instance sets it
        with open_instance(home) as instance:
            job = graph.resolve_job_def("month")
            job.execute_in_process(
                instance=instance, partition_key=MARCH.key, asset_selection=keys, run_config=QUIET
            )
        yield home


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_up(url: str, server: subprocess.Popen[bytes], seconds: int = 40) -> None:
    for _ in range(seconds * 4):
        assert server.poll() is None, "the server died"
        try:
            urllib.request.urlopen(f"{url}/server_info", timeout=2).close()
        except OSError:
            time.sleep(0.25)
        else:
            return
    raise TimeoutError(url)


@pytest.fixture(scope="module")
def base(home: Path) -> Iterator[str]:
    port = free_port()
    command = [Path(sys.executable).with_name("dagster-webserver"), "-w", "workspace.yaml"]
    environment = {**os.environ, "DAGSTER_HOME": str(home / "dagster"), "G60_HOME": str(home)}
    with subprocess.Popen(
        [*command, "-h", "127.0.0.1", "-p", str(port)],
        cwd=ROOT,
        env={
            **environment,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            wait_until_up(f"http://127.0.0.1:{port}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()  # takes the code server with it
            server.wait(timeout=20)


@pytest.fixture(scope="module")
def asked() -> list[str]:
    return []


@pytest.fixture(scope="module")
def page(base: str, asked: list[str]) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        yield page
        browser.close()


def test_the_lineage_shows_every_group(page: Page, base: str) -> None:
    open_lineage(page, base)


def test_a_failed_check_shows_the_rows_that_failed_it(page: Page, base: str) -> None:
    open_check(page, base, "staged/innovation_carrier", "keys_are_unique")
    assert page.get_by_text("310117U02", exact=True).first.is_visible()
    assert page.get_by_text("2021-03", exact=True).first.is_visible()


def test_the_grid_shows_each_submission_with_verdict_file_and_receipt(page: Page, base: str) -> None:
    shown = open_cell(page, base, MARCH.key, "310117U02")
    assert "returned" in shown
    assert "sha256" in shown
    assert "feedback_folder" in shown
    assert "accepted" in open_cell(page, base, MARCH.key, "310117001")


def test_an_asset_says_who_keeps_it_what_its_columns_mean_and_where_it_is_defined(
    page: Page, base: str
) -> None:
    page.goto(f"{base}/assets/staged/innovation_carrier?view=overview")
    for said in ("district-data", "staged.innovation_carrier", "defined_in", "dictionary"):
        page.get_by_text(said).first.wait_for(timeout=PATIENCE_MS)


def test_nothing_is_asked_of_anybody_else(page: Page, base: str, asked: list[str]) -> None:
    assert page.url.startswith(base)
    hosts = (base, base.replace("http", "ws"), "data:", "blob:")
    assert asked
    assert [url for url in asked if not url.startswith(hosts)] == []
