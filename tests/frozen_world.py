"""A small project and a warehouse with five towns and the Statistics Bureau, from which releases can really be made.

The project is a folder of its own with a few of the real indicators, so that tests may change its files; returns lie in a
real archive. One town has two above-scale enterprises: its output must be hidden, and with it another's.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.contracts.releases import Stage
from g60pipeline.intake.archive import Archive
from g60pipeline.operations.corrections import apply_corrections
from g60pipeline.operations.releases import create_release
from g60pipeline.operations.verify import Difference, verify_release
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse, append_rows
from g60pipeline.warehouse.ledger import append_accepted, append_submissions, append_verdicts
from g60pipeline.warehouse.releases import Release, find_release, read_release_values

TOWNS = ("310117001", "310117102", "310117103", "310117104", "310117105")
FIRST, SECOND, SMALL, FOURTH, LATE = TOWNS
BUREAU = "310117U03"
MONTH, FORM, BUREAU_FORM = "2021-12", "unit_summary", "district_economy"
MEMBERS, OUTPUT = "unit_member_count", "unit_above_scale_output"
_CHOSEN = {"membership": [MEMBERS], "local_economy": [OUTPUT]}


def make_project(root: Path) -> Path:
    """Lay out the project's folder."""
    source = find_project_root()
    shutil.copytree(source / "schemas", root / "schemas", ignore=shutil.ignore_patterns("tables", "meta"))
    shutil.copytree(source / "assets" / "marts", root / "assets" / "marts")
    shutil.copy(source / "assets" / "releases.yaml", root / "assets" / "releases.yaml")
    for theme, chosen in _CHOSEN.items():
        file = source / "assets" / "indicators" / f"{theme}.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        content["indicators"] = [each for each in content["indicators"] if each["id"] in chosen]
        write_yaml(root / "assets" / "indicators" / f"{theme}.yaml", content)
    lines = [f"{town},{FORM},{MONTH},,5,3,20" for town in TOWNS]
    lines.append(f"{BUREAU},{BUREAU_FORM},{MONTH},,12,3,20")
    head = "unit_code,form,valid_from,valid_to,due_day,grace_days,lock_day"
    text = "\n".join([head, *lines, ""])
    (root / "schemas" / "codelists" / "obligations.csv").write_text(text, encoding="utf-8")
    return root


def write_yaml(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _end(path: Path, key: str, code: str, valid_to: str) -> None:
    """Let what a code list says of a code hold until then."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | ({"valid_to": valid_to} if row[key] == code else {}) for row in rows)


class FrozenWorld:
    """A warehouse behind a URL, its project's folder and its archive."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.root = url, folder / "project"
        if not self.root.exists():
            make_project(self.root)
        self.archive = Archive(str(folder / "archive"))
        self.warehouse = self._open()

    def _open(self) -> Warehouse:
        warehouse = Warehouse(self.url, load_project(self.root))
        warehouse.create()
        return warehouse

    @property
    def project(self) -> Project:
        return self.warehouse.project

    def reopen(self) -> None:
        """Open the warehouse with the project as its files are now."""
        self.close()
        self.warehouse = self._open()

    def close(self) -> None:
        self.warehouse.close()

    def fill(self) -> None:
        """Every town but the late one, and the bureau."""
        for n, town in enumerate(TOWNS[:-1]):
            enterprises = 2 if town == SMALL else 10 + n
            self.send(town, member_count=100 + n, enterprises=enterprises, output=1000.25 * (n + 1))
        self.send_bureau(enterprises=46, output=15003)

    def send(
        self,
        town: str,
        member_count: int,
        enterprises: int = 10,
        output: float | None = 5000.5,
        is_loaded: bool = True,
    ) -> int:
        """A return of the month, accepted; an output of None was left blank."""
        row = {
            "unit_code": town, "member_count": member_count, "organisation_count": 5, "new_member_count": 0,
            "new_member_count_ytd": 0, "key_enterprise_count": 1, "above_scale_enterprise_count": enterprises,
            "above_scale_output_wan_yuan": output,
        }  # fmt: skip
        return self._send(town, FORM, row, is_loaded=is_loaded)

    def send_again(self, town: str, member_count: int) -> int:
        """A return in place of the one that `fill` sent, with other members."""
        number = TOWNS.index(town)
        return self.send(town, member_count, 2 if town == SMALL else 10 + number, 1000.25 * (number + 1))

    def send_bureau(self, enterprises: int, output: float) -> int:
        row = {"measure_code": "above_scale_enterprise_count", "value": enterprises}
        other = {"measure_code": "above_scale_output_value", "value": output}
        return self._send(BUREAU, BUREAU_FORM, row, other)

    def _send(self, unit: str, form: str, *rows: Mapping[str, Any], is_loaded: bool = True) -> int:
        number = int(self.warehouse.read("SELECT count(*) AS n FROM ops.submission")["n"].iloc[0]) + 1
        data = json.dumps([number, *rows], default=str).encode()
        entry = {
            "sha256": self.archive.put(data), "file_name": f"{number}.json", "kind": "json", "byte_count": len(data),
            "reporting_unit_code": unit, "period": MONTH, "status": "received",
        }  # fmt: skip
        staged = [
            {**row, "submission_id": number, "reporting_unit_code": unit, "period": MONTH, "sheet_row": at,
             "raw_text": {name: str(value) for name, value in row.items() if value is not None}}
            for at, row in enumerate(rows, 4)
        ]  # fmt: skip
        sheet = {"submission_id": number, "form": form, "sheet": form, "row_count": len(rows), "layout": {}}
        with self.warehouse.transaction() as connection:
            assert append_submissions(connection, self.warehouse, [entry]) == [number]
            append_rows(connection, self.warehouse.table("ops.submission_form"), [sheet])
            append_rows(connection, self.warehouse.table(f"staged.{form}"), staged)
        self.judge(number, "accepted")
        if is_loaded:
            with self.warehouse.transaction() as connection:
                append_accepted(connection, self.warehouse, form, [number])
        return number

    def judge(self, number: int, status: str) -> None:
        """A further verdict on a submission."""
        verdict = {"submission_id": number, "status": status, "critical_count": 0, "warning_count": 0}
        with self.warehouse.transaction() as connection:
            append_verdicts(connection, self.warehouse, [verdict], [])

    def correct(self, town: str, expected: int, value: int, is_applied: bool = True) -> None:
        """The district corrects a town's members: the project's file is written, and laid over the rows."""
        path = self.root / "assets" / "corrections" / f"{MONTH}.yaml"
        correction = {
            "id": "members", "unit": town, "period": MONTH, "form": FORM, "match": {"unit_code": town},
            "action": {"kind": "set", "field": "member_count", "expected": expected, "value": value},
            "reason": {"zh": "单位来函更正", "en": "The unit wrote"}, "decided_by": "区委组织部",
            "decided_on": "2022-01-12", "status": "active",
        }  # fmt: skip
        write_yaml(path, {"corrections": [correction]})
        self.reopen()
        if is_applied:
            apply_corrections(self.warehouse)

    def define(self, theme: str, **changes: Any) -> None:
        """Change the definition of a theme's indicator."""
        path = self.root / "assets" / "indicators" / f"{theme}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["indicators"][0] |= changes
        write_yaml(path, content)
        self.reopen()

    def merge(self, from_unit: str, to_unit: str) -> None:
        """After the month one unit becomes part of another."""
        folder = self.root / "schemas" / "codelists"
        head = "from_unit,to_unit,kind,valid_from,weight"
        (folder / "unit_links.csv").write_text(
            f"{head}\n{from_unit},{to_unit},merge,2022-01-01,1\n", encoding="utf-8"
        )
        _end(folder / "units.csv", "code", from_unit, "2021-12-31")
        _end(folder / "obligations.csv", "unit_code", from_unit, MONTH)
        self.reopen()

    def release(self, stage: Stage = "preliminary", note: str | None = None) -> Release:
        return create_release(self.warehouse, MONTH, stage, note)

    def verify(self, release_id: str) -> list[Difference]:
        return verify_release(self.warehouse, find_release(self.warehouse, release_id), self.archive)

    def values(self, release_id: str, indicator: str = MEMBERS) -> dict[tuple[str, str], Any]:
        """Released values of an indicator by time and subject."""
        rows = read_release_values(self.warehouse, release_id)
        return {
            (row["time_basis"], row["subject_code"]): row["value"]
            for row in rows
            if (row["indicator_id"], row["boundaries"]) == (indicator, "as_was")
        }

    def count(self, table: str) -> int:
        return int(self.warehouse.read(f"SELECT count(*) AS n FROM {table}")["n"].iloc[0])

    def counts(self) -> dict[str, int]:
        """Rows of the schema of releases."""
        tables = ("release.release", "release.value", "release.revision", "release.definition_set")
        return {table: self.count(table) for table in tables}
