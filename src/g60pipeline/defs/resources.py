"""Resources: the settings, the contracts and the warehouse of a run.

The warehouse is opened when a run starts and closed when it ends: while one process writes a DuckDB file no other can
open it. A run waits for whoever reads it at that moment, as sensors do; a sensor's tick comes again anyway.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import PrivateAttr

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.defs.abandoned import sign_run
from g60pipeline.logs import configure_logs, log_with
from g60pipeline.settings import Settings, find_project_root, load_settings

if TYPE_CHECKING:
    from g60pipeline.warehouse.engine import Warehouse

_PATIENCE_SECONDS = 30


@cache
def project() -> Project:
    """The contracts, loaded once per process."""
    return load_project(find_project_root())


class House(dg.ConfigurableResource[Any]):
    """Everything that an asset needs. A blank setting is taken from the environment (see settings.py)."""

    home: str = ""
    inbox: str = ""
    archive: str = ""
    warehouse_url: str = ""
    _warehouse: Warehouse | None = PrivateAttr(default=None)
    _patience_seconds: float = PrivateAttr(default=0)

    @property
    def settings(self) -> Settings:
        """Settings of the run."""
        given = {
            name: getattr(self, name) for name in ("inbox", "archive", "warehouse_url") if getattr(self, name)
        }
        settings = load_settings({"G60_HOME": self.home} if self.home else None)
        return replace(settings, **given)

    @property
    def project(self) -> Project:
        """Contracts."""
        return project()

    @property
    def warehouse(self) -> Warehouse:
        """The run's warehouse, opened and, where needed, created at first use; WarehouseError when it is in use elsewhere."""
        if self._warehouse is None:
            from g60pipeline.operations.marts import prepare
            from g60pipeline.warehouse.engine import Warehouse

            Path(self.settings.home).mkdir(parents=True, exist_ok=True)
            warehouse = Warehouse(
                self.settings.warehouse_url, self.project, patience_seconds=self._patience_seconds
            )
            prepare(warehouse)
            self._warehouse = warehouse
        return self._warehouse

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[House]:
        """Close the warehouse when the run (or the sensor's tick) is over."""
        configure_logs(self.settings.home, self.settings.log)
        if context.run and context.instance:
            sign_run(context.instance, context.run)
            self._patience_seconds = _PATIENCE_SECONDS
        try:
            with log_with(run=context.run and context.run.run_id):
                yield self
        finally:
            if self._warehouse is not None:
                self._warehouse.close()
                self._warehouse = None
