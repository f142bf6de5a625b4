"""The generated JSON Schemas are in step with the models, bound in the editor, and agree with them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from g60pipeline.contracts.schemas import find_stale, json_schemas, write_schemas

ROOT = Path(__file__).parents[2]
META = ROOT / "schemas" / "meta"
SETTINGS = ROOT / ".vscode" / "settings.json"
FORM = ROOT / "schemas" / "forms" / "unit_summary.odcs.yaml"


def bindings() -> dict[str, str]:
    return json.loads(SETTINGS.read_text("utf-8"))["yaml.schemas"]


def bound_files() -> list[tuple[Path, Path]]:
    return [(ROOT / schema, path) for schema, glob in bindings().items() for path in sorted(ROOT.glob(glob))]


def problems(schema: Path, data: Any) -> list[str]:
    validator = Draft202012Validator(json.loads(schema.read_text("utf-8")))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(data)]


def test_the_schemas_are_fresh() -> None:
    assert find_stale(META) == []


@pytest.mark.parametrize("name", json_schemas())
def test_each_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(json_schemas()[name])


def test_whatever_differs_from_the_models_is_stale(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    assert find_stale(tmp_path) == []

    changed, missing, left_over = (tmp_path / f"{name}.schema.json" for name in ("form", "messages", "gone"))
    changed.write_text("{}", "utf-8")
    missing.unlink()
    left_over.write_text("{}", "utf-8")
    assert find_stale(tmp_path) == sorted([changed, missing, left_over])

    write_schemas(tmp_path)
    assert find_stale(tmp_path) == []


def test_the_check_of_the_command_agrees() -> None:
    command = [sys.executable, "-m", "g60pipeline.contracts.schemas", "--check"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")


def test_every_schema_is_bound_to_files_but_the_header_inside_sql() -> None:
    bound = {Path(schema).name for schema in bindings()}

    assert bound == {f"{name}.schema.json" for name in json_schemas()} - {"mart_header.schema.json"}
    assert {path for _, path in bound_files()} >= {
        *(ROOT / "schemas/forms").iterdir(),
        ROOT / "schemas/messages.yaml",
    }


@pytest.mark.parametrize(("schema", "path"), bound_files(), ids=lambda path: path.name)
def test_our_own_yaml_is_valid(schema: Path, path: Path) -> None:
    assert problems(schema, yaml.safe_load(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "assets" / "marts").glob("*.sql")), ids=lambda path: path.name
)
def test_the_headers_of_marts_are_valid(path: Path) -> None:
    header = path.read_text("utf-8").removeprefix("/*").split("*/")[0]

    assert problems(META / "mart_header.schema.json", yaml.safe_load(header)) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("rows: snapshot}}", "rows: snapshot, colour: red}}", "$.schema[0].customProperties[0]"),
        (
            "cell: unit_code, missing: skip,",
            "cell: unit_code,",
            "$.schema[0].quality[1].customProperties[0].value",
        ),
        ("US-301, level: 3", "US-301, level: 9", ".customProperties[0].value.level"),
        ("status: active", "status: sleeping", "$.status"),
    ],
)
def test_a_broken_form_is_not_valid(old: str, new: str, where: str) -> None:
    text = FORM.read_text("utf-8")
    assert text.count(old) == 1

    found = problems(META / "form.schema.json", yaml.safe_load(text.replace(old, new)))

    assert len(found) == 1
    assert where in found[0]
