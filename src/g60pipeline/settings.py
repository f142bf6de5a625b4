"""Environment → one frozen object. Belongs here: where things lie and limits. Not here: what they mean (contracts).

The project root holds `assets/` and `schemas/`. In a checkout it is found above this file; in a wheel it is the
folder `project/` beside it. `G60_HOME` is where state goes (inbox, archive, warehouse, Dagster's home, pages).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def find_project_root(package: Path = _PACKAGE) -> Path:
    """Return the folder that holds `assets/` and `schemas/`; FileNotFoundError when there is none."""
    for root in (package.parents[1], package / "project"):
        if (root / "schemas" / "forms").is_dir() and (root / "assets").is_dir():
            return root
    raise FileNotFoundError(f"no folder with assets/ and schemas/ above or in {package}")


@dataclass(frozen=True)
class Settings:
    """Where things lie. Every path is absolute; `inbox` and `archive` are fsspec URLs or paths."""

    project_root: Path
    home: Path
    inbox: str
    archive: str
    warehouse_url: str
    parse_memory_bytes: int = 1_500_000_000
    parse_cpu_seconds: int = 30
    parse_wall_seconds: int = 60
    max_file_bytes: int = 50_000_000
    notify_urls: str = field(default="", repr=False)  # holds passwords
    log: str = ""
    has_unit_grid: bool = True

    @property
    def out(self) -> Path:
        """Folder of the generated pages."""
        return self.home / "out"

    @property
    def outbox(self) -> Path:
        """Folder of the reminders and alerts."""
        return self.home / "outbox"

    @property
    def metrics(self) -> Path:
        """File of the counts that operators watch."""
        return self.home / "metrics" / "g60.prom"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read `G60_HOME`, `G60_INBOX`, `G60_ARCHIVE`, `G60_WAREHOUSE_URL`, which lie under the home when unset;
    `G60_NOTIFY_URLS`, without which nothing is sent; `G60_LOG` (see logs.py); `G60_UNIT_GRID`, with which `off` leaves the
    grid of units out."""
    env = os.environ if environment is None else environment
    root = find_project_root()
    default_home = root / "var" if (root / "pyproject.toml").exists() else Path.cwd() / "g60-home"
    home = Path(env.get("G60_HOME", default_home)).resolve()
    return Settings(
        project_root=root,
        home=home,
        inbox=env.get("G60_INBOX", str(home / "inbox")),
        archive=env.get("G60_ARCHIVE", str(home / "archive")),
        warehouse_url=env.get("G60_WAREHOUSE_URL", f"duckdb:///{home / 'warehouse.duckdb'}"),
        notify_urls=env.get("G60_NOTIFY_URLS", ""),
        log=env.get("G60_LOG", ""),
        has_unit_grid=env.get("G60_UNIT_GRID", "").lower() != "off",
    )
