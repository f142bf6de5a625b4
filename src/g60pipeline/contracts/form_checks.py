"""Whether the names in a form's contract point somewhere, with file and line of those that do not.

Not here: the shape of the file (odcs.py), functions of derived columns (quality.derive), SQL of indicators.
"""

from __future__ import annotations

from g60pipeline.contracts.base import ContractError, line_of, read_yaml
from g60pipeline.contracts.forms import Form

# Columns that every frame of a form has beside the contract's own.
TECHNICAL_COLUMNS = (
    "submission_id",
    "reporting_unit_code",
    "period",
    "period_start",
    "period_end",
    "period_close",
)


Faults = list[tuple[list[str | int], str]]


def _field_faults(form: Form) -> Faults:
    faults: Faults = []
    headings: set[str] = set()
    for index, field in enumerate(form.fields):
        at: list[str | int] = ["schema", 0, "properties", index]
        faults += [
            (at, f"heading {heading} stands for two fields")
            for heading in field.headings
            if heading in headings
        ]
        headings.update(field.headings)
        references = [name for name in (field.ytd_of, field.unit_field) if name is not None]
        missing = [name for name in references if name not in form.field_by_name]
        faults += [(at, f"{field.name} points to {name}, which is no field") for name in missing]
        if field.is_prefilled and (form.rows != "snapshot" or field.measure not in (None, "stock")):
            faults.append((at, f"{field.name} is prefilled, but what happens in a month is counted anew"))
    return faults


def _rule_faults(form: Form) -> Faults:
    known = (
        {field.name for field in form.fields}
        | {column.name for column in form.derived}
        | set(TECHNICAL_COLUMNS)
    )
    faults: Faults = []
    ids: set[str] = set()
    for index, rule in enumerate(form.rules):
        at: list[str | int] = ["schema", 0, "quality", index]
        if rule.id in ids:
            faults.append((at, f"rule {rule.id} stands twice"))
        ids.add(rule.id)
        if rule.cell not in form.field_by_name:
            faults.append((at, f"rule {rule.id} marks {rule.cell}, which is no field"))
        used = (*rule.columns, *rule.compared_with, *sorted(rule.placeholders - {"value"}))
        faults += [
            (at, f"rule {rule.id} uses {c}, which is neither a field nor derived")
            for c in used
            if c not in known
        ]
    return faults


def _path_of_derived(form: Form, name: str) -> list[str | int]:
    """Return where the contract gives the derived column: in its list, or with the rule that is named like it."""
    schema = read_yaml(form.path)["schema"][0]
    for index, extra in enumerate(schema["customProperties"]):
        columns = extra["value"] if extra["property"] == "derived" else []
        for position, column in enumerate(columns):
            if column["name"] == name:
                return ["schema", 0, "customProperties", index, "value", position]
    rules = [quality["id"] for quality in schema.get("quality", ())]
    return ["schema", 0, "quality", rules.index(name)] if name in rules else []


def line_of_derived(form: Form, name: str) -> int:
    """Return the line of the form's contract that gives a derived column; 1 for one that follows from a field."""
    return line_of(form.path, _path_of_derived(form, name))


def _label_faults(form: Form) -> Faults:
    quoted = {name for rule in form.rules for name in form.quoted_columns(rule)}
    return [
        (_path_of_derived(form, column.name), f"{column.name} is quoted by a finding and has no label")
        for column in form.derived
        if column.name in quoted and column.label is None
    ]


def check_form(form: Form) -> None:
    """Raise ContractError with file and line of each name that points nowhere."""
    faults = _field_faults(form) + _rule_faults(form) + _label_faults(form)
    if faults:
        raise ContractError("\n".join(f"{form.path}:{line_of(form.path, at)}: {what}" for at, what in faults))
