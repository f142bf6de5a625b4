"""Published contracts: their files, what may change in them, and the lock that says what was agreed on."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from g60pipeline.cli import app
from g60pipeline.contracts.base import ContractError, read_model
from g60pipeline.contracts.codelists import read_code_list
from g60pipeline.contracts.indicators import ScorecardFile
from g60pipeline.contracts.table_changes import compare_tables
from g60pipeline.contracts.table_lock import LOCK, check_lock, main, parse_lock, refresh_lock
from g60pipeline.contracts.tables import PublishedTable, find_table_faults, read_tables

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "schemas" / "tables"
TABLES = read_tables(FOLDER, ROOT / "assets" / "published")
OLD = TABLES["unit"]


def column(table: PublishedTable, name: str, /, **changes: Any) -> PublishedTable:
    columns = tuple(c.model_copy(update=changes) if c.name == name else c for c in table.columns)
    return table.model_copy(update={"columns": columns})


def without(table: PublishedTable, name: str) -> PublishedTable:
    return table.model_copy(update={"columns": tuple(c for c in table.columns if c.name != name)})


def text(zh: str) -> dict[str, Any]:
    return {"text": OLD.columns[0].text.model_copy(update={"zh": zh})}


Edit = Callable[[PublishedTable], PublishedTable]
EDITS: dict[str, tuple[str, Edit, str]] = {
    "a column is gone": ("breaking", lambda t: without(t, "kind"), "kind is gone or renamed"),
    "a column is renamed": ("breaking", lambda t: column(t, "kind", name="sort"), "kind is gone or renamed"),
    "another type": ("breaking", lambda t: column(t, "kind", type="BIGINT"), "type was VARCHAR, is BIGINT"),
    "another unit": ("breaking", lambda t: column(t, "kind", unit="person"), "unit was None, is person"),
    "nulls are new": ("breaking", lambda t: column(t, "kind", is_nullable=True), "may be null now"),
    "another key": ("breaking", lambda t: column(t, "kind", key_position=2), "key was unit_code, is unit_code, kind"),
    "another meaning": ("meaning", lambda t: column(t, "kind", **text("别的")), "says 别的"),
    "another grain": ("meaning", lambda t: t.model_copy(update={"grain": "one row per day"}), "grain was changed"),
    "no nulls any more": ("compatible", lambda t: column(t, "valid_to", is_nullable=False), "never null"),
    "another title": ("compatible", lambda t: t.model_copy(update={"title": t.description}), "title was"),
    "another order": ("compatible", lambda t: t.model_copy(update={"columns": t.columns[::-1]}), "another order"),
    "deprecated": ("compatible", lambda t: t.model_copy(update={"is_deprecated": True}), "is deprecated"),
}  # fmt: skip


@pytest.mark.parametrize(("weight", "edit", "said"), EDITS.values(), ids=EDITS)
def test_each_change_has_its_weight_and_asks_for_its_version(weight: str, edit: Edit, said: str) -> None:
    def verdict(version: str) -> tuple[set[str], str, bool]:
        new = edit(OLD).model_copy(update={"version": version})
        found = compare_tables({"unit": OLD}, {"unit": new})
        words = " ".join(f"{change.column} {change.text}" for change in found.changes)
        return {change.weight for change in found.changes}, words, not found.faults

    weights, words, passes = verdict("1.0.1")
    assert weight in weights
    assert said in words
    assert not passes
    assert verdict("1.1.0")[2] == (weight != "breaking")
    assert verdict("2.0.0")[2]


def test_what_is_new_is_compatible_and_nothing_is_nothing() -> None:
    more = without(OLD, "kind")
    found = compare_tables(
        {"unit": more}, {"unit": OLD.model_copy(update={"version": "1.1.0"}), "code": TABLES["code"]}
    )
    assert [(change.weight, change.text) for change in found.changes] == [("compatible", "is new")] * 2
    assert found.faults == ()
    assert compare_tables(TABLES, TABLES).changes == ()


def test_a_table_goes_only_after_it_was_deprecated() -> None:
    assert compare_tables({"unit": OLD}, {}).faults
    last = OLD.model_copy(update={"is_deprecated": True})
    gone = compare_tables({"unit": last}, {})
    assert (gone.changes[0].weight, gone.faults) == ("breaking", ())


def test_the_lock_is_fresh() -> None:
    assert check_lock(FOLDER) == []
    assert main(["--check"]) == 0
    assert parse_lock((FOLDER / LOCK).read_text("utf-8")) == read_tables(FOLDER)


def edited(folder: Path, old: str, new: str, version: str = "1.0.0") -> Path:
    copy = folder / "schemas" / "tables"
    shutil.copytree(FOLDER, copy)
    path = copy / "unit.odcs.yaml"
    whole = path.read_text("utf-8")
    assert whole.count(old) == 1
    path.write_text(whole.replace(old, new).replace("version: 1.0.0", f"version: {version}"), "utf-8")
    return copy


KIND = "name: kind, businessName: 类型, logicalType: string"


def test_the_lock_refuses_a_breaking_change_without_a_version(tmp_path: Path) -> None:
    folder = edited(tmp_path / "a", KIND, KIND.replace("kind", "sort"))
    before = (folder / LOCK).read_bytes()
    assert refresh_lock(folder) == [
        "unit: a breaking change needs a new major version (version was 1.0.0, is 1.0.0)"
    ]
    assert (folder / LOCK).read_bytes() == before
    assert len(check_lock(folder)) == 2

    folder = edited(tmp_path / "b", KIND, KIND.replace("kind", "sort"), version="2.0.0")
    assert [fault.split("; ")[1] for fault in check_lock(folder)] == ["run `make contracts`"]
    assert refresh_lock(folder) == []
    assert check_lock(folder) == []


def test_the_command_compares_folders_locks_and_revisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = edited(tmp_path, "businessName: 类型", "businessName: 种类")
    runner = CliRunner()
    said = runner.invoke(app, ["contract-diff", str(FOLDER / LOCK), str(tmp_path), "--json"])
    assert (said.exit_code, len(json.loads(said.stdout)["changes"])) == (1, 1)
    same = runner.invoke(app, ["contract-diff", str(folder / LOCK), str(FOLDER)])
    assert (same.exit_code, same.stdout.strip()) == (0, "nothing changed")

    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    since = runner.invoke(app, ["contract-diff", "HEAD"])
    assert (since.exit_code, since.stderr) == (
        1, "unit: a change needs a new minor version (version was 1.0.0, is 1.0.0)\n",
    )  # fmt: skip
    assert since.stdout.startswith("meaning     unit.kind said 类型 / ")
    unknown = runner.invoke(app, ["contract-diff", "no-such-thing", "."])
    assert (unknown.exit_code, "no revision" in unknown.stderr) == (1, True)


BROKEN = {
    "type": ("logicalType: string, physicalType: VARCHAR, required: true, primaryKey: true",
             "logicalType: integer, physicalType: VARCHAR, required: true, primaryKey: true", "VARCHAR is not integer"),
    "null key": ("required: true, primaryKey: true", "primaryKey: true", "a column of the key is required"),
    "no key": (", primaryKey: true, primaryKeyPosition: 1", "", "needs a primary key"),
    "name": ("physicalName: pub_v1.unit", "physicalName: pub_v1.other", "different names"),
    "twice": ("name: label_en", "name: label_zh", "a column stands twice"),
    "unknown key": ("status: active", "state: active", "state"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_contract_is_refused_with_its_file(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = edited(tmp_path, old, new)
    with pytest.raises(ContractError, match=said) as told:
        read_tables(folder)
    assert "unit.odcs.yaml:" in str(told.value)


def test_what_points_nowhere_is_named() -> None:
    units = read_code_list(ROOT / "schemas" / "codelists" / "measurement_units.csv")
    bad = column(column(OLD, "kind", unit="parsec"), "label_en", unit_column="nowhere").model_copy(
        update={"sql": ""}
    )
    cards = read_model(ScorecardFile, ROOT / "assets" / "reports" / "scorecards.yaml").scorecards
    short = {"unit_scorecard": without(TABLES["unit_scorecard"], "release_id")}
    assert [fault.partition(": ")[2] for fault in find_table_faults(short, units, cards)] == [
        "its columns are not those of its scorecard, in order"
    ]
    assert [fault.partition(": ")[2] for fault in find_table_faults({"unit": bad}, units, cards)] == [
        "the unit of label_en stands in nowhere, which is no column",
        "kind is in parsec, which is no unit of measure",
    ]
