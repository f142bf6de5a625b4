"""Checks of this machine: Python, packages, fonts, disk, clock, ports.

Belongs here: what can be said without the pipeline's state. Not here: warehouse, Dagster, inbox (doctor.py).
"""

from __future__ import annotations

import ipaddress
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

OLDEST_PYTHON = (3, 11)
GIGABYTE = 1_000_000_000
# One writer's lock means nothing, or waits for ever, on a file system of another machine.
_REMOTE = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "fuse.s3fs", "ceph", "glusterfs")
_LISTENS = "0A"


@dataclass(frozen=True)
class Check:
    """What was found, and what to do where that is not well."""

    name: str
    status: Literal["ok", "warn", "fail"]
    found: str
    advice: str = ""


def check_python() -> Check:
    """Python's version."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Check("python", "fail", found, "install Python 3.11 or later and set up anew")
    return Check("python", "ok", found)


def check_packages(distribution: str = "g60pipeline") -> Check:
    """Installed versions against those that are known to work together."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(text) for text in requires(distribution) or ()]
    except PackageNotFoundError:
        return Check(
            "packages", "warn", f"{distribution} is not installed, only found", "install it, with its pins"
        )
    wanted = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [text for one in wanted if (text := _misfit(one.name, str(one.specifier)))]
    if wrong:
        return Check("packages", "fail", "; ".join(wrong), "install constraints/runtime.txt anew")
    return Check("packages", "ok", f"{len(wanted)} packages as pinned")


def _misfit(name: str, specifier: str) -> str | None:
    from packaging.specifiers import SpecifierSet

    try:
        found = version(name)
    except PackageNotFoundError:
        return f"{name} is missing"
    fits = SpecifierSet(specifier).contains(found, prereleases=True)
    return None if fits else f"{name} {found} is not {specifier}"


def check_fonts() -> Check:
    """Chinese fonts: without them pictures and PDFs show boxes, and nothing says so."""
    advice = "apt-get install fonts-noto-cjk"
    if shutil.which("fc-list") is None:
        return Check(
            "fonts", "warn", "fc-list is not installed, so nobody can tell", "apt-get install fontconfig"
        )
    listed = subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True, check=False)
    families = sorted({line.split(",")[0] for line in listed.stdout.splitlines() if line})
    if not families:
        return Check("fonts", "warn", "no font for Chinese", advice)
    return Check("fonts", "ok", ", ".join(families[:3]))


def check_home(home: Path) -> Check:
    """Whether files can be written below the home, and whether it is a disk of this machine."""
    place = _existing(home)
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".g60-doctor-"):
            pass
    except OSError as error:
        return Check(
            "home", "fail", f"{place} cannot be written: {error.strerror}", "give this user the right"
        )
    kind = _file_system(place)
    if kind.startswith(_REMOTE):
        advice = "put G60_HOME on a local disk, or the warehouse on PostgreSQL: locks do not hold here"
        return Check("home", "warn", f"{place} lies on {kind}", advice)
    return Check("home", "ok", f"{home}, on {kind}" + ("" if home.exists() else ", not made yet"))


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def _file_system(path: Path) -> str:
    """Kind of the file system that a path lies on."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "an unknown file system"
    points = [
        (fields[1].replace("\\040", " "), fields[2])
        for line in mounts.read_text("utf-8").splitlines()
        if len(fields := line.split()) > 2
    ]
    real = path.resolve()
    within = [(len(point), kind) for point, kind in points if real.is_relative_to(point)]
    return max(within)[1] if within else "an unknown file system"


def check_disk(home: Path) -> Check:
    """Free space below the home."""
    free = shutil.disk_usage(_existing(home)).free / GIGABYTE
    found = f"{free:.1f} GB free"
    if free < 1:
        return Check("disk", "fail", found, "make room: a run needs about 1 GB, and a full disk stops it")
    return Check("disk", "warn" if free < 5 else "ok", found, "make room soon" if free < 5 else "")


def check_time_zone() -> Check:
    """Time zone data: schedules run by Shanghai's clock."""
    try:
        offset = datetime.now(ZoneInfo("Asia/Shanghai")).utcoffset()
    except ZoneInfoNotFoundError:
        return Check("time_zone", "fail", "Asia/Shanghai is not known", "apt-get install tzdata")
    if offset != timedelta(hours=8):
        return Check("time_zone", "fail", f"Asia/Shanghai is {offset} from UTC", "apt-get install tzdata")
    return Check("time_zone", "ok", "Asia/Shanghai is UTC+8")


def check_clock(last_received_at: datetime | None, now: datetime | None = None) -> Check:
    """Whether the clock stands before something that has happened: the program's files, the ledger's last entry."""
    now = now or datetime.now(UTC).replace(tzinfo=None)
    program = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC).replace(tzinfo=None)
    past = max(filter(None, (program, last_received_at)))
    found = f"{now:%Y-%m-%d %H:%M} UTC"
    # Clocks of two machines may differ a little.
    if past > now + timedelta(minutes=5):
        advice = "set the clock (timedatectl): due days and the ledger's order rest on it"
        return Check("clock", "fail", f"{found}, but something happened at {past:%Y-%m-%d %H:%M} UTC", advice)
    return Check("clock", "ok", found)


def check_ui(port: int) -> Check:
    """Whether other machines reach the port of Dagster's pages: they ask for no password."""
    addresses = sorted(set(_listening(port)))
    if not addresses:
        return Check("ui", "ok", f"nothing listens on port {port}")
    open_ = [address for address in addresses if not ipaddress.ip_address(address).is_loopback]
    if open_:
        advice = "bind Dagster's pages to 127.0.0.1 (g60 ui does) and put a proxy with passwords in front"
        return Check("ui", "fail", f"port {port} is open to other machines ({', '.join(open_)})", advice)
    return Check("ui", "ok", f"port {port} is open to this machine only")


def _listening(port: int) -> Iterator[str]:
    """Addresses on which anything listens on a port."""
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text("ascii").splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            host, _, found = address.partition(":")
            if state == _LISTENS and int(found, 16) == port:
                yield _read_address(host)


def _read_address(text: str) -> str:
    """The kernel writes an address as 32-bit words in this machine's order of bytes."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    address = ipaddress.ip_address(packed)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
