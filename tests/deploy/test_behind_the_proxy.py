"""The plain machine's deployment for real: its units' commands on PostgreSQL behind its nginx site; who may what."""

from __future__ import annotations

import http.client
import os
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import sync_playwright

from postgres import Cluster

sys.path.append(str(Path(__file__).parents[1] / "e2e"))

from ui_screenshots import CHROMIUM, launch

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
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


class Door(NamedTuple):
    """One port of the proxy, and who may come in there."""

    address: str
    user: str
    password: str
    certificate: Path

    @property
    def origin(self) -> str:
        return f"https://{self.address}"

    def client(self) -> httpx.Client:
        """A client with the password; tests add what a browser would send."""
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        return httpx.Client(base_url=self.origin, auth=(self.user, self.password), verify=trusted, timeout=60)

    def ask(self, query: str, **headers: str) -> httpx.Response:
        with self.client() as client:
            return client.post("/graphql", json={"query": query}, headers=headers)


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def replace_all(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.25)
    raise TimeoutError(log.read_text())


@pytest.fixture(scope="module")
def database(postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Socket of a server on which the containers' first steps were taken."""
    password = tmp_path_factory.mktemp("password") / "g60"
    password.write_text("it's secret")
    environment = {**os.environ, "PGHOST": postgres_cluster.socket, "ROLE_PASSWORD_FILE": str(password)}
    subprocess.run(["sh", DEPLOY / "compose" / "postgres-init.sh"], env=environment, check=True)
    yield postgres_cluster.socket
    for name in ("g60", "dagster"):
        postgres_cluster.run(f"DROP DATABASE {name} WITH (FORCE)")
    postgres_cluster.run("DROP ROLE g60")


@pytest.fixture(scope="module")
def environment(database: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of the units, with state in a folder of the test's."""
    home = tmp_path_factory.mktemp("g60")
    (home / "dagster").mkdir()
    shutil.copy(DEPLOY / "dagster.yaml", home / "dagster")
    text = replace_all(
        (DEPLOY / "systemd" / "g60.env").read_text("utf-8"),
        {"/var/lib/g60": str(home), "/run/postgresql": database},
    )
    pairs = (line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))
    path = os.pathsep.join([str(DEPLOY.parent / "src"), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, **dict(pairs), "PYTHONPATH": path}


@pytest.fixture(scope="module")
def webservers(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    """The units' code server and webservers; ports of the operators' and the viewers'."""
    folder = tmp_path_factory.mktemp("servers")
    code, *ports = free_ports(3)
    workspace = folder / "workspace.yaml"
    workspace.write_text(
        replace_all((DEPLOY / "workspace.yaml").read_text("utf-8"), {"port: 4000": f"port: {code}"})
    )
    settled = {
        "/opt/g60/current/bin": str(Path(sys.executable).parent),
        "/opt/g60/current/deploy/workspace.yaml": str(workspace),
        "--port 4000": f"--port {code}", "--port 3000": f"--port {ports[0]}", "--port 3001": f"--port {ports[1]}",
    }  # fmt: skip
    with ExitStack() as stack:

        def start(unit: str, port: int) -> tuple[int, subprocess.Popen[bytes], Path]:
            lines = (DEPLOY / "systemd" / f"{unit}.service").read_text("utf-8").splitlines()
            command = next(line.removeprefix("ExecStart=") for line in lines if line.startswith("ExecStart="))
            log = folder / f"{unit}.log"
            words = shlex.split(replace_all(command, {k: v for k, v in settled.items() if k in command}))
            output = stack.enter_context(log.open("wb"))
            process = stack.enter_context(
                subprocess.Popen(
                    words,
                    env=environment,
                    cwd=environment["G60_HOME"],
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            )
            stack.callback(process.terminate)
            return port, process, log

        wait_for(*start("g60-code-server", code))
        both = [start("g60-webserver", ports[0]), start("g60-webserver-readonly", ports[1])]
        for one in both:
            wait_for(*one)
        yield ports


@pytest.fixture(scope="module")
def doors(webservers: list[int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Door]]:
    """The site as it is installed, with secrets as `make-secrets` makes them."""
    folder = tmp_path_factory.mktemp("proxy")
    command = [DEPLOY / "compose" / "make-secrets", "localhost", folder / "secrets"]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    passwords = {words[0]: words[6] for words in map(str.split, made.stdout.splitlines())}
    viewers, operators = free_ports(2)
    site = replace_all(
        (DEPLOY / "nginx" / "g60.conf").read_text("utf-8"),
        {
            "listen 8443": f"listen 127.0.0.1:{viewers}", "listen 9443": f"listen 127.0.0.1:{operators}",
            "9443 operators": f"{operators} operators", "/etc/nginx/g60": f"{folder}/secrets",
        },
    )  # fmt: skip
    upstreams = replace_all(
        (DEPLOY / "systemd" / "upstreams.conf").read_text("utf-8"),
        {":3000;": f":{webservers[0]};", ":3001;": f":{webservers[1]};"},
    )
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = folder / "nginx.conf"
    conf.write_text(
        f"user root; daemon off; pid {folder}/pid; error_log stderr;\nevents {{}}\n"
        f"http {{ access_log off;\n{temporary}\n{upstreams}\n{site}\n}}\n"
    )
    log = folder / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [str(NGINX), "-p", folder, "-c", conf], stdout=output, stderr=subprocess.STDOUT
        ) as nginx,
    ):
        try:
            wait_for(operators, nginx, log)
            yield {
                role: Door(
                    f"localhost:{port}",
                    role.removesuffix("s"),
                    passwords[role],
                    folder / "secrets" / "tls.crt",
                )
                for role, port in (("viewers", viewers), ("operators", operators))
            }
        finally:
            nginx.terminate()


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
