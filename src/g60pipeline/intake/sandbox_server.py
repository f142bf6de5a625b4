"""The parsers' process: imports them once and forks a child with limits for every file.

Belongs here: limits, forking, reaping. Not here: parsing (parsers.py), the other end (sandbox.py). It has
one thread, so that a fork is safe, and never touches a file's bytes itself. Requests and replies are small
packets on a socket; the bytes and the result travel in memory files whose descriptors come with the
request.
"""

from __future__ import annotations

import codecs
import json
import os
import resource
import select
import signal
import socket
import time
from dataclasses import dataclass
from typing import Any

from g60pipeline.intake.parsers import parse
from g60pipeline.intake.raw import RawReturn, Refusal

_PACKET_BYTES = 4096
_RESULT_BYTES = 300_000_000
# Python loads a codec's module at its first use, which a child can no longer do.
_ENCODINGS = (
    "ascii",
    "cp437",
    "cp936",
    "cp1252",
    "gb18030",
    "latin-1",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
)
_SOURCE, _RESULT, _ERRORS, _ALIVE = range(4)  # the child's descriptors


@dataclass
class _Child:
    request_id: int
    pid: int
    deadline: float
    is_late: bool = False


def _limit(memory_bytes: int, cpu_seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the return's content
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_RESULT_BYTES, _RESULT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _read_source() -> bytes:
    size = os.fstat(_SOURCE).st_size
    os.lseek(_SOURCE, 0, os.SEEK_SET)
    chunks: list[bytes] = []
    while size > 0:
        chunk = os.read(_SOURCE, size)
        if not chunk:
            break
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def _parse_source() -> bytes:
    try:
        result: RawReturn = parse(_read_source())
        # lone surrogates fail to encode here rather than where the text is stored
        return json.dumps(result, ensure_ascii=False).encode()
    except Refusal as refusal:
        return json.dumps({"failure": refusal.rule, "reason": refusal.reason}).encode()
    except MemoryError:
        return b'{"failure": "file_is_within_limits", "reason": "memory"}'
    except BaseException:  # a panic of calamine derives from it
        return b'{"failure": "file_is_readable", "reason": "damaged"}'


def _write_result(result: bytes) -> None:
    view = memoryview(result)
    while view:
        view = view[os.write(_RESULT, view) :]


def _run_child(source: int, result: int, alive: int, limits: dict[str, int]) -> None:
    """Parse in the forked child and leave; nothing of the server's is open but what the child needs."""
    code = 1
    try:
        os.dup2(source, _SOURCE)
        os.dup2(result, _RESULT)
        os.dup2(alive, _ALIVE)
        os.closerange(_ALIVE + 1, 1024)
        null = os.open(os.devnull, os.O_WRONLY)  # a panic prints what it read
        os.dup2(null, _ERRORS)
        os.close(null)
        _limit(limits["memory_bytes"], limits["cpu_seconds"])
        _write_result(_parse_source())
        code = 0
    finally:
        os._exit(code)


def _start_child(packet: bytes, source: int, result: int) -> tuple[int, _Child]:
    """Fork for a request; return the descriptor that closes when the child ends, and the child."""
    request: dict[str, Any] = json.loads(packet)
    limits = request["limits"]
    ended, alive = os.pipe()
    pid = os.fork()
    if pid == 0:
        _run_child(source, result, alive, limits)
    for descriptor in (alive, source, result):
        os.close(descriptor)
    return ended, _Child(request["id"], pid, time.monotonic() + limits["wall_seconds"])


def _status(child: _Child) -> str:
    _, status = os.waitpid(child.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if child.is_late or code == -signal.SIGXCPU:
        return "timeout"
    return "done" if code == 0 else "crash"


def _kill_late(children: dict[int, _Child]) -> None:
    for child in children.values():
        if not child.is_late and time.monotonic() >= child.deadline:
            os.kill(child.pid, signal.SIGKILL)
            child.is_late = True


def _wait(connection: socket.socket, children: dict[int, _Child]) -> list[Any]:
    """Wait for a request, the end of a child or the next deadline; return what is ready."""
    waits = [child.deadline - time.monotonic() for child in children.values() if not child.is_late]
    timeout = max(0.0, min(waits)) if waits else None
    return select.select([connection, *children], [], [], timeout)[0]


def _reap(connection: socket.socket, child: _Child) -> None:
    connection.send(json.dumps({"id": child.request_id, "status": _status(child)}).encode())


def serve(connection: socket.socket) -> None:
    """Answer requests until the other end closes."""
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)
    children: dict[int, _Child] = {}
    connection.send(b"ready")
    while True:
        ready = _wait(connection, children)
        _kill_late(children)
        for ended in [descriptor for descriptor in children if descriptor in ready]:
            os.close(ended)
            _reap(connection, children.pop(ended))
        if connection in ready:
            packet, descriptors, _, _ = socket.recv_fds(connection, _PACKET_BYTES, 2)
            if not packet:
                break
            ended, child = _start_child(packet, *descriptors)
            children[ended] = child
    for child in children.values():
        os.kill(child.pid, signal.SIGKILL)


def main(descriptor: int) -> None:
    """Serve on an inherited socket."""
    with socket.socket(fileno=descriptor) as connection:
        serve(connection)
