"""Every rule passes on the good rows and fails on a row that was spoilt for it, with a message that a
clerk can read.

A rule without a spoilt row is noticed here: whoever adds a rule adds its mutation to rule_mutations.py.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from rule_mutations import EXPLICIT, Mutation, mutations
from rule_rows import Rows

from g60pipeline.contracts.forms import COMPARING, Form, Rule
from g60pipeline.contracts.project import load_project
from g60pipeline.quality.batch import Batch
from g60pipeline.quality.derive import derive
from g60pipeline.quality.findings import build_findings
from g60pipeline.quality.suites import Expectations
from g60pipeline.settings import find_project_root

PROJECT = load_project(find_project_root())
FORMS = (PROJECT.cover, *PROJECT.forms.values())
RULES = [(form, rule) for form in FORMS for rule in form.rules]
SPOILT = [
    pytest.param(form, rule, mutation, id=f"{rule.key}-{n}")
    for form, rule in RULES
    for n, mutation in enumerate(mutations(form, rule))
]


@pytest.fixture(scope="module")
def expectations() -> Expectations:
    return Expectations()


def _findings(
    rows: Rows, batch: Batch, form: Form, rules: tuple[Rule, ...], with_: Expectations
) -> list[dict[str, Any]]:
    frame = derive(batch.prepared[form.name], batch, form, rules)
    return build_findings(batch, form, frame, with_.validate(form, rules, frame), rows.layouts())


def _assert_says_what_was_expected(rule: Rule, finding: dict[str, Any]) -> None:
    if rule.expectation in COMPARING:
        assert finding["expected"]
        assert finding["expected"] != finding["value"]
    assert len(finding["compared_with"]) == len(rule.compared_with)
    for name, text in [("应为", finding["expected"] or "-"), *finding["compared_with"].items()]:
        assert re.search(r"[\u4e00-\u9fff]", name), f"{name} is no label"
        assert text
        assert not re.search(r"\b(nan|None)\b|[{}]", text), text
    assert all("!" in cell or "=" in cell for cell in finding["related_cells"])


@pytest.mark.parametrize(("form", "rule"), [pytest.param(form, rule, id=rule.key) for form, rule in RULES])
def test_every_rule_has_a_row_on_which_it_fails(form: Form, rule: Rule) -> None:
    assert mutations(form, rule), f"{rule.key} has no mutation in rule_mutations.py"


def test_every_mutation_belongs_to_a_rule() -> None:
    assert set(EXPLICIT) == {rule.key for _, rule in RULES if not rule.is_generated}


@pytest.mark.parametrize("form", [pytest.param(form, id=form.name) for form in FORMS])
def test_every_rule_passes_on_the_good_rows(form: Form, expectations: Expectations) -> None:
    rows = Rows(PROJECT)
    assert _findings(rows, rows.batch(form), form, form.rules, expectations) == []


@pytest.mark.parametrize(("form", "rule", "mutation"), SPOILT)
def test_rule_fails_on_the_spoilt_row(
    form: Form, rule: Rule, mutation: Mutation, expectations: Expectations
) -> None:
    rows = Rows(PROJECT)
    expected = mutation(rows) or (0,)
    batch = rows.batch(form)
    found = _findings(rows, batch, form, (rule,), expectations)
    spoilt = batch.prepared[form.name].iloc[list(expected)]
    assert [finding["submission_id"] for finding in found] == list(spoilt["submission_id"])
    for finding, (_, row) in zip(found, spoilt.iterrows(), strict=True):
        assert finding["rule"] == rule.id
        assert finding["value"] == row["raw_text"].get(rule.cell)
        assert finding["sheet_row"] == (None if form.rows == "cover" else row["sheet_row"])
        assert finding["cell"], f"{rule.key} marks no cell"
        assert finding["cell"].endswith(str(row["sheet_row"] or ""))
        _assert_says_what_was_expected(rule, finding)
        for text in (finding["message_zh"], finding["message_en"]):
            assert text
            quoted = text.replace(form.field_by_name[rule.cell].pattern or "", "")
            assert not {"{", "}"} & set(quoted), text
            assert "nan" not in text.lower().split()
