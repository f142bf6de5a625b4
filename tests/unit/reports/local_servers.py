"""Servers on this machine that keep what is sent to them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any


class Web(BaseHTTPRequestHandler):
    """Keeps what is posted; answers as the server says."""

    def do_POST(self) -> None:
        server: Any = self.server
        server.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(server.answer)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(server: Any) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def url(server: Any, scheme: str = "json") -> str:
    return f"{scheme}://127.0.0.1:{server.server_address[1]}/"
