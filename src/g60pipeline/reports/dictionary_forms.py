"""Forms, code lists and rules as the dictionary shows them.

Belongs here: what is said of a field, a code, a rule. Not here: indicators (dictionary_indicators.py), layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.codelists import Code, CodeList
from g60pipeline.contracts.forms import Field, Form, Rule
from g60pipeline.contracts.lineage import CARRYING, Node
from g60pipeline.contracts.odcs import RelativeTolerance, RoundingTolerance
from g60pipeline.reports.dictionary import (
    CodeListEntry,
    FieldEntry,
    FormEntry,
    Owed,
    Ref,
    RuleEntry,
    RuleGroup,
    Sources,
    field_ref,
)
from g60pipeline.reports.numbers import format_percent

INTAKE = "intake"


def describe_forms(sources: Sources) -> tuple[FormEntry, ...]:
    """The cover, then the forms."""
    return tuple(
        FormEntry(
            form_ref(form),
            form,
            _grain(sources, form),
            tuple(_owed(sources, form)),
            tuple(_field(sources, form, field) for field in form.fields),
        )
        for form in sources.forms
    )


def _grain(sources: Sources, form: Form) -> Text:
    known = sources.project.template.grains.get(form.name)
    return Text(zh=known or sources.words["grain_cover"].zh, en=form.grain)


def form_ref(form: Form) -> Ref:
    """Where a form stands."""
    return Ref("forms", f"form-{form.name}", form.title, form.name)


def _owed(sources: Sources, form: Form) -> Iterator[Owed]:
    groups: dict[Text, list[Text]] = {}
    for owed in sources.project.obligations:
        if owed.form == form.name:
            days = sources.say("owed_days", due=owed.due_day, grace=owed.grace_days, lock=owed.lock_day)
            key = "owed_between" if owed.valid_to else "owed_since"
            since = sources.say(key, first=owed.valid_from, last=owed.valid_to)
            text = Text(zh=f"{days.zh}；{since.zh}", en=f"{days.en}; {since.en}")
            groups.setdefault(text, []).append(sources.code_label("units", owed.unit_code))
    for text, units in groups.items():
        yield Owed(text, tuple(units))


def _field(sources: Sources, form: Form, field: Field) -> FieldEntry:
    code_list = sources.project.code_lists.get(field.code_list or "")
    rules = {
        _rule_ref(rule): None
        for rule in form.rules
        if field.name == rule.cell or field.name in (*rule.columns, *rule.compared_with)
    }
    reached = sources.lineage.descendants(Node("form", form.name, field.name), CARRYING)
    indicators = frozenset(node for node in reached if node.layer == "indicator")
    return FieldEntry(
        field_ref(form, field),
        field,
        tuple(_facts(sources, form, field)),
        None if code_list is None else list_ref(sources, code_list),
        tuple(rules),
        sources.refer_all(indicators),
    )


def _facts(sources: Sources, form: Form, field: Field) -> Iterator[Text]:
    yield sources.say(f"type_{field.type}")
    if field.measure is not None:
        yield sources.say(f"measure_{field.measure}")
    if field.unit_field is not None and field.unit is not None:
        column = form.field_by_name[field.unit_field]
        name = Text(zh=column.heading, en=column.name)
        yield sources.say("unit_in", column=name, unit=sources.unit(field.unit))
    elif field.unit is not None:
        yield sources.unit(field.unit)
    if field.ytd_of is not None:
        month = form.field_by_name[field.ytd_of]
        yield sources.say("ytd_of", column=Text(zh=month.heading, en=month.name))
    yield from _bounds(sources, field)
    flags = {
        "is_list": field.is_list,
        "not_applicable": field.allows_not_applicable,
        "prefilled": field.is_prefilled,
    }
    yield from (sources.say(name) for name, is_set in flags.items() if is_set)


def _bounds(sources: Sources, field: Field) -> Iterator[Text]:
    low, high = (None if bound is None else f"{bound:g}" for bound in (field.minimum, field.maximum))
    if low is not None and high is not None:
        yield sources.say("between", minimum=low, maximum=high)
    elif low is not None:
        yield sources.say("at_least", minimum=low)
    elif high is not None:
        yield sources.say("at_most", maximum=high)
    if field.max_length is not None:
        yield sources.say("max_length", count=field.max_length)
    if field.format is not None:
        yield sources.say(f"format_{field.format}")


def describe_code_lists(sources: Sources) -> tuple[CodeListEntry, ...]:
    """Every list, in the order of their names."""
    return tuple(_code_list(sources, listed) for listed in sources.project.code_lists.values())


def list_ref(sources: Sources, listed: CodeList) -> Ref:
    """Where a code list stands; one that the catalogue does not name goes by its own name."""
    label = sources.words.get(f"list_{listed.name}", Text(zh=listed.name, en=listed.name))
    return Ref("codelists", f"list-{listed.name}", label, listed.name)


def _code_list(sources: Sources, listed: CodeList) -> CodeListEntry:
    used_by = tuple(
        field_ref(form, field)
        for form in sources.forms
        for field in form.fields
        if field.code_list == listed.name
    )
    attributes = dict.fromkeys(name for code in listed.codes for name in code.attributes)
    codes = tuple((code, _validity(sources, code)) for code in listed.codes)
    return CodeListEntry(list_ref(sources, listed), codes, tuple(attributes), used_by)


def _validity(sources: Sources, code: Code) -> Text:
    if code.valid_from and code.valid_to:
        return sources.say("valid_between", first=code.valid_from, last=code.valid_to)
    if code.valid_from:
        return sources.say("valid_from", first=code.valid_from)
    return sources.say("valid_to", last=code.valid_to) if code.valid_to else sources.say("always_valid")


def describe_rules(sources: Sources) -> tuple[RuleGroup, ...]:
    """Rules of receiving, then of each form."""
    messages = sources.project.messages.intake
    intake = tuple(
        RuleEntry(
            Ref("rules", f"rule-{message.code}", Text(zh=message.code, en=message.code), message.code),
            name, message.level, message.severity, message.why,
            Text(zh=_spoken(sources, {}, message.zh, "zh"), en=_spoken(sources, {}, message.en, "en")), (), (),
        )
        for name, message in sorted(messages.items(), key=lambda item: item[1].code)
    )  # fmt: skip
    groups = [RuleGroup(sources.say("intake"), f"rules-{INTAKE}", intake)]
    for form in sources.forms:
        rules = tuple(_rules(sources, form))
        if rules:
            groups.append(RuleGroup(form.title, f"rules-{form.name}", rules))
    return tuple(groups)


def _rule_ref(rule: Rule) -> Ref:
    return Ref("rules", f"rule-{rule.code}", Text(zh=rule.code, en=rule.code), rule.code)


def _rules(sources: Sources, form: Form) -> Iterator[RuleEntry]:
    by_code: dict[str, list[Rule]] = {}
    for rule in form.rules:
        by_code.setdefault(rule.code, []).append(rule)
    for rules in by_code.values():
        first = rules[0]
        cells = (form.field_by_name[rule.cell] for rule in rules if rule.cell in form.field_by_name)
        yield RuleEntry(
            _rule_ref(first), first.check, first.level, first.severity, first.why, _message(sources, form, first),
            tuple(dict.fromkeys(field_ref(form, cell) for cell in cells)), tuple(_notes(sources, first)),
        )  # fmt: skip


def _message(sources: Sources, form: Form, rule: Rule) -> Text:
    """What the rule says, with the names of columns where a finding quotes their values."""
    said = rule.message
    if rule.is_generated:  # of a kind, not of the one field
        kinds = sources.project.messages.generated.values()
        kind = next(kind for kind in kinds if kind.check == rule.check)
        said = Text(zh=kind.zh, en=kind.en)
    names = {field.name: Text(zh=field.heading, en=field.name) for field in form.fields}
    names |= {column.name: column.label for column in form.derived if column.label is not None}
    zh, en = (_spoken(sources, names, getattr(said, language), language) for language in ("zh", "en"))
    return Text(zh=zh, en=en)


def _spoken(sources: Sources, names: dict[str, Text], text: str, language: str) -> str:
    def name(found: re.Match[str]) -> str:
        label = names.get(found[1]) or sources.words.get(f"quoted_{found[1]}")
        return "…" if label is None else f"〔{getattr(label, language)}〕"

    return re.sub(r"\{(\w+)\}", name, text)


def _notes(sources: Sources, rule: Rule) -> Iterator[Text]:
    if rule.is_generated:
        yield sources.say("generated_rule")
    if isinstance(rule.tolerance, RelativeTolerance):
        yield sources.say("tolerance_relative", percent=format_percent(rule.tolerance.relative, 1))
    if isinstance(rule.tolerance, RoundingTolerance):
        yield sources.say("tolerance_rounding", step=f"{rule.tolerance.rounding / 2:g}")
    if rule.missing == "fail":
        yield sources.say("missing_fail")
