"""One assembly for production and tests; resources can be overridden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from g60pipeline.defs.alerts import RUN_SENSORS
from g60pipeline.defs.automation import (
    inbox_sensor,
    month_after_due_day,
    month_job,
    publish_job,
    receive_job,
    release_at_lock,
    views_and_snapshot,
)
from g60pipeline.defs.board import board, board_after_grace, board_each_morning, reminders, status_job
from g60pipeline.defs.checks import expectations
from g60pipeline.defs.completeness import completeness, expected_returns
from g60pipeline.defs.core import core
from g60pipeline.defs.corrections import corrections
from g60pipeline.defs.dictionary import dictionary
from g60pipeline.defs.feedback import feedback
from g60pipeline.defs.grid import build_grid, reporting_units
from g60pipeline.defs.intake import received
from g60pipeline.defs.marts import indicators, marts, scorecards
from g60pipeline.defs.policy import build_policy
from g60pipeline.defs.publish import snapshot
from g60pipeline.defs.release import release
from g60pipeline.defs.reports import briefing
from g60pipeline.defs.resources import House, project
from g60pipeline.defs.staging import staged
from g60pipeline.defs.verdicts import verdicts
from g60pipeline.settings import load_settings


def build_definitions(resource_overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Build the definitions: every asset, check, job, sensor and schedule, and the house they work in."""
    settings = load_settings()
    assets = [
        received,
        *build_grid(reporting_units(project()), settings),
        staged,
        verdicts,
        completeness,
        core,
        marts,
        indicators,
        scorecards,
        briefing,
        dictionary,
        feedback,
        board,
        reminders,
        release,
        snapshot,
    ]
    return dg.Definitions(
        assets=dg.map_asset_specs(build_policy(settings), assets),
        asset_checks=[expectations, expected_returns, corrections],
        jobs=[month_job, receive_job, status_job, publish_job],
        sensors=[inbox_sensor, views_and_snapshot, *RUN_SENSORS],
        schedules=[month_after_due_day, board_after_grace, release_at_lock, board_each_morning],
        resources={"house": House(), **(resource_overrides or {})},
        executor=dg.in_process_executor,
    )
