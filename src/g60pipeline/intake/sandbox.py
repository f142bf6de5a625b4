"""Parses files in a process of its own, so that none can hurt this one.

Belongs here: the server's life and the traffic with it. Not here: what happens over there
(sandbox_server.py). Linux only: the bytes travel in memory files, so that a return that will be refused
never touches a disk.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import IO, Any, NamedTuple

from g60pipeline.intake.raw import RawReturn

# isolated mode ignores PYTHONPATH, so the server is told where this process finds its packages
_START = """import sys
sys.path[:] = sys.argv[2:]
from g60pipeline.intake.sandbox_server import main
main(int(sys.argv[1]))"""
_PACKET_BYTES = 4096
_AHEAD = 16  # files parsed before an earlier one that is slow
_GRACE_SECONDS = 30
_FAILURES = {
    "timeout": RawReturn(failure="file_is_within_limits", reason="time"),
    "crash": RawReturn(failure="file_is_readable", reason="damaged"),
}


class SandboxError(RuntimeError):
    """The parsers' process does not start or keeps dying: a fault of the machine, not of a file."""


@dataclass(frozen=True)
class Limits:
    """What the parsing of one file may take."""

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: int


class Parsed(NamedTuple):
    """A file and what came of it."""

    name: str
    data: bytes
    raw: RawReturn


class _Job(NamedTuple):
    name: str
    data: bytes
    result: IO[bytes]


def _memory_file(data: bytes = b"") -> IO[bytes]:
    file = os.fdopen(os.memfd_create("g60", os.MFD_CLOEXEC), "w+b")
    file.write(data)
    file.flush()
    return file


class _Server:
    """One process. `died` is raised as ConnectionError by `submit` and `receive`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.start()

    def start(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(self._limits.wall_seconds + _GRACE_SECONDS)
        path = [entry for entry in sys.path if entry]
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, str(theirs.fileno()), *path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        try:
            self._packet()
        except OSError as error:
            self.stop()
            raise SandboxError("the parsers' process does not start; its error stands above") from error

    def stop(self) -> None:
        self._socket.close()
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()

    def _packet(self) -> bytes:
        packet = self._socket.recv(_PACKET_BYTES)
        if not packet:
            raise ConnectionResetError("the parsers' process died")
        return packet

    def submit(self, job_id: int, job: _Job) -> None:
        request = json.dumps({"id": job_id, "limits": asdict(self._limits)}).encode()
        with _memory_file(job.data) as source:
            socket.send_fds(self._socket, [request], [source.fileno(), job.result.fileno()])

    def receive(self) -> tuple[int, str]:
        reply: dict[str, Any] = json.loads(self._packet())
        return reply["id"], reply["status"]


class _Pool:
    """Jobs under way on a server that is restarted once."""

    def __init__(self, limits: Limits) -> None:
        self.server = _Server(limits)
        self.jobs: dict[int, _Job] = {}
        self._was_restarted = False

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        for job in self.jobs.values():
            job.result.close()

    def submit(self, job_id: int, name: str, data: bytes) -> None:
        self.jobs[job_id] = _Job(name, data, _memory_file())
        try:
            self.server.submit(job_id, self.jobs[job_id])
        except OSError as error:
            self._restart(error)

    def next_done(self) -> tuple[int, Parsed]:
        while True:
            try:
                job_id, status = self.server.receive()
            except OSError as error:
                self._restart(error)
                continue
            job = self.jobs.pop(job_id)
            with job.result as result:
                return job_id, Parsed(job.name, job.data, _FAILURES.get(status) or _load(result))

    def _restart(self, error: OSError) -> None:
        self.server.stop()
        if self._was_restarted:
            raise SandboxError("the parsers' process died twice") from error
        self._was_restarted = True
        self.server.start()
        for job_id, job in list(self.jobs.items()):
            job.result.close()  # a child of the dead server may still write to it
            self.submit(job_id, job.name, job.data)


def _load(result: IO[bytes]) -> RawReturn:
    result.seek(0)
    raw: RawReturn = json.loads(result.read())
    return raw


def parse_many(
    files: Iterable[tuple[str, bytes]], limits: Limits, workers: int = 2
) -> Generator[Parsed, None, None]:
    """Parse files, given as name and bytes; yield them in the order given, each with its raw return.

    A file that cannot be parsed yields a raw return with `failure`. SandboxError when the process does not
    start or dies twice. Close the iterator (or exhaust it) to end the process.
    """
    waiting = enumerate(files)
    item = next(waiting, None)
    if item is None:
        return
    done: dict[int, Parsed] = {}
    given = 0
    with _Pool(limits) as pool:
        while item is not None or pool.jobs or done:
            while item is not None and len(pool.jobs) < workers and item[0] - given < _AHEAD:
                pool.submit(item[0], *item[1])
                item = next(waiting, None)
            while given in done:
                yield done.pop(given)
                given += 1
            if pool.jobs:
                job_id, parsed = pool.next_done()
                done[job_id] = parsed
