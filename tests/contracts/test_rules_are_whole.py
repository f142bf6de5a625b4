"""A rule that lacks a part, or that no function can compute, is refused at its line; one rule serves a whole kind."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.quality.derive import check_derived

ROOT = Path(__file__).parents[2]
FORM = "forms/unit_summary.odcs.yaml"
RULE = "members_follow_from_last_month"

# what is left out or spoilt: text of the rule, what replaces it, what must be said
INCOMPLETE = {
    "id that is no sentence": (f"id: {RULE}", "id: members", "String should match pattern"),
    "level": (" level: 2,", "", "level: Field required"),
    "severity": ("        severity: warning\n", "", "severity: Field required"),
    "reason": (r"        description: Members at the end[^\n]*\n", "", "description: Field required"),
    "reason in a word": (
        r"description: Members at the end[^\n]*",
        "description: Sums.",
        "at least 10 characters",
    ),
    "message in Chinese": (r"\n              zh: [^\n]*", "", "zh: Field required"),
    "message in English": (r",\n              en: [^\n]*\}", "}", "en: Field required"),
    "what to do": (r"请核对，属实请说明（如成建制转入转出）。", "", "does not say what to do"),
    "missing-policy": (" missing: skip,", "", "missing: Field required"),
    "tolerance": (r" tolerance: \{relative: 0.1\},", "", "tolerance: Field required"),
    "expectation": ("        implementation: .*\n", "", "implementation: Field required"),
    "cell": (" cell: member_count,", "", "cell: Field required"),
    "code": (" ?code: US-201,", "", "code: Field required"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    return tmp_path


def _lines_of_rule(text: str) -> range:
    starts = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith("      - id: ")]
    first = next(n for n in starts if f"id: {RULE}" in text.splitlines()[n - 1])
    return range(first, next((n for n in starts if n > first), len(text.splitlines()) + 1))


@pytest.mark.parametrize(("pattern", "new", "said"), INCOMPLETE.values(), ids=INCOMPLETE.keys())
def test_a_rule_that_lacks_a_part_is_refused_at_its_line(
    root: Path, pattern: str, new: str, said: str
) -> None:
    path = root / "schemas" / FORM
    lines = path.read_text("utf-8").splitlines(keepends=True)
    rule = _lines_of_rule("".join(lines))
    before, own, after = (
        lines[: rule.start - 1],
        lines[rule.start - 1 : rule.stop - 1],
        lines[rule.stop - 1 :],
    )
    spoilt, count = re.subn(pattern, new, "".join(own), count=1)
    assert count == 1, "the case does not fit the contract any more"
    path.write_text("".join([*before, spoilt, *after]), "utf-8")

    with pytest.raises(ContractError) as refusal:
        load_project(root)

    (fault,) = str(refusal.value).splitlines()
    place, _, problem = fault.removeprefix(f"{path}:").partition(": ")
    assert int(place) in rule
    assert said in problem


@pytest.mark.parametrize(
    ("old", "new", "blamed", "said"),
    [
        ("function: is_copy_of_previous", "function: is_copy_of_last", "name: same_as_last_month", "is_copy_of_last"),
        ("function: relative_change, field: member_count", "function: relative_change, felt: member_count",
         "name: member_count_change", "missing a required argument: 'field'"),
        ("derive: {function: gap, left: member_count,", "derive: {function: gup, label: {zh: 差, en: gap}, left: member_count,",
         "id: members_follow_from_last_month", "gup, which is no function"),
    ],
)  # fmt: skip
def test_a_column_that_no_function_computes_is_refused_at_its_line(
    root: Path, old: str, new: str, blamed: str, said: str
) -> None:
    path = root / "schemas" / FORM
    text = path.read_text("utf-8")
    assert text.count(old) == 1, "the case does not fit the contract any more"
    path.write_text(text.replace(old, new), "utf-8")

    with pytest.raises(ContractError, match=said) as refusal:
        check_derived(load_project(root))

    line = next(n for n, line in enumerate(text.splitlines(), 1) if blamed in line)
    assert str(refusal.value).startswith(f"{path}:{line}: ")


def test_a_quoted_column_without_a_label_is_refused_at_its_line(root: Path) -> None:
    path = root / "schemas" / FORM
    text = path.read_text("utf-8")
    path.write_text(re.sub(r"(name: output_factor, [^\n]*?), label: \{[^}]*\}", r"\1", text), "utf-8")

    with pytest.raises(ContractError) as refusal:
        load_project(root)

    line = next(n for n, line in enumerate(text.splitlines(), 1) if "name: output_factor" in line)
    assert str(refusal.value) == f"{path}:{line}: output_factor is quoted by a finding and has no label"


def test_one_rule_over_all_columns_of_a_kind_is_written_once() -> None:
    project: Project = load_project(ROOT)
    for form in (project.cover, *project.forms.values()):
        generated = {rule.check for rule in form.rules if rule.is_generated}
        assert generated <= {said.check for said in project.messages.generated.values()}
        own = [
            (rule.expectation, repr(rule.kwargs), rule.cell) for rule in form.rules if not rule.is_generated
        ]
        assert len(own) == len(set(own)), f"{form.name} says the same twice"
        assert len({rule.code for rule in form.rules if not rule.is_generated}) == len(own)
