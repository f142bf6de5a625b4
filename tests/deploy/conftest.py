"""The plain machine's deployment: its units' commands on PostgreSQL, behind its nginx site."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from deployed_machine import DEPLOY, NGINX, Door, free_ports, replace_all, wait_for

from postgres import Cluster


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
