"""Who gets in at the proxy of a plain machine, and who may what there; the processes are real (conftest.py)."""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from deployed_machine import NGINX, Door
from playwright.sync_api import sync_playwright

sys.path.append(str(Path(__file__).parents[1] / "e2e"))

from ui_screenshots import CHROMIUM, launch

FOREIGN = "https://elsewhere.example"
LAUNCH = """
mutation {
  launchRun(executionParams: {
    selector: {repositoryLocationName: "g60pipeline", repositoryName: "__repository__", jobName: "receive"}
    runConfigData: {}
  }) { __typename }
}
"""
RUNS = "{ runsOrError { ... on Runs { results { jobName status } } } }"
pytestmark = pytest.mark.skipif(
    NGINX is None or os.geteuid() != 0, reason="needs nginx and, to hand secrets to their users, root"
)
BOTH = pytest.mark.parametrize("role", ["viewers", "operators"])


@BOTH
def test_nobody_comes_in_without_a_password(doors: dict[str, Door], role: str) -> None:
    door = doors[role]
    for nobody in (door._replace(password="wrong"), door._replace(user="")):
        with nobody.client() as client:
            assert client.get("/").status_code == 401
            assert client.post("/graphql", json={"query": RUNS}).status_code == 401


def test_a_viewers_password_does_not_open_the_operators_door(doors: dict[str, Door]) -> None:
    viewer = doors["operators"]._replace(user="viewer", password=doors["viewers"].password)

    assert viewer.ask(RUNS).status_code == 401


@BOTH
def test_the_pages_are_there(doors: dict[str, Door], role: str) -> None:
    with doors[role].client() as client:
        # A link in a mail leads here.
        page = client.get(
            "/locations", headers={"Referer": f"{FOREIGN}/mail", "Sec-Fetch-Site": "cross-site"}
        )

    assert page.status_code == 200
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "Dagster" in page.text


@BOTH
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": FOREIGN},
        {"Origin": "null"},
        {"Referer": f"{FOREIGN}/page"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "own", "Referer": f"{FOREIGN}/"},
    ],
)
def test_a_page_from_elsewhere_can_send_nothing(
    doors: dict[str, Door], role: str, headers: dict[str, str]
) -> None:
    door = doors[role]
    sent = {name: door.origin if value == "own" else value for name, value in headers.items()}
    with door.client() as client:
        answers = [
            client.post("/graphql", json={"query": RUNS}, headers=sent),
            client.get("/graphql", params={"query": LAUNCH}, headers=sent),
            client.post("/report_asset_materialization/published", headers=sent),
        ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


@BOTH
def test_an_origin_that_only_begins_like_ours_is_foreign(doors: dict[str, Door], role: str) -> None:
    door = doors[role]

    assert door.ask(RUNS, Origin=f"{door.origin}.elsewhere.example").status_code == 403
    assert door.ask(RUNS, Referer=f"{door.origin}.elsewhere.example/").status_code == 403


@BOTH
def test_queries_by_get_are_refused_even_from_our_own_pages(doors: dict[str, Door], role: str) -> None:
    with doors[role].client() as client:
        assert client.get("/graphql", params={"query": RUNS}).status_code == 403


@BOTH
def test_our_own_pages_and_programs_may_ask(doors: dict[str, Door], role: str) -> None:
    door = doors[role]
    page = {"Origin": door.origin, "Referer": f"{door.origin}/runs", "Sec-Fetch-Site": "same-origin"}
    for headers in (page, {}):
        assert "results" in door.ask(RUNS, **headers).json()["data"]["runsOrError"]


@BOTH
@pytest.mark.parametrize(("origin", "status"), [("own", 101), (FOREIGN, 403)])
def test_subscriptions_open_for_our_own_pages_only(
    doors: dict[str, Door], role: str, origin: str, status: int
) -> None:
    door = doors[role]
    trusted = ssl.create_default_context(cafile=str(door.certificate))
    connection = http.client.HTTPSConnection(door.address, context=trusted, timeout=30)
    secret = b64encode(f"{door.user}:{door.password}".encode()).decode()
    headers: dict[str, Any] = {
        "Authorization": f"Basic {secret}", "Origin": door.origin if origin == "own" else origin,
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": b64encode(bytes(16)).decode(), "Sec-WebSocket-Protocol": "graphql-ws",
    }  # fmt: skip
    with closing(connection):
        connection.request("GET", "/graphql", headers=headers)
        with connection.getresponse() as answer:
            assert answer.status == status


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium on the PATH")
@BOTH
def test_a_browser_is_refused_nothing(doors: dict[str, Door], role: str) -> None:
    door = doors[role]
    refused: list[str] = []
    with sync_playwright() as playwright, launch(playwright) as browser:
        page = browser.new_page(
            ignore_https_errors=True, http_credentials={"username": door.user, "password": door.password}
        )
        page.on("response", lambda answer: refused.append(answer.url) if answer.status == 403 else None)
        with page.expect_websocket() as socket_opened:
            page.goto(f"{door.origin}/locations")
            page.get_by_text("g60pipeline", exact=True).first.wait_for(timeout=60_000)
        assert socket_opened.value.url == f"wss://{door.address}/graphql"

    assert refused == []


def test_viewers_cannot_launch_a_run_and_operators_can(doors: dict[str, Door], database: str) -> None:
    def launch(role: str) -> str:
        return str(doors[role].ask(LAUNCH).json()["data"]["launchRun"]["__typename"])

    def count_runs() -> int:
        engine = sa.create_engine(f"postgresql+psycopg://postgres@/dagster?host={database}")
        with engine.connect() as connection:
            count = connection.execute(sa.text("SELECT count(*) FROM runs")).scalar_one()
        engine.dispose()
        return int(count)

    assert launch("viewers") == "UnauthorizedError"
    assert count_runs() == 0
    assert launch("operators") == "LaunchRunSuccess"
    assert count_runs() == 1
    assert doors["viewers"].ask(RUNS).json()["data"]["runsOrError"]["results"] == [
        {"jobName": "receive", "status": "QUEUED"}
    ]
