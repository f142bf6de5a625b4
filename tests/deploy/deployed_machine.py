"""A door of the proxy, and what it takes to start the processes behind it. Not here: the processes (conftest.py)."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


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
