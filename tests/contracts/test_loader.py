"""A contract that cannot be used is refused with the file and the line of the fault."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.indicators import read_indicator_file, read_mart
from g60pipeline.contracts.project import load_project

ROOT = Path(__file__).parents[2]
FORM = "forms/unit_summary.odcs.yaml"

# id: file, text that stands once in it, what replaces it, text on the line to be blamed, what must be said
BROKEN = {
    "unknown key of a form": (
        FORM,
        "rows: snapshot}}",
        "rows: snapshot, colour: red}}",
        "colour: red",
        "colour: Extra inputs",
    ),
    "unknown key of a field": (
        FORM,
        "aliases: [报送单位代码],",
        "alias: [报送单位代码],",
        "alias: [",
        "alias: Extra inputs",
    ),
    "unknown logical type": (
        FORM,
        "businessName: 单位代码, logicalType: string",
        "businessName: 单位代码, logicalType: text",
        "logicalType: text",
        "schema.0.properties.0.logicalType: Input should be",
    ),
    "missing-policy left out": (
        FORM,
        "cell: unit_code, missing: skip,",
        "cell: unit_code,",
        "code: US-102",
        "missing: Field required",
    ),
    "tolerance left out": (
        FORM,
        " tolerance: {relative: 0.1},",
        "",
        "code: US-201",
        "tolerance: Field required",
    ),
    "tolerance of nothing": (FORM, "{relative: 0.1}", "{relative: 0}", "{relative: 0}", "greater than 0"),
    "level beyond the last": (
        FORM,
        "US-301, level: 3",
        "US-301, level: 9",
        "level: 9",
        "less than or equal to 5",
    ),
    "key left out of a block": (
        FORM,
        "  limitations: Aggregates only.\n",
        "",
        "description:",
        "limitations: Field required",
    ),
    "key written twice": (
        FORM,
        "status: active",
        "status: active\nstatus: draft",
        "status: draft",
        "status stands twice",
    ),
    "not YAML": (
        FORM,
        "description: Totals of a",
        "description: Totals: of: a",
        "Totals: of",
        "mapping values",
    ),
    "no form entry": (FORM, "property: form,", "property: shape,", "property: shape", "'shape'"),
    "derived column without a function": (
        FORM,
        "name: member_count_last_month, function: previous,",
        "name: member_count_last_month,",
        "name: member_count_last_month,",
        "function: Field required",
    ),
    "rule on an unknown column": (
        FORM,
        "column_B: reporting_unit_code",
        "column_B: reporting_unit_kode",
        "id: the_summary_is_the_units_own",
        "uses reporting_unit_kode",
    ),
    "rule that marks no field": (
        FORM,
        "cell: unit_code, missing",
        "cell: unit_kode, missing",
        "id: the_summary_is_the_units_own",
        "marks unit_kode",
    ),
    "heading used twice": (
        FORM,
        "businessName: 党组织数",
        "businessName: 党员人数",
        "name: organisation_count,",
        "heading 党员人数 stands for two fields",
    ),
    "year to date of no field": (
        FORM,
        "ytd_of: new_member_count}",
        "ytd_of: new_members}",
        "name: new_member_count_ytd, businessName",
        "points to new_members",
    ),
    "unknown code list": (
        FORM,
        "code_list: units",
        "code_list: unites",
        "name: unit_code,",
        "the code list unites",
    ),
    "unknown unit of measure": (
        FORM,
        "unit: organisation}",
        "unit: tribe}",
        "name: organisation_count,",
        "is in tribe",
    ),
    "message of an unknown severity": (
        "messages.yaml",
        "FI-001, level: 0, severity: critical",
        "FI-001, level: 0, severity: fatal",
        "severity: fatal",
        "intake.file_is_readable.severity",
    ),
    "code that stands twice": (
        "codelists/chain_roles.csv",
        "\nupstream,",
        "\nlead,又一,again,,,\nupstream,",
        "lead,又一",
        "code lead stands twice",
    ),
    "code without a label": ("codelists/chain_roles.csv", "lead,龙头,", "lead,,", "lead,,", "label_zh: "),
    "due on the thirty-first": (
        "codelists/obligations.csv",
        "310117002,unit_summary,2020-12,,5,",
        "310117002,unit_summary,2020-12,,31,",
        ",,31,",
        "due_day: ",
    ),
}


def line_with(path: Path, text: str) -> int:
    return next(number for number, line in enumerate(path.read_text("utf-8").splitlines(), 1) if text in line)


def assert_blames(error: ContractError, path: Path, line: int, said: str) -> None:
    faults = str(error).splitlines()
    assert [fault for fault in faults if not fault.startswith(f"{path}:{line}: ")] == []
    assert any(said in fault for fault in faults), faults


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    return tmp_path


@pytest.mark.parametrize(("file", "old", "new", "blamed", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_contract_is_refused_at_its_line(
    root: Path, file: str, old: str, new: str, blamed: str, said: str
) -> None:
    path = root / "schemas" / file
    text = path.read_text("utf-8")
    assert text.count(old) == 1, "the case does not fit the contract any more"
    path.write_text(text.replace(old, new), "utf-8")

    with pytest.raises(ContractError) as refusal:
        load_project(root)

    assert_blames(refusal.value, path, line_with(path, blamed), said)


def test_the_contracts_as_they_are_load(root: Path) -> None:
    project = load_project(root)

    assert set(project.forms) == {path.name.split(".")[0] for path in (root / "schemas/forms").iterdir()} - {
        "cover"
    }
    assert project.forms["unit_summary"].field_by_heading["党员人数"].name == "member_count"


def test_the_field_of_the_readme_can_be_added_as_it_says(root: Path) -> None:
    example = (root / "schemas/README.md").read_text("utf-8").split("```yaml\n")[1].split("   ```")[0]
    path = root / "schemas" / FORM
    field = textwrap.indent(textwrap.dedent(example), " " * 6)
    path.write_text(path.read_text("utf-8").replace("    quality:\n", f"{field}    quality:\n"), "utf-8")

    form = load_project(root).forms["unit_summary"]

    assert form.field_by_heading["转入党员数"].measure == "flow"
    assert {rule.id for rule in form.rules if rule.cell == "transferred_member_count"} == {
        "transferred_member_count_is_reported",
        "transferred_member_count_is_within_its_range",
    }


def test_every_fault_is_named_at_once(root: Path) -> None:
    path = root / "schemas" / FORM
    text = path.read_text("utf-8")
    path.write_text(
        text.replace("status: active", "status: sleeping").replace("level: 3", "level: 9"), "utf-8"
    )

    with pytest.raises(ContractError) as refusal:
        load_project(root)

    assert len(str(refusal.value).splitlines()) == 1 + text.count("level: 3")


def test_a_contract_in_another_encoding_is_refused_at_its_line(root: Path) -> None:
    path = root / "schemas" / FORM
    line = line_with(path, "单位汇总表")
    path.write_bytes(path.read_text("utf-8").encode("gb18030"))

    with pytest.raises(ContractError) as refusal:
        load_project(root)

    assert_blames(refusal.value, path, line, "not UTF-8")


def test_a_control_character_is_refused(root: Path) -> None:
    path = root / "schemas" / FORM
    path.write_text(path.read_text("utf-8").replace("Aggregates", "Aggre\x07gates"), "utf-8")

    with pytest.raises(ContractError, match="control characters are not allowed"):
        load_project(root)


THEME = """\
theme: membership
title: {zh: 党员, en: Membership}
owner: team:organisation
indicators:
  - id: members
    label: {zh: 党员数, en: Members}
    definition: {zh: 期末党员数, en: Members at the end of the month}
    kind: value
    unit: person
    numerator: {from: unit_summary, value: sum(member_count)}
    time: [end]
    levels: [unit, district]
    missing: exclude_unit
    threshold: 0.8
"""


@pytest.mark.parametrize(
    ("old", "new", "blamed", "said"),
    [
        ("kind: value", "kind: ratio", "- id: members", "an indicator of kind ratio needs denominator"),
        ("    missing: exclude_unit\n", "", "- id: members", "missing: Field required"),
        ("from: unit_summary", "form: unit_summary", "form: unit_summary", "numerator.form: Extra inputs"),
        ("[unit, district]", "[unit, province]", "province", "levels.1: "),
        ("threshold: 0.8", "threshold: 80", "threshold: 80", "less than or equal to 1"),
    ],
)
def test_a_broken_indicator_is_refused_at_its_line(
    tmp_path: Path, old: str, new: str, blamed: str, said: str
) -> None:
    path = tmp_path / "membership.yaml"
    path.write_text(THEME.replace(old, new), "utf-8")

    with pytest.raises(ContractError) as refusal:
        read_indicator_file(path)

    faults = str(refusal.value).splitlines()
    assert any(
        fault.startswith(f"{path}:{line_with(path, blamed)}: ") and said in fault for fault in faults
    ), faults


def test_the_indicator_as_it_is_loads(tmp_path: Path) -> None:
    path = tmp_path / "membership.yaml"
    path.write_text(THEME, "utf-8")

    assert read_indicator_file(path).indicators[0].numerator.from_ == "unit_summary"


MART = """\
/*
title: {zh: 单位党员, en: Members of units}
description: {zh: 各单位期末党员, en: Members of each unit at the end of the month}
owner: team:organisation
grain: unit and month
rows: snapshot
forms: [unit_summary]
columns:
  unit_code:
    type: text
    description: {zh: 单位, en: Unit}
  member_count:
    type: integer
    description: {zh: 党员, en: Members}
    measure: stock
*/
SELECT unit_code, member_count FROM unit_summary
"""


@pytest.mark.parametrize(
    ("old", "new", "blamed", "said"),
    [
        ("/*\ntitle", "title", "title", "begins with its header"),
        ("*/\n", "", "/*", "begins with its header"),
        ("owner: team:organisation\n", "", "/*", "owner: Field required"),
        ("    type: integer\n", "", "  member_count:", "columns.member_count.type: Field required"),
        ("measure: stock", "measure: stocks", "measure: stocks", "columns.member_count.measure: "),
        ("  unit_code:", "  Unit Code:", "  Unit Code:", "columns.Unit Code"),
        ("grain: unit and month", "grain: unit: month", "grain: unit: month", "mapping values"),
    ],
)
def test_a_broken_mart_is_refused_at_its_line(
    tmp_path: Path, old: str, new: str, blamed: str, said: str
) -> None:
    path = tmp_path / "unit_members.sql"
    path.write_text(MART.replace(old, new), "utf-8")

    with pytest.raises(ContractError) as refusal:
        read_mart(path)

    assert_blames(refusal.value, path, line_with(path, blamed), said)


def test_the_mart_as_it_is_loads(tmp_path: Path) -> None:
    path = tmp_path / "unit_members.sql"
    path.write_text(MART, "utf-8")

    mart = read_mart(path)

    assert mart.name == "unit_members"
    assert mart.sql.startswith("SELECT")
