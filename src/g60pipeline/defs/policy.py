"""What holds for every asset alike, laid over the whole graph: owners, code version, links, automation.

Belongs here: rules by layer. Not here: what one asset is (its own module). An asset's own word, where it has one, stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg

from g60pipeline.contracts.base import Model
from g60pipeline.defs.resources import project
from g60pipeline.settings import Settings

KEEPERS = "team:district-data"
# Asset group → where the definition lies in the project.
_SOURCES = {
    "staged": "schemas/forms/{name}.odcs.yaml",
    "core": "schemas/forms/{name}.odcs.yaml",
    "checks": "schemas/forms",
    "marts": "assets/marts/{name}.sql",
    "indicators": "assets/indicators/{name}.yaml",
    "scorecards": "assets/indicators",
    "release": "assets/releases.yaml",
    "published": "assets/published",
}
# What lies beside the table: pages that the run writes.
_PAGES = {
    "intake": "board",
    "staged": "board",
    "checks": "feedback",
    "release": "briefing",
    "indicators": "briefing",
}


def _definition(key: dg.AssetKey) -> Model | None:
    """The mart, theme or scorecard that an asset is made from."""
    layer, name = key.path
    themes = {file.theme: file for file in project().indicator_files}
    scorecards = {scorecard.name: scorecard for scorecard in project().scorecards}
    found: Mapping[str, Model] = {"mart": project().marts | scorecards, "indicator": themes}.get(layer, {})
    return found.get(name)


def _code_version(definition: Model | None) -> str:
    if definition is None:
        return version("g60pipeline")
    return hashlib.sha256(definition.model_dump_json().encode()).hexdigest()[:12]


def _links(spec: dg.AssetSpec, settings: Settings) -> dict[str, Any]:
    links: dict[str, Path] = {}
    if spec.group_name in _SOURCES:
        source = _SOURCES[spec.group_name].format(name=spec.key.path[-1])
        links["defined_in"] = settings.project_root / source
    if spec.group_name in _PAGES:
        links["pages"] = settings.out / _PAGES[spec.group_name]
    links |= {name: settings.out / f"{name}.html" for name in ("dictionary", "lineage")}
    return {name: dg.MetadataValue.path(path) for name, path in links.items()}


def automation_of(group: str | None) -> Any:
    """Views are made anew when their definition changed, the snapshot when something was released.

    Everything by month is asked for by the sensor, which reads the ledger: Dagster's conditions see the latest month
    only, and returns come late.
    """
    # Dagster types its own combination too narrowly.
    is_free: Any = ~dg.AutomationCondition.in_progress()
    if group in ("marts", "scorecards"):
        changed: Any = dg.AutomationCondition.code_version_changed()
        return (changed.since_last_handled() & is_free).with_label("its definition changed")
    if group == "published":
        # Not `eager`, which waits until every month since 2015 is released.
        released: Any = dg.AutomationCondition.any_deps_updated()
        return (released.since_last_handled() & is_free).with_label("something was released")
    return None


def build_policy(settings: Settings) -> Callable[[dg.AssetSpec], dg.AssetSpec]:
    """Return what lays the policy over an asset."""

    def apply(spec: dg.AssetSpec) -> dg.AssetSpec:
        definition = _definition(spec.key)
        owner = getattr(definition, "owner", None)
        return spec.replace_attributes(
            owners=[KEEPERS, *([f"team:{owner}"] if owner else [])],
            code_version=spec.code_version or _code_version(definition),
            metadata={**_links(spec, settings), **spec.metadata},
            automation_condition=automation_of(spec.group_name),
        )

    return apply
