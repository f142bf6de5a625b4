"""A history's project as files, so that a warehouse (and its releases) has real definitions to load and to keep.

Belongs here: writing code lists, obligations, indicators and corrections. Not here: what they say (histories.py).
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from g60pipeline.contracts.codelists import CodeList
from g60pipeline.contracts.project import Project, load_project

# Rules of releases and tables of all indicators have no meaning for a few indicators of a few units.
_LEFT_OUT = (
    "assets/releases.yaml",
    "assets/reports/scorecards.yaml",
    "assets/figures",
    "assets/published",
    "schemas/tables",
)


def write_project(project: Project, source: Path, folder: Path) -> Project:
    """Lay the project out below `folder`, with everything else as in `source`, and load it from there."""
    if not folder.exists():
        for name in ("schemas", "assets"):
            shutil.copytree(source / name, folder / name)
        for name in _LEFT_OUT:
            shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink(
                missing_ok=True
            )
        _keep_indicators(folder / "assets" / "indicators", set(project.indicators))
    lists = folder / "schemas" / "codelists"
    for name in ("units", "clusters"):
        _write_rows(lists / f"{name}.csv", _code_rows(project.code_lists[name]))
    _write_rows(lists / "obligations.csv", [duty.model_dump() for duty in project.obligations])
    _write_rows(lists / "unit_links.csv", [link.model_dump() for link in project.unit_links])
    _write_rows(lists / "cluster_hosts.csv", [host.model_dump() for host in project.cluster_hosts])
    _write_corrections(folder / "assets" / "corrections", project)
    return load_project(folder)


def _keep_indicators(folder: Path, wanted: set[str]) -> None:
    for path in folder.glob("*.yaml"):
        theme = yaml.safe_load(path.read_text(encoding="utf-8"))
        theme["indicators"] = [entry for entry in theme["indicators"] if entry["id"] in wanted]
        if theme["indicators"]:
            path.write_text(yaml.safe_dump(theme, allow_unicode=True, sort_keys=False), encoding="utf-8")
        else:
            path.unlink()


def _code_rows(codes: CodeList) -> list[dict[str, Any]]:
    own = ("code", "label_zh", "label_en", "valid_from", "valid_to")
    names = dict.fromkeys(name for code in codes.codes for name in code.attributes)
    return [
        {name: getattr(code, name) for name in own}
        | {"aliases": ";".join(code.aliases)}
        | {name: code.attributes.get(name, "") for name in names}
        for code in codes.codes
    ]


def _write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    listed = list(rows)
    if not listed:
        path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)


def _write_corrections(folder: Path, project: Project) -> None:
    for path in folder.glob("*.yaml"):
        path.unlink()
    by_month: dict[str, list[dict[str, Any]]] = {}
    for correction in project.corrections:
        entry = correction.model_dump(mode="json")
        by_month.setdefault(correction.period, []).append(entry)
    for month, entries in by_month.items():
        text = yaml.safe_dump({"corrections": entries}, allow_unicode=True)
        (folder / f"{month}.yaml").write_text(text, encoding="utf-8")
