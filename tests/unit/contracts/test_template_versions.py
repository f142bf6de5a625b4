"""Versions of the template: in use, in grace, expired, unknown."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.codelists import read_code_list
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import load_project
from g60pipeline.contracts.templates import TemplateVersions
from g60pipeline.settings import find_project_root

HEAD = "code,label_zh,label_en,aliases,valid_from,valid_to,grace_until\n"
LIST = (
    HEAD
    + "1.0,甲,a,,2020-01-01,2020-06-30,\n1.1,乙,b,,2020-07-01,2020-12-31,2021-03\n2.0,丙,c,,2021-01-01,,\n"
)


@pytest.fixture
def versions(tmp_path: Path) -> TemplateVersions:
    path = tmp_path / "template_versions.csv"
    path.write_text(LIST, "utf-8")
    return TemplateVersions(versions=read_code_list(path))


@pytest.mark.parametrize(
    ("version", "month", "state"),
    [
        ("2.0", (2021, 1), "in_use"),
        ("2.0", (2019, 1), "in_use"),
        ("1.1", (2020, 12), "in_use"),
        ("1.1", (2021, 1), "in_grace"),
        ("1.1", (2021, 3), "in_grace"),
        ("1.1", (2021, 4), "expired"),
        ("1.0", (2020, 6), "in_use"),
        ("1.0", (2020, 7), "expired"),
        ("9.9", (2021, 1), "unknown"),
    ],
)
def test_the_state_depends_on_the_month_reported(
    versions: TemplateVersions, version: str, month: tuple[int, int], state: str
) -> None:
    assert versions.state(version, Period(*month)) == state


def test_without_a_month_or_a_version_nothing_is_guessed(versions: TemplateVersions) -> None:
    assert versions.state("1.0", None) == "in_use"
    assert versions.state("9.9", None) == "unknown"
    assert versions.state(None, Period(2021, 1)) == "missing"


def test_the_last_version_without_an_end_is_handed_out(versions: TemplateVersions) -> None:
    assert versions.current.code == "2.0"
    assert [versions.grace_until(v) for v in ("1.0", "1.1", "2.0", "9.9", None)] == [
        "2020-06",
        "2021-03",
        "",
        "",
        "",
    ]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(find_project_root() / "schemas", tmp_path / "root" / "schemas")
    return tmp_path / "root"


def test_a_project_without_a_version_in_use_is_refused(root: Path) -> None:
    path = root / "schemas" / "codelists" / "template_versions.csv"
    path.write_text(HEAD + "1.0,甲,a,,2020-01-01,2020-06-30,\n", "utf-8")
    with pytest.raises(ContractError, match=r"template_versions\.csv: no version is in use"):
        load_project(root)


def test_a_form_of_which_the_template_says_nothing_is_refused(root: Path) -> None:
    path = root / "schemas" / "template.yaml"
    path.write_text(path.read_text("utf-8").replace("\n  recognition: 一项荣誉", ""), "utf-8")
    with pytest.raises(
        ContractError, match=r"template\.yaml: grains does not say what a row of recognition is"
    ):
        load_project(root)


@pytest.mark.parametrize(
    ("form", "zh"),
    [
        ("activity", "本单位内唯一"),
        ("cluster_organisation", "当月新发展党员人数, aliases: [本月新发展党员数], measure: flow"),
    ],
)
def test_what_happens_in_a_month_is_never_prefilled(root: Path, form: str, zh: str) -> None:
    path = root / "schemas" / "forms" / f"{form}.odcs.yaml"
    text = path.read_text("utf-8")
    assert text.count(f"zh: {zh}") == 1
    path.write_text(text.replace(f"zh: {zh}", f"prefill: true, zh: {zh}"), "utf-8")
    with pytest.raises(ContractError, match=rf"{form}\.odcs\.yaml:\d+: \w+ is prefilled, but"):
        load_project(root)
